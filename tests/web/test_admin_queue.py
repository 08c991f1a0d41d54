"""The queue in the browser: its order, its filters, and who sees what in it."""

from __future__ import annotations

import re

import pytest
from casework import numbers, page, staffed, system_events, types
from factories import count_to
from office import ADMIN, Forms, send, words
from sqlalchemy import event

from complaints.administration import saved_views
from complaints.cases import paging
from complaints.store.tables import SavedView


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def test_the_queue_begins_with_what_is_due_first(office):
    later = office.desk.file()
    office.desk.do(later, "accept")
    office.desk.later(days=3)
    soon = office.desk.file()
    urgent = office.desk.file("illegal_content")

    assert numbers(office.client("handler").get(f"{ADMIN}/"), later, soon, urgent) == [
        urgent.number,
        soon.number,
        later.number,
    ]


def test_the_queue_shows_sixty_characters_and_none_of_restricted_types(office):
    office.hire("trusted", "handler", restricted=True)
    long, secret = (
        office.desk.file(fields={"details": "字" * 80}),
        office.desk.file("minor", fields={"details": "孩子的事"}),
    )
    seen = office.client("trusted").get(f"{ADMIN}/").get_data(as_text=True)

    assert "字" * 60 + "…" in seen
    assert "字" * 61 not in seen
    assert long.number in seen
    assert secret.number in seen
    assert "孩子的事" not in seen


def test_without_the_permission_a_restricted_case_is_nowhere(office):
    secret = office.desk.file("minor")
    client = office.client("handler")

    assert secret.number not in client.get(f"{ADMIN}/?view=all").get_data(as_text=True)
    assert "全部投诉 0" in words(client.get(f"{ADMIN}/?view=all"))
    for address in (page(secret), f"{page(secret)}/decide", f"{ADMIN}/find?number={secret.number}"):
        assert client.get(address).status_code == 404
    assert client.post(f"{page(secret)}/accept", data={}).status_code == 404
    assert types(office, secret) == ["filed"]


def test_reading_the_queue_is_one_event_per_operator_and_hour(office, clock):
    office.desk.file()
    for who in ("handler", "handler", "second"):
        office.client(who).get(f"{ADMIN}/")
    browsed = [actor for kind, actor in system_events(office) if kind == "browsed"]
    assert browsed == [f"handler:{office.refs['handler']}", f"handler:{office.refs['second']}"]

    office.desk.later(hours=1)
    office.client("handler").get(f"{ADMIN}/")
    assert len([kind for kind, _ in system_events(office) if kind == "browsed"]) == 3


def test_an_empty_list_names_the_next_date(office):
    office.desk.file()
    assert "下一个到期" in words(office.client("handler").get(f"{ADMIN}/?view=review"))


def test_filters_in_the_address_narrow_the_list(office):
    one, two = office.desk.file("billing"), office.desk.file("other", is_test=True)
    client = office.client("handler")

    assert numbers(client.get(f"{ADMIN}/?view=all&type=billing"), one, two) == [one.number]
    assert numbers(client.get(f"{ADMIN}/?view=all&test=no"), one, two) == [one.number]
    assert numbers(client.get(f"{ADMIN}/?view=all&state=accepted"), one, two) == []


@pytest.mark.parametrize(
    "query",
    ["view=nonsense", "page=999", "page=-1", "page=x", "state='", "type=%00", "assignee=%F0%9F%98%80"],
)
def test_a_strange_address_is_no_fault(office, query):
    office.desk.file()
    assert office.client("handler").get(f"{ADMIN}/?{query}").status_code == 200


def chips(answer):
    html = answer.get_data(as_text=True)
    return [
        (re.sub(r"<[^>]+>", "", text).split(), href.replace("&amp;", "&"))
        for href, text in re.findall(r'<a class="cmp-chip" href="([^"]+)">(.*?)</a>', html)
    ]


def test_each_filter_that_is_set_can_be_dropped_alone(office):
    one, two = office.desk.file("billing"), office.desk.file("other")
    client = office.client("handler")
    answer = client.get(f"{ADMIN}/?view=all&type=billing&channel=web&since=2026-11-01")

    assert numbers(answer, one, two) == [one.number]
    assert [said[0] for said, _ in chips(answer)] == ["类型", "投诉方式", "收到日期自"]
    without = next(href for said, href in chips(answer) if said[0] == "类型")
    assert without == f"{ADMIN}/?view=all&channel=web&since=2026-11-01"
    assert numbers(client.get(without), one, two) == [one.number, two.number]


