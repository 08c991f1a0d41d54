"""Small hosts for the mounting tests: an app with its own things, ours beside them, a browser without a screen, servers."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import servers
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from complaints.cli import group
from complaints.ledger.reading import history

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
PATIENCE = 60
POLICY = """
extends = "cn-genai"
[provider]
name = "{product}科技有限公司"
product = "{product}"
role = "provider"
[contacts]
phone = "010-12345678"
mail = "complaints@example.cn"
compliance_name = "王合规"
compliance_mail = "compliance@example.cn"
"""
TYPED = "它把一件没有发生的事说成真的，还给出了一个不存在的网址😀𠮷"


def host(folder: Path, *, product: str = "灵犀助手", **config: Any) -> Flask:
    """An app with an instance folder and a policy of its own; nothing of ours is mounted yet."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy.toml"
    policy.write_text(POLICY.format(product=product), encoding="utf-8")
    app = Flask("host", instance_path=str(folder), root_path=str(folder))
    app.config.update(
        {
            "SECRET_KEY": "of this test",
            "TESTING": True,
            "COMPLAINTS_POLICY_FILE": str(policy),
            "COMPLAINTS_BASE_URL": "https://ai.example.cn",
            **config,
        }
    )
    return app


def run(app: Flask, *arguments: str, code: int = 0) -> str:
    """`flask complaints …` on this app; returns what it said."""
    result = app.test_cli_runner().invoke(group, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def ready(app: Flask) -> Flask:
    """After `flask complaints init`."""
    run(app, "init", "--no-policy-file")
    return app


class Fields(HTMLParser):
    """The values a browser would send with the form that has a hidden `step` or a named button."""

    def __init__(self, page: str, has: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._area = ""
        self.feed(page)
        self.found = next((form for form in self.forms if has in form["names"]), {"names": [], "values": {}})

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append({"action": given.get("action", ""), "names": [], "values": {}})
        if not self.forms or not (name := given.get("name", "")):
            return
        form = self.forms[-1]
        form["names"].append(name)
        if tag == "textarea":
            self._area = name
            form["values"][name] = ""
        elif tag == "input" and given.get("type", "text") not in {
            "submit",
            "checkbox",
            "radio",
            "file",
            "button",
        }:
            form["values"][name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1]["values"][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            values = self.forms[-1]["values"]
            if self._area:
                values[self._area] = values[self._area].removeprefix("\n")
            self._area = ""


def fields(page: str, has: str = "step") -> dict[str, str]:
    """What the form with a field of that name would send."""
    return dict(Fields(page, has).found["values"])


def file(
    client: FlaskClient, prefix: str = "/complaints", typed: str = TYPED, **options: Any
) -> TestResponse:
    """File a complaint as a person does: type, details, check. Returns the answer to the last step."""
    page = client.get(f"{prefix}/new?type=other", **options)
    assert page.status_code == 200, page.text
    page = client.post(f"{prefix}/new?type=other", data={**fields(page.text), "details": typed}, **options)
    assert page.status_code == 200, page.text
    return client.post(f"{prefix}/new?type=other", data=fields(page.text), **options)


def filed_texts(app: Flask) -> list[str]:
    """What the complaints of an app say, opened from the log."""
    from sqlalchemy import select

    from complaints.store.tables import Complaint

    installation = app.extensions["complaints"]
    with installation.reading() as work:
        uids = work.session.scalars(select(Complaint.uid).order_by(Complaint.id)).all()
        return [history(work, uid)[0].data("details")["details"] for uid in uids]


@contextmanager
def serving(command: list[str], folder: Path, environment: dict[str, str]):
    """The address of a server with the channel, until the block ends; its port is filled into the command."""
    port = servers.free_port()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            base = f"http://127.0.0.1:{port}"
            _await(base, process, folder / "server.log")
            yield base
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def _await(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{base}/complaints/", timeout=5).close()
        except OSError:
            said = log.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)
        else:
            return


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a recipe's server: nothing of ours but what the docs tell to set."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("COMPLAINTS_")}
    return {
        **ours,
        "PYTHONPATH": os.pathsep.join([str(RECIPES), str(ROOT)]),
        "SECRET_KEY": "the same on every worker",
        "INSTANCE": str(folder / "instance"),
        "COMPLAINTS_INSTANCE": str(folder / "instance"),
        "COMPLAINTS_BASE_URL": "https://ai.example.cn",
    }
