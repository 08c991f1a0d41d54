"""Two operators and one case: who is at it is seen, acts of the other wait, and taking over is an act of its own."""

from __future__ import annotations

import re

import pytest
from casework import act, box, decide, page, post, staffed, types
from office import ADMIN, Forms, send, send_from, words

from complaints.cases import claims


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def holder(office, filed):
    case_id = office.desk.case(filed).id
    ref = office.desk.read(lambda work: claims.of(work, [case_id])).get(case_id)
    return next((name for name, each in office.refs.items() if each == ref), None)


def click(office, filed, who, **values):
    return send(office.client(who), page(filed), "/claim", **values)


def test_reading_claims_nothing_and_a_button_does(office):
    filed = office.desk.file()
    told = words(office.client("handler").get(page(filed)))
    assert ("我来处理" in told, holder(office, filed)) == (True, None)
    assert click(office, filed, "handler").status_code == 303

    assert holder(office, filed) == "handler"
    assert "您从10:00起正在处理" in words(office.client("handler").get(page(filed)))
    others = words(office.client("second").get(page(filed)))
    assert "Handler从10:00起正在处理" in others
    assert "接手" in others
    assert "接手" not in words(office.client("auditor").get(page(filed)))
    assert types(office, filed) == ["filed", "viewed", "viewed", "viewed"]


def test_an_act_of_another_keeps_its_text_and_goes_through_by_taking_over(office):
    filed = office.desk.file()
    assert act(office, filed, "accept").status_code == 303
    client = office.client("second")
    answer = send(client, page(filed), "/note", note="写了很久的备注")

    assert answer.status_code == 409
    told = words(answer)
    assert "Handler从10:00起正在处理这份投诉。您的内容没有发出" in told
    assert told.count("写了很久的备注") == 2
    assert "noted" not in types(office, filed)
    over = re.search(r'name="(note-over)" value="(\w+)" form="form-note"', answer.get_data(as_text=True))
    sent = send_from(client, answer.get_data(as_text=True), page(filed), "/note", **{over[1]: over[2]})

    assert sent.status_code == 303
    assert office.desk.events(filed)[-1].text("note") == "写了很久的备注"
    assert holder(office, filed) == "second"
    first = act(office, filed, "note", note="我接着写")
    assert "Second从10:00起正在处理" in words(first)


def test_a_claim_lapses_by_the_clock_and_reading_on_renews_it(office):
    filed = office.desk.file()
    click(office, filed, "handler")
    client = office.client("handler")
    for _ in range(2):
        office.desk.later(minutes=14)
        client.get(page(filed))
    assert holder(office, filed) == "handler"
    office.desk.later(minutes=15)
    assert act(office, filed, "accept", "second").status_code == 303
    assert holder(office, filed) == "second"


@pytest.mark.parametrize(
    ("who", "do"),
    [("handler", "leave"), ("second", "leave")],
)
def test_only_the_owner_lets_go(office, who, do):
    filed = office.desk.file()
    click(office, filed, "handler")
    token = Forms(office.client(who).get(page(filed)).get_data(as_text=True)).found[0]["data"]["csrf_token"]
    office.client(who)
    client = office.client(who)
    html = client.get(page(filed)).get_data(as_text=True)
    token = next(each for each in Forms(html).found if each["action"].endswith("/claim"))["data"][
        "csrf_token"
    ]
    client.post(f"{page(filed)}/claim", data={"csrf_token": token, "do": do})
    assert holder(office, filed) == (None if who == "handler" else "handler")


def test_taking_over_takes_it_from_whom_the_page_named(office):
    filed = office.desk.file()
    click(office, filed, "handler")
    old = office.client("second").get(page(filed)).get_data(as_text=True)
    click(office, filed, "supervisor")
    assert holder(office, filed) == "supervisor"
    # The page named the handler, and it is the supervisor's by now.
    client = office.client("second")
    form = next(each for each in Forms(old).found if each["action"].endswith("/claim"))
    fresh = next(
        each
        for each in Forms(client.get(page(filed)).get_data(as_text=True)).found
        if each["action"].endswith("/claim")
    )
    client.post(form["action"], data={**form["data"], "csrf_token": fresh["data"]["csrf_token"]})
    assert holder(office, filed) == "supervisor"


