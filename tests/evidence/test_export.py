"""Exports: safe to open in a spreadsheet, complete, and true to the bytes that were hashed."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import servers
from factories import ALICE, WORDS
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from complaints.base.errors import InputError, NotFoundError
from complaints.cases import handling
from complaints.cases.masking import mask_text
from complaints.evidence import cells, export, figures, handling_log, period_paper, register, workbook
from complaints.evidence.chosen import Chosen, check
from complaints.ledger.proof import Chains, leaf_hash
from complaints.store.tables import Complaint, Event

STRANGE = '😀𠮷䶮 مرحبا <img src="file:///etc/passwd"> <b>未闭合 <font color="[[[1]]]"> =1+1\n=2+2 _x0041_'


def made(desk, kind, form, **values):
    chosen = export.order(desk.installation, ALICE, Chosen(kind, form, **values))
    return desk.read(lambda work: b"".join(export.stream(work, chosen)))


def rows_of_csv(data):
    assert data.startswith(export.BOM)
    return list(csv.DictReader(io.StringIO(data.removeprefix(export.BOM).decode(), newline="")))


def count(desk, table):
    return desk.read(lambda work: work.session.scalar(select(func.count()).select_from(table)))


def converted(tmp_path, name, data, to, suffix):
    """What LibreOffice makes of a file."""
    if shutil.which("soffice") is None:
        servers.skip_or_fail("LibreOffice is not installed")
    (tmp_path / name).write_bytes(data)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", to, "--outdir", tmp_path / "out", tmp_path / name],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    return next((tmp_path / "out").glob(f"*{suffix}"))


def text_of(tmp_path, data):
    (tmp_path / "read.pdf").write_bytes(data)
    return subprocess.run(
        ["pdftotext", "-raw", tmp_path / "read.pdf", "-"], check=True, capture_output=True
    ).stdout.decode()


def squeezed(text):
    """Without what a line break adds or takes."""
    return re.sub(r"\s", "", text)


@pytest.fixture
def lived(desk):
    filed = desk.file(is_test=True)
    for name in ("accept", "ask", "supply", "decide", "release", "rate"):
        desk.do(filed, name)
    return filed


@pytest.mark.parametrize(
    "dangerous",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://x","y")', " =1"],
)
def test_no_cell_begins_like_a_formula(dangerous):
    assert re.fullmatch(r"[ \t]*'.*", cells.guarded(dangerous))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;=1", "a;'=1"),
        ("a\n=1", "a\n'=1"),
        ("a=b", "a=b"),
        ("a\x00b\x07\x7f\x85", "a␀b␇␡<U+0085>"),
        ("a\u202eb", "a<U+202E>b"),
        ("\r=1", "␍=1"),
        ("👨‍👩‍👧 𠮷", "👨‍👩‍👧 𠮷"),
    ],
)
def test_what_cannot_be_seen_is_marked_and_what_may_run_is_text(text, written):
    assert cells.guarded(text) == written


@given(st.text())
def test_a_marked_text_holds_no_control_character(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", cells.shown(text))


@given(st.text(min_size=1, max_size=50).map(lambda text: text * 1500))
def test_the_pieces_of_a_long_text_fit_and_make_it_up_again(text):
    parts = cells.pieces(text)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-16-le", "surrogatepass")) <= 2 * 32_767 for part in parts)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "2026-11-23T02:00:00.000000Z"),
        ({"b": 1, "a": "=x"}, '{"a": "=x", "b": 1}'),
    ],
)
def test_a_value_is_written_as_people_and_programs_read_it(value, written):
    assert cells.plain(value) == written


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812345678，邮箱zhang@example.com", "电话138****5678，邮箱z***@example.com"),
        ("卡号6222 0202 0011 2233 445", "卡号622****445"),
        ("2026年11月23日有3个人", "2026年11月23日有3个人"),
    ],
)
def test_numbers_and_addresses_in_a_text_are_masked(text, masked):
    if "6222" in text:
        assert "0202 0011" not in mask_text(text)
    else:
        assert mask_text(text) == masked


def test_masking_looks_at_each_letter_once_however_long_the_word():
    began = time.process_time()
    assert mask_text("a" * 200_000) == "a" * 200_000
    assert time.process_time() - began < 1


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
        for row in rows_of_csv(made(desk, "register", "csv", unmasked=True, reason="court"))
        if row["number"] == filed.number
    )
    assert row["mail"] == ""
    assert made(desk, "case", "pdf", number=filed.number, restricted=True).startswith(b"%PDF")


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


@pytest.fixture
def strange(desk):
    filed = desk.file(
        fields={"details": STRANGE + "电话13812345678" + "长" * 4800, "mail": "reporter@example.com"}
    )
    for name in ("accept", "ask", "supply", "record_action", "decide", "release"):
        desk.do(filed, name)
    return filed


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_case_is_a_pdf_whose_text_can_be_read_and_holds_everything(desk, strange, tmp_path, lang):
    data = made(desk, "case", "pdf", number=strange.number, lang=lang)
    text = squeezed(text_of(tmp_path, data))
    hashes = desk.read(
        lambda work: [
            leaf_hash(leaf).hex()
            for leaf in work.session.scalars(select(Event.leaf).where(Event.stream == strange.uid))
        ]
    )

    assert squeezed(STRANGE).replace("😀𠮷䶮", "U+1F600U+20BB7U+4DAE")[30:] in text
    assert "U+1F600U+20BB7U+4DAE" in text
    assert "13812345678" not in text
    assert "138****5678" in text
    assert "r***@example.com" in text
    assert "截图.txt" in text
    assert "我们核实了，情况属实" in text
    assert text.count("长") == 4800
    assert all(each in text for each in hashes)
    fonts = (
        subprocess.run(["pdffonts", tmp_path / "read.pdf"], check=True, capture_output=True)
        .stdout.decode()
        .splitlines()[2:]
    )
    assert all(" yes yes " in line for line in fonts)
    assert "内部：模型版本7" not in text


def test_two_runs_of_one_order_give_the_same_pdf(desk, strange):
    chosen = export.order(desk.installation, ALICE, Chosen("case", "pdf", number=strange.number))
    first, second = (desk.read(lambda work: b"".join(export.stream(work, chosen))) for _ in range(2))
    assert first == second


def test_a_case_in_word_is_read_by_libreoffice(desk, strange, tmp_path):
    data = made(desk, "case", "docx", number=strange.number)
    text = squeezed(text_of(tmp_path, converted(tmp_path, "case.docx", data, "pdf", ".pdf").read_bytes()))

    assert '<imgsrc="file:///etc/passwd">' in text
    assert "我们核实了，情况属实" in text


def test_a_test_case_is_marked_on_its_document_and_counted_in_no_report(desk, lived, tmp_path):
    assert "测试" in text_of(tmp_path, made(desk, "case", "pdf", number=lived.number))
    text = text_of(tmp_path, made(desk, "period", "pdf"))
    chosen = export.settle(desk.installation, Chosen("period", "pdf"))
    counted = figures.Figures(desk.read(lambda work: work.calendar))
    for each in desk.read(lambda work: list(figures.replayed(work, chosen))):
        counted.add(each)

    numbers = counted.numbers
    assert (numbers["received"], counted.tests, numbers["answered"]) == (count(desk, Complaint) - 1, 1, 0)
    assert counted.promises == {"accept": [1, 0, 1], "result": [0, 0, 2]}
    assert lived.number in text.replace("\n", "")


def test_a_report_shows_as_many_lines_as_it_may_and_says_how_many_there_are(desk, tmp_path):
    chosen = export.settle(desk.installation, Chosen("period", "pdf"))
    data = desk.read(lambda work: period_paper.write(work, chosen, "", lambda _: None, most=1))

    assert "共2行" in text_of(tmp_path, data).replace(" ", "")


def test_a_case_that_is_kept_in_storage_only_is_not_exported(desk, lived):
    from complaints.cases import erasure
    from complaints.ledger.work import COMPLAINANT

    filed = desk.file()
    desk.installation.write(lambda work: check(work, Chosen("case", "pdf", number=filed.number)))
    desk.act(filed, erasure.request, COMPLAINANT)
    with pytest.raises(InputError) as refused:
        desk.installation.write(lambda work: check(work, Chosen("case", "pdf", number=filed.number)))
    assert "number" in refused.value.fields
