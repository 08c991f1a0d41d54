"""The report of a month: its figures against the database's own, what it lists and what it must not, real readers."""

from __future__ import annotations

import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from evidence.exporting import converted

from complaints.base.errors import InputError
from complaints.base.translations import speaking
from complaints.cases import figures
from complaints.cases.measuring import NUMBERS, Measured, Span
from complaints.cases.people import Operator
from complaints.evidence import export, monthly, monthly_tables, monthly_words, months
from complaints.evidence.chosen import Chosen
from complaints.evidence.monthly import Monthly
from complaints.ledger.work import Actor

ALICE = Actor("auditor", "op_alice")
ALL = Operator("op_reader", "Reader", restricted=True)
NOVEMBER, DECEMBER, JANUARY = (Span.month(date(2026, 11, 1)), Span.month(date(2026, 12, 1)), Span.month(date(2027, 1, 1)))  # fmt: skip
# A workbook's sheet names and its rows are XML of this name.
SHEETS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def lived(desk):
    """Two more complaints of November and four of December, one of them restricted, beside test cases."""
    answered = ("accept", "start", "record_action", "decide", "release")
    first = desk.file("billing")
    for step in answered:
        desk.do(first, step)
    desk.file("other")
    desk.file("other", is_test=True)
    desk.later(days=11)
    lives = {
        "kept": ("billing", (*answered, "appeal", "change", "release")),
        "late": ("other", ("accept",)),
        "hidden": ("minor", ()),
        "quick": ("inaccurate", answered),
        "test": ("other", ()),
    }
    desk.filed = {"first": first}
    for name, (kind, steps) in lives.items():
        desk.filed[name] = desk.file(kind, is_test=name == "test")
        for step in steps:
            desk.do(desk.filed[name], step)
        desk.later(hours=5)
    desk.later(days=40)
    desk.sweep()
    return desk


def ordered(desk, span=DECEMBER, form="pdf", **values):
    return export.order(desk.installation, ALICE, months.report(span, form, **{"restricted": True, **values}))


def made(desk, span=DECEMBER, form="pdf", **values):
    chosen = ordered(desk, span, form, **values)
    return desk.read(lambda work: b"".join(export.stream(work, chosen)))


def gathered(desk, span=DECEMBER, **values):
    chosen = ordered(desk, span, **values)
    return desk.read(lambda work: monthly.gather(work, chosen))


def text_of(tmp_path, pdf):
    (tmp_path / "read.pdf").write_bytes(pdf)
    run = subprocess.run(["pdftotext", "-raw", tmp_path / "read.pdf", "-"], check=True, capture_output=True)
    return re.sub(r"\s+", " ", run.stdout.decode())


def opened(tmp_path, name, data, to):
    """What LibreOffice makes of a file."""
    return converted(tmp_path, name, data, to, "").read_bytes()


def sheets(data):
    """Every sheet of a workbook by its name, as rows of cells: text as text, numbers as numbers."""
    with zipfile.ZipFile(BytesIO(data)) as book:
        names = [
            each.get("name") for each in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{SHEETS}sheet")
        ]
        return {
            name: _rows(ET.fromstring(book.read(f"xl/worksheets/sheet{n}.xml")))
            for n, name in enumerate(names, 1)
        }


def _rows(sheet):
    rows = []
    for row in sheet.iter(f"{SHEETS}row"):
        cells = []
        for cell in row.iter(f"{SHEETS}c"):
            text = "".join(each.text or "" for each in cell.iter(f"{SHEETS}t"))
            value = cell.find(f"{SHEETS}v")
            cells.append(text if value is None else float(value.text))
        rows.append(cells)
    return rows


@pytest.mark.parametrize("span", [NOVEMBER, DECEMBER, JANUARY])
def test_the_month_and_the_one_before_are_what_the_database_counts(lived, span):
    found = gathered(lived, span)

    for counted, month in ((found.now, span), (found.before, months.before(span))):
        here = lived.read(lambda work, month=month: figures.measure(work, ALL, month))
        assert {name: getattr(counted, name) for name in NUMBERS} == {
            name: getattr(here, name) for name in NUMBERS
        }
        assert (counted.promises, counted.times) == (here.promises, here.times)
        for part in ("types", "risks", "outcomes", "severities"):
            assert dict(getattr(counted, part)) == dict(getattr(here, part))


def test_six_months_stand_side_by_side_and_the_last_is_the_reported_one(lived):
    trend = gathered(lived).trend

    assert list(trend) == ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]
    assert [each.received for each in trend.values()] == [0, 0, 0, 0, 4, 4]


def test_what_went_out_counts_by_the_day_it_left_and_once_a_complaint(lived):
    assert (gathered(lived, NOVEMBER).went_out, gathered(lived).went_out) == (1, 2)
    # An answer of a complaint that came in earlier, in a month in which none came.
    lived.do(lived.filed["late"], "start")
    lived.do(lived.filed["late"], "decide")
    lived.do(lived.filed["late"], "release")

    found = gathered(lived, JANUARY)

    assert (found.went_out, found.now.received) == (1, 0)


