"""An office to test in: an app with built-in operators, one logged-in client each, forms filled as a browser does."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import factories
import servers
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from complaints import Complaints
from complaints.administration import operators, passwords, sessions
from complaints.base.keys import Keys
from complaints.cases.people import Operator
from complaints.ledger.work import Actor
from complaints.store.tables import Operator as Account

ADMIN = "/complaints/admin"
PEOPLE = {
    "handler": ("handler",),
    "second": ("handler",),
    "supervisor": ("supervisor",),
    "auditor": ("auditor",),
    "admin": ("admin",),
}
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Forms(HTMLParser):
    """Every form of a page: its address and what a browser would send if nothing were touched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._select = self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "form":
            self.found.append(
                {"action": a.get("action") or "", "method": a.get("method") or "get", "data": {}}
            )
            return
        if not self.found:
            return
        data, name, kind = self.found[-1]["data"], a.get("name") or "", a.get("type") or "text"
        if tag == "input" and name and kind not in {"submit", "button", "file"}:
            if kind not in {"checkbox", "radio"} or "checked" in a:
                data[name] = a.get("value") or ""
        elif tag == "textarea":
            self._area = name
            data[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in a or self._select not in data):
            data[self._select] = a.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, text: str) -> None:
        if self._area and self.found:
            self.found[-1]["data"][self._area] += text.removeprefix("\n")


class Office:
    """The app with everybody in it; `installation` lets plugins.py audit the log after the test."""

    def __init__(self, root: Path, clock: Any, **config: Any) -> None:
        self.app = Flask("office", instance_path=str(root))
        self.app.config.update(
            SECRET_KEY="a secret of this test",
            TESTING=True,
            COMPLAINTS_SCHEDULER=False,
            COMPLAINTS_BASE_URL="https://ai.example.cn",
            **config,
        )
        self.loader: Operator | None = None
        self.directory: Any = None
        self.complaints = Complaints()

    def start(self, clock: Any, *, hosts: bool = False) -> Office:
        """Mount it; with `hosts` the visitor is `loader` and colleagues come from `directory`, if one is set."""
        if hosts:
            self.complaints = Complaints(
                operator_loader=lambda: self.loader, operator_directory=self.directory
            )
        self.complaints.init_app(self.app)
        self.installation = self.app.extensions["complaints"]
        self.installation.now = clock
        self.installation.__dict__["keys"] = Keys.random()
        servers.furnish(self.installation.database.engine)
        self.desk = factories.Desk(self.installation, clock)
        self.refs: dict[str, str] = {}
        return self

    def hire(self, login: str, *roles: str, restricted: bool = False) -> str:
        row, password = self.installation.write(
            lambda work: operators.create(
                work, login, login.title(), roles, restricted=restricted, by=Actor("admin", "setup")
            )
        )
        self.refs[login] = row.ref
        return password

    def client(self, login: str = "") -> FlaskClient:
        made = self.app.test_client()
        if login:
            if login not in self.refs:
                self.hire(login, *PEOPLE[login])

            def open_session(work: Any) -> str:
                row = work.session.query(Account).filter_by(login=login).one()
                row.must_change = False
                return sessions.begin(work, row.id, 12)

            made.set_cookie(
                "complaints_operator", self.installation.write(open_session), path=ADMIN, domain="localhost"
            )
        return made


def quick_passwords(monkeypatch: Any) -> None:
    """Cheap hashes: what is tested is not Argon2."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    passwords.nobodys.cache_clear()


def send(client: FlaskClient, page: str, action: str, do: str = "", /, **values: Any) -> Any:
    """Open `page`, fill the form that posts to `action`, and send it; names are given without their prefix."""
    html = client.get(page).get_data(as_text=True)
    return send_from(client, html, page, action, do, **values)


def send_from(client: FlaskClient, html: str, page: str, action: str, do: str = "", /, **values: Any) -> Any:
    """As `send`, from a page that was read earlier."""
    form = next(
        (
            each
            for each in Forms(html).found
            if each["method"].lower() == "post" and (each["action"] or page).endswith(action)
        ),
        None,
    )
    assert form is not None, f"no form posts to {action}"
    data = dict(form["data"])
    for name, value in values.items():
        data[next((key for key in data if key.endswith(f"-{name}")), name)] = value
    if do:
        data["do"] = do
    return client.post(form["action"] or page, data=data)


def words(answer: Any) -> str:
    """The text of a page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))
