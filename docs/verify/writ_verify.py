#!/usr/bin/env python3
"""Checks the proofs of Writ without Writ.

    writ_verify.py run.writ --organization ID
    writ_verify.py leaves --checkpoint checkpoint --organization ID
    writ_verify.py https://writ.example.com --session FILE --organization ID

Every entry must be signed by a key that an entry above it enrols for its author,
beginning with entry 0, whose leaf hash is the organization's id; and all must be
in the log that the log's key signed. Whether the rules allowed what was said is
not decided again, as `writ verify` does it. See docs/proof.md.

leaves: what `writ log export` prints; checkpoint: what `writ log checkpoint`
printed before; session: the file of that name in an auditor's profile. The exit
code is 0 for proved, 1 for not proved, 2 for wrong usage.
"""

import argparse
import base64
import bisect
import hashlib
import json
import pathlib
import re
import sys
import urllib.request
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256

TYPE = re.compile(r"application/vnd\.writ\.([a-z-]+)\.v1\+json")
POSSESSION = "application/vnd.writ.key-possession.v1+json"


class Wrong(Exception):
    """Something is not proved."""


# What Python says of values that are not what they should be.
ODD = (Wrong, KeyError, TypeError, AttributeError, ValueError, RecursionError)


def need(condition, problem):
    if not condition:
        raise Wrong(problem)

def unhex(text):
    decoded = bytes.fromhex(text)
    need(decoded.hex() == text, "expected lower-case hexadecimal digits, and nothing more")
    return decoded

def unbase64(text):
    decoded = base64.b64decode(text, validate=True)
    need(base64.b64encode(decoded).decode() == text, "expected base64 in its one spelling")
    return decoded

def number(text):
    need(text.isascii() and text.isdigit() and str(int(text[:20])) == text, "expected a number")
    return int(text)

