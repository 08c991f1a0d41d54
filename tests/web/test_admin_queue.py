"""The queue in the browser: its order, its filters, and who sees what in it."""

from __future__ import annotations

import pytest
from casework import numbers, page, staffed, system_events, types
from office import ADMIN, words


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
