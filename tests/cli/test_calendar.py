"""Calendar and policy by command: what is said before asking, what is left behind."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from arrangements import BEFORE, LONG, NOTICE, upload
from cli.test_commands import POLICY, after_init, host
from sqlalchemy import func, select

from complaints.cases import intake
from complaints.policy.deadlines import shown_date
from complaints.store.tables import CalendarYear, Complaint, Event, PolicyVersion

__all__ = ["after_init", "host"]


@pytest.fixture
def december(host, tmp_path):
    """A product on 28 December 2026 with a file of 2027 at hand."""
    host.installation.now = lambda: host.at
    host.at = BEFORE
    host.year = tmp_path / "2027.json"
    host.year.write_bytes(upload(LONG))
    return host


def file(host, kind):
    filing = intake.Filing(kind, {"details": "一件"}, kind.ljust(32, "x"))
    return host.installation.write(lambda work: intake.file(work, filing))


def results(host):
    query = select(Complaint.result_due).order_by(Complaint.id)
    return [shown_date(due).isoformat() for due in host.read(lambda work: work.session.scalars(query).all())]


def count(host, table):
    return host.read(lambda work: work.session.scalar(select(func.count()).select_from(table)))


def test_an_import_says_what_changes_and_for_whom_then_reckons_anew(december):
    file(december, "illegal_content")
    file(december, "other")
    said = december.good("calendar", "import", december.year, "--by", "陈明", "--yes")
    assert "off       Monday 4 January 2027, New Year's Day" in said
    assert "work      Saturday 9 January 2027" in said
    assert "2 open complaints affected: 1 dates come earlier, 1 later, 2 are no longer provisional" in said
    assert "the farthest moves 1 days" in said
    assert "imported 2027, revision 1" in said
    assert "2 complaints looked at, 2 rescheduled" in said
    assert "once more in two minutes" in said
    assert results(december) == ["2027-01-06", "2027-01-11"]

    december.at += timedelta(minutes=3)
    december.good("tick")
    assert december.read(lambda work: work.session.get(CalendarYear, (2027, 1)).applied_at) is not None
    before = count(december, Event)
    assert "nothing to import" in december.good("calendar", "import", december.year, "--yes")
    assert count(december, Event) == before


def test_an_import_asks_first_and_takes_no_for_an_answer(december):
    result = december.run("calendar", "import", december.year)
    assert result.exit_code == 1
    assert "Import 2027 as" in result.output
    assert count(december, CalendarYear) == 0


def test_known_years_are_listed_with_their_notice_and_who_imported_them(december):
    assert "2027\tprovisional\t-\twith the package" in december.good("calendar", "list")
    december.good("calendar", "import", december.year, "--by", "陈明", "--yes")
    said = december.good("calendar", "list")
    assert f"2027\tfinal\t{NOTICE}\tMonday 28 December 2026, 10:00 by 陈明" in said
    assert "2026\tfinal\t国务院办公厅关于2026年部分节假日安排的通知" in said
    assert json.loads(december.good("calendar", "show", "2027"))["notice"] == NOTICE


def test_a_csv_takes_its_notice_from_an_option(december, tmp_path):
    path = tmp_path / "2027.csv"
    path.write_text("﻿date,type,name\n2027-01-01,休,元旦\n2027-01-10,班,元旦\n", encoding="utf-8")
    december.good("calendar", "import", path, "--notice", NOTICE, "--url", "https://www.gov.cn/x", "--yes")
    assert json.loads(december.good("calendar", "show", "2027"))["final"] is True


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"year": 2027, "papers": [], "days": []}', "not published yet"),
        (b"2031-01-01,off,x", "choose a file of 2026 to 2027"),
    ],
)
def test_a_faulty_file_is_refused_with_a_sentence(december, data, says):
    december.year.write_bytes(data)
    result = december.run("calendar", "import", december.year, "--yes")
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_doctor_says_from_november_that_next_year_is_missing(december):
    december.at = BEFORE.replace(month=10, day=31)
    assert "2027 is provisional" not in december.run("doctor").output
    december.at = BEFORE.replace(month=11, day=1)
    assert "[look] calendar: 2027 is provisional" in december.run("doctor").output
    december.good("calendar", "import", december.year, "--yes")
    assert "2027 is provisional" not in december.run("doctor").output


def publish(host, more, *options):
    (host.folder / "complaints.toml").write_text(POLICY + more, encoding="utf-8")
    return host.good("policy", "publish", "--by", "陈明", "--yes", *options)


SHORTER = '[deadlines.urgent]\nresult = { amount = 3, unit = "wd" }\n'


def test_publishing_says_for_whom_it_changes_what_and_leaves_open_complaints_alone(december):
    file(december, "illegal_content")
    file(december, "other")
    said = publish(december, SHORTER)
    line = next(line for line in said.splitlines() if line.startswith("  illegal_content:"))
    assert "result 5 working days → 3 working days" in line
    assert "1 open keep their dates, 1 would gain an earlier one with --forward" in line
    assert "  other:" not in said
    assert "  minors: " in said or "no open complaint" in said
    assert results(december) == ["2027-01-05", "2027-01-12"]


def test_forward_gives_open_complaints_the_earlier_dates(december):
    file(december, "illegal_content")
    file(december, "other")
    pages = december.read(lambda work: work.session.get(PolicyVersion, 1).page_zh)
    longer = '[deadlines.general]\nresult = { amount = 20, unit = "wd" }\n'
    said = publish(december, SHORTER + longer, "--forward")
    assert "1 of 1 open gain an earlier date, 0 keep theirs" in said
    assert "0 of 1 open gain an earlier date, 1 keep theirs" in said
    assert "2 complaints looked at, 1 rescheduled" in said
    assert results(december) == ["2026-12-31", "2027-01-12"]
    assert december.read(lambda work: work.session.get(PolicyVersion, 1).page_zh) == pages