def write(value):
    """Canonical JSON (RFC 8785); our names are ASCII, so sorting them is easy."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

def read(data):
    value = json.loads(data)
    need(write(value) == data, "not canonical JSON")
    return value

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_over(start, end, leaves, places, beside):
    """RFC 6962; where no leaf from start to end is ours, it is the next hash."""
    if bisect.bisect_left(places, start) == bisect.bisect_left(places, end):
        need(beside, "a hash is missing")
        return beside.pop()
    if end - start == 1:
        return leaves[start]
    middle = start + (1 << ((end - start - 1).bit_length() - 1))
    left = root_over(start, middle, leaves, places, beside)
    return sha256(b"\1", left, root_over(middle, end, leaves, places, beside))


def root_of(leaves, size, proof=()):
    """The root of a tree of that size with these leaf hashes at their places."""
    need(leaves and max(leaves) < size, "an entry is beyond the checkpoint")
    beside = list(reversed(proof))
    root = root_over(0, size, leaves, sorted(leaves), beside)
    need(not beside, "there is a hash too many")
    return root


def key_id(key):
    return sha256(key["alg"].encode(), b"\0", unhex(key["public"])).hex()


def verify(key, message, signature, whose, passkey=None):
    if passkey:  # an authenticator signs its own data, and a challenge for ours
        seen, said = unhex(passkey["authenticator_data"]), unhex(passkey["client_data"])
        challenge = base64.urlsafe_b64encode(sha256(b"writ-passkey-v1\0", message)).decode()
        client = json.loads(said)
        need(client["type"] == "webauthn.get" and client["challenge"] == challenge.rstrip("=")
             and seen[32] & 5 == 5, "a gesture for something else, or by nobody")
        message = seen + sha256(said)
    public = unhex(key["public"])
    try:
        if key["alg"] == "ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        else:
            need(key["alg"] == "p256" and len(signature) == 64, "an unknown algorithm")
            curve = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            halves = (int.from_bytes(signature[at:at + 32], "big") for at in (0, 32))
            curve.verify(utils.encode_dss_signature(*halves), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Wrong(f"the signature of {whose} is wrong") from None

def pae(of_type, payload):
    """What DSSE signs: the type and the bytes, with their lengths."""
    return b"DSSEv1 %d %s %d %s" % (len(of_type), of_type.encode(), len(payload), payload)


class Organization:
    """Whose keys count, as the entries so far say."""
    def __init__(self, identity):
        self.identity, self.domain, self.services = identity, None, None
        self.keys = {}         # live keys of people: name -> id -> key
        self.invited = {}      # the key that may enrol their next one
        self.invitations = {}  # as the person was last set
        self.runners = {}      # the runner's key when a run was authorised
        self.time, self.epoch, self.entries, self.leaves = 0, 0, [], {}

    def take(self, index, leaf, refused_too=False):
        """Checks an entry, and remembers whose keys count from then on."""
        entry = read(leaf)
        envelope, accepted, time = entry["envelope"], entry["accepted"], entry["time"]
        (signature,), of_type = envelope["signatures"], envelope["payloadType"]
        kind, data = TYPE.fullmatch(of_type)[1], unbase64(envelope["payload"])
        payload = read(data)
        by, body, leaf_hash = payload["by"], payload["body"], sha256(b"\0", leaf)
        need(index or leaf_hash.hex() == self.identity, f"entry 0 founds {leaf_hash.hex()}")
        need((kind == "genesis") == (index == 0), "entry 0 founds the organization, and no other")
        need(payload.get("instance") == (self.identity if index else None), "said to another one")
        need(time >= self.time, "its time lies before that of the entry above")
        need(accepted is True or (refused_too and accepted is False), "it was refused")
        self.time, message = time, pae(of_type, data)
        key = self.key_for(kind, by, body, signature["keyid"], time)
        if key:
            verify(key, message, unbase64(signature["sig"]), by, signature.get("passkey"))
            if kind == "enrol":
                bare = {k: v for k, v in body.items() if k not in ("proof", "assertion")}
                proof = pae(POSSESSION, write({**payload, "body": bare}))
                verify(body["key"], proof, unhex(body["proof"]), by, body.get("assertion"))
        if accepted:
            need(key, "no entry above enrols the key that it names for its author")
            self.learn(kind, by, body, signature["keyid"], sha256(message).hex())
        self.leaves[index] = leaf_hash
        self.entries.append((index, time, by, kind))

    def key_for(self, kind, by, body, wanted, time):
        if kind == "genesis":
            keys = [body["key"]]
        elif by == "node" and kind == "tick":
            keys = [self.services["log"]]
        elif by == "node":
            now = self.services["runner"]
            keys = [now, self.runners.get(body["execution"], now)]
        else:
            keys, invitation = list(self.keys.get(by, {}).values()), self.invited.get(by)
            if kind == "enrol" and invitation and time < invitation["until"]:
                keys.append(invitation["key"])
        return next((key for key in keys if key_id(key) == wanted), None)

    def learn(self, kind, by, body, signed_with, digest):
        objects = body.get("object", {})
        if kind == "genesis":
            self.domain, self.services = body["organization"], body["services"]
            self.keys[by] = {key_id(key): key for key in (body["key"], body["recovery"])}
        elif kind == "set" and "person" in objects:
            name, invitation = objects["person"]["upn"], objects["person"].get("invitation")
            if self.invitations.get(name) != invitation:
                self.invited[name] = invitation
            self.invitations[name] = invitation
        elif kind == "set" and "site" in objects:
            self.services = objects["site"]["services"]
        elif kind == "enrol":
            invitation = self.invited.get(by)
            if invitation and key_id(invitation["key"]) == signed_with:
                self.keys[by], self.invited[by] = {}, None
            self.keys[by][key_id(body["key"])] = body["key"]
        elif kind == "revoke-key":
            del self.keys[body["person"]][body["key"]]
        elif kind == "invoke":
            self.runners[digest] = self.services["runner"]
        elif kind == "recover":
            self.epoch += 1

    def checkpoint(self, note, proof=()):
        """Opens a checkpoint of this log, whose root the entries must lead to."""
        epoch = f"/{self.epoch}" if self.epoch else ""
        origin = f"{self.domain}/writ/{uuid.UUID(self.identity[:32])}{epoch}"
        lines, start = note.split("\n"), f"— {origin} "
        need(len(lines) == 6 and lines[0] == origin and lines[3] == lines[5] == ""
             and lines[4].startswith(start), f"not a checkpoint of {origin}, signed by it alone")
        signature = unbase64(lines[4][len(start):])
        name = sha256(origin.encode(), b"\n\1", unhex(self.services["log"]["public"]))[:4]
        need(signature[:4] == name, "the checkpoint is not signed by the log's key")
        verify(self.services["log"], "\n".join([*lines[:3], ""]).encode(), signature[4:], "the log")
        size, root = number(lines[1]), unbase64(lines[2])
        need(root_of(self.leaves, size, proof) == root, "all that does not lead to the root")
        return self.entries, size


def check_file(data, identity):
    """Checks a writ file: its entries (index, time, by, kind), the log's size."""
    rest, organization, proof, at = iter(data.split(b"\n")), Organization(identity), [], 1
    try:
        name, _, about = next(rest).decode().partition(" ")
        need(name == "writ/1" and number(about) >= 0, "not a writ file")
        for at, line in enumerate(iter(rest.__next__, b""), at + 1):
            index, _, leaf = line.partition(b" ")
            index = number(index.decode())
            need(index > max(organization.leaves, default=-1), "not in the order of the log")
            organization.take(index, leaf)
        need(int(about) in organization.leaves, "the entry that it is about is missing")
        for at, line in enumerate(iter(rest.__next__, b""), at + 2):
            proof.append(unhex(line.decode()))
            need(len(proof[-1]) == 32, "expected a hash")
        return organization.checkpoint(b"\n".join(rest).decode(), proof)
    except ODD as error:
        raise Wrong(f"line {at} or after it: {error}") from None


