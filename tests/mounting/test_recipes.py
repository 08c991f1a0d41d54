"""Each way to mount that the docs show, run by the server it is meant for, and used by a person with a browser's steps."""

from __future__ import annotations

import http.cookiejar
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from flask import request
from hosting import Fields, fields, serving, surroundings
from sqlalchemy import create_engine, text

from complaints.base.errors import ConfigError
from complaints.standalone import create_app

SERVICE = "complaints.standalone"
FLASK = [sys.executable, "-m", "flask", "--app"]
# recipe → how it is set up, how it is served (the port is filled in), and whether it has the product's /ask.
WAYS = {
    "flask-factory": (
        [*FLASK, "flask_factory"],
        [sys.executable, "-m", "gunicorn", "flask_factory:create_app()", "--bind", "127.0.0.1:{port}", "-w", "2"],
        True,
    ),
    "fastapi": (
        [*FLASK, "fastapi_app:service"],
        [sys.executable, "-m", "uvicorn", "fastapi_app:product", "--port", "{port}", "--log-level", "warning"],
        True,
    ),
    "standalone-flask-run": (
        [*FLASK, SERVICE],
        [*FLASK, SERVICE, "run", "--port", "{port}"],
        False,
    ),
    "standalone-gunicorn": (
        [*FLASK, SERVICE],
        [sys.executable, "-m", "gunicorn", f"{SERVICE}:create_app()", "--bind", "127.0.0.1:{port}", "-w", "2"],
        False,
    ),
}  # fmt: skip


class Person:
    """Somebody with a browser without script: follows redirects, keeps cookies."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> str:
        return self.opener.open(self.base + path, timeout=30).read().decode()

    def post(self, path: str, data: dict[str, str]) -> str:
        body = urllib.parse.urlencode(data).encode()
        return self.opener.open(self.base + path, body, timeout=30).read().decode()

    def ask(self, question: str) -> dict[str, str]:
        body = json.dumps({"question": question}).encode()
        request = urllib.request.Request(
            f"{self.base}/ask", body, headers={"Content-Type": "application/json"}
        )
        return json.load(self.opener.open(request, timeout=30))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_complaint_is_filed_through_each_way_to_mount(way, tmp_path):
    manage, serve, asks = WAYS[way]
    environment = surroundings(tmp_path)
    if way.startswith("standalone"):
        del environment["SECRET_KEY"]  # the service keeps one of its own
    else:
        del environment["COMPLAINTS_BASE_URL"], environment["COMPLAINTS_INSTANCE"]
    subprocess.run(
        [*manage, "complaints", "init"], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=90
    )  # fmt: skip

    with serving(serve, tmp_path, environment) as base:
        person = Person(base)
        if asks:
            told = person.ask("现在几点？😀")
            carried = {"token": told["seal"], "output": told["answer"], "prompt": "现在几点？😀"}
        else:
            carried = {"output": "它说现在是昨天"}
        page = person.post("/complaints/report", carried)
        (choose,) = [form for form in Fields(page, "type").forms if "type" in form["names"]]
        page = person.post("/complaints/new", {**choose["values"], "type": "other"})
        page = person.post("/complaints/new?type=other", {**fields(page), "details": "时间说错了，请更正"})
        page = person.post("/complaints/new?type=other", fields(page))
        moved = person.get("/") if not asks else ""

    assert "TS20" in page
    (database,) = [path for path in tmp_path.rglob("*.db") if path.name in {"product.db", "complaints.db"}]
    with create_engine(f"sqlite:///{database}").connect() as connection:
        marks = list(connection.scalars(text("SELECT answer_mark FROM complaints_complaint")))
    assert marks == ["verified" if asks else "unverified"]
    assert asks or "投诉" in moved


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"COMPLAINTS_BASE_ULR": "https://ai.example.cn"}, "did you mean COMPLAINTS_BASE_URL"),
        ({"COMPLAINTS_TICK_SECONDS": "often"}, "COMPLAINTS_TICK_SECONDS must be int"),
        ({"COMPLAINTS_PUSH": "dingtalk://x"}, "COMPLAINTS_PUSH must be JSON"),
        ({"COMPLAINTS_PUSH": "[]"}, "COMPLAINTS_PUSH must be dict"),
    ],
)
def test_a_wrong_variable_of_the_service_is_named_at_start(environment, said, tmp_path):
    with pytest.raises(ConfigError, match=said):
        create_app({**environment, "COMPLAINTS_INSTANCE": str(tmp_path)})


def test_workers_of_the_service_share_one_secret_that_nobody_else_reads(tmp_path):
    environment = {"COMPLAINTS_INSTANCE": str(tmp_path), "COMPLAINTS_TICK_SECONDS": "5"}

    first, second = create_app(environment), create_app(environment)

    assert first.config["SECRET_KEY"] == second.config["SECRET_KEY"]
    assert (tmp_path / "complaints" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert first.extensions["complaints"].settings.TICK_SECONDS == 5
    assert [path.name for path in (tmp_path / "complaints").iterdir() if path.name.startswith(".")] == []


def test_behind_a_proxy_the_service_knows_an_encrypted_way(tmp_path):
    environment = {"COMPLAINTS_INSTANCE": str(tmp_path), "COMPLAINTS_PROXIES": "1"}
    app = create_app(environment)
    app.add_url_rule("/way", "way", lambda: f"{request.scheme}://{request.host}")

    answer = app.test_client().get(
        "/way", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    )

    assert answer.text == "https://localhost"
