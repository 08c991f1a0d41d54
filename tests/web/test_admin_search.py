"""Searching in the queue: one field for numbers and words, whose words stand in no address, log or kept view."""

from __future__ import annotations

import re

import pytest
from casework import numbers, page, staffed, system_events
from office import ADMIN, Forms, send, send_from, words
from searching import take_in

from complaints.cases import searching
from complaints.ledger.reading import history
from complaints.store.tables import SavedView


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def filed(office, details, kind="other", **values):
    made = office.desk.file(kind, fields={"details": details}, **values)
    take_in(office.installation)
    return made


def search(office, asked, who="handler", query="view=all"):
    """Type into the field and follow to the list."""
    client = office.client(who)
    answer = send(client, f"{ADMIN}/?{query}", "/find", q=asked)
    assert answer.status_code == 303, words(answer)
    found = client.get(answer.headers["Location"])
    found.client = client
    return found


def test_words_lead_to_a_list_whose_address_does_not_hold_them(office):
    one, other = filed(office, "要求退款，三次没有人理"), filed(office, "头像不见了")
    answer = search(office, "退款")

    assert numbers(answer, one, other) == [one.number]
    assert "退款" not in answer.request.url
    assert "%E9%80%80" not in answer.request.url
    assert "<mark>退款</mark>" in answer.get_data(as_text=True)
    assert "列表中全部1件" in words(answer).replace(" ", "")
    assert 'value="退款"' in answer.get_data(as_text=True)
    # Anybody in the office may be handed the address.
    assert numbers(office.client("second").get(answer.request.full_path), one, other) == [one.number]


def test_an_open_search_says_when_what_it_lists_has_changed(office):
    one, other = filed(office, "要求退款，三次没有人理"), filed(office, "头像不见了")
    answer = search(office, "退款")

    def polled():
        asked = re.search(r'data-cmp-arrived="([^"]+)"', answer.get_data(as_text=True))[1]
        return answer.client.get(asked.replace("&amp;", "&")).get_data(as_text=True)

    assert polled() == ""
    office.desk.do(other, "accept")
    filed(office, "账号被封")
    assert polled() == ""
    office.desk.do(one, "accept")
    assert polled() == "打开本页后列表有变化"
    answer = search(office, "退款")
    assert polled() == ""
    filed(office, "又一次要求退款")
    assert polled() == "打开本页后列表有变化"
    # Where nothing is left the first page is shown, and that is what did not change.
    nowhere = answer.request.full_path + "&after=0-0"
    answer = answer.client.get(nowhere)
    answer.client = office.client("handler")
    assert len(numbers(answer, one, other)) == 1
    assert polled() == ""


def test_a_number_goes_to_its_case_and_an_unknown_one_is_said(office):
    one = filed(office, "退款")
    client = office.client("handler")
    typed = one.number.lower().replace("-", " ")

    answer = send(client, f"{ADMIN}/", "/find", q=typed)
    assert answer.headers["Location"] == page(one)
    assert send(client, f"{ADMIN}/", "/find", q="TS20261123-222222").status_code == 404
    assert client.get(f"{ADMIN}/find?number={one.number}").headers["Location"] == page(one)


def test_a_search_keeps_the_filters_and_can_be_dropped_like_one(office):
    one, two = filed(office, "第一次扣费", "billing"), filed(office, "又是扣费")
    answer = search(office, "扣费", query="view=all&type=billing")
    assert numbers(answer, one, two) == [one.number]
    assert "type=billing" in answer.request.url

    html = answer.get_data(as_text=True)
    chips = re.findall(r'<a class="cmp-chip" href="([^"]+)"><small>([^<]+)</small> ([^<]+)', html)
    assert ("搜索", "扣费") in [(label, value.strip()) for _, label, value in chips]
    without = next(href for href, label, _ in chips if label == "搜索").replace("&amp;", "&")
    assert without == f"{ADMIN}/?view=all&type=billing"
    narrow = next(each for each in Forms(html).found if "state" in each["data"])["data"]
    assert office.desk.read(lambda work: searching.opened(work, narrow["q"])) == "扣费"


