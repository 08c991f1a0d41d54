"""Addresses nobody's page ever made: whatever they say, they fail nowhere and lead nowhere else."""

from __future__ import annotations

import pytest
from casework import page, staffed
from office import ADMIN, send

# Digits beyond a column of 64 bits, and beyond what Python reads at all.
HUGE, ENDLESS = "9" * 19, "9" * 5000
# What `url_for` would read for itself.
OWN = ("endpoint=x", "_scheme=javascript&_external=1", "_anchor=x&_method=POST")
ODD = (
    *(f"{list_}?view=&{own}" for list_ in ("/", "/outbox", "/figures") for own in OWN),
    *(f"/outbox?done={n}" for n in (HUGE, ENDLESS, "²", "-1")),
    *(f"/checkpoints?below={n}" for n in (HUGE, ENDLESS)),
    f"/checkpoints?older={HUGE}&newer={ENDLESS}",
    *(f"/checkpoints/{n}" for n in (HUGE, "9" * 40)),
    *(f"/policy/{n}" for n in ("2147483648", HUGE)),
    *(f"/outbox/{n}/drop" for n in (HUGE, "9" * 40)),
    *(f"/evidence{part}?from=0001-01-01&to=9999-12-31" for part in ("", "/count")),
)


@pytest.fixture
def client(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch)
    made.filed = made.desk.file()
    found = made.client("admin")
    found.filed = made.filed
    return found


@pytest.mark.parametrize("odd", ODD, ids=[odd[:60] for odd in ODD])
def test_it_is_read_as_far_as_it_can_be(client, odd):
    answer = client.get(f"{ADMIN}{odd}")
    assert answer.status_code in {200, 302, 404, 422}
    if answer.status_code == 302:
        assert answer.headers["Location"].partition("?")[0] == f"{ADMIN}{odd.partition('?')[0]}"
        assert client.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(("act", "field"), [("ask", "days"), ("ask", "version"), ("note", "version")])
def test_digits_without_end_in_a_form_are_a_mistake_and_no_fault(tmp_path, clock, monkeypatch, act, field):
    made = staffed(tmp_path, clock, monkeypatch)
    filed = made.desk.file()
    given = {"text": "请补充", "note": "文字", "reason": "details", field: ENDLESS}
    answer = send(made.client("handler"), page(filed), f"/{act}", **given)
    assert answer.status_code in {409, 422}
    assert [entry.type for entry in made.desk.events(filed)] == ["filed", "viewed"]


@pytest.mark.parametrize("own", OWN)
def test_the_way_back_to_a_list_is_one_to_a_list(client, own):
    asked = {"from": f"view=all&at=0-1&{own}"}
    answer = client.get(page(client.filed), query_string=asked)
    assert answer.status_code == 200
    assert f'href="{ADMIN}/?view=all#{client.filed.number}"' in answer.get_data(as_text=True)
