"""A mail server for tests: takes mail on loopback, keeps it as files, and is as
difficult as the recipient's name asks for.

Called with one argument, settings as JSON: `folder`, and what is wanted of `tls`
("starttls", "tls"), `certificate`, `key`, `user`, `password`. Its first line of
output is its port. In the folder, `journal` has a line for each command, and
`N.eml` the Nth mail as it came. It ends when its standard input does.
"""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

ASKED = json.loads(sys.argv[1])
FOLDER = ASKED["folder"]
GREYLISTED = set()


def note(line):
    with open(os.path.join(FOLDER, "journal"), "a", encoding="utf-8") as journal:
        journal.write(line + "\n")


class Server(SMTP):
    noted = False

    def connection_made(self, transport):
        # It is called again when the connection has become TLS.
        if not self.noted:
            note("CONNECT")
        self.noted = True
        super().connection_made(transport)

    async def smtp_EHLO(self, arg):
        note("EHLO")
        await super().smtp_EHLO(arg)

    async def smtp_AUTH(self, arg):
        note("AUTH " + (arg or "").split(" ")[0])
        await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        note("MAIL " + (arg or "") + (" in TLS" if self._tls_protocol or self.transport.get_extra_info("ssl_object") else ""))
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        note("RCPT " + (arg or ""))
        who = (arg or "").removeprefix("TO:").strip("<>").split("@")[0]
        if who == "hang-at-rcpt":
            await asyncio.sleep(3600)
        if who == "gone":
            return await self.push("550 5.1.1 No such mailbox")
        if who == "closing":
            await self.push("421 4.3.2 Going down for maintenance")
            return self.transport.close()
        if who == "grey" and arg not in GREYLISTED:
            GREYLISTED.add(arg)
            return await self.push("451 4.7.1 Greylisted, come back later")
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        note("DATA")
        who = self.envelope.rcpt_tos[0].split("@")[0]
        if who == "drop-in-data":
            await self.push("354 Go on")
            await self._reader.readline()
            return self.transport.abort()
        await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg):
        note("RSET")
        await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg):
        note("QUIT")
        await super().smtp_QUIT(arg)


class Keep:
    mails = 0

    async def handle_DATA(self, server, session, envelope):
        who = envelope.rcpt_tos[0].split("@")[0]
        if who == "refused-content":
            return "554 5.7.1 This looks like nothing that we take"
        Keep.mails += 1
        with open(os.path.join(FOLDER, f"{Keep.mails}.eml"), "xb") as mail:
            mail.write(envelope.content)
        note(f"TAKEN {Keep.mails}")
        if who == "drop-after-data":
            server.transport.abort()
            await asyncio.sleep(3600)
        if who == "hang-after-data":
            await asyncio.sleep(3600)
        return "250 2.0.0 Taken"


def authenticate(server, session, envelope, mechanism, data):
    good = (
        isinstance(data, LoginPassword)
        and data.login.decode() == ASKED["user"]
        and data.password.decode() == ASKED["password"]
    )
    return AuthResult(success=good, handled=good)


async def main():
    loop = asyncio.get_running_loop()
    context = None
    if "certificate" in ASKED:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ASKED["certificate"], ASKED["key"])
    mode = ASKED.get("tls")
    options = {"hostname": "mail.test", "decode_data": False, "timeout": 3600}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if "user" in ASKED:
        options |= {"authenticator": authenticate, "auth_required": True}
        options |= {"auth_require_tls": mode is not None and mode != "tls"}
    listening = await loop.create_server(
        lambda: Server(Keep(), loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=context if mode == "tls" else None,
    )
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
