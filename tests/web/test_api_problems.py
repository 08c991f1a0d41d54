"""Every problem the interface knows, brought about by a request; a problem nobody can meet would fail."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from office import Office, quick_passwords
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))

from machine import REPEAT, Machine, kind, make_key

from complaints.base.translations import gettext, speaking
from complaints.cases import claims
from complaints.policy import process
from complaints.web.api.problems import PROBLEMS

FILING = {"type": "other", "fields": {"details": "回答不对"}}
NOTE = {"note": "内部备注"}
MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Clock:
    """A time that stands still for a whole module."""

    def __call__(self):
        return MONDAY


class Scene:
    """An office with one case, a key for everything and a machine that has it."""

    def __init__(self, office):
        self.office, self.app, self.installation = office, office.app, office.installation
        self.filed = office.desk.file()
        _, key = make_key(office.installation, "read", "act", "export", "file")
        self.machine, self.anybody = Machine(self.app, key), Machine(self.app)
        self.person = Machine(self.app, code=self.filed.code)
        self.case = f"/cases/{self.filed.number}"
        self.mine = f"/complaints/{self.filed.number}"

    def broken(self, data, **headers):
        return self.anybody.post("/complaints", data, **headers)

    def noted(self, version, body=NOTE, **headers):
        return self.machine.post(f"{self.case}/note", body, If_Match=version, **headers)

    def scoped(self):
        _, key = make_key(self.office.installation, "export")
        return Machine(self.app, key).get("/cases")

    def reviewed(self):
        """Somebody decides and would end the review by a key of their own."""
        desk = self.office.desk
        for step in ("accept", "decide"):
            desk.do(self.filed, step)
        desk.later(minutes=5)
        desk.do(self.filed, "release")
        desk.do(self.filed, "appeal")
        body = {"verdict": "confirm", "text": "维持"}
        self.office.installation.write(_as_decider)
        return self.machine.act(self.filed.number, "review", body)

    def claimed(self):
        """An operator is at the case."""
        self.office.desk.act(self.filed, claims.take, "op_alice")
        return self.machine.act(self.filed.number, "accept")

    def reused(self):
        self.broken(None)
        first = self.anybody.post("/complaints", FILING, Idempotency_Key=REPEAT)
        assert first.status_code == 201
        return self.anybody.post("/complaints", {**FILING, "lang": "en"}, Idempotency_Key=REPEAT)

    def crowded(self):
        return [self.anybody.post("/complaints", FILING) for _ in range(3)][-1]

    def guessing(self):
        guess = Machine(self.app, code="AAAA-BBBB-CCCC-DDDD-EEEE")
        return [guess.get(self.mine) for _ in range(6)][-1]

    def not_ready(self):
        ordered = self.machine.post("/exports", {"kind": "register", "form": "csv"})
        return self.machine.get(f"{ordered.headers['Location']}/file")


def _as_decider(work):
    from complaints.store.tables import ApiKey

    for row in work.session.query(ApiKey):
        row.created_by = "op_alice"


DEEP = b'{"fields":' * 100 + b"1" + b"}" * 100
VERY_DEEP = b"[" * 100_000
ROWS = [
    ("json-syntax", lambda at: at.broken(b'{"type": "other"')),
    ("json-syntax", lambda at: at.broken(b"")),
    ("json-encoding", lambda at: at.broken(b'{"type": "\xff"}')),
    ("json-encoding", lambda at: at.broken(b'{"type": "other", "fields": {"details": "\\ud83d"}}')),
    ("json-encoding", lambda at: at.broken(b'{"type": "other", "fields": {"details": "a\\u0000b"}}')),
    ("json-encoding", lambda at: at.broken(b'{"type": "other", "fields": {"a\\u0000": "b"}}')),
    ("json-encoding", lambda at: at.broken('{"type": "other"}'.encode("utf-16"))),
    ("json-duplicate-key", lambda at: at.broken(b'{"type": "other", "type": "other"}')),
    ("json-duplicate-key", lambda at: at.broken(b'{"type": "o", "fields": {"details": "1", "details": "2"}}')),
    ("json-number", lambda at: at.broken(b'{"type": NaN}')),
    ("json-number", lambda at: at.broken(b'{"type": -Infinity}')),
    ("json-number", lambda at: at.broken(b'{"type": 1e999}')),
    ("json-number", lambda at: at.broken(b'{"type": ' + b"9" * 5000 + b"}")),
    ("json-depth", lambda at: at.broken(DEEP)),
    ("json-depth", lambda at: at.broken(VERY_DEEP)),
    ("multipart", lambda at: at.broken(b"--x", Content_Type="multipart/form-data; boundary=x")),
    ("multipart", lambda at: at.broken(b"--", Content_Type="multipart/form-data")),
    ("parameters", lambda at: at.machine.get("/cases?limit=none")),
    ("parameters", lambda at: at.machine.get("/cases?limit=1&limit=2")),
    ("parameters", lambda at: at.person.get(f"{at.mine}?code={at.filed.code}")),
    ("cursor", lambda at: at.machine.get("/cases?cursor=WzEse31d.forged")),
    ("idempotency-key", lambda at: at.anybody.post("/complaints", FILING, Idempotency_Key="short")),
    ("if-match", lambda at: at.noted("*")),
    ("if-match", lambda at: at.noted('W/"1"')),
    ("if-match", lambda at: at.noted('"1", "2"')),
    ("no-access", lambda at: at.anybody.get(at.mine)),
    ("no-access", lambda at: Machine(at.app, code="AAAA-BBBB-CCCC-DDDD-EEEE").get(at.mine)),
    ("no-access", lambda at: at.person.get("/complaints/TS20261123-222222")),
    ("no-access", lambda at: at.machine.get(at.mine)),
    ("no-key", lambda at: at.anybody.get("/cases")),
    ("no-key", lambda at: at.person.get("/cases")),
    ("no-key", lambda at: Machine(at.app, "cmp_" + "x" * 43).get("/cases")),
    ("no-key", lambda at: at.person.post("/complaints", FILING)),
    ("scope", Scene.scoped),
    ("not-allowed", lambda at: at.anybody.post("/complaints", {**FILING, "owner": "user-1"})),
    ("not-found", lambda at: at.anybody.get("/nowhere")),
    ("not-found", lambda at: at.anybody.get("/")),
    ("not-found", lambda at: at.machine.get("/cases/TS20261123-222222")),
    ("not-found", lambda at: at.person.get(f"{at.mine}/attachments/{'0' * 32}")),
    ("not-found", lambda at: at.machine.get(f"/exports/{'0' * 32}")),
    ("method", lambda at: at.machine.send("DELETE", at.case)),
    ("not-possible", lambda at: at.machine.act(at.filed.number, "close")),
    ("not-possible", lambda at: at.person.post(f"{at.mine}/appeal", {"text": "不同意"})),
    ("stale", lambda at: at.noted('"77"')),
    ("too-large", lambda at: at.broken(b'{"type": "' + b"x" * 6_000_001 + b'"}')),
    ("too-large", lambda at: at.broken(b"[" + b"0," * 200_000 + b"0]")),
    ("media-type", lambda at: at.broken(b"type=other", Content_Type="application/x-www-form-urlencoded")),
    ("media-type", lambda at: at.broken(b"{}", Content_Type="text/plain")),
    ("schema", lambda at: at.broken(b"[]")),
    ("schema", lambda at: at.broken(b'{"type": "other"}')),
    ("schema", lambda at: at.anybody.post("/complaints", {**FILING, "surprise": 1})),
    ("schema", lambda at: at.machine.act(at.filed.number, "accept", {"surprise": 1})),
    ("input", lambda at: at.anybody.post("/complaints", {**FILING, "type": "unknown"})),
    ("input", lambda at: at.anybody.post("/complaints", {"type": "other", "fields": {}})),
    ("input", lambda at: at.anybody.post("/complaints", {**FILING, "fields": {"details": "x", "shoe": "44"}})),
    ("input", lambda at: at.person.post(f"{at.mine}/messages", {"text": " "})),
    ("input", lambda at: at.machine.act(at.filed.number, "assign", {"to": "王五 13800000000"})),
    ("no-version", lambda at: at.machine.post(f"{at.case}/note", NOTE)),
]  # fmt: skip
# These change what the others rely on, so each has an office of its own.
CHANGING = [
    ("claimed", Scene.claimed),
    ("not-allowed", Scene.reviewed),
    ("not-ready", Scene.not_ready),
    ("idempotency-reused", Scene.reused),
    ("proof-of-work", Scene.crowded),
    ("too-many", Scene.guessing),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    limits = {"COMPLAINTS_LIMIT_FILINGS": "1000/hour", "COMPLAINTS_LIMIT_TRACKING": "1000/hour"}
    clock = Clock()
    return Scene(Office(tmp_path_factory.mktemp("office"), clock, **limits).start(clock))


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    limits = {"COMPLAINTS_LIMIT_FILINGS": "2/hour", "COMPLAINTS_LIMIT_TRACKING": "5/hour"}
    return Office(tmp_path, clock, **limits).start(clock)


def ids(rows):
    return [f"{place}-{name}" for place, (name, _) in enumerate(rows)]


@pytest.mark.parametrize(("name", "request_it"), ROWS, ids=ids(ROWS))
def test_each_fault_has_a_problem_of_its_own(name, request_it, scene):
    answer = request_it(scene)

    assert kind(answer) == name
    assert answer.status_code == PROBLEMS[name].status
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("name", "request_it"), CHANGING, ids=ids(CHANGING))
def test_each_fault_of_a_life_has_a_problem_of_its_own(name, request_it, office):
    assert kind(request_it(Scene(office))) == name


def test_a_fault_of_ours_says_so_and_quotes_nothing(office, monkeypatch, caplog):
    def broken(*_):
        raise ValueError(f"138{8:0>8}")

    monkeypatch.setattr(process, "steps", broken)
    answer = Machine(office.app).get("/process")

    assert kind(answer) == "fault"
    assert "13800000008" not in answer.text + caplog.text


def test_a_database_that_is_away_is_named_as_that(office, monkeypatch):
    def away(*_):
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(process, "steps", away)
    answer = Machine(office.app).get("/process")

    assert kind(answer) == "unavailable"
    assert answer.headers["Retry-After"]


def test_every_problem_is_met_by_a_test_explained_by_a_page_and_said_in_chinese(office):
    assert {name for name, _ in [*ROWS, *CHANGING]} | {"fault", "unavailable"} == set(PROBLEMS)
    listed = Machine(office.app).get("/problems").json["problems"]
    assert [row["type"].rpartition("/")[2] for row in listed] == list(PROBLEMS)
    for row in listed:
        address = row["type"].removeprefix("https://ai.example.cn")
        assert Machine(office.app).get(address).json == row
    with speaking("zh"):
        same = [row.name for row in PROBLEMS.values() if gettext(row.title) == row.title]
        same += [row.name for row in PROBLEMS.values() if gettext(row.remedy) == row.remedy]
    assert same == []


def test_what_is_wrong_is_pointed_at(office):
    machine = Machine(office.app)
    bad = {"type": "other", "fields": {"details": 7}}
    schema = machine.post("/complaints", bad, Accept_Language="en").json
    words = machine.post("/complaints", {"type": "other", "fields": {"mail": "x"}}, Accept_Language="en").json

    assert schema["errors"] == [{"pointer": "#/fields", "detail": "Expected `str`, got `int`"}]
    assert {each["pointer"] for each in words["errors"]} == {"#/fields/details", "#/fields/mail"}
    assert words["title"] == "Something must be filled in differently"


def test_a_method_that_is_not_taken_is_told_which_are(office):
    machine = Machine(office.app)

    assert machine.send("PUT", "/complaints").headers["Allow"] == "POST, OPTIONS"
    assert machine.send("DELETE", "/types").headers["Allow"] == "GET, HEAD, OPTIONS"
    asked = machine.send("OPTIONS", "/types", Origin="https://elsewhere.example")
    assert (asked.status_code, asked.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert not [name for name in asked.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118 - Headers


def test_a_problem_of_the_interface_follows_no_cookie_and_no_parameter_of_the_pages(office):
    machine = Machine(office.app)
    answer = machine.get("/nowhere?lang=en", Cookie="complaints_lang=en")

    assert answer.json["title"] == "没有找到"
    assert "Set-Cookie" not in answer.headers
