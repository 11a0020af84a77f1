#!/usr/bin/env python3
"""Reads what Writ grants to an app, and counts it.

    insights.py enrol URL UPN [--organization ID] [--code-file FILE]
    insights.py run [--by COLUMN]

An example of an app: it has nothing of Writ but HTTP and a key of its own. It needs
Python 3.11 and the package `cryptography`. docs/apps.md says what each step means.

enrol: makes a key and enrols it with the invitation code, which is read from the
file or asked for. run: reads every dataset that is granted, counts its rows by a
column, and asks again where nobody decided in time. A stream that broke off goes on
after the last value of the dataset's key. --home says where the app's own key is.
The exit code is 0 if all was read, 1 if not, 2 for wrong usage, 3 if something is
not granted yet.
"""

import argparse
import base64
import collections
import getpass
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import secrets
import ssl
import sys
import time
import urllib.parse

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = ("localhost", "127.0.0.1", "::1")
WAIT = 60  # seconds for the next bytes of an answer
TRIES = 5  # how often a stream may break off without a row more
LINE = 1 << 20  # bytes of a row, at most
REASON = "Nobody decided in time what this app needs for its counts."


class Problem(Exception):
    """Something does not work; the text says what."""


class Lost(Problem):
    """No answer came, or not a whole one."""


class Cut(Exception):
    """The stream broke off: what came was not all."""


def write(value):
    """Canonical JSON (RFC 8785): names of members are ASCII, so sorting them is easy."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def printable(text):
    """Values are data of others: nothing in them moves a cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def now():
    return time.time_ns() // 1_000_000


# --- Keys and envelopes: docs/statements.md


class Key:
    """A key of Ed25519, and what it signs."""

    def __init__(self, seed):
        self.seed = seed
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.bytes = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = {"alg": "ed25519", "public": self.bytes.hex()}
        self.id = hashlib.sha256(b"ed25519\0" + self.bytes).hexdigest()

    def signature(self, kind, payload):
        return self.private.sign(pae(kind, payload))

    def envelope(self, kind, payload):
        coded = base64.b64encode(payload).decode()
        sig = base64.b64encode(self.signature(kind, payload)).decode()
        signatures = [{"keyid": self.id, "sig": sig}]
        return {"payload": coded, "payloadType": media(kind), "signatures": signatures}


def media(kind):
    return f"application/vnd.writ.{kind}.v1+json"


def pae(kind, payload):
    """What is signed: DSSE's encoding, before authentication."""
    return f"DSSEv1 {len(media(kind))} {media(kind)} {len(payload)} ".encode() + payload


def said(app, body):
    """The payload of a statement of the app."""
    nonce = secrets.token_hex(16)
    who = {"by": app["upn"], "instance": app["organization"]}
    return {"at": now(), "body": body, "nonce": nonce} | who


def of_code(code, organization, upn):
    """The key that an invitation code stands for, for this person and organization."""
    letters = "".join(code.split()).replace("-", "").upper()
    try:
        raw = base64.b32decode(letters)
    except ValueError as error:
        raise Problem("this is no invitation code") from error
    seed, of, check = raw[:16], raw[16:24], raw[24:]
    if check != hashlib.sha256(b"invitation\0" + seed + of).digest()[:1]:
        raise Problem("the code has a mistake in it")
    whole = bytes.fromhex(organization)
    if of != whole[:8]:
        raise Problem("the code is for another organization than this server's")
    # HKDF-SHA-256 without salt, one block.
    extracted = hmac.digest(bytes(32), seed, "sha256")
    info = b"writ-invite\0" + whole + upn.encode()
    return Key(hmac.digest(extracted, info + b"\1", "sha256"))


# --- HTTP: no redirects, no proxies, TLS but for this host


