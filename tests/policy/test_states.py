from __future__ import annotations

import pytest

from complaints.base.errors import TransitionError
from complaints.policy.roles import ROLES
from complaints.policy.states import (
    FINAL,
    OPEN,
    RELEASES,
    RESUME,
    STATES,
    TRANSITIONS,
    State,
    allowed,
    pause_effect,
    public_state,
    require,
    resume_targets,
)

S = State
KINDS = {"accept", "first_action", "result", "review", "reply"}
CONDITIONS = {
    "released",
    "unreleased",
    "appeal_window",
    "appeal_left",
    "window_over",
    "not_decider",
    "was_declined",
}


def targets(row, state):
    if row.target == RESUME:
        return resume_targets(state)
    return {row.target or state}


def test_every_state_has_words_in_both_languages_and_an_icon_of_its_own():
    assert set(STATES) == set(State)
    for state in State:
        assert state.label("zh")
        assert state.label("en")
        assert state.label("zh") != state.label("en")
        assert state.sentence("zh")
        assert state.sentence("en")
    assert len({info.icon for info in STATES.values()}) == len(State)
    assert {info.tone for info in STATES.values()} <= {"info", "ok", "warn", "neutral", "review"}


def test_every_row_speaks_the_words_of_the_table():
    for action, row in TRANSITIONS.items():
        assert row.action == action
        assert row.label.zh
        assert row.label.en
        assert row.sources
        assert row.roles <= set(ROLES)
        assert "auditor" not in row.roles, "an auditor reads"
        assert {*row.starts, *row.meets} <= KINDS
        assert row.conditions <= CONDITIONS


def test_every_state_is_reached_from_filing():
    reached, frontier = set(), {None}
    while frontier:
        state = frontier.pop()
        for row in TRANSITIONS.values():
            if state in row.sources and row.moves:
                for target in targets(row, state):
                    if target not in reached:
                        reached.add(target)
                        frontier.add(target)
    assert reached == set(State)


@pytest.mark.parametrize("state", [None, *State])
def test_every_state_can_be_left_and_the_open_ones_without_the_complainant(state):
    moves = [row for row in TRANSITIONS.values() if state in row.sources and row.moves]
    assert moves
    if state in OPEN:
        assert any(row.roles & {"handler", "system"} for row in moves)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_from_every_open_state_an_answer_can_be_reached_without_the_complainant(state):
    seen, frontier = set(), {state}
    while frontier:
        here = frontier.pop()
        seen.add(here)
        for row in TRANSITIONS.values():
            if here in row.sources and row.moves and row.roles & {"handler", "system"}:
                frontier |= targets(row, here) - seen
    assert seen & set(RELEASES)


def test_only_three_places_return_and_each_knows_where_to():
    assert {
        state: resume_targets(state)
        for row in TRANSITIONS.values()
        if row.target == RESUME
        for state in row.sources
    } == {
        S.AWAITING_COMPLAINANT: {S.SUBMITTED, S.ACCEPTED, S.PROCESSING},
        S.MERGED: {S.SUBMITTED, S.ACCEPTED, S.PROCESSING, S.AWAITING_COMPLAINANT},
        S.DECIDED: {S.ACCEPTED, S.PROCESSING, S.AWAITING_COMPLAINANT, S.UNDER_REVIEW, S.MERGED},
        S.DECLINED: {S.SUBMITTED},
    }


def test_a_clock_pauses_exactly_while_the_complainant_is_waited_for():
    for row in TRANSITIONS.values():
        if not row.moves:
            assert not row.pauses
            assert not row.resumes
            continue
        into = any(
            target is S.AWAITING_COMPLAINANT for state in row.sources for target in targets(row, state)
        )
        # Taking back and separating may lead into a pause again; the service asks pause_effect.
        assert row.pauses == (into and row.target != RESUME)
        assert row.resumes == (S.AWAITING_COMPLAINANT in row.sources)
    assert pause_effect(S.PROCESSING, S.AWAITING_COMPLAINANT) == "pause"
    assert pause_effect(S.AWAITING_COMPLAINANT, S.MERGED) == "resume"
    assert pause_effect(S.AWAITING_COMPLAINANT, S.AWAITING_COMPLAINANT) == ""
    assert pause_effect(None, S.SUBMITTED) == ""


