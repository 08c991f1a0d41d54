"""The queue of reviews: what is asked, who may look again and who may not, and whom a supervisor puts in charge."""

from __future__ import annotations

import re

import pytest
from casework import numbers, page, staffed, system_events
from office import ADMIN, send, words

from complaints.administration import api_keys
from complaints.ledger.work import Actor

ASKED = "你们没有看日志，请换一个人看"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def appealed(office, who="handler", kind="other", asked=ASKED):
    """A complaint that `who` decided (a login, or an Actor) and that is under review."""
    from complaints.cases import appeal

    by = who if isinstance(who, Actor) else Actor("handler", office.refs[who])
    filed = office.desk.file(kind)
    for step in ("accept", "decide"):
        office.desk.do(filed, step, by=by)
    office.desk.do(filed, "release")
    office.desk.later(minutes=5)
    office.desk.act(filed, appeal.appeal, asked)
    return filed


def seen(office, who, query=""):
    return office.client(who).get(f"{ADMIN}/appeals{query}")


def test_a_reviewer_sees_what_they_may_review_and_the_decider_that_they_may_not(office):
    theirs, mine = appealed(office), appealed(office, "second", asked="第二件的理由")
    office.desk.do(office.desk.file(), "accept")

    answer = seen(office, "handler")
    assert numbers(answer, theirs, mine) == [mine.number]
    assert "第二件的理由" in words(answer)
    assert ASKED not in words(answer)
    assert numbers(seen(office, "handler", "?show=own"), theirs, mine) == [theirs.number]
    whole = seen(office, "handler", "?show=all")
    # What is due first comes first.
    assert numbers(whole, theirs, mine) == [theirs.number, mine.number]
    row = words(whole)[words(whole).index(theirs.number) :]
    assert "这是您作出的决定，需由他人复核" in row
    assert "Second" in row
    assert f"/case/{mine.number}/review" in whole.get_data(as_text=True)
    assert f"/case/{theirs.number}/review" not in whole.get_data(as_text=True)


def test_the_way_there_says_how_many_wait_for_me(office):
    for _ in range(2):
        appealed(office)
    appealed(office, "second")
    badge = {
        who: re.search(
            r'/appeals"[^>]*>复核(?: <span class="cmp-badge">(\d+)</span>)?', page_of(office, who)
        )[1]
        for who in ("handler", "second", "supervisor", "auditor")
    }
    assert badge == {"handler": "1", "second": "2", "supervisor": "3", "auditor": None}


def page_of(office, who):
    return office.client(who).get(f"{ADMIN}/replies").get_data(as_text=True)


def test_what_a_key_decided_is_no_more_for_its_maker_to_review(office):
    by = Actor("admin", office.refs["handler"])
    key, _ = office.installation.write(
        lambda work: api_keys.create(work, "机器人", ["act"], days=None, by=by)
    )
    filed = appealed(office, Actor("handler", key.ref))
    assert numbers(seen(office, "handler"), filed) == []
    assert numbers(seen(office, "handler", "?show=own"), filed) == [filed.number]
    assert numbers(seen(office, "second"), filed) == [filed.number]


def test_reading_the_excerpts_stands_in_the_log_once_an_hour(office):
    appealed(office)
    for _ in range(2):
        seen(office, "second")
    seen(office, "auditor")
    assert [who for kind, who in system_events(office) if kind == "browsed"] == [
        f"handler:{office.refs['second']}",
        f"auditor:{office.refs['auditor']}",
    ]


def test_a_restricted_one_is_there_for_the_cleared_alone_and_without_its_words(office):
    filed = appealed(office, kind="self_harm")
    office.hire("cleared", "handler", restricted=True)
    for query in ("", "?show=all"):
        assert filed.number not in seen(office, "second", query).get_data(as_text=True)
        answer = seen(office, "cleared", query)
        assert filed.number in answer.get_data(as_text=True)
        assert ASKED not in words(answer)
    assert "browsed" not in [kind for kind, _ in system_events(office)]


def test_a_supervisor_puts_somebody_in_charge_who_did_not_decide(office):
    filed, other = appealed(office), appealed(office, "second")
    client = office.client("supervisor")
    versions = {each.uid: office.desk.case(each).version for each in (filed, other)}
    chosen = [f"{uid}:{version}" for uid, version in versions.items()]
    given = {"to": office.refs["second"], "case": chosen}
    preview = send(client, f"{ADMIN}/appeals", "/bulk", "preview", **given)
    assert "正在复核的决定由这位同事作出" in words(preview)
    from office import send_from

    done = send_from(client, preview.get_data(as_text=True), f"{ADMIN}/bulk", "/bulk", "confirm", case=chosen)
    assert done.status_code == 303
    assert office.desk.case(filed).assignee == office.refs["second"]
    assert office.desk.case(other).assignee is None


def test_the_case_page_offers_the_decider_no_way_to_take_it(office):
    filed = appealed(office)
    mine, theirs = (
        office.client(who).get(page(filed)).get_data(as_text=True) for who in ("handler", "second")
    )
    assert 'name="assign-to" value="' not in mine
    assert f'name="assign-to" value="{office.refs["second"]}"' in theirs
    refused = send(office.client("second"), page(filed), "/assign", **{"assign-to": office.refs["handler"]})
    assert refused.status_code == 422


def test_the_reviewer_reads_both_the_decision_and_what_is_said_against_it(office):
    filed = appealed(office)
    answer = office.client("second").get(f"{page(filed)}/review")
    html = answer.get_data(as_text=True)
    decision = html[html.index('id="reviewed"') : html.index('id="asked"')]
    for said in ("投诉成立", "我们核实了，情况属实", "内部：模型版本7", "Handler"):
        assert said in decision
    asked = html[html.index('id="asked"') :]
    assert ASKED in asked[: asked.index("</section>")]