def call(url, method, path, body=None, session=None):
    """Sends one call, and answers its response."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        tls = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=WAIT, context=tls
        )
    elif parts.scheme == "http" and parts.hostname in HERE:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=WAIT)
    else:
        raise Problem(f"{url} is not https, and not on this host")
    headers = {"Connection": "close"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if session is not None:
        headers["Authorization"] = f"Writ {session}"
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise Lost(f"{url} does not answer: {error}") from error


def answer(response):
    """The JSON of a response, or the problem that it tells."""
    try:
        value = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Lost(f"the answer {response.status} cannot be read: {error}") from error
    if response.status != 200:
        raise Problem(f"{printable(value.get('detail'))} ({value.get('code')})")
    return value


def organization(url, known=None):
    """The id of the organization: what entry 0 of its log hashes to."""
    found = answer(call(url, "GET", "/v1/organization"))
    leaf = base64.b64decode(found["genesis"], validate=True)
    if hashlib.sha256(b"\0" + leaf).hexdigest() != found["id"]:
        raise Problem(f"{url} does not show the first entry of its log")
    if known is not None and found["id"] != known:
        raise Problem(f"{url} is of another organization: do not trust it")
    return found["id"]


def post(url, key, kind, payload):
    """Signs a statement and posts it; its digest names what becomes of it."""
    data = write(payload)
    body = json.dumps({"envelope": key.envelope(kind, data)})
    try:
        posted = answer(call(url, "POST", "/v1/statements", body))
    except Lost:
        # The same bytes act once, so they may be sent again.
        posted = answer(call(url, "POST", "/v1/statements", body))
    receipt = posted["receipt"]
    if receipt["digest"] != hashlib.sha256(pae(kind, data)).hexdigest():
        raise Problem("the receipt is for something else")
    if not receipt["accepted"]:
        raise Problem(f"{printable(posted['detail'])} ({receipt['code']})")
    return receipt["digest"]


def session(app, key):
    """What each reading brings: it can change nothing, and ends in an hour."""
    payload = write(said(app, {"until": now() + 3_600_000}))
    token = base64.urlsafe_b64encode(write(key.envelope("session", payload)))
    return token.rstrip(b"=").decode()


def get(app, key, path):
    return answer(call(app["url"], "GET", path, session=session(app, key)))


# --- Enrolling


def load(file):
    if not file.exists():
        raise Problem(f"there is no key in {file.parent}: insights.py enrol URL UPN")
    if file.stat().st_mode & 0o077:
        raise Problem(f"others may read the key: chmod 600 {file}")
    app = json.loads(file.read_text())
    return app, Key(bytes.fromhex(app["seed"]))


def enrol(args, file):
    url = args.url.rstrip("/")
    if file.exists():
        # From a time before whose answer was lost: the key stays the same.
        app, key = load(file)
        if (app["url"], app["upn"]) != (url, args.upn.lower()):
            raise Problem(f"{file} is for {app['upn']} at {app['url']}")
    else:
        app = {"url": url, "upn": args.upn.lower(), "seed": secrets.token_hex(32)}
        app["organization"] = organization(url, args.organization)
        key = Key(bytes.fromhex(app["seed"]))
    code = args.code_file.read_text() if args.code_file else getpass.getpass("Invitation code: ")
    invitation = of_code(code, app["organization"], app["upn"])
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(made, "w") as out:
            json.dump(app, out)
            out.flush()
            os.fsync(out.fileno())
    body = {"key": key.public, "label": "insights.py", "person": app["upn"]}
    payload = said(app, body)
    # The new key signs the same words, so nobody enrols a key that is not theirs.
    body["proof"] = key.signature("key-possession", write(payload)).hex()
    post(url, invitation, "enrol", payload)
    print(f"{app['upn']} is enrolled in {app['organization']}")


# --- Reading


def rows(response):
    """The rows of a stream as they come; of a row that is not whole nothing."""
    if response.headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise Problem("somebody between the node and here hides where streams end")
    rest = b""
    while True:
        try:
            piece = response.read1(1 << 16)
        except (OSError, http.client.HTTPException) as error:
            raise Cut from error
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE:
            raise Problem("a row is too long")
        yield from map(json.loads, lines)
    if rest:
        raise Cut


def read(app, key, one, by):
    """Reads all rows of a dataset, and counts them by a column."""
    name, order = one["dataset"], one.get("key")
    counts, total, after, cuts = collections.Counter(), 0, None, 0
    while True:
        parameters = one["parameters"] | ({} if after is None else {"after": after})
        body = {"parameters": parameters, "request": one["request"], "task": name}
        run = post(app["url"], key, "invoke", said(app, body))
        stream = call(app["url"], "GET", f"/v1/data/{run}", session=session(app, key))
        if stream.status != 200:
            answer(stream)
        try:
            for row in rows(stream):
                counts[row.get(by)] += 1
                total += 1
                if order is not None:
                    after, cuts = str(row[order]), 0
            return counts, total
        except Cut as cut:
            cuts += 1
            print(f"{name}: the stream broke off after {total} rows", file=sys.stderr)
            if cuts > TRIES:
                raise Problem("it breaks off each time; the node's auditors see why") from cut
        finally:
            stream.close()
        time.sleep(cuts)
        # What is granted may be another by now, or nothing.
        found = get(app, key, "/v1/data")["datasets"]
        one = next((one for one in found if one["dataset"] == name), {})
        if "parameters" not in one:
            raise Problem(f"the grant ended, so the {total} rows that came are not all")
        if after is None:
            counts, total = collections.Counter(), 0
        where = "begins anew" if after is None else f"goes on after {order} {printable(after)}"
        print(f"{name}: it {where}", file=sys.stderr)


def ask_again(app, key, one):
    """Asks for the same once more, where nobody decided in time."""
    again, name = one["again"], one["dataset"]
    if now() < again["from"]:
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(again["from"] // 1000))
        print(f"{name}: nobody decided; this app may ask again from {when} on")
        return
    body = {"for": app["upn"], "parameters": again["parameters"], "reason": REASON, "task": name}
    request = post(app["url"], key, "request", said(app, body))
    print(f"{name}: asked again, the request {request} waits for approval")


def run(args, file):
    app, key = load(file)
    organization(app["url"], app["organization"])
    worst = 0
    for one in get(app, key, "/v1/data")["datasets"]:
        name = one["dataset"]
        try:
            if "problem" in one:
                raise Problem(one["problem"])
            if one.get("status") == "live":
                counts, total = read(app, key, one, args.by)
                print(f"{name}: {total} rows")
                for value, count in counts.most_common(20):
                    print(f"{count:8} {args.by} {printable(value)}")
                continue
            if one.get("status") == "pending":
                print(f"{name}: the request {one['request']} waits for approval")
            elif "again" in one:
                ask_again(app, key, one)
            else:
                print(f"{name}: nothing is granted; whoever installed the app can ask anew")
            worst = worst or 3
        except Problem as problem:
            print(f"insights.py: {name}: {problem}", file=sys.stderr)
            worst = 1
    return worst


def main():
    parser = argparse.ArgumentParser(description="Reads what Writ grants to an app, and counts it.")
    parser.add_argument("--home", type=pathlib.Path, default=pathlib.Path.home() / ".insights")
    commands = parser.add_subparsers(dest="command", required=True)
    enrolling = commands.add_parser("enrol", help="make a key and enrol it")
    enrolling.add_argument("url", help="where the node is: https://writ.example.com")
    enrolling.add_argument("upn", help="the name of the app")
    enrolling.add_argument("--organization", help="its id, 64 digits, to check the server by")
    enrolling.add_argument("--code-file", type=pathlib.Path, help="a file with the invitation code")
    running = commands.add_parser("run", help="read what is granted, and count it")
    running.add_argument("--by", default="kind", help="the column to count by (kind)")
    args = parser.parse_args()
    try:
        file = args.home / "app.json"
        sys.exit(enrol(args, file) if args.command == "enrol" else run(args, file))
    except (Problem, OSError) as problem:
        sys.exit(f"insights.py: {problem}")


if __name__ == "__main__":
    main()