@pytest.mark.parametrize(
    ("action", "state", "role", "target"),
    [
        ("file", None, "complainant", S.SUBMITTED),
        ("file", None, "host", S.SUBMITTED),
        ("accept", S.SUBMITTED, "handler", S.ACCEPTED),
        ("decline", S.SUBMITTED, "supervisor", S.DECLINED),
        ("start", S.ACCEPTED, "handler", S.PROCESSING),
        ("ask", S.SUBMITTED, "handler", S.AWAITING_COMPLAINANT),
        ("supply", S.AWAITING_COMPLAINANT, "complainant", RESUME),
        ("resume", S.AWAITING_COMPLAINANT, "system", RESUME),
        ("decide", S.PROCESSING, "handler", S.DECIDED),
        ("take_back", S.DECIDED, "handler", RESUME),
        ("release", S.DECLINED, "system", None),
        ("close", S.DECIDED, "complainant", S.CLOSED),
        ("appeal", S.DECLINED, "complainant", S.UNDER_REVIEW),
        ("appeal", S.CLOSED, "complainant", S.UNDER_REVIEW),
        ("confirm", S.UNDER_REVIEW, "handler", S.DECIDED),
        ("overturn", S.UNDER_REVIEW, "admin", S.ACCEPTED),
        ("send_back", S.UNDER_REVIEW, "supervisor", S.PROCESSING),
        ("withdraw", S.MERGED, "complainant", S.WITHDRAWN),
        ("merge", S.AWAITING_COMPLAINANT, "handler", S.MERGED),
        ("decide_with_lead", S.MERGED, "system", S.DECIDED),
        ("reopen", S.WITHDRAWN, "supervisor", S.PROCESSING),
        ("note", S.CLOSED, "handler", None),
        ("message", S.DECLINED, "complainant", None),
    ],
)
def test_what_is_possible(action, state, role, target):
    row = require(action, state, role)
    assert row.target == target
    assert row in allowed(state, role)


@pytest.mark.parametrize(
    ("action", "state", "role"),
    [
        ("accept", S.SUBMITTED, "complainant"),
        ("accept", S.SUBMITTED, "auditor"),
        ("accept", S.ACCEPTED, "handler"),
        ("decide", S.SUBMITTED, "handler"),  # nothing is answered before it is taken on
        ("decide", S.DECIDED, "handler"),
        ("reopen", S.CLOSED, "handler"),
        ("withdraw", S.DECIDED, "complainant"),
        ("message", S.CLOSED, "complainant"),
        ("release", S.DECIDED, "handler"),
        ("appeal", S.PROCESSING, "complainant"),
        ("file", S.SUBMITTED, "complainant"),
        ("no_such_action", S.SUBMITTED, "admin"),
    ],
)
def test_what_is_refused(action, state, role):
    with pytest.raises(TransitionError, match="possible"):
        require(action, state, role)


def test_a_refusal_names_what_is_possible_instead():
    with pytest.raises(
        TransitionError, match=r"handler cannot 'decide' .*'submitted'; possible: accept, decline, ask"
    ):
        require("decide", S.SUBMITTED, "handler")


def test_before_release_a_decision_can_be_taken_back_and_afterwards_only_appealed():
    before = {row.action for row in allowed(S.DECIDED, "handler", released=False)}
    after = {row.action for row in allowed(S.DECIDED, "handler", released=True)}
    assert "take_back" in before - after
    assert "close" in after - before
    assert "appeal" not in {row.action for row in allowed(S.DECIDED, "complainant", released=False)}
    with pytest.raises(TransitionError):
        require("take_back", S.DECIDED, "handler", released=True)


@pytest.mark.parametrize("state", sorted(RELEASES))
@pytest.mark.parametrize("action", [*TRANSITIONS, "no_such_action"])
def test_nothing_said_to_a_complainant_gives_a_waiting_decision_away(action, state):
    if any(row.action == action for row in allowed(state, "complainant", released=False)):
        return
    with pytest.raises(TransitionError) as caught:
        require(action, state, "complainant", released=False)
    told = str(caught.value).replace(repr(action), "")
    assert state.value not in told
    assert not {"close", "appeal", "rate"} & set(told.replace(",", " ").split())


@pytest.mark.parametrize(
    ("state", "released", "before", "seen"),
    [
        (S.DECIDED, False, None, S.PROCESSING),
        (S.DECIDED, False, S.UNDER_REVIEW, S.UNDER_REVIEW),
        (S.DECIDED, True, S.PROCESSING, S.DECIDED),
        (S.DECLINED, False, None, S.SUBMITTED),
        (S.DECLINED, True, None, S.DECLINED),
        (S.PROCESSING, False, None, S.PROCESSING),
        (S.CLOSED, True, None, S.CLOSED),
    ],
)
def test_what_the_complainant_sees(state, released, before, seen):
    assert public_state(state, released, before) is seen


def test_a_decision_touches_the_promises_only_when_it_is_released():
    for action in ("decide", "decline", "confirm", "change", "decide_with_lead"):
        row = TRANSITIONS[action]
        assert not {"accept", "result", "review"} & set(row.meets)
        assert not row.tells
    assert {"result", "review"} <= set(RELEASES[S.DECIDED].meets)
    assert RELEASES[S.DECLINED].meets == ("accept", "reply")


def test_a_review_needs_somebody_else():
    for row in TRANSITIONS.values():
        assert ("not_decider" in row.conditions) == (row.sources == {S.UNDER_REVIEW})


def test_what_ends_a_complaint_leaves_no_clock_running():
    for row in TRANSITIONS.values():
        if row.target in FINAL:
            assert row.voids
