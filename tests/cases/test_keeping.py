"""How long a case is kept: periods, requests that restrict to storage, and holds against erasure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from factories import ALICE, BOB, CAROL
from marked import (
    ended,
    filed_with_marks,
    finish,
    request,
    years,
)

from complaints.base.clock import beijing
from complaints.base.errors import InputError, NotAllowedError, TransitionError
from complaints.base.translations import speaking
from complaints.cases import (
    erasure,
    third_party,
)
from complaints.ledger import journal
from complaints.ledger.private import COMPLAINANT
from complaints.ledger.work import COMPLAINANT as PERSON
from complaints.policy.model import Retention
from complaints.policy.retention import kept_until


@pytest.mark.parametrize(
    ("ended_at", "years", "months", "until"),
    [
        ("2024-02-28T16:00", 3, 6, "2027-02-28"),
        ("2026-11-23T02:00", 3, 6, "2029-11-23"),
        ("2026-11-23T16:00", 3, 6, "2029-11-24"),
        ("2026-08-31T02:00", 1, 18, "2028-02-29"),
        ("2026-12-31T02:00", 1, 6, "2027-12-31"),
    ],
)
def test_the_period_ends_with_its_last_day_and_never_before_the_logs_own(ended_at, years, months, until):
    moment = kept_until(Retention(years, months), datetime.fromisoformat(ended_at).replace(tzinfo=UTC))

    assert beijing(moment - timedelta(seconds=1)).date().isoformat() == until


def test_nothing_is_forgotten_before_the_time_to_ask_for_a_review_is_over():
    now = datetime(2026, 11, 23, tzinfo=UTC)

    assert kept_until(Retention(1, 6), now, now + timedelta(days=900)) == now + timedelta(days=900)


def test_a_request_within_the_period_only_stores_and_the_end_erases_by_itself(desk):
    filed = filed_with_marks(desk)
    until = ended(desk, filed).erase_at
    request(desk, filed)

    case = desk.case(filed)
    assert (case.stored_only_at, case.erase_at, case.erased_at) == (desk.clock.now, until, None)
    assert finish(desk, filed) is None
    with pytest.raises(TransitionError):
        request(desk, filed)
    assert filed.uid not in desk.read(erasure.due)
    years(desk)
    assert desk.read(erasure.due) == [filed.uid]
    finish(desk, filed)
    assert desk.events(filed)[-1].meta["reason"] == "request"
    assert desk.read(erasure.due) == []


def test_a_request_while_the_case_is_open_leaves_the_answer_and_counts_from_the_end(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    request(desk, filed)
    assert desk.case(filed).erase_at is None
    for use in ("ask", "reply", "merge", "reclassify"):
        with pytest.raises(TransitionError):
            desk.do(filed, use)
    desk.do(filed, "decide")
    desk.do(filed, "release")
    case = ended(desk, filed)

    assert case.erase_at == kept_until(Retention(), desk.clock.now, case.appeal_until)
    assert desk.codes() == set()


def test_a_request_during_a_pause_and_its_withdrawal(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "ask")
    request(desk, filed)
    desk.do(filed, "supply")
    desk.act(filed, erasure.withdraw_request, PERSON)

    assert desk.case(filed).stored_only_at is None
    desk.do(filed, "reply")
    with pytest.raises(TransitionError):
        desk.act(filed, erasure.withdraw_request, PERSON)


def test_an_appeal_against_a_stored_case_stops_the_count_until_it_ends_again(desk):
    filed = desk.file()
    for step in ("accept", "decide", "release", "close"):
        desk.do(filed, step)
    request(desk, filed)
    first = desk.case(filed).erase_at
    desk.do(filed, "appeal")
    assert (desk.case(filed).erase_at, desk.case(filed).stored_only_at is not None) == (None, True)
    desk.later(days=10)
    desk.do(filed, "confirm")
    desk.do(filed, "release")
    assert ended(desk, filed).erase_at > first


def test_a_hold_keeps_what_a_request_and_the_period_would_erase(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    desk.act(filed, erasure.hold, BOB, "（2026）京01民初1号")
    request(desk, filed)
    years(desk)
    assert desk.read(erasure.due) == []
    assert finish(desk, filed) is None
    with pytest.raises(TransitionError):
        desk.act(filed, erasure.order, BOB, [COMPLAINANT], "x")
    desk.act(filed, erasure.lift, BOB, "已结案")
    assert desk.read(erasure.due) == [filed.uid]
    assert finish(desk, filed)


def test_after_the_period_a_request_is_for_now(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    years(desk)
    desk.act(filed, erasure.hold, CAROL, "诉讼")
    request(desk, filed)
    assert desk.case(filed).erase_at < desk.clock.now
    other = desk.file()
    desk.do(other, "withdraw")
    years(desk)
    request(desk, other)
    assert desk.case(other).erase_at == desk.clock.now
    assert finish(desk, other)


@pytest.mark.parametrize("lang", ["en", "zh", ""])
@pytest.mark.parametrize(
    "act",
    [
        lambda work, case: erasure.hold(work, case, BOB, " "),
        lambda work, case: erasure.request(work, case, BOB, how="\n"),
        lambda work, case: erasure.order(work, case, BOB, [], "x"),
        lambda work, case: erasure.order(work, case, BOB, ["everybody"], "x"),
        lambda work, case: third_party.name(work, case, BOB, []),
        lambda work, case: third_party.name(work, case, BOB, ["1/contact"]),
        lambda work, case: third_party.name(work, case, BOB, ["9/x", "../etc/passwd", "file/'; --"]),
    ],
)
def test_bad_input_is_refused_in_words_and_changes_nothing(desk, act, lang):
    filed = desk.file()
    desk.do(filed, "withdraw")
    with speaking(lang or "zh"), pytest.raises(InputError) as refused:
        desk.act(filed, act)
    said = [sentence for each in refused.value.fields.values() for sentence in each]
    assert said
    assert all(sentence.isascii() == (lang == "en") for sentence in said)
    assert desk.case(filed).erase_at is not None
    assert desk.events(filed)[-1].type == "withdrawn"


def test_only_leaders_hold_order_and_enter_requests(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    for refused in (
        lambda: desk.act(filed, erasure.hold, ALICE, "x"),
        lambda: desk.act(filed, erasure.lift, ALICE, "x"),
        lambda: desk.act(filed, erasure.order, ALICE, [COMPLAINANT], "x"),
        lambda: desk.act(filed, erasure.request, ALICE, how="x"),
    ):
        with pytest.raises(NotAllowedError):
            refused()


def test_what_ended_under_an_earlier_version_gets_its_date(desk):
    filed, opened = desk.file(), desk.file()
    desk.do(filed, "withdraw")
    until = desk.case(filed).erase_at
    desk.act(filed, lambda work, case: journal.record(work, case, "kept", BOB, change={"erase_at": None}))
    assert desk.read(erasure.unplanned) == [filed.uid]

    desk.act(filed, erasure.plan)

    assert desk.case(filed).erase_at == until
    assert desk.read(erasure.unplanned) == []
    assert desk.act(opened, erasure.plan) is None