def test_an_address_names_only_what_is_set_and_what_does_not_exist_is_said(office):
    client = office.client("handler")
    answer = client.get(f"{ADMIN}/?view=all&state=&type=billing&since=")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{ADMIN}/?view=all&type=billing"
    assert "未采用：状态" in words(client.get(f"{ADMIN}/?view=all&state=nonsense"))


def test_pages_lead_on_and_back_with_the_filters(office, monkeypatch):
    monkeypatch.setattr(paging, "PAGE", 2)
    filed = [office.desk.file("billing") for _ in range(3)]
    other = office.desk.file("other")
    client = office.client("handler")
    first = client.get(f"{ADMIN}/?view=all&type=billing")
    on = link(first, "next")
    second = client.get(on)

    assert "type=billing" in on
    assert numbers(first, *filed, other) + numbers(second, *filed, other) == [each.number for each in filed]
    assert numbers(client.get(link(second, "prev")), *filed, other) == [each.number for each in filed[:2]]
    assert link(second, "next") is None
    office.desk.do(filed[2], "reclassify")
    assert numbers(client.get(on), *filed, other) == [each.number for each in filed[:2]]


def test_more_than_a_thousand_are_said_as_such(office, monkeypatch):
    count_to(monkeypatch, 1)
    office.desk.file()
    assert "全部投诉 1 " in words(office.client("handler").get(f"{ADMIN}/?view=all"))
    office.desk.file()
    assert "全部投诉 1+ " in words(office.client("handler").get(f"{ADMIN}/?view=all"))


def test_what_came_since_is_counted_in_the_list_that_is_open(office):
    office.desk.file("billing")
    client = office.client("handler")
    html = client.get(f"{ADMIN}/?view=all&type=billing").get_data(as_text=True)
    asked = re.search(r'data-cmp-arrived="([^"]+)"', html)[1].replace("&amp;", "&")
    assert client.get(asked).get_data(as_text=True) == ""

    office.desk.later(seconds=1)
    office.desk.file("other")
    office.desk.file("minor")
    assert client.get(asked).get_data(as_text=True) == ""
    office.desk.file("billing")
    assert client.get(asked).get_data(as_text=True) == "打开本页后新到1件投诉"
    office.desk.file("billing")
    assert client.get(asked).get_data(as_text=True) == "打开本页后新到2件投诉"
    assert client.get(f"{ADMIN}/arrived?at=yesterday").get_data(as_text=True) == ""


def test_a_list_says_that_it_changed_when_no_new_complaint_came(office):
    filed, other = office.desk.file("billing"), office.desk.file("service")
    client = office.client("supervisor")

    def polled(query):
        html = client.get(f"{ADMIN}/?{query}").get_data(as_text=True)
        asked = re.search(r'data-cmp-arrived="([^"]+)"', html)[1].replace("&amp;", "&")
        return lambda: client.get(asked).get_data(as_text=True)

    narrow, unread = polled("view=open&type=billing"), polled("view=replied")
    assert (narrow(), unread()) == ("", "")
    office.desk.do(other, "accept")
    assert (narrow(), unread()) == ("", "")
    office.desk.do(filed, "message")
    assert (narrow(), unread()) == ("打开本页后列表有变化",) * 2
    assert (polled("view=open&type=billing")(), polled("view=replied")()) == ("", "")
    # Somebody who only looks changes nothing.
    again = polled("view=all")
    office.client("handler").get(f"{ADMIN}/case/{filed.number}")
    assert again() == ""


def test_a_page_of_the_queue_takes_at_most_twelve_statements(office):
    client = office.client("supervisor")
    for _ in range(3):
        office.desk.file("billing")
    keep(office, "supervisor", "view=all&type=billing", "账单")
    client.get(f"{ADMIN}/?view=all")
    said = []
    event.listen(
        office.installation.database.engine, "before_cursor_execute", lambda *given: said.append(given[2])
    )
    assert client.get(f"{ADMIN}/?view=all&type=billing").status_code == 200
    assert 0 < len(said) <= 12, "\n".join(said)


