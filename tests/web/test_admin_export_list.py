"""A file of a list holds exactly the cases that the list shows, whichever of its pages is seen."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from html import unescape

import pytest
from flask_sqlalchemy import SQLAlchemy
from office import ADMIN, Office, quick_passwords, send, send_from, words

from complaints import Complaints
from complaints.cases import handling, intake, paging
from complaints.evidence import chosen, files, handling_log, jobs, listed, register
from complaints.jobs.working import work_off
from complaints.ledger.reading import history
from complaints.store.jobs import KEEP_DAYS
from complaints.store.tables import Job

ANSWER = intake.Answer("可以一起吃", "能一起吃吗", mark="verified")
LISTS = (
    "view=open",
    "view=all",
    "view=late",
    "view=mine",
    "view=unassigned&test=no",
    "view=awaiting",
    "view=ended",
    "view=all&type=billing&channel=web",
    "view=all&language=en&late=no",
    "view=all&severity=urgent",
    "view=all&answer=verified&test=yes",
    "view=all&assignee=@nobody&since=2026-11-24",
    "view=open&late=warned",
    "view=all&state=accepted&until=2026-11-23",
    "view=all&risk=@none&reached=accepted",
    "view=open&promise=accept.kept",
    "view=all&reached=ever_accept&promise=accept.missed",
)


@pytest.fixture
def office(tmp_path, clock, monkeypatch, database_url):
    quick_passwords(monkeypatch)
    monkeypatch.setattr(paging, "PAGE", 3)
    made = Office(tmp_path, clock, SQLALCHEMY_DATABASE_URI=database_url)
    made.complaints = Complaints(db=SQLAlchemy(made.app))
    with made.app.app_context():
        made.start(clock)
    made.hire("cleared", "supervisor", restricted=True)
    made.client("supervisor")
    yield made
    made.installation.database.engine.dispose()


def test_a_character_no_database_takes_names_no_order(office):
    assert office.client("admin").get(f"{ADMIN}/bulk/%00").status_code == 404


@pytest.fixture
def full(office):
    """Cases of many kinds: late and ended ones, test cases, a restricted one, two that were merged."""
    desk = office.desk
    first = [
        desk.file("billing"),
        desk.file("other", lang="en"),
        desk.file("inaccurate", answer=ANSWER, is_test=True),
    ]
    for filed in first:
        desk.do(filed, "accept")
    desk.file("illegal_content")
    desk.file("minor", fields={"details": "孩子的事"})
    desk.file("other", channel="phone")
    desk.do(desk.file("billing"), "merge", lead=first[0])
    desk.do(desk.file("service"), "withdraw")
    desk.act(first[0], handling.assign, office_actor(office), office.refs["supervisor"])
    asked = desk.file("billing")
    desk.do(asked, "accept")
    desk.do(asked, "ask")
    desk.later(days=4)
    desk.sweep()
    for kind in ("billing", "other", "service", "other"):
        desk.file(kind, is_test=kind == "service")
    desk.do(desk.file("billing"), "accept")
    return office


def office_actor(office):
    from complaints.ledger.work import Actor

    return Actor("supervisor", office.refs["supervisor"])


def seen(client, query):
    """Every number of a list in the order of its pages, each page opened as a person would."""
    found, address = [], f"{ADMIN}/?{query}"
    while address:
        html = client.get(address).get_data(as_text=True)
        found += re.findall(rf'href="{ADMIN}/case/(TS[0-9A-Z-]+)[?"]', html)
        beyond = re.search(r'href="([^"]+)" rel="next"', html)
        address = unescape(beyond[1]) if beyond else ""
    return found


def order(client, query, **values):
    return send(client, f"{ADMIN}/evidence/list?{query}", f"/list?{query}", **values)


def newest(office):
    return office.desk.read(lambda work: jobs.recent(work.session)[0])


def take(client, job):
    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    return send_from(client, html, "", f"/{job.uid}/file").get_data()


def exported(office, client, query, kind="register", form="jsonl"):
    office.desk.later(seconds=1)
    answer = order(client, query, kind=kind, form=form)
    assert answer.status_code == 303, words(answer)
    return take(client, newest(office))


@pytest.mark.parametrize("who", ["supervisor", "cleared"])
def test_each_list_and_its_file_hold_the_same_cases(full, who):
    client, wrong, sizes = full.client(who), [], set()
    for query in LISTS:
        shown = seen(client, query)
        rows = [json.loads(line) for line in exported(full, client, query).splitlines()]
        if sorted(shown) != sorted(row["number"] for row in rows) or len(shown) != newest(full).total:
            wrong.append((query, shown, [row["number"] for row in rows]))
        sizes.add(len(shown))

    assert wrong == []
    assert len(sizes) > 4
    assert max(sizes) > 3 * paging.PAGE


def test_register_and_log_in_each_format_are_of_the_same_cases(full):
    client = full.client("supervisor")
    shown = set(seen(client, "view=open&test=no"))
    table = exported(full, client, "view=open&test=no", form="csv").decode("utf-8-sig")
    book = zipfile.ZipFile(io.BytesIO(exported(full, client, "view=open&test=no", form="xlsx")))
    sheet = "".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    log = [json.loads(line) for line in exported(full, client, "view=open&test=no", kind="log").splitlines()]

    assert {row["number"] for row in csv.DictReader(io.StringIO(table))} == shown
    assert set(re.findall(r"TS\d{8}-\w{6}", sheet)) == shown
    assert {row["number"] for row in log} == shown
    assert len(log) == newest(full).total == newest(full).done > len(shown)
    assert b"reporter@example.com" not in table.encode()


def test_a_list_of_many_narrows_the_log_case_by_case(full, monkeypatch):
    client = full.client("supervisor")
    few = exported(full, client, "view=all&type=billing", kind="log")
    monkeypatch.setattr(chosen, "_FEW", 0)
    monkeypatch.setattr(chosen, "_SOME", 2)
    monkeypatch.setattr(handling_log, "_PAGE", 3)
    monkeypatch.setattr(register, "_PAGE", 2)

    assert exported(full, client, "view=all&type=billing", kind="log") == few
    assert few.count(b"\n") == newest(full).done > 5
    assert exported(full, client, "view=all").count(b"\n") == len(seen(client, "view=all"))


def test_a_list_is_what_it_was_when_it_was_ordered_and_is_made_through_interruptions(full, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    monkeypatch.setattr(register, "_PAGE", 2)
    client = full.client("supervisor")
    shown = seen(client, "view=unassigned")
    assert order(client, "view=unassigned", kind="register", form="jsonl").status_code == 303
    job = newest(full)
    full.desk.file("billing")
    for number in shown[:2]:
        case = full.desk.read(
            lambda work, number=number: work.session.query(chosen.Complaint).filter_by(number=number).one()
        )
        full.desk.act(case, handling.assign, office_actor(full), full.refs["supervisor"])
    rounds = 0
    while newest(full).state != "done":
        jobs.go_on(full.installation, jobs.claim(full.installation), 0.0)
        rounds += 1
    rows = [json.loads(line) for line in take(client, job).splitlines()]

    assert sorted(row["number"] for row in rows) == sorted(shown)
    assert rounds > 2
    assert len(seen(client, "view=unassigned")) == len(shown) - 1


def test_what_became_restricted_meanwhile_is_in_no_file_of_those_without_the_right(full, monkeypatch):
    monkeypatch.setattr("complaints.web.admin.evidence.AT_ONCE", 0)
    client = full.client("supervisor")
    shown = seen(client, "view=all&type=billing")
    for kind in ("register", "log"):
        full.desk.later(seconds=1)
        order(client, "view=all&type=billing", kind=kind, form="jsonl")
    hide(full, shown[0])
    work_off(full.installation)
    for job in full.desk.read(lambda work: jobs.recent(work.session)[:2]):
        assert {json.loads(line)["number"] for line in take(client, job).splitlines()} == set(shown[1:])
    hide(full, shown[1])
    with pytest.raises(Exception, match="order it anew"):
        files.read(full.installation, newest(full).uid, office_actor(full))


def hide(office, number):
    case = office.desk.read(lambda work: work.session.query(chosen.Complaint).filter_by(number=number).one())
    office.desk.do(case, "reclassify", to="minor")


def test_the_page_says_what_the_file_will_hold_and_the_log_what_was_ordered(full):
    client = full.client("supervisor")
    query = "view=all&type=billing&channel=web"
    page = client.get(f"{ADMIN}/evidence/list?{query}")
    link = re.search(r'href="([^"]+)">导出这个列表', client.get(f"{ADMIN}/?{query}").get_data(as_text=True))

    assert unescape(link[1]) == f"{ADMIN}/evidence/list?{query}"
    assert "列表中现有5件投诉" in words(page)
    assert "类型 收费、会员和退款 投诉方式 网页表单" in words(page)
    assert "导出这个列表" not in words(full.client("handler").get(f"{ADMIN}/"))
    assert "unmasked" not in page.get_data(as_text=True)
    exported(full, client, query)
    meta = full.desk.read(lambda work: history(work, "system"))[-2].meta
    assert meta["listing"] == {"view": "all", "type": "billing", "channel": "web"}
    assert meta["listed"] == 5
    listing = words(client.get(f"{ADMIN}/evidence/exports"))
    assert "列表“全部投诉” · 类型：" in listing
    assert "5件投诉" in listing


def test_a_list_that_is_too_long_or_empty_or_strange(full, monkeypatch):
    client = full.client("supervisor")
    assert exported(full, client, "view=review") == b""
    assert "没有这个选项" in words(client.get(f"{ADMIN}/evidence/list?view=all&type=%00"))
    assert order(client, "view=all", kind="period", form="pdf").status_code == 422
    monkeypatch.setattr(listed, "MOST", 5)
    answer = order(client, "view=all", kind="register", form="csv")
    assert (answer.status_code, "最多包含5件" in words(answer)) == (422, True)
    assert client.post(f"{ADMIN}/evidence/list?view=all", data={}).status_code == 400


def test_the_cases_of_a_list_lie_sealed_beside_its_file_and_go_with_it(full):
    client = full.client("supervisor")
    exported(full, client, "view=all")
    job, store = newest(full), full.installation.files
    names = [path.name for path in store.folder.glob(f"??/{job.uid}.*")]
    assert len(names) == 2
    assert all(b"[1, " not in store.get(name) for name in names)
    full.desk.later(days=KEEP_DAYS, seconds=1)
    files.expire(full.installation, full.desk.clock.now)

    assert list(store.folder.glob(f"??/{job.uid}.*")) == []
    assert full.desk.read(lambda work: work.session.get(Job, job.uid)).state == "expired"