def test_opening_the_form_of_an_answer_claims_and_answering_lets_go(office):
    filed = office.desk.file()
    office.client("handler").get(f"{page(filed)}/decide")
    assert holder(office, filed) == "handler"
    beside = office.client("second").get(f"{page(filed)}/decide")
    assert "Handler从10:00起正在处理" in words(beside)
    refused = decide(office, filed, "second")
    assert refused.status_code == 409
    assert "经核实，您反映的情况属实。" in refused.get_data(as_text=True)
    assert 'form="decision"' in refused.get_data(as_text=True)

    assert decide(office, filed).status_code == 303
    assert holder(office, filed) is None
    over = decide(office, office.desk.file(), "second")
    assert over.status_code == 303


def test_a_report_that_a_colleague_is_at_is_not_answered_along(office):
    filed, beside = office.desk.file(), office.desk.file()
    click(office, beside, "supervisor")
    answer = decide(office, filed, also=box(office, beside))
    assert answer.status_code == 409
    assert f"Supervisor正在处理{beside.number}" in words(answer)
    assert types(office, filed)[-1] != "decided"


def test_logging_out_lets_go_of_everything(office):
    filed, other = office.desk.file(), office.desk.file()
    click(office, filed, "handler")
    click(office, other, "second")
    send(office.client("handler"), f"{ADMIN}/", "/logout")
    assert (holder(office, filed), holder(office, other)) == (None, "second")


def test_a_page_in_use_renews_quietly_and_learns_when_it_is_lost(office):
    filed = office.desk.file()
    click(office, filed, "handler")
    client = office.client("handler")
    html = client.get(page(filed)).get_data(as_text=True)
    form = next(each for each in Forms(html).found if each["action"].endswith("/claim"))["data"]
    office.desk.later(minutes=10)
    assert client.post(f"{page(filed)}/renew", data=form).status_code == 204
    assert client.post(f"{page(filed)}/renew", data={}).status_code == 400
    click(office, filed, "second")
    assert client.post(f"{page(filed)}/renew", data=form).status_code == 409
    assert holder(office, filed) == "second"


def test_the_queue_marks_it_and_bulk_leaves_it_out_with_the_reason(office):
    one, two, mine = (office.desk.file() for _ in range(3))
    click(office, one, "second")
    click(office, mine, "handler")
    listed = words(office.client("handler").get(f"{ADMIN}/"))
    assert (listed.count("Second正在处理"), listed.count("您正在处理")) == (1, 1)

    client, cases = office.client("handler"), [box(office, each) for each in (one, two, mine)]
    seen = post(client, do="preview", case=cases, act="accept")
    assert "2件将会改动" in words(seen)
    assert "有同事正在处理" in words(seen)
    done = client.get(post(client, do="confirm", case=cases, act="accept").headers["Location"])
    assert "有同事正在处理" in words(done)
    assert [types(office, each)[-1] for each in (two, mine)] == ["accepted", "accepted"]
    assert "accepted" not in types(office, one)


def test_what_takes_nothing_out_of_anybodys_hands_needs_no_claim(office):
    filed, other = office.desk.file(), office.desk.file()
    click(office, filed, "second")
    assert act(office, filed, "link", other=other.number).status_code == 303
    assert holder(office, filed) == "second"


@pytest.mark.parametrize("wish", [{"act": "assign", "to": "second"}, {"act": "reclassify", "type": "minor"}])
def test_what_is_handed_over_among_many_is_nobodys_hold_any_more(office, wish):
    office.hire("cleared", "handler", restricted=True)
    one, two, beside = (office.desk.file() for _ in range(3))
    for each in (one, two, beside):
        click(office, each, "handler")
    given = {**wish, "to": office.refs.get(wish.get("to"), "")}
    post(office.client("handler"), do="confirm", case=[box(office, each) for each in (one, two)], **given)

    assert [types(office, each)[-1] for each in (one, two)] == [
        {"assign": "assigned", "reclassify": "reclassified"}[wish["act"]]
    ] * 2
    assert [holder(office, each) for each in (one, two, beside)] == [None, None, "handler"]
    assert act(office, one, "note", "cleared", note="我来").status_code == 303


def test_acting_on_many_claims_none_of_them_and_leaves_what_one_is_at(office, monkeypatch):
    # Each of them claimed would be more than anybody may be at, and cost whoever did it the case they are at.
    monkeypatch.setattr(claims, "MOST", 1)
    rows, mine = [office.desk.file() for _ in range(2)], office.desk.file()
    click(office, mine, "handler")
    cases = [box(office, each) for each in (mine, *rows)]
    office.desk.later(minutes=1)
    post(office.client("handler"), do="confirm", case=cases, act="note", text="统一备注")

    assert [types(office, each)[-1] for each in (*rows, mine)] == ["noted"] * 3
    assert [holder(office, each) for each in (*rows, mine)] == [None, None, "handler"]