def link(answer, rel):
    found = re.search(rf'href="([^"]+)" rel="{rel}"', answer.get_data(as_text=True))
    return found and found[1].replace("&amp;", "&")


def keep(office, who, query, name, **values):
    return send(office.client(who), f"{ADMIN}/?{query}", f"/views/keep?{query}", name=name, **values)


def tabs(answer):
    html = answer.get_data(as_text=True)
    found = re.search(r'aria-label="常用视图"><ul>(.*?)</ul>', html, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", found[1]).split() if found else []


def test_a_list_is_kept_for_oneself_with_its_count_and_taken_away(office):
    office.desk.file("billing")
    office.desk.file("other")
    assert keep(office, "handler", "view=all&type=billing", " 账单  问题 ").status_code == 303
    client = office.client("handler")

    assert tabs(client.get(f"{ADMIN}/")) == ["账单", "问题", "1"]
    assert tabs(office.client("second").get(f"{ADMIN}/")) == []
    row = office.desk.read(lambda work: work.session.query(SavedView).one())
    assert row.query == {"view": "all", "type": "billing"}
    path = f"/views/{row.id}/remove"
    assert 'aria-current="page"' in client.get(f"{ADMIN}/?view=all&type=billing").get_data(as_text=True)
    assert send(client, f"{ADMIN}/?view=all&type=billing", path).status_code == 303
    assert tabs(client.get(f"{ADMIN}/")) == []


def test_a_shared_list_is_everybodys_and_only_leaders_share_and_remove_it(office):
    office.hire("trusted", "supervisor", restricted=True)
    office.desk.file("minor")
    query = "view=all&type=minor"
    assert keep(office, "trusted", query, "未成年人", shared="y").status_code == 303
    row = office.desk.read(lambda work: work.session.query(SavedView).one())

    assert tabs(office.client("trusted").get(f"{ADMIN}/")) == ["未成年人", "1"]
    # The list is everybody's, the cases in it are not.
    assert tabs(office.client("handler").get(f"{ADMIN}/")) == ["未成年人", "0"]
    client = office.client("handler")
    html = client.get(f"{ADMIN}/?view=all&type=other").get_data(as_text=True)
    token = next(each for each in Forms(html).found if "/keep" in each["action"])["data"]["csrf_token"]
    given = {"csrf_token": token, "name": "x", "shared": "y"}
    assert client.post(f"{ADMIN}/views/keep?view=all", data=given).status_code == 403
    assert client.post(f"{ADMIN}/views/{row.id}/remove", data={"csrf_token": token}).status_code == 403
    assert office.desk.read(lambda work: work.session.query(SavedView).count()) == 1


def test_a_view_of_somebody_else_is_not_there_for_others(office):
    keep(office, "handler", "view=all&type=billing", "账单")
    row = office.desk.read(lambda work: work.session.query(SavedView).one())
    client = office.client("supervisor")
    html = client.get(f"{ADMIN}/?view=all&type=other").get_data(as_text=True)
    token = next(each for each in Forms(html).found if "/keep" in each["action"])["data"]["csrf_token"]

    assert client.post(f"{ADMIN}/views/{row.id}/remove", data={"csrf_token": token}).status_code == 404
    assert client.post(f"{ADMIN}/views/{row.id}/remove", data={}).status_code == 400
    assert office.desk.read(lambda work: work.session.query(SavedView).count()) == 1


@pytest.mark.parametrize(("name", "said"), [("  ", "请给视图起个名字"), ("字" * 61, "名称请不超过60个字")])
def test_a_view_that_cannot_be_kept_comes_back_with_its_name(office, name, said):
    answer = keep(office, "handler", "view=all&type=billing", name)

    assert answer.status_code == 422
    assert said in words(answer)
    assert f'value="{name}"' in answer.get_data(as_text=True)
    assert [said[0] for said, _ in chips(answer)] == ["类型"]


def test_there_is_an_end_to_what_one_person_keeps(office, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST", 1)
    keep(office, "second", "view=all&type=billing", "别人的")
    assert keep(office, "handler", "view=all&type=billing", "一").status_code == 303
    answer = keep(office, "handler", "view=all&type=other", "二")
    assert answer.status_code == 422
    assert "这类视图已有1个" in words(answer)
