"""Exports: safe to open in a spreadsheet, complete, and true to the bytes that were hashed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from factories import ALICE, WORDS
from sqlalchemy import func, select

from complaints.evidence import handling_log, register
from complaints.evidence.export import BOM, cell, record_export
from complaints.ledger.proof import Chains, leaf_hash
from complaints.store.tables import Complaint, Event


def export(desk, kind, form, *period):
    return desk.read(lambda work: b"".join(kind.write(work, form, *period)))


def rows_of_csv(data):
    assert data.startswith(BOM)
    return list(csv.DictReader(io.StringIO(data.removeprefix(BOM).decode(), newline="")))


def count(desk, table):
    return desk.read(lambda work: work.session.scalar(select(func.count()).select_from(table)))


@pytest.fixture
def lived(desk):
    filed = desk.file(is_test=True)
    for name in ("accept", "ask", "supply", "decide", "release", "rate"):
        desk.do(filed, name)
    return filed


@pytest.mark.parametrize(
    "dangerous",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        '=HYPERLINK("http://x","y")',
    ],
)
def test_no_cell_begins_like_a_formula(dangerous):
    assert cell(dangerous) == f"'{dangerous}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        ("测试", "测试"),
        ("a=b", "a=b"),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "2026-11-23T02:00:00.000000Z"),
        ({"b": 1, "a": "=x"}, '{"a": "=x", "b": 1}'),
        (["@x"], '["@x"]'),
    ],
)
def test_a_value_is_written_as_people_and_programs_read_it(value, written):
    assert cell(value) == written


def test_the_log_holds_each_event_once_and_each_leaf_as_it_was_hashed(desk, lived):
    rows = [json.loads(line) for line in export(desk, handling_log, "jsonl").splitlines()]

    assert len(rows) == count(desk, Event)
    chains = Chains()
    for row in rows:
        leaf = row["leaf"].encode()
        assert leaf_hash(leaf).hex() == row["hash"]
        assert list(chains.take(leaf)[2]) == []
        assert {name: row[name] for name in ("stream", "seq", "type")} == {
            name: json.loads(leaf)[name] for name in ("stream", "seq", "type")
        }


def test_the_log_as_a_table_has_the_same_events_in_the_same_order(desk, lived):
    table = rows_of_csv(export(desk, handling_log, "csv"))
    plain = [json.loads(line) for line in export(desk, handling_log, "jsonl").splitlines()]

    assert [(row["stream"], row["seq"]) for row in table] == [
        (row["stream"], str(row["seq"])) for row in plain
    ]
    assert [row["hash"] for row in table] == [row["hash"] for row in plain]
    assert "leaf" not in table[0]


def test_the_register_has_a_line_for_each_complaint_with_its_dates_and_outcome(desk, lived):
    late = desk.file()
    desk.clock.now = desk.case(late).accept_due
    desk.sweep()
    table = {row["number"]: row for row in rows_of_csv(export(desk, register, "csv"))}

    assert len(table) == count(desk, Complaint)
    done, missed = table[lived.number], table[late.number]
    assert (done["test"], done["state"], done["outcome"], done["rating"]) == ("yes", "decided", "upheld", "4")
    assert (done["accepted_on_time"], done["answered_on_time"]) == ("yes", "yes")
    assert done["type_zh"] == "其他，或不确定是哪一类"
    assert (missed["test"], missed["late"], missed["accepted_on_time"], missed["answered_on_time"]) == (
        "no",
        "yes",
        "no",
        "",
    )


def test_an_unreleased_decision_stands_in_no_register(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "decide")
    rows = {row["number"]: row for row in rows_of_csv(export(desk, register, "csv"))}

    assert (
        rows[filed.number]["outcome"],
        rows[filed.number]["reason"],
        rows[filed.number]["answered_at"],
    ) == ("", "", "")


@pytest.mark.parametrize("kind", [handling_log, register])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_nothing_personal_leaves(desk, lived, kind, form):
    data = export(desk, kind, form).decode()

    for said in (
        WORDS,
        "reporter@example.com",
        "请问是哪一天",
        "情况属实",
        "内部：模型版本7",
        "截图.txt",
        lived.code,
    ):
        assert said not in data


def test_a_period_begins_with_its_first_day_and_ends_before_its_last(desk, lived):
    since, until = desk.clock.now, desk.clock.now + timedelta(days=1)
    desk.later(days=1)
    outside = desk.file()
    desk.clock.now = since
    inside = desk.file()

    numbers = {row["number"] for row in rows_of_csv(export(desk, register, "csv", since, until))}
    assert inside.number in numbers
    assert not numbers & {outside.number, lived.number}
    assert {json.loads(line)["at"] for line in export(desk, handling_log, "jsonl", until).splitlines()} == {
        (since + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    }


def test_more_rows_than_a_page_all_arrive(desk, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    monkeypatch.setattr(register, "_PAGE", 2)
    for _ in range(3):
        desk.file()

    assert len(export(desk, handling_log, "jsonl").splitlines()) == count(desk, Event)
    assert len(export(desk, register, "jsonl").splitlines()) == count(desk, Complaint)


def test_an_empty_register_has_its_head_and_no_rows(installation):
    with installation.reading() as work:
        data = b"".join(register.write(work, "csv"))

    assert data.removeprefix(BOM).decode().strip() == ",".join(register.COLUMNS)


def test_each_export_is_an_event(desk):
    desk.installation.write(lambda work: record_export(work, ALICE, "log", "csv", (desk.clock.now, None)))
    rows = [json.loads(line) for line in export(desk, handling_log, "jsonl").splitlines()]

    assert (rows[-1]["stream"], rows[-1]["type"], rows[-1]["actor"]) == ("system", "exported", str(ALICE))
    assert rows[-1]["meta"]["kind"] == "log"
