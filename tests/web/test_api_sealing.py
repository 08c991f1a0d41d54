"""Sealing over the interface, for products in other languages: the same token as in Python, and no word kept."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

sys.path.insert(0, str(Path(__file__).parent))

from filing import cases, close_connections, make_app, reading  # noqa: F401 - used by itself
from machine import Machine, kind, make_key

from complaints import answers

ANSWER = {
    "output": "提拉米苏要用生鸡蛋泡一夜😀𠮷。\r\n这样更香。",
    "prompt": "怎么做提拉米苏",
    "model": "示例大模型",
    "answer_id": "a-4711",
    "filing_no": "网信算备000号",
    "at": "2026-11-23T10:00:00+08:00",
    "user_ref": "user-7",
}


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


@pytest.fixture
def sealer(app):
    make_key(app.extensions["complaints"], "read")
    return Machine(app, make_key(app.extensions["complaints"], "seal")[1])


def test_the_token_is_the_one_that_python_makes(app, sealer):
    answer = sealer.post("/seals", ANSWER)
    installed = app.extensions["complaints"]
    given = {**ANSWER, "at": datetime.fromisoformat(ANSWER["at"])}
    found = answers.read(installed.keys.sealers, installed.settings.origin, answer.json["token"])

    assert answer.status_code == 200
    assert answer.json == {"token": answers.seal(installed.keys.answers, installed.settings.origin, **given)}
    assert (found.answer_id, found.model, found.filing_no) == ("a-4711", "示例大模型", "网信算备000号")
    assert (found.of_user("user-7"), found.of_user("user-8")) == (True, False)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("output", "mark"),
    [("提拉米苏要用生鸡蛋泡一夜😀𠮷。\n这样更香。", "verified"), ("提拉米苏很安全。", "altered")],
)
def test_a_complaint_with_the_token_is_compared_with_what_was_sealed(app, sealer, output, mark):
    token = sealer.post("/seals", {"output": ANSWER["output"], "prompt": ANSWER["prompt"]}).json["token"]
    reported = {"output": output, "prompt": ANSWER["prompt"], "token": token}
    filing = {"type": "inaccurate", "fields": {"details": "教错了"}, "answer": reported}

    assert Machine(app).post("/complaints", filing).status_code == 201
    assert [case.answer_mark for case in cases(app)] == [mark]


def test_nothing_of_the_texts_is_kept_or_logged(app, sealer, caplog):
    caplog.set_level(logging.DEBUG)
    marked = {"output": "标记一号的回答", "prompt": "标记一号的问题", "user_ref": "标记一号的用户"}
    sealer.post("/seals", marked)
    sealer.post("/seals", {**marked, "at": "标记一号的时间"})

    def rows(work):
        tables = inspect(work.session.connection()).get_table_names()
        return [str(row) for table in tables for row in work.session.execute(text(f"SELECT * FROM {table}"))]

    found = reading(app, rows)
    assert len(found) > 3
    assert not [row for row in found if "标记一号" in row]
    assert "标记一号" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "problem", "pointer"),
    [
        ({"output": ""}, "schema", "#/output"),
        ({"output": None}, "schema", "#/output"),
        ({"output": "x" * 500_001}, "schema", "#/output"),
        ({"answer_id": "x" * 121}, "schema", "#/answer_id"),
        ({"at": "2026-11-23T10:00:00"}, "schema", "#/at"),
        ({"at": "gestern"}, "schema", "#/at"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "input", "#/at"),
        ({"text": "x"}, "schema", "#"),
    ],
)
def test_what_cannot_be_sealed_is_named(sealer, wrong, problem, pointer):
    answer = sealer.post("/seals", {**ANSWER, **wrong})

    assert kind(answer) == problem
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]


def test_a_long_answer_is_sealed_whole(sealer):
    long = "长" * 499_999
    first, other = (sealer.post("/seals", {**ANSWER, "output": long + end}).json["token"] for end in "甲乙")

    assert first != other
    assert len(first) < 400
