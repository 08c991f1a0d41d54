"""A host with the channel mounted, a browser, and a desk whose clock tests turn by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import servers
from factories import Desk
from flask import Flask
from flask.testing import FlaskClient

from complaints import Complaints
from complaints.administration.publishing import publish
from complaints.base.keys import Keys
from complaints.cases import intake
from complaints.cases.attachments import check
from complaints.ledger.work import SYSTEM, Actor
from complaints.web.public.process import render_body

POLICY = """extends = "cn-genai"
[provider]
name = "示例科技有限公司"
product = "小问"
[contacts]
phone = "0571-12345678"
mail = "help@example.cn"
"""
TEXT = "它让我把烫伤涂上牙膏😀𠮷"
SECRETS = ("INTERNAL", "op_alice", "op_bob", "op_carol")
# What the hand of each step leaves for the complainant's eyes; the operator's note never is.
NOTE = "INTERNAL-7"


@dataclass
class Following:
    """One complaint seen from its complainant's browser, beside two that belong to others."""

    app: Flask
    desk: Desk
    client: FlaskClient
    owner: dict[str, str]
    filed: intake.Filed
    other: intake.Filed
    uploads: list[bytes] = field(default_factory=list)

    def path(self, tail: str = "", filed: intake.Filed | None = None) -> str:
        return f"/complaints/track/{(filed or self.filed).number}{tail}"

    def get(self, path: str = "", **named: Any) -> Any:
        return self.client.get(path or self.path(), **named)

    def token(self, page: str, prefix: str = "") -> dict[str, str]:
        name = re.escape(f"{prefix}csrf_token")
        found = re.search(rf'name="{name}" value="([^"]+)"', page)
        assert found, f"no form {prefix!r} on the page"
        return {f"{prefix}csrf_token": found.group(1)}

    def enter(self, number: str = "", code: str = "", **named: Any) -> Any:
        page = self.get("/complaints/track").text
        values = {"number": number or self.filed.number, "code": code or self.filed.code}
        return self.client.post("/complaints/track", data={**values, **self.token(page)}, **named)

    def open(self) -> str:
        assert self.enter().status_code == 303
        page = self.get()
        assert page.status_code == 200
        return page.text

    def act(self, name: str, **values: Any) -> Any:
        """Do one of the page's steps by its form."""
        fields = {f"{name}-{key}": value for key, value in values.items()}
        data = {"act": name, **self.token(self.get().text, f"{name}-"), **fields}
        return self.client.post(self.path(), data=data, content_type="multipart/form-data")

    def do(self, name: str, **named: Any) -> Any:
        return self.desk.do(self.filed, name, **named)


Make = Callable[..., Following]


@pytest.fixture
def make_following(tmp_path: Path, clock: Any) -> Any:
    """Build a host; `policy` is added to the file, `settings` to the configuration."""
    made: list[Any] = []

    def _make(
        kind: str = "inaccurate", policy: str = "", *, trial: bool = False, **settings: Any
    ) -> Following:
        place = tmp_path / f"host{len(made)}"
        place.mkdir()
        (place / "complaints.toml").write_text(POLICY + policy, encoding="utf-8")
        owner = {"ref": ""}
        app = Flask("host", instance_path=str(place))
        app.config.update(
            SECRET_KEY="x" * 32, TESTING=True, COMPLAINTS_BASE_URL="https://ai.example.cn", **settings
        )
        Complaints(app, complainant_loader=lambda: owner["ref"] or None)
        installation = app.extensions["complaints"]
        installation.now = clock
        installation.__dict__["keys"] = Keys.random()
        servers.furnish(installation.database.engine)
        made.append(installation)
        with app.app_context():
            by = SYSTEM if trial else Actor("admin", "op_carol")
            installation.write(
                lambda work: publish(work, installation.file_policy, by, trial=trial, render_page=render_body)
            )
        desk = Desk(installation, clock)
        desk.file("billing", fields={"details": "旁边的一件"}, owner="somebody")
        uploads = [check("聊天 记录.txt", "当时的对话".encode(), max_mb=1)]
        extra = {"link": "https://example.com/a"} if kind == "other" else {}
        filed = desk.file(
            kind,
            fields={"details": TEXT, **extra},
            answer=intake.Answer("先涂牙膏", prompt="烫伤了怎么办", mark="verified"),
            uploads=uploads,
            owner="me",
        )
        other = desk.file("service", fields={"details": "别人的投诉"}, uploads=uploads, owner="somebody")
        return Following(app, desk, app.test_client(), owner, filed, other)

    yield _make
    from plugins import audit_after

    for installation in made:
        audit_after(installation)
        installation.database.engine.dispose()


@pytest.fixture
def following(make_following: Make) -> Following:
    """A host with one complaint to look at."""
    return make_following()