def test_a_view_that_is_kept_forgets_the_words(office):
    filed(office, "扣费", "billing")
    answer = search(office, "扣费", query="view=all&type=billing")
    said = words(answer)
    path = answer.request.full_path

    assert "视图里不保存搜索内容" in said
    html = answer.get_data(as_text=True)
    action = next(each["action"] for each in Forms(html).found if "/views/keep" in each["action"])
    kept = send_from(answer.client, html, path, action[action.index("/views") :], name="账单")
    assert kept.headers["Location"] == f"{ADMIN}/?view=all&type=billing"
    row = office.desk.read(lambda work: work.session.query(SavedView).one())
    assert row.query == {"view": "all", "type": "billing"}


def test_a_damaged_address_is_ignored_with_a_sentence(office):
    one = filed(office, "退款")
    for damaged in ("x" * 60, "退款", "-", "A" * 2000):
        answer = office.client("handler").get(f"{ADMIN}/?view=all&q={damaged}")
        assert answer.status_code == 200
        assert numbers(answer, one) == [one.number]
        assert "无法读取" in words(answer)


def test_searching_is_an_event_once_an_hour_and_never_says_for_what(office):
    filed(office, "退款")
    for asked in ("退款", "头像", "退款"):
        search(office, asked)

    entries = office.desk.read(lambda work: history(work, "system"))
    browsed = [entry.meta for entry in entries if entry.type == "browsed"]
    assert sorted(each["what"] for each in browsed) == ["queue", "search"]
    assert not any("退款" in str(entry.meta) for entry in entries)
    assert [kind for kind, _ in system_events(office)].count("browsed") == 2


def test_nothing_found_says_what_to_try_and_offers_all(office):
    one = filed(office, "退款")
    office.desk.do(one, "withdraw")
    take_in(office.installation)
    answer = search(office, "退款", query="view=open")

    assert numbers(answer, one) == []
    assert "没有找到“退款”" in words(answer)
    everywhere = re.search(r'href="([^"]+)">搜索全部投诉', answer.get_data(as_text=True))[1]
    again = office.client("handler").get(everywhere.replace("&amp;", "&"))
    assert numbers(again, one) == [one.number]
    assert "至少两个" in words(search(office, "退"))


def test_all_hits_can_be_acted_on_together(office):
    one, two, other = filed(office, "重复扣费"), filed(office, "也是扣费"), filed(office, "头像")
    answer = search(office, "扣费")
    html = answer.get_data(as_text=True)
    chosen = send_from(answer.client, html, answer.request.full_path, "/bulk", "all")

    assert numbers(chosen, one, two, other) == [one.number, two.number]


def test_a_restricted_case_is_not_found_nor_counted_by_anybody(office):
    office.hire("trusted", "supervisor", restricted=True)
    plain, hidden = filed(office, "孩子的作业"), filed(office, "孩子的照片", "minor")
    for who in ("handler", "trusted"):
        answer = search(office, "孩子", who)
        assert numbers(answer, plain, hidden) == [plain.number]
        assert "列表中全部1件" in words(answer).replace(" ", "")


def test_the_words_typed_come_back_when_the_page_was_open_too_long(office):
    client = office.client("handler")
    answer = client.post(f"{ADMIN}/find", data={"q": "退款", "query": "view=all", "csrf_token": "old"})

    assert answer.status_code == 400
    assert 'value="退款"' in answer.get_data(as_text=True)


def test_reports_nearly_the_same_stand_on_the_case(office):
    said = "客服机器人在七月三日告诉我葡萄柚可以和降压药一起服用，我照做之后头晕得厉害"
    one = filed(office, said)
    two = filed(office, said.replace("七月三日", "七月五日"))
    answer = office.client("handler").get(page(one))

    assert numbers(answer, two) == [two.number]
    assert "文字几乎相同" in words(answer)
