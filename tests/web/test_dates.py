"""Why a date is what it is: on the case page, as JSON, and in plain words for the person who waits."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest
from office import ADMIN, Office, quick_passwords, words

from complaints.base.clock import BEIJING, stamp
from complaints.ledger import journal
from complaints.ledger.work import SYSTEM
from complaints.policy.deadlines import end_of
from complaints.sla import milestones

NOTICE = "国务院办公厅关于2026年部分节假日安排的通知"
CALENDAR = {"year": 2026, "revision": 2, "notice": NOTICE, "url": "https://www.gov.cn/x.htm"}


def at(text):
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BEIJING)


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    made.client("handler")
    made.client("auditor")
    clock.now = at("09-28T09:00")
    return made


def paused_over_national_day(desk, filed):
    desk.do(filed, "accept")
    desk.clock.now = at("09-30T10:00")
    desk.do(filed, "ask")
    desk.clock.now = at("10-09T11:00")
    desk.do(filed, "supply")


def moved_by_a_notice(desk, filed, due):
    """The result's date set anew as the import of a year does it."""

    def step(work, case):
        row = next(
            each for each in milestones.running(work, case) if (each.kind, each.step) == ("result", "due")
        )
        journal.record(
            work,
            case,
            "rescheduled",
            SYSTEM,
            change={"result_due": due},
            meta={"calendar": CALENDAR},
            clocks=[milestones.changed(row, {"due_at": due})],
        )

    desk.act(filed, step)


def clocks(office, filed, who="handler"):
    answer = office.client(who).get(f"{ADMIN}/case/{filed.number}/clocks")
    assert answer.status_code == 200
    assert answer.json["number"] == filed.number
    return answer.json["clocks"]


def the(rows, kind, step="due"):
    return next(row for row in rows if (row["kind"], row["step"]) == (kind, step))


