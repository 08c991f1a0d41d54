"""The calendar page: what a file would change, the import, and what complainants then read."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import arrangements
import pytest
from arrangements import BEFORE, LONG, NOTICE, year_2027
from office import ADMIN, Office, quick_passwords, send, send_from, words
from sqlalchemy import func, select

from complaints.base.translations import speaking
from complaints.cases.views import public_view
from complaints.jobs.reckoning import reckon_anew
from complaints.store.tables import CalendarYear, Event
from complaints.web.public import telling

PAGE = f"{ADMIN}/calendar"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    clock.now = BEFORE
    return Office(tmp_path, clock).start(clock)


def look(client, data, name="2027.json", **values):
    return send(client, PAGE, "/preview", file=(io.BytesIO(data), name), **values)


def imports(office):
    return office.desk.read(lambda work: work.session.scalar(select(func.count()).select_from(CalendarYear)))


def told(office, filed, lang="zh"):
    def read(work):
        with speaking(lang):
            return telling.tell(work, public_view(work, office.desk.case(filed)), lang, str)

    return office.desk.read(read)


@pytest.mark.parametrize("who", ["supervisor", "admin"])
def test_a_year_is_looked_at_then_imported_and_every_complainant_can_read_why(office, who):
    soon, slow = office.desk.file("illegal_content"), office.desk.file("other")
    client = office.client(who)
    page = look(client, arrangements.upload(LONG))
    said = words(page)
    assert page.status_code == 200
    assert "2027年1月4日（周一），元旦" in said
    assert "2 涉及的投诉" in said
    assert "1 期限提前 1 期限推迟 2 不再是暂定" in re.sub(r"\s+", " ", said)
    assert "推迟1天" in said
    assert NOTICE in said
    assert imports(office) == 0

    answer = send_from(client, page.get_data(as_text=True), PAGE, "/import")
    assert answer.headers["Location"] == PAGE
    assert imports(office) == 1
    assert "还有2件" in words(client.get(PAGE))
    reckon_anew(office.installation)
    assert "全部看过一遍" in words(client.get(PAGE))
    office.desk.later(minutes=3)
    reckon_anew(office.installation)
    assert "重新计算" not in words(client.get(PAGE))
    assert f"由{who.title()}导入" in words(client.get(PAGE))

    (event,) = [each for each in told(office, soon).events if "期限由" in each["text"]]
    assert event["text"] == (
        f"期限由2027年1月5日（周二）改为2027年1月6日（周三），原因：2027年放假安排已经公布：{NOTICE}"
    )
    (event,) = [each for each in told(office, slow, "en").events if "Date moved" in each["text"]]
    assert "from Tuesday 12 January 2027 to Monday 11 January 2027" in event["text"]
    assert "the holidays of 2027 are published" in event["text"]


def test_a_date_that_only_stops_being_provisional_is_told_too(office):
    filed = office.desk.file("other")
    assert any("暂定" in note for note in told(office, filed).status.notes)
    arrangements.take(office, year_2027())
    reckon_anew(office.installation)
    assert told(office, filed).status.notes == []
    assert told(office, filed).events[0]["title"] == "期限不再是暂定"


def test_a_csv_takes_notice_and_address_from_the_form(office):
    rows = "".join(f"{each.date},off,{each.name}\n" for each in LONG.off)
    client = office.client("admin")
    page = look(client, rows.encode(), "2027.csv", notice=NOTICE, url=arrangements.URL)
    send_from(client, page.get_data(as_text=True), PAGE, "/import")
    row = office.desk.read(lambda work: work.session.get(CalendarYear, (2027, 1)))
    assert (row.payload["notice"], row.payload["url"], row.payload["final"]) == (
        NOTICE,
        arrangements.URL,
        True,
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"year": 2027, "papers": [], "days": []}', "2027年的放假安排还没有公布"),
        (arrangements.upload(replace(LONG, year=2029, off=(), work=())), "没有任何日期"),
        ("2029-01-01,off,元旦".encode(), "2029年没有在办投诉的期限；请选择2026年至2027年的文件"),
        ("2025-01-01,off,元旦".encode(), "2025年没有在办投诉的期限"),
    ],
)
def test_a_faulty_file_is_refused_beside_its_field_and_what_was_typed_stays(office, data, says):
    page = look(office.client("admin"), data, notice="")
    assert page.status_code == 422
    assert words(page).count(says) == 2
    assert imports(office) == 0


def test_a_post_without_a_file_says_so(office):
    page = send(office.client("admin"), PAGE, "/preview", notice="某通知")
    assert page.status_code == 422
    assert "请选择一年的文件" in words(page)
    assert 'value="某通知"' in page.get_data(as_text=True)


def test_the_same_data_again_offers_no_import(office):
    arrangements.take(office, LONG)
    page = look(office.client("admin"), arrangements.upload(LONG))
    assert "没有可导入的内容" in words(page)
    assert "/calendar/import" not in page.get_data(as_text=True)


def test_of_two_who_import_the_second_sees_what_has_become_of_it(office):
    first, second = office.client("admin"), office.client("supervisor")
    pages = [look(client, arrangements.upload(LONG)).get_data(as_text=True) for client in (first, second)]
    other = look(first, arrangements.upload(year_2027())).get_data(as_text=True)
    assert send_from(first, other, PAGE, "/import").status_code == 303
    answer = send_from(second, pages[1], PAGE, "/import")
    assert answer.status_code == 409
    assert "其他人已导入" in words(answer)
    assert imports(office) == 1
    # A double click is one import.
    again = send_from(first, other, PAGE, "/import")
    assert again.status_code == 303
    assert imports(office) == 1


def test_an_import_that_was_tampered_with_is_held_to_the_same_rules(office):
    client = office.client("admin")
    page = look(client, arrangements.upload(LONG)).get_data(as_text=True)
    answer = send_from(client, page, PAGE, "/import", year='{"year": 2027, "papers": [], "days": []}')
    assert answer.status_code == 422
    assert imports(office) == 0


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), True),
        (datetime(2027, 3, 1, tzinfo=UTC), True),
    ],
)
def test_from_november_every_page_of_the_operators_says_that_next_year_is_missing(office, clock, now, shown):
    clock.now = now
    for who, linked in (("handler", False), ("admin", True)):
        for path in ("/", "/policy", "/health", "/account"):
            html = office.client(who).get(ADMIN + path).get_data(as_text=True)
            assert ("2027年的放假安排还不是正式的" in html) == shown, path
            assert (f'href="{PAGE}">打开日历' in html) == (shown and linked)
    assert "放假安排还不是正式的" not in office.client().get(f"{ADMIN}/login").get_data(as_text=True)


def test_the_banner_goes_when_the_year_is_there(office):
    arrangements.take(office, year_2027(notice=""))
    assert "放假安排还不是正式的" in words(office.client("admin").get(PAGE))
    office.desk.later(seconds=1)
    arrangements.take(office, LONG)
    assert "放假安排还不是正式的" not in words(office.client("admin").get(PAGE))


def test_looking_writes_nothing(office):
    client = office.client("admin")
    before = office.desk.read(lambda work: work.session.scalar(select(func.count()).select_from(Event)))
    look(client, arrangements.upload(LONG))
    assert (
        office.desk.read(lambda work: work.session.scalar(select(func.count()).select_from(Event))) == before
    )