def test_measures_count_by_what_became_of_them(lived):
    every = gathered(lived).measures

    assert sum(number for (_, state), number in every.items() if state == "done") >= 4
    assert every == gathered(lived, restricted=True).measures


def test_late_complaints_are_listed_with_the_dates_that_passed(lived):
    late = {each.number: each for each in gathered(lived, restricted=True).late}

    assert set(late) == {lived.filed["late"].number, lived.filed["hidden"].number}
    one = late[lived.filed["late"].number]
    case = lived.case(lived.filed["late"])
    assert one.missed == [("result", case.result_due)]
    assert one.answered_at is None


def test_a_restricted_complaint_is_nowhere_in_the_report_of_who_may_not_know_of_it(lived, tmp_path):
    number = lived.filed["hidden"].number
    some, every = gathered(lived, restricted=False), gathered(lived)

    assert (every.now.received - some.now.received, every.now.types["minor"], some.now.types["minor"]) == (
        1,
        1,
        0,
    )
    assert number not in {each.number for each in some.late}
    for form in ("pdf", "xlsx"):
        for may in (False, True):
            data = made(lived, form=form, restricted=may)
            text = text_of(tmp_path, data) if form == "pdf" else str(sheets(data))
            assert (number in text) == may
            assert ("未成年人" in text) == may
            assert ("受限类型的投诉不计入" in text) != may
            assert ("受限类型也计算在内" in text) == may


def test_the_installations_own_report_counts_every_complaint_and_lists_them_where_asked(lived, tmp_path):
    number = lived.filed["hidden"].number
    own = gathered(lived, restricted=False, office=True)

    assert (own.now, own.unlisted) == (gathered(lived).now, 1)
    text = text_of(tmp_path, made(lived, restricted=False, office=True))
    assert number not in text
    assert "另有1件属于受限类型" in text
    assert "不逐件列出" in text
    assert number not in str(sheets(made(lived, form="xlsx", restricted=False, office=True)))
    assert number in str(sheets(made(lived, form="xlsx", office=True)))


def test_a_case_that_has_become_restricted_since_the_order_is_not_counted(lived):
    filed = lived.filed["late"]
    chosen = ordered(lived, restricted=False)
    before = lived.read(lambda work: monthly.gather(work, chosen)).now.received
    lived.do(filed, "reclassify", to="minor")

    found = lived.read(lambda work: monthly.gather(work, chosen))

    assert (found.now.received, found.unlisted, found.late) == (before - 1, 0, [])
    assert filed.number not in str(
        sheets(lived.read(lambda work: b"".join(export.stream(work, replace(chosen, form="xlsx")))))
    )


def test_test_cases_are_counted_nowhere_and_labelled_in_the_register(lived, tmp_path):
    number = lived.filed["test"].number
    assert gathered(lived).tests == 1

    register = sheets(made(lived, form="xlsx"))["投诉登记表 1"]

    row = next(row for row in register if row[0] == number)
    assert row[register[0].index("test")] == "yes"
    assert "当月收到测试件1件" in text_of(tmp_path, made(lived))


def test_the_brief_report_names_no_complaint(lived, tmp_path):
    text = text_of(tmp_path, made(lived, brief=True, restricted=True))

    assert "有2件投诉超过了承诺日期" in text
    assert not re.search(r"TS\d{8}", text)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("月度报告", "2026年12月", "本月收到投诉4件，上月为4件", "承诺日期与履行情况", "按风险类别", "近几个月", "超期投诉", "不对人员作比较")),
        ("en", ("Monthly report", "December 2026", "4 complaints came in; in the month before it was 4.", "Dates promised and kept", "By risk class", "The last months", "Late complaints", "It compares no persons.")),
    ],
)  # fmt: skip
def test_a_document_says_it_in_its_readers_language(lived, tmp_path, lang, words):
    for form in ("pdf", "docx"):
        data = made(lived, form=form, lang=lang)
        text = text_of(tmp_path, data if form == "pdf" else opened(tmp_path, "report.docx", data, "pdf"))
        assert [
            word for word in words if word not in text and word.replace(" ", "") not in text.replace(" ", "")
        ] == []


def test_a_document_puts_two_narrow_columns_into_one_and_loses_no_cell(lived):
    found = gathered(lived)
    tables = lived.read(lambda work: monthly_tables.tables(work, found))
    assert [len(table.paired) for table in tables if table.paired] == [2, 3, 3, 3]
    for table in tables:
        head, rows, widths = table.on_paper()
        assert len(head) == len(widths) == len(table.head) - len(table.paired)
        assert sum(widths) == sum(table.widths) <= 160
        for cells, row in zip(rows, table.rows, strict=True):
            shown = iter(cells)
            for at, cell in enumerate(row):
                if at - 1 not in table.paired:
                    pair = (
                        [value for value in (cell, row[at + 1]) if value is not None]
                        if at in table.paired
                        else [cell]
                    )
                    assert next(shown) == (" / ".join(map(str, pair)) if pair not in ([], [None]) else "—")


