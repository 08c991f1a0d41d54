"""A program at the interface: sends JSON with a key or an access code, and nothing a browser would."""

from __future__ import annotations

import json
from io import BytesIO

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from complaints.administration import api_keys
from complaints.ledger.work import Actor

BASE = "/complaints/api/v1"
BOSS = Actor("admin", "op_boss")
REPEAT = "a-key-of-22-characters"


def make_key(installation, *scopes, **values):
    """Reference and secret of a new key."""
    row, secret = installation.write(
        lambda work: api_keys.create(work, "+".join(scopes) or "all", scopes, by=BOSS, **values)
    )
    return row.ref, secret


class Machine:
    """One client; `key` or `code` is what it shows."""

    def __init__(self, app, key="", code=""):
        self.client = app.test_client(use_cookies=False)
        self.shown = f"Bearer {key}" if key else f"Complaint {code}" if code else ""

    def send(self, method, path, body=None, files=(), **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.shown:
            given.setdefault("Authorization", self.shown)
        address = path if path.startswith(BASE) else BASE + path
        if files:
            parts = {"json": json.dumps(body or {})}
            parts["files"] = [FileStorage(BytesIO(content), name) for name, content in files]
            boundary, data = encode_multipart(parts)
            kind = f"multipart/form-data; boundary={boundary}"
            return self.client.open(address, method=method, data=data, headers=given, content_type=kind)
        if isinstance(body, bytes):
            given.setdefault("Content-Type", "application/json")
            return self.client.open(address, method=method, data=body, headers=given)
        return self.client.open(address, method=method, json=body, headers=given)

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body=None, files=(), **headers):
        return self.send("POST", path, body, files, **headers)

    def act(self, number, name, body=None, **headers):
        """An act at the version the case has now."""
        read = self.get(f"/cases/{number}")
        assert read.status_code == 200, read.text
        return self.post(f"/cases/{number}/{name}", body, If_Match=read.headers["ETag"], **headers)


def kind(answer):
    """The stable name of a problem."""
    assert answer.content_type == "application/problem+json", (answer.status_code, answer.text[:300])
    found = answer.json
    assert found["status"] == answer.status_code
    return found["type"].rpartition("/")[2]
