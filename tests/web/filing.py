"""A person at the form: follows hidden fields from page to page as a browser without script does."""

from __future__ import annotations

import base64
import html
import json
import re
from io import BytesIO

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from complaints import Complaints
from complaints.base.keys import create_missing
from complaints.ledger.reading import history
from complaints.store.tables import Attachment, Complaint

POLICY = """
extends = "cn-genai"
[provider]
name = "示例科技有限公司"
product = "灵犀助手"
role = "provider"
[contacts]
phone = "010-12345678"
mail = "complaints@example.cn"
compliance_name = "王合规"
compliance_mail = "compliance@example.cn"
[emergency]
emergency = "110"
support = "12356"
exit_url = "https://www.example.cn/"
"""
NEW = "/complaints/new"
WORDS = "回答里说的事情完全不对😀𠮷\n第二行"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


_made = []


@pytest.fixture(autouse=True)
def close_connections():
    """Each app has an engine of its own; its connections end with the test."""
    yield
    while _made:
        _made.pop().extensions["complaints"].database.engine.dispose()


def make_app(path, database_url, loaders=None, notify=None, **config):
    (path / "instance").mkdir(exist_ok=True)
    (path / "instance" / "complaints.toml").write_text(POLICY, encoding="utf-8")
    app = Flask("host", instance_path=str(path / "instance"))
    app.config.update(
        {
            "SECRET_KEY": "a secret of this test",
            "TESTING": True,
            "COMPLAINTS_BASE_URL": "https://ai.example.cn",
            "COMPLAINTS_DATABASE_URI": database_url,
            **config,
        }
    )
    mounted = Complaints(app, **(loaders or {}))
    if notify is not None:
        mounted.on_notify("phone")(notify)
    _made.append(app)
    create_missing(path / "instance" / "complaints" / "keys", {})
    return app


class Person:
    """A browser; `page` is the last answer."""

    def __init__(self, app, **headers):
        self.app = app
        self.client = app.test_client()
        self.headers = {"Accept-Language": "en", **headers}
        self.page = None

    def open(self, address):
        self.page = self.client.get(address, headers=self.headers)
        return self.page

    def send(self, files=(), path=None, **values):
        data = {**self.hidden(), **values}
        address = path or self.action()
        if files:
            data["files"] = [FileStorage(BytesIO(content), name) for name, content in files]
            # Encoded here: the client would leave the temporary file of a large form open.
            boundary, body = encode_multipart(data)
            kind = f"multipart/form-data; boundary={boundary}"
            self.page = self.client.post(address, data=body, headers=self.headers, content_type=kind)
        else:
            self.page = self.client.post(address, data=data, headers=self.headers)
        return self.page

    def hidden(self):
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.page.text)
        return {html.unescape(name): html.unescape(value) for name, value in found}

    def action(self):
        return html.unescape(
            re.search(r'<form id="cmp-[a-z]+" method="post" action="([^"]*)"', self.page.text)[1]
        )

    def to_check(self, kind="other", files=(), **values):
        self.open(f"{NEW}?type={kind}")
        return self.send(files, **{"details": WORDS, "mail": "reporter@example.com", **values})

    def errors(self):
        box = re.search(r'<div class="cmp-errors".*?</div>', self.page.text, re.DOTALL)
        return (
            [html.unescape(re.sub("<[^>]*>", "", row)) for row in re.findall("<li>(.*?)</li>", box[0])]
            if box
            else []
        )

    def field(self, name):
        found = re.search(rf'<textarea id="{name}"[^>]*>\n(.*?)</textarea>', self.page.text, re.DOTALL)
        found = found or re.search(rf'<input type="[a-z]+" id="{name}" value="([^"]*)"', self.page.text)
        return html.unescape(found[1]).replace("\r\n", "\n") if found else None

    def text(self):
        return html.unescape(re.sub("<[^>]*>", " ", self.page.text))

    def codes(self):
        return [
            html.unescape(each) for each in re.findall(r'<dd class="cmp-code[^"]*">([^<]*)', self.page.text)
        ]

    def receipt(self):
        assert self.page.status_code == 303, (self.page.status_code, self.errors())
        self.open(self.page.headers["Location"])
        return self.codes()


def solution(person):
    given = json.loads(html.unescape(re.search(r'challenge="([^"]*)"', person.page.text)[1]))
    challenge = Challenge.from_dict(given)
    payload = Payload(challenge, solve_challenge(challenge))
    return base64.b64encode(json.dumps(payload.to_dict()).encode()).decode()


def reading(app, look):
    with app.extensions["complaints"].reading() as work:
        return look(work)


def cases(app):
    return reading(app, lambda work: list(work.session.scalars(select(Complaint).order_by(Complaint.id))))


def filed(app, case):
    return reading(app, lambda work: history(work, case.uid)[0])


def attachments(app):
    return reading(app, lambda work: list(work.session.scalars(select(Attachment))))