def test_the_json_counts_each_date_day_by_day(office):
    filed, other = office.desk.file(), office.desk.file("billing")
    paused_over_national_day(office.desk, filed)
    rows = clocks(office, filed)
    row = the(rows, "result")

    assert {each["publish"] for each in rows} == {True, False}
    assert (row["state"], row["publish"], row["due_at"]) == ("pending", True, "2026-10-15T16:00:00.000000Z")
    count = row["count"]
    assert (count["equal"], count["moment"], count["unit"], count["amount"]) == (
        True,
        row["due_at"],
        "wd",
        10,
    )
    assert count["cap"] == {"days": 15, "last": "2026-10-13", "held": "2026-10-13"}
    assert [pause["days"] for pause in count["pauses"]] == [["2026-10-08", "2026-10-09"]]
    assert "10个工作日" in count["rule"]["zh"]
    assert "10 working days" in count["rule"]["en"]
    days = {day["date"]: day for day in count["days"]}
    assert [day["number"] for day in count["days"] if day["counted"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (days["2026-10-01"]["why"], days["2026-10-01"]["name"]) == ("holiday", "国庆节")
    assert days["2026-10-01"]["notice"].startswith(NOTICE)
    assert days["2026-10-01"]["url"].startswith("https://www.gov.cn/")
    assert (days["2026-10-10"]["why"], days["2026-10-10"]["number"]) == ("makeup", 3)
    assert (days["2026-10-08"]["why"], days["2026-10-11"]["why"]) == ("paused", "weekend")
    assert the(clocks(office, other), "result")["count"]["pauses"] == []


def test_reading_the_dates_is_recorded_as_reading_the_case_is(office):
    filed = office.desk.file()
    for who in ("handler", "handler", "auditor"):
        clocks(office, filed, who)
    office.client("handler").get(f"{ADMIN}/case/{filed.number}")

    assert [entry.type for entry in office.desk.events(filed)] == ["filed", "viewed", "viewed"]


def test_the_dates_of_a_restricted_case_are_hidden_as_the_case_is(office):
    office.hire("trusted", "handler", restricted=True)
    filed = office.desk.file("minor")
    address = f"{ADMIN}/case/{filed.number}/clocks"

    assert office.client("handler").get(address).status_code == 404
    assert office.client("trusted").get(address).status_code == 200
    assert office.client().get(address).status_code == 303
    assert [entry.type for entry in office.desk.events(filed)] == ["filed", "viewed"]


def test_the_case_page_shows_the_count_a_week_a_row(office):
    filed = office.desk.file()
    paused_over_national_day(office.desk, filed)
    answer = office.client("handler").get(f"{ADMIN}/case/{filed.number}")
    html, text = answer.get_data(as_text=True), words(answer)

    assert html.count("<summary>") >= 2
    for said in (
        "10个工作日（最长15天），从2026年9月28日（周一）的次日起算",
        "10月1日（周四）：国庆节放假，不计入",
        "10月8日（周四）：暂停，不计入",
        "10月10日（周六）：第3个工作日（调休上班）",
        "10月11日（周日）：周末，不计入",
        "10月15日（周四）：第7个工作日，最后一天",
        "9月30日（周三） 10:05至10月9日（周五） 11:05暂停，2个工作日不计入，顺延到10月15日（周四）。",
        "15天先到，最后一天是2026年10月13日（周二）。",
    ):
        assert said in text, said
    assert re.search(rf'<a class="cmp-external" href="https://www.gov.cn/[^"]+"[^>]*>{NOTICE}', html)


def test_the_case_page_says_where_met_missed_and_internal_dates_stand(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.clock.now = office.desk.case(filed).result_due
    office.desk.sweep()
    text = words(office.client("handler").get(f"{ADMIN}/case/{filed.number}"))

    assert "9月28日（周一） 09:05按时完成，期限9月30日（周三）" in text
    assert "内部目标" in text
    assert "超期" in text
    for name in ("decide", "release"):
        office.desk.do(filed, name)
    assert "已超期，期限10月13日（周二）" in words(
        office.client("handler").get(f"{ADMIN}/case/{filed.number}")
    )


def test_a_running_pause_says_since_when_and_what_is_left(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.clock.now = at("10-09T10:00")
    office.desk.do(filed, "ask")
    text = words(office.client("handler").get(f"{ADMIN}/case/{filed.number}"))

    assert "10月9日（周五） 10:05起暂停，还剩3个工作日；继续后日期顺延。" in text
    row = the(clocks(office, filed), "result")
    assert row["count"]["paused_since"] == stamp(at("10-09T10:05"))


def test_a_moved_date_says_from_when_to_when_and_by_what(office):
    filed = office.desk.file()
    moved_by_a_notice(office.desk, filed, end_of(at("10-16T00:00").date()))
    text = words(office.client("handler").get(f"{ADMIN}/case/{filed.number}"))
    row = the(clocks(office, filed), "result")

    assert (
        "期限由2026年10月13日（周二）改为2026年10月16日（周五），原因：2026年放假安排已经公布：国务院办公厅关于2026年"
        in text
    )
    assert "只按天数计算是2026年10月13日（周二）24:00" in text
    assert row["set_by"] == row["moves"][0]
    assert (row["set_by"]["event"], row["set_by"]["calendar"]) == ("rescheduled", CALENDAR)


def test_hours_are_told_by_the_day(office):
    office.desk.clock.now = at("11-20T16:30")
    filed = office.desk.file("illegal_content")
    row = the(clocks(office, filed), "first_action", "target")
    text = words(office.client("handler").get(f"{ADMIN}/case/{filed.number}"))

    assert [(day["date"], day["hours"]) for day in row["count"]["days"] if day["counted"]] == [
        ("2026-11-20", 1.5),
        ("2026-11-23", 2.5),
    ]
    assert "11月20日（周五）：计1:30" in text


# The person who waits ------------------------------------------------------------------------------------------


def told(page):
    """The folded words under the promised date, without tags."""
    found = re.search(
        r"<details[^>]*><summary>(?:(?!</summary>).)*怎么算的</summary>(.*?)</details>", page, re.DOTALL
    )
    assert found, "no explanation on the page"
    return [re.sub(r"<[^>]*>", "", each) for each in re.findall(r"<li>(.*?)</li>", found[1], re.DOTALL)]


def test_a_complainant_reads_how_the_date_was_counted(make_following, clock):
    clock.now = at("09-28T09:00")
    following = make_following()
    paused_over_national_day(following.desk, following.filed)
    following.desk.clock.now = at("10-12T09:00")
    following.open()

    assert told(following.get(headers={"Accept-Language": "zh-CN"}).text) == [
        "2026年9月28日（周一）收到您的投诉，从次日起算，第1个工作日是2026年9月29日（周二）。",
        "期限为10个工作日（最长15天）。15天先到，最后一天是2026年10月13日（周二）。",
        "不计入：1个周末日、国庆节放假7天。2026年10月10日（周六）调休上班，计入。",
        "2026年9月30日（周三）至2026年10月9日（周五）等您补充，其间2个工作日不计入，顺延到2026年10月15日（周四）。",
    ]


def test_a_complainant_reads_by_which_notice_a_date_was_moved_and_nothing_of_targets(make_following, clock):
    clock.now = at("09-28T09:00")
    following = make_following("illegal_content")
    moved_by_a_notice(following.desk, following.filed, end_of(at("10-12T00:00").date()))
    following.open()
    page = following.get(headers={"Accept-Language": "zh-CN"}).text
    said = told(page)

    assert said[-1] == (
        f"期限由2026年10月10日（周六）改为2026年10月12日（周一），原因：2026年放假安排已经公布：{NOTICE}"
    )
    # Acceptance and result begin alike, which is said once; internal targets of hours are nobody's business.
    assert sum("收到您的投诉" in line for line in said) == 1
    assert "小时" not in "".join(said)
    assert "目标" not in page


def test_a_date_that_waits_for_a_notice_is_called_provisional(make_following, clock):
    clock.now = at("12-21T09:00")
    following = make_following()
    following.open()
    page = following.get(headers={"Accept-Language": "zh-CN"}).text

    assert told(page)[-1] == "暂定：2027年放假安排公布后如有变化，会在此说明"


def test_a_complainant_whose_clock_stands_still_reads_no_count(make_following, clock):
    clock.now = at("09-28T09:00")
    following = make_following()
    for name in ("accept", "ask"):
        following.do(name)

    assert "怎么算的" not in following.open()


def test_the_json_is_json_even_for_the_strangest_case(office):
    filed = office.desk.file("illegal_content")
    for name in ("accept", "reclassify", "ask", "supply", "decide", "release", "appeal"):
        office.desk.do(filed, name)
    rows = clocks(office, filed)

    assert json.loads(json.dumps(rows)) == rows
    assert {row["cycle"] for row in rows} == {0, 1}
    assert all(row["count"]["equal"] for row in rows if row["count"])
