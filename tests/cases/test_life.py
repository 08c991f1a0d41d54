"""A complaint's whole life by a table; after each row an audit rebuilds the tables from the log."""

from __future__ import annotations

import pytest
from factories import ALICE, STEPS

from complaints.base.errors import ComplaintsError, NotAllowedError, TransitionError
from complaints.cases import deciding
from complaints.cases.step import EVENTS
from complaints.policy.states import TRANSITIONS

LIVES = [
    # what happens | where it ends | the result's published date | the outcome
    ("accept start decide release", "decided", "met", "upheld"),
    ("decide release rate close rate", "closed", "met", "upheld"),
    ("accept decide release close appeal confirm release", "decided", "met", "upheld"),
    ("accept decide release appeal change release", "decided", "met", "partly"),
    ("accept decide release appeal send_back decide release", "decided", "met", "upheld"),
    ("decline release", "declined", "void", "declined"),
    ("decline release close", "closed", "void", "declined"),
    ("decline release appeal overturn", "accepted", "pending", None),
    ("decline release appeal overturn decide release", "decided", "met", "upheld"),
    ("decline release appeal confirm release", "decided", "void", "declined"),
    ("decline take_back accept", "accepted", "pending", None),
    ("accept decide take_back", "accepted", "pending", None),
    ("accept start decide take_back decide release", "decided", "met", "upheld"),
    ("ask", "awaiting_complainant", "paused", None),
    ("ask supply", "submitted", "pending", None),
    ("accept ask supply", "accepted", "pending", None),
    ("accept start ask resume", "processing", "pending", None),
    ("accept ask decide release", "decided", "met", "upheld"),
    ("accept ask decide take_back", "awaiting_complainant", "paused", None),
    ("accept ask decide take_back supply", "accepted", "pending", None),
    ("accept message reply assign note record_action", "accepted", "pending", None),
    ("accept transfer link assign unlink transfer", "accepted", "pending", None),
    ("reclassify accept reclassify", "accepted", "pending", None),
    ("withdraw", "withdrawn", "void", None),
    ("accept ask withdraw reopen", "processing", "pending", None),
    ("accept decide release close reopen decide release", "decided", "met", "upheld"),
    ("decline release reopen", "processing", "pending", "declined"),
    ("merge unmerge", "accepted", "pending", None),
    ("accept start merge unmerge decide release", "decided", "met", "upheld"),
    ("ask merge", "merged", "pending", None),
    ("ask merge unmerge start", "processing", "pending", None),
    ("accept ask merge unmerge supply", "accepted", "pending", None),
    ("accept merge withdraw", "withdrawn", "void", None),
]


@pytest.mark.parametrize(
    ("steps", "state", "result", "outcome"), LIVES, ids=[life[0].replace(" ", "_") for life in LIVES]
)
def test_a_life_ends_where_the_table_says(desk, steps, state, result, outcome):
    filed = desk.file()
    for name in steps.split():
        desk.do(filed, name)

    case = desk.case(filed)
    newest = max(row.cycle for row in desk.milestones(filed, kind="result", step="due"))
    due = desk.milestones(filed, kind="result", step="due", cycle=newest)
    assert (case.state, case.outcome) == (state, outcome)
    assert [row.state for row in due] == [result]
    assert [entry.type for entry in desk.events(filed)] == ["filed", *_events(steps)]


def _events(steps):
    for name in steps.split():
        # An answer to a complaint nobody has accepted yet accepts it on the way.
        if name == "decide" and steps.startswith("decide"):
            yield "accepted"
        # To join it is to take it on; a question asked before that is dropped.
        if name == "merge" and steps.startswith("merge"):
            yield "accepted"
        if name == "merge" and steps.startswith("ask"):
            yield from ("resumed", "accepted")
        yield EVENTS[name]


def test_the_lives_walk_every_action_of_the_table():
    walked = {name for life in LIVES for name in life[0].split()}

    assert walked | {"file", "decide_with_lead"} == set(TRANSITIONS)
    assert walked == set(STEPS)