def check_log(leaves, note, identity):
    """Checks the leaves of a whole log against its checkpoint."""
    organization, size = Organization(identity), number(note.split("\n")[1])
    need(len(leaves) >= size, f"the checkpoint says {size} entries, and there are {len(leaves)}")
    for index, leaf in enumerate(leaves[:size]):
        try:
            organization.take(index, leaf, refused_too=True)
        except ODD as error:
            raise Wrong(f"entry {index}: {error}") from None
    return organization.checkpoint(note)


def fetch(url, session):
    """The checkpoint of a server and the leaves below it, as C2SP tiles."""
    def get(path):
        bearer = base64.urlsafe_b64encode(session).decode().rstrip("=")
        headers = {"Authorization": f"Writ {bearer}"} if session else {}
        request = urllib.request.Request(f"{url.rstrip('/')}/v1/log/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    note, leaves = get("checkpoint").decode(), []
    size = number(note.split("\n")[1])
    for tile in range((size + 255) // 256):
        *groups, last = f"{tile:,}".split(",")
        path = "".join(f"x{int(group):03}/" for group in groups) + f"{int(last):03}"
        width = min(size - tile * 256, 256)
        bundle = get(f"tile/entries/{path}" + (f".p/{width}" if width < 256 else ""))
        while bundle:
            end = 2 + int.from_bytes(bundle[:2], "big")
            leaves.append(bundle[2:end])
            bundle = bundle[end:]
    return leaves, note


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("place", help="a writ file, exported leaves, or the address of a server")
    parser.add_argument("--organization", required=True, help="its id, all 64 digits")
    parser.add_argument("--checkpoint", type=pathlib.Path, help="that of exported leaves")
    parser.add_argument("--session", type=pathlib.Path, help="of an auditor, for a server")
    given = parser.parse_args()
    try:
        if "://" in given.place:
            session = given.session.read_bytes().strip() if given.session else b""
            entries, size = check_log(*fetch(given.place, session), given.organization)
        elif given.checkpoint:
            leaves = pathlib.Path(given.place).read_bytes().split(b"\n")[:-1]
            note = given.checkpoint.read_bytes().decode()
            entries, size = check_log(leaves, note, given.organization)
        else:
            data = pathlib.Path(given.place).read_bytes()
            entries, size = check_file(data, given.organization)
            for index, time, by, kind in entries:
                print(f"{index:>8}  {time}  {by}  {kind}")
    except OSError as error:
        parser.error(str(error))
    except ODD as error:
        sys.exit(f"not proved: {error}")
    print(f"proved: {len(entries)} entries, in the log of {size} entries that was signed")


if __name__ == "__main__":
    main()
