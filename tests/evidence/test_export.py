"""Exports: safe to open in a spreadsheet, complete, and true to the bytes that were hashed."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from evidence.exporting import STRANGE, converted, count, lived, made, rows_of_csv, text_of
from factories import ALICE, WORDS

from complaints.base.errors import InputError, NotFoundError
from complaints.cases import handling, linking
from complaints.evidence import cells, export, figures, handling_log, register, workbook
from complaints.evidence.chosen import Chosen
from complaints.evidence.counting import count as count_lines
from complaints.ledger import journal
from complaints.ledger.proof import Chains, leaf_hash
from complaints.store.tables import Complaint, Event

__all__ = ["lived"]


def test_the_log_holds_each_event_once_and_each_leaf_as_it_was_hashed(desk, lived):
    lines = made(desk, "log", "jsonl").splitlines()

    assert len(lines) == count(desk, Event)
    chains = Chains()
    for index, line in enumerate(lines):
        row, leaf = json.loads(line), line[line.index(b'"leaf":') + 7 : -1]
        assert row["index"] == index
        assert leaf_hash(leaf).hex() == row["hash"]
        assert list(chains.take(leaf)[2]) == []
        assert json.loads(leaf) == row["leaf"]
    assert json.loads(lines[-1])["leaf"]["type"] == "exported"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_log_as_a_table_has_the_same_events_in_the_same_order(desk, lived, form):
    chosen = export.order(desk.installation, ALICE, Chosen("log", form))
    plain = [
        json.loads(line)
        for line in desk.read(
            lambda work: b"".join(export.stream(work, replace(chosen, form="jsonl")))
        ).splitlines()
    ]
    rows = desk.read(
        lambda work: [
            dict(zip(handling_log.COLUMNS, row, strict=True))
            for _, batch in handling_log.batches(work, chosen)
            for row in handling_log.table(batch, cells.guarded)
        ]
    )

    assert len(rows) == chosen.size
    for row, line in zip(rows, plain, strict=True):
        leaf = line["leaf"]
        assert row["hash"] == line["hash"]
        assert (row["number"] or None, row["test"]) == (line["number"], "yes" if line["test"] else "no")
        for name in ("at", "type", "actor", "stream", "prev"):
            assert row[name] == leaf[name]
        assert json.loads(row["meta"].replace(";'", ";")) == leaf["meta"]
        assert json.loads(row["commits"]) == leaf["commits"]


def test_a_leaf_that_does_not_look_as_usual_is_read_all_the_same(desk, lived):
    chosen = export.settle(desk.installation, Chosen("log", "csv"))
    rows = desk.read(lambda work: next(handling_log.batches(work, chosen))[1])
    quick = handling_log.table(rows, cells.shown)
    slow = [handling_log._slowly(row[0], row[2], row[3], row[4], cells.shown) for row in rows]

    assert [list(row) for row in quick] == slow


def test_the_register_has_a_line_for_each_complaint_with_its_dates_and_outcome(desk, lived):
    late = desk.file()
    desk.clock.now = desk.case(late).accept_due
    desk.sweep()
    table = {row["number"]: row for row in rows_of_csv(made(desk, "register", "csv"))}

    assert len(table) == count(desk, Complaint)
    done, missed = table[lived.number], table[late.number]
    assert (done["test"], done["state"], done["outcome"], done["rating"]) == ("yes", "decided", "upheld", "4")
    assert (done["accepted_on_time"], done["answered_on_time"]) == ("yes", "yes")
    assert done["mail"] == "r***@example.com"
    assert (missed["test"], missed["late"], missed["accepted_on_time"], missed["answered_on_time"]) == (
        "no",
        "yes",
        "no",
        "",
    )


def test_an_unreleased_decision_stands_in_no_register_and_no_document(desk, tmp_path):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "decide")
    rows = {row["number"]: row for row in rows_of_csv(made(desk, "register", "csv"))}
    paper = text_of(tmp_path, made(desk, "case", "pdf", number=filed.number))

    assert [rows[filed.number][name] for name in ("outcome", "reason", "answered_at")] == ["", "", ""]
    assert "情况属实" not in paper


@pytest.mark.parametrize("kind", ["log", "register"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_nothing_personal_leaves(desk, lived, kind, form):
    data = made(desk, kind, form).decode()

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


def test_unmasked_with_a_reason_shows_the_contact_and_says_so_in_the_log(desk, lived):
    shown = {"unmasked": True, "reason": "authority"}
    assert "reporter@example.com" in made(desk, "register", "csv", **shown).decode()
    last = json.loads(made(desk, "log", "jsonl").splitlines()[-2])["leaf"]

    assert (last["type"], last["actor"], last["meta"]["unmasked"], last["meta"]["reason"]) == (
        "exported",
        str(ALICE),
        True,
        "authority",
    )


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "register", "form": "pdf"},
        {"kind": "case", "form": "pdf", "number": "TS20261123-222222"},
        {"kind": "register", "form": "csv", "unmasked": True, "reason": "curious"},
        {"kind": "log", "form": "csv", "since": datetime(2026, 2, 1, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_carried_out_is_refused_and_leaves_no_event(desk, values):
    before = count(desk, Event)
    with pytest.raises(InputError):
        export.order(desk.installation, ALICE, Chosen(**values))
    assert count(desk, Event) == before


def test_a_restricted_complaint_is_known_only_to_those_who_may_see_it(desk):
    filed = desk.file(_restricted(desk))
    with pytest.raises(InputError):
        made(desk, "case", "pdf", number=filed.number)
    unchecked = Chosen("case", "pdf", number=filed.number, at=desk.clock.now)
    with pytest.raises(NotFoundError):
        desk.read(lambda work: b"".join(export.stream(work, unchecked)))
    row = next(
        row
        for row in rows_of_csv(made(desk, "register", "csv", unmasked=True, reason="court", office=True))
        if row["number"] == filed.number
    )
    assert row["mail"] == ""
    assert made(desk, "case", "pdf", number=filed.number, restricted=True).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("kind", "form"),
    [("register", "csv"), ("register", "jsonl"), ("log", "csv"), ("log", "jsonl"), ("period", "docx")],
)
def test_what_is_made_of_many_leaves_restricted_complaints_out_for_who_may_not_see_them(desk, kind, form):
    day = desk.clock.now.replace(hour=0, minute=0)
    plain, hidden = desk.file("other"), desk.file(_restricted(desk))
    desk.later(hours=1)
    # The installation's own record of an order names the complaint, too.
    made(desk, "case", "pdf", number=plain.number)
    made(desk, "case", "pdf", number=hidden.number, restricted=True)
    narrowed = ({}, {"tests": "no"}, {"since": day, "until": day + timedelta(days=1)})
    for values in narrowed:
        for reader, sees in (({}, False), ({"restricted": True}, True), ({"office": True}, True)):
            data = made(desk, kind, form, **values, **reader)
            if form == "docx":
                data = zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml")
            assert plain.number.encode() in data
            assert [each.encode() in data for each in (hidden.number, _restricted(desk))] == [
                sees,
                sees and form != "docx",
            ]
            if kind == "log" and "tests" not in values:
                assert data.count(b"system") > 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_log_does_not_name_a_restricted_complaint_by_what_it_is_linked_with_or_joined_to(desk, form):
    plain, joined, other, hidden = (
        desk.file("other"),
        desk.file("other"),
        desk.file("other"),
        desk.file(_restricted(desk)),
    )
    for beside in (hidden, other):
        desk.act(
            plain, lambda work, case, uid=beside.uid: linking.link(work, case, journal.lock(work, uid), ALICE)
        )
    desk.do(joined, "merge", lead=hidden)
    blind, cleared = (made(desk, "log", form, **reader) for reader in ({}, {"restricted": True}))

    assert hidden.uid.encode() in cleared
    assert hidden.uid.encode() not in blind
    # Each of two that are linked has an event.
    assert (blind.count(b"linked"), cleared.count(b"linked")) == (2, 4)
    assert other.uid.encode() in blind


def test_the_lines_counted_are_those_that_will_be_in_the_file(desk):
    desk.file("other")
    hidden = desk.file(_restricted(desk))
    for kind, mine in (("register", 1), ("period", 1), ("log", len(desk.events(hidden)))):
        numbers = {}
        for name, reader in (("plain", {}), ("cleared", {"restricted": True}), ("office", {"office": True})):
            for narrow in ("", _restricted(desk)):
                chosen = Chosen(kind, "csv", type=narrow, **reader)
                numbers[name, narrow] = desk.read(
                    lambda work, chosen=chosen: count_lines(work, chosen, whole=True)
                )
        assert numbers["plain", _restricted(desk)] == 0, kind
        assert numbers["cleared", _restricted(desk)] == numbers["office", _restricted(desk)] == mine
        assert numbers["cleared", ""] - numbers["plain", ""] == mine


@pytest.mark.parametrize(
    ("reader", "said"), [({}, True), ({"restricted": True}, False), ({"office": True}, False)]
)
def test_a_report_says_that_it_does_not_count_what_its_reader_may_not_see(desk, tmp_path, reader, said):
    desk.file(_restricted(desk))
    text = text_of(tmp_path, made(desk, "period", "pdf", **reader)).replace("\n", "")
    assert ("受限类型的投诉在本文件中不计数，也不列出" in text) is said


def _restricted(desk):
    return desk.read(lambda work: next(key for key, kind in work.policy.types.items() if kind.restricted))


def test_the_log_of_a_type_is_that_of_the_orders_end_whatever_is_reclassified_since(desk):
    came, stays = desk.file("inaccurate"), desk.file("other")
    chosen = export.order(desk.installation, ALICE, Chosen("log", "jsonl", type="inaccurate"))
    desk.act(came, handling.reclassify, ALICE, complaint_type="other")
    desk.act(stays, handling.reclassify, ALICE, complaint_type="inaccurate")
    lines = desk.read(lambda work: b"".join(export.stream(work, chosen))).splitlines()
    assert {json.loads(line)["number"] for line in lines} == {came.number}


def test_filters_narrow_by_time_type_state_and_test(desk, lived):
    since, until = desk.clock.now, desk.clock.now + timedelta(days=1)
    desk.later(days=1)
    outside = desk.file()
    desk.clock.now = since
    inside = desk.file("inaccurate")
    desk.later(days=2)

    def numbers(**values):
        return {row["number"] for row in rows_of_csv(made(desk, "register", "csv", **values))}

    assert inside.number in numbers(since=since, until=until)
    assert not numbers(since=since, until=until) & {outside.number, lived.number}
    assert numbers(type="inaccurate") == {inside.number}
    assert lived.number in numbers(state="decided")
    assert inside.number not in numbers(state="decided")
    assert numbers(tests="yes") == {lived.number}
    assert lived.number not in numbers(tests="no")
    assert numbers(product="nobody's") == set()
    streams = {
        json.loads(line)["leaf"]["stream"]
        for line in made(desk, "log", "jsonl", type="inaccurate").splitlines()
    }
    assert streams == {inside.uid}


def test_more_rows_than_a_page_all_arrive(desk, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    monkeypatch.setattr(register, "_PAGE", 2)
    monkeypatch.setattr(figures, "_PAGE", 2)
    for _ in range(3):
        desk.file()

    assert len(made(desk, "log", "jsonl").splitlines()) == count(desk, Event)
    assert len(made(desk, "register", "jsonl").splitlines()) == count(desk, Complaint)


def test_an_empty_register_has_its_head_and_no_rows(installation):
    chosen = export.settle(installation, Chosen("register", "csv"))
    with installation.reading() as work:
        data = b"".join(export.stream(work, chosen))

    assert data.removeprefix(export.BOM).decode().strip() == ",".join(register.COLUMNS)


def test_a_workbook_splits_its_sheets_and_its_long_cells_and_two_runs_are_alike(tmp_path):
    rows = [[f"TS{n}", "=1+1" if n == 2 else STRANGE, "😀" * 20_000 if n == 4 else "7"] for n in range(7)]
    written = []
    for _ in range(2):
        target = io.BytesIO()
        assert (
            workbook.write(
                target,
                "Log",
                ("a", "b", "c"),
                (9, 9, 9),
                [rows],
                made=datetime(2026, 1, 5, tzinfo=UTC),
                limit=5,
            )
            == 7
        )
        written.append(target.getvalue())

    assert written[0] == written[1]
    with zipfile.ZipFile(io.BytesIO(written[0])) as book:
        sheets = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        whole = "".join(book.read(name).decode() for name in sheets)
    # Four rows below each head; the long cell takes two.
    assert len(sheets) == 2
    assert "<f>" not in whole
    assert "<v>" not in whole
    assert 'state="frozen"' in whole


def test_libreoffice_reads_every_value_of_a_workbook_as_text(clock, tmp_path):
    rows = [
        ["TS1", "=1+1", "0012", "1e5"],
        ["TS2", STRANGE, "http://x.example", "＝1"],
        ["TS3", "\x07a", "", "x" * 40_000],
    ]
    marked = [[cells.shown(cell) for cell in row] for row in rows]
    target = io.BytesIO()
    workbook.write(target, "Log", ("a", "b", "c", "d"), (9, 9, 9, 9), [marked], made=clock.now)
    path = converted(
        tmp_path,
        "log.xlsx",
        target.getvalue(),
        "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1",
        ".csv",
    )
    read = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))

    assert read[0] == ["a", "b", "c", "d"]
    assert read[1] == rows[0]
    assert read[2] == rows[1]
    assert read[3] == ["TS3", "␇a", "", "x" * 16_000]
    assert "".join(row[3] for row in read[3:]) == "x" * 40_000


def test_nothing_is_held_open_while_the_pages_of_a_log_are_written(desk, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    for _ in range(3):
        desk.do(desk.file(), "accept")
    chosen = export.order(desk.installation, ALICE, Chosen("log", "csv"))
    with desk.installation.reading() as work:
        pages = 0
        for _ in handling_log.batches(work, chosen):
            pages += 1
            assert not work.session.get_bind().in_transaction()
    assert pages > 2