REFUSED = [
    ("", "start", TransitionError),
    ("", "release", TransitionError),
    ("", "appeal", TransitionError),
    ("", "rate", TransitionError),
    ("accept", "accept", TransitionError),
    ("accept", "decline", TransitionError),
    ("accept decide", "rate", TransitionError),
    ("accept decide", "appeal", TransitionError),
    ("accept decide", "close", TransitionError),
    ("accept decide", "decide", TransitionError),
    ("accept decide release", "take_back", TransitionError),
    ("accept decide release", "release", TransitionError),
    ("accept decide release", "withdraw", TransitionError),
    ("accept decide release appeal confirm release", "appeal", TransitionError),
    ("accept decide release appeal", "overturn", TransitionError),
    ("accept decide release appeal", "withdraw", TransitionError),
    ("withdraw", "message", TransitionError),
    ("withdraw", "accept", TransitionError),
    ("accept decide release close", "reply", TransitionError),
]


@pytest.mark.parametrize(
    ("steps", "then", "error"), REFUSED, ids=[f"{row[0]}_then_{row[1]}".replace(" ", "_") for row in REFUSED]
)
def test_what_the_table_does_not_allow_is_refused_and_leaves_no_trace(desk, steps, then, error):
    filed = desk.file()
    for name in steps.split():
        desk.do(filed, name)
    before = (desk.case(filed).version, len(desk.events(filed)), desk.outbox(filed))

    with pytest.raises(error):
        desk.do(filed, then)

    assert (desk.case(filed).version, len(desk.events(filed)), desk.outbox(filed)) == before


@pytest.mark.parametrize("verdict", ["confirm", "change", "send_back"])
def test_nobody_reviews_their_own_decision(desk, verdict):
    filed = desk.file()
    for name in ("accept", "decide", "release", "appeal"):
        desk.do(filed, name)

    with pytest.raises(NotAllowedError, match="someone else"):
        desk.do(filed, verdict, by=ALICE)

    assert desk.case(filed).state == "under_review"


def test_nobody_takes_on_what_they_declined(desk):
    filed = desk.file()
    for name in ("decline", "release", "appeal"):
        desk.do(filed, name)

    with pytest.raises(NotAllowedError):
        desk.do(filed, "overturn", by=ALICE)


def test_a_review_is_asked_for_within_the_window_only(desk):
    early, tardy = desk.file(), desk.file()
    for filed in (early, tardy):
        for name in ("accept", "decide", "release"):
            desk.do(filed, name)
    until = desk.case(tardy).appeal_until

    desk.clock.now = until
    desk.act(early, *_appeal())
    desk.later(seconds=1)
    with pytest.raises(TransitionError, match="over"):
        desk.act(tardy, *_appeal())


def _appeal():
    from complaints.cases import appeal

    return appeal.appeal, "我不同意"


def test_a_step_under_an_old_version_is_a_conflict_and_writes_nothing(desk):
    from complaints.base.errors import ConflictError
    from complaints.cases import handling
    from complaints.ledger import journal

    filed = desk.file()
    seen = desk.case(filed).version
    desk.do(filed, "note")

    with pytest.raises(ConflictError):
        desk.installation.write(
            lambda work: handling.accept(work, journal.lock(work, filed.uid, version=seen), ALICE)
        )

    assert [entry.type for entry in desk.events(filed)] == ["filed", "noted"]


def test_each_error_of_a_step_is_one_of_ours():
    assert all(issubclass(row[2], ComplaintsError) for row in REFUSED)


@pytest.mark.parametrize("verdict", ["confirm", "change"])
def test_a_verdict_taken_back_leaves_the_answer_under_review_and_its_author_barred(desk, verdict):
    filed = desk.file()
    for name in ("accept", "decide", "release", "appeal"):
        desk.do(filed, name)
    before = desk.case(filed)
    desk.do(filed, verdict)
    desk.do(filed, "take_back")

    after = desk.case(filed)
    kept = ("state", "outcome", "reason", "decided_at", "decided_by", "released_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    with pytest.raises(NotAllowedError):
        desk.do(filed, "confirm", by=ALICE)


def test_an_answer_that_goes_out_now_is_not_taken_back(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "decide")
    desk.clock.now = desk.case(filed).release_due

    with pytest.raises(TransitionError):
        desk.act(filed, deciding.take_back, ALICE)
    desk.later(seconds=-1)
    desk.act(filed, deciding.take_back, ALICE)
    assert desk.case(filed).state == "accepted"