@pytest.mark.parametrize("name", ["type", "risk", "outcome"])
def test_dates_and_times_told_apart_have_every_step_that_the_page_has(lived, name):
    found = gathered(lived)
    title = {
        "type": "按时与用时（按类型）",
        "risk": "按时与用时（按风险类别）",
        "outcome": "按时与用时（按处理结果）",
    }[name]
    tables = lived.read(lambda work: monthly_tables.tables(work, found))
    [table] = [each for each in tables if each.title == title]

    shares = [each for _, each in sorted(found.now.apart[name].items())]
    assert any(each.times["first_action"].count for each in shares)
    at = table.head.index("首次处理用时中位数（小时）")
    for row, each in zip(table.rows, shares, strict=True):
        took = each.times["first_action"]
        hours = [round(seconds / 3600, 1) for seconds in (took.median, took.ninety)]
        assert list(row[at : at + 2]) == (hours if took.count else [None, None])


def test_a_document_names_its_readers_language(lived, tmp_path):
    for lang, named in (("zh", "zh-CN"), ("en", "en")):
        assert f"/Lang ({named})".encode() in made(lived, lang=lang)
        with zipfile.ZipFile(BytesIO(made(lived, form="docx", lang=lang))) as document:
            assert f"<dc:language>{named}</dc:language>" in document.read("docProps/core.xml").decode()
            # Latin words are never broken as Chinese is.
            assert 'w:val="en-US"' in document.read("word/styles.xml").decode()


def test_a_workbook_has_a_sheet_for_each_table_with_numbers_that_can_be_reckoned_with(lived):
    book = sheets(made(lived, form="xlsx", lang="en", restricted=True))

    assert list(book) == [
        "Summary", "Figures", "Dates promised and kept", "Times", "By type", "By risk class", "By severity",
        "By outcome", "Dates and times, by type", "Dates and times, by risk class", "Dates and times, by outcome", "Measures", "The last months", "Day by day", "Late complaints", "Register 1",
    ]  # fmt: skip
    assert book["Figures"][1] == ["Complaints received", 4.0, 4.0, "0"]
    assert [row[0] for row in book["Day by day"][1:]] == [f"2026-12-{day:02}" for day in range(1, 32)]
    assert sum(row[1] for row in book["Day by day"][1:]) == 4
    # Each table tells the same complaints apart, by something else.
    apart = [book[f"Dates and times, by {name}"] for name in ("type", "risk class", "outcome")]
    kept, missed = (sum(row[n] for row in apart[0][1:]) for n in (1, 2))
    assert book["Dates promised and kept"][2][1:3] == [kept, missed]
    assert [sum(row[n] for row in apart[1][1:]) for n in (1, 2)] == [kept, missed]
    assert {row[0] for row in apart[2][1:]} <= {row[0] for row in book["By outcome"][1:]}
    assert {row[0] for row in book["Register 1"][1:]} == {
        filed.number for name, filed in lived.filed.items() if name != "first"
    }
    assert "reporter@example.com" not in str(book)


def test_another_program_reads_the_workbook(lived, tmp_path):
    text = opened(tmp_path, "report.xlsx", made(lived, form="xlsx"), "html").decode()

    assert "月度报告" in text
    assert lived.filed["late"].number in text


def test_an_empty_month_says_so_and_can_be_made_in_every_form(desk, tmp_path):
    desk.later(days=70)
    for form in ("pdf", "docx", "xlsx"):
        assert made(desk, JANUARY, form)
    assert "本月没有收到投诉" in text_of(tmp_path, made(desk, JANUARY))


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (DECEMBER.since, JANUARY.since.replace(day=30)),
        (DECEMBER.since, JANUARY.until),
        (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (None, DECEMBER.until),
        (JANUARY.since, JANUARY.until),
    ],
)
def test_only_a_calendar_month_that_has_begun_can_be_ordered(desk, since, until):
    desk.later(days=10)
    with pytest.raises(InputError) as refused:
        export.order(desk.installation, ALICE, Chosen("monthly", "pdf", since=since, until=until))

    assert set(refused.value.fields) == {"month"}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-10", "2026-10"),
        ("2026-1", None),
        ("2026-13", None),
        ("", None),
        ("2026-10-01", None),
        ("9999-12", None),
    ],
)
def test_a_month_is_read_as_it_is_written(text, month):
    found = months.parsed(text)

    assert (months.key(found) if found else None) == month


def test_sentences_speak_of_one_as_of_one():
    one = Measured(received=1, answered=1, late=1, appeals=1)
    found = Monthly(DECEMBER, one, Measured(), {}, went_out=1)
    with speaking("en"):
        assert monthly_words.said(found, lacking=False) == [
            "1 complaint came in; in the month before it was 0.",
            "1 of them has been answered, 0 are open.",
            "1 complaint was answered during the month, whenever it had come in.",
            "1 answer was to be looked at again; 0 changed.",
            "With 1 complaint a promised date passed unmet.",
        ]
