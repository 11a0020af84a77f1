"""Reads mails as a mail program would, and none of it is ours: for each line of
input, a mail in base64, it says in a line of JSON what it found."""

import base64
import email
import email.policy
import json
import sys
from html.parser import HTMLParser


class Tags(HTMLParser):
    """The tags of a page, and the text between them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append([tag, attrs])

    def handle_endtag(self, tag):
        self.tags.append(["/" + tag, []])

    def handle_decl(self, decl):
        self.tags.append(["!" + decl, []])

    def handle_comment(self, data):
        self.tags.append(["!--" + data, []])

    def handle_pi(self, data):
        self.tags.append(["?" + data, []])

    def handle_data(self, data):
        self.text.append(data)


for line in sys.stdin:
    mail = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
    parts = list(mail.iter_parts())
    tags = Tags()
    text, html = [part.get_content().replace("\r\n", "\n") for part in parts]
    tags.feed(html)
    tags.close()
    found = {
        "headers": [[name, str(value)] for name, value in mail.items()],
        "to": [[a.display_name, a.addr_spec] for a in mail["To"].addresses],
        "parts": [[part.get_content_type(), part.get_content_charset()] for part in parts],
        "text": text,
        "html": html,
        "tags": tags.tags,
        "shown": "".join(tags.text),
        "faults": [str(fault) for part in [mail, *parts] for fault in part.defects],
    }
    print(json.dumps(found), flush=True)
