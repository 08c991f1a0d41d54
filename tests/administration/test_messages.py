"""The outbox for its keepers: narrowed, paged, sent again and dropped, on three databases among other messages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from complaints.administration import messages
from complaints.administration.messages import Wanted
from complaints.base.errors import ConflictError, NotFoundError
from complaints.cases import disposal
from complaints.cases.paging import Place
from complaints.cases.people import Operator
from complaints.delivery import outbox
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.store.tables import Outbox

KEEPER = Operator("op_kim", "Kim", frozenset({"admin"}))
CLEARED = Operator("op_lee", "Lee", frozenset({"admin"}), restricted=True)


def put(
    desk, kind, recipient="operators", *, state="queued", error=None, minutes=0, case=None, n=1, **values
):
    """Queue `n` messages as if they had come to this state; returns their numbers."""

    def write(work):
        made = []
        for _ in range(n):
            token = work.session.query(Outbox).count()
            outbox.queue(
                work,
                kind,
                recipient,
                dedupe=f"test/{kind}/{token}",
                complaint_id=case,
                not_before=work.now + timedelta(minutes=minutes),
                **values,
            )
            row = work.session.scalars(select(Outbox).order_by(Outbox.id.desc()).limit(1)).one()
            row.state, row.last_error = state, error
            row.sent_at = work.now if state == "sent" else None
            made.append(row.id)
        return made

    return desk.installation.write(write)


def listed(desk, wanted, viewer=KEEPER, place=None):
    return desk.read(lambda work: [row.id for row in messages.stretch(work, viewer, wanted, place).rows])


@pytest.fixture
def noise(desk):
    """Messages nobody asks for below."""
    desk.installation.write(lambda work: work.session.query(Outbox).delete())
    put(desk, "checkpoint", "witness:0011", state="sent", n=3)
    put(desk, "new", "operators", state="taken_back")
    return desk


CASES = [
    ("dead", Wanted("dead")),
    ("failing", Wanted("failing")),
    ("due", Wanted("due")),
    ("waiting", Wanted("waiting")),
    ("dropped", Wanted("dropped")),
    ("mail", Wanted("dead", way="mail")),
    ("hook", Wanted("dead", way="webhook")),
    ("accepted", Wanted("dead", kind="accepted")),
    ("refused", Wanted("dead", reason="SMTPRecipientsRefused")),
]


@pytest.mark.parametrize(("name", "wanted"), CASES, ids=[name for name, _ in CASES])
def test_each_state_and_filter_finds_its_messages_and_no_other(noise, name, wanted):
    dead = {
        "accepted": put(noise, "accepted", state="dead", error="SMTPDataError 554"),
        "refused": put(noise, "received", state="dead", error="SMTPRecipientsRefused 550"),
        "hook": put(noise, "filed", "webhook:x", state="dead", error="WebhookRefused 500", channel="webhook"),
    }
    found = dead | {
        "failing": put(noise, "late", error="TimeoutError", minutes=5),
        "due": put(noise, "due", minutes=-5),
        "waiting": put(noise, "warn", minutes=60),
        "dropped": put(noise, "appeal", state="dropped", error="Settled"),
        "dead": sorted((row for rows in dead.values() for row in rows), reverse=True),
        "mail": sorted(dead["accepted"] + dead["refused"], reverse=True),
    }

    assert listed(noise, wanted) == found[name]


@pytest.mark.parametrize(("state", "minutes"), [("dead", 0), ("waiting", 10), ("dead", -5)])
def test_pages_lead_through_all_and_back_without_a_gap(noise, state, minutes):
    made = put(
        noise,
        "accepted",
        state="queued" if state == "waiting" else state,
        minutes=minutes,
        n=messages.PAGE + 7,
    )
    wanted, seen, place = Wanted(state), [], None
    for _ in range(3):
        page = noise.read(lambda work, place=place: messages.stretch(work, KEEPER, wanted, place))
        seen += [row.id for row in page.rows]
        if page.after is None:
            break
        place = page.after
    back = Place.read(str(page.before), back=True)

    assert sorted(seen) == made
    assert len(seen) == len(set(seen))
    assert listed(noise, wanted, place=back) == seen[: messages.PAGE]


@pytest.fixture
def hidden(noise):
    """A restricted case with a message that was given up."""
    kind = next(
        key
        for key, row in noise.read(lambda work: work.policy.types).items()
        if row.restricted and set(row.required) <= {"details"} and not row.contact_required
    )
    case = noise.case(noise.file(kind))
    noise.installation.write(lambda work: work.session.query(Outbox).delete())
    (row,) = put(noise, "accepted", "complainant", state="dead", case=case.id)
    return case, row


def test_a_message_about_a_hidden_case_is_neither_seen_counted_nor_touched(noise, hidden):
    case, row = hidden
    acts = [
        lambda work: messages.retry(work, KEEPER, row),
        lambda work: messages.drop(work, KEEPER, row, "told"),
        lambda work: messages.find(work, KEEPER, row),
    ]

    assert listed(noise, Wanted("dead")) == []
    assert noise.read(lambda work: messages.counts(work, KEEPER)["dead"]) == 0
    assert noise.read(lambda work: messages.dead_by_kind(work, KEEPER)) == []
    assert noise.installation.write(lambda work: messages.retry_all(work, KEEPER, Wanted("dead"))) == 0
    for act in acts:
        with pytest.raises(NotFoundError):
            noise.installation.write(act)
    assert listed(noise, Wanted("dead"), CLEARED) == [row]
    assert noise.read(lambda work: work.session.get(Outbox, row).state) == "dead"
    assert [each.type for each in noise.read(lambda work: history(work, case.uid))] == ["filed"]


def test_sending_again_stands_on_the_case_where_it_is_the_complainants(noise):
    case = noise.case(filed := noise.file())
    noise.installation.write(lambda work: work.session.query(Outbox).delete())
    (theirs,) = put(noise, "accepted", "complainant", state="dead", case=case.id, error="SMTPDataError 554")
    (ours,) = put(noise, "new", "operator:op_x", state="dead", case=case.id)
    version = noise.case(filed).version
    for row in (theirs, ours):
        noise.installation.write(lambda work, row=row: messages.retry(work, KEEPER, row))
    last = noise.events(filed)[-1]
    system = noise.read(lambda work: history(work, SYSTEM_STREAM))[-1]

    assert (last.type, last.ref, last.meta["outbox"]) == ("message_retried", "op_kim", theirs)
    assert (system.type, system.meta) == ("message_retried", {"outbox": ours})
    # An open form of a colleague is not made stale by it.
    assert noise.case(filed).version == version
    rows = noise.read(lambda work: work.session.query(Outbox.state, Outbox.attempts, Outbox.last_error).all())
    assert [tuple(row) for row in rows] == [("queued", 0, None)] * 2
    with pytest.raises(ConflictError):
        noise.installation.write(lambda work: messages.retry(work, KEEPER, theirs))


def test_all_of_a_kind_are_sent_again_the_oldest_first_and_never_more_than_the_bound(noise):
    case = noise.case(filed := noise.file())
    noise.installation.write(lambda work: work.session.query(Outbox).delete())
    made = put(noise, "accepted", "complainant", state="dead", case=case.id, n=3)
    other = put(noise, "received", "complainant", state="dead", case=case.id)
    ours = put(noise, "accepted", "operator:op_x", state="dead")
    wanted = Wanted("dead", kind="accepted", way="mail")
    n = noise.installation.write(lambda work: messages.retry_all(work, KEEPER, wanted, most=2))
    left = sorted(listed(noise, Wanted("dead")))

    assert (n, left) == (2, sorted([*made[2:], *other, *ours]))
    n = noise.installation.write(lambda work: messages.retry_all(work, KEEPER, wanted))
    assert (n, listed(noise, Wanted("dead"))) == (2, other)
    assert [each.type for each in noise.events(filed)].count("message_retried") == 3
    assert noise.read(lambda work: history(work, SYSTEM_STREAM))[-1].meta == {"outbox": ours}


@pytest.mark.parametrize("reason", messages.REASONS)
def test_a_message_is_dropped_with_its_reason_in_the_log(noise, reason):
    case = noise.case(filed := noise.file())
    noise.installation.write(lambda work: work.session.query(Outbox).delete())
    (theirs,) = put(noise, "accepted", "complainant", state="dead", case=case.id)
    (ours,) = put(noise, "test", "webhook:x", state="dead", channel="webhook")
    for row in (theirs, ours):
        noise.installation.write(lambda work, row=row: messages.drop(work, KEEPER, row, reason))
    last, system = noise.events(filed)[-1], noise.read(lambda work: history(work, SYSTEM_STREAM))[-1]

    assert (last.type, last.meta["reason"]) == ("message_dropped", reason)
    assert (system.type, system.meta) == ("message_dropped", {"outbox": ours, "reason": reason})
    assert sorted(listed(noise, Wanted("dropped"))) == [theirs, ours]


@pytest.mark.parametrize(
    ("state", "channel", "reason"),
    [
        ("queued", "mail", "told"),
        ("sent", "mail", "told"),
        ("dead", "callback", "told"),
        ("dead", "mail", "because"),
    ],
)
def test_only_what_was_given_up_is_dropped_and_only_for_a_reason_there_is(noise, state, channel, reason):
    (row,) = put(noise, "accepted", state=state, channel=channel)
    with pytest.raises(ConflictError):
        noise.installation.write(lambda work: messages.drop(work, KEEPER, row, reason))
    assert noise.read(lambda work: work.session.get(Outbox, row).state) == state


def test_a_call_for_a_measure_that_nobody_ordered_is_left_alone(desk):
    filed = desk.file()
    for name in ("accept", "start"):
        desk.do(filed, name)
    case = desk.case(filed)
    desk.installation.write(lambda work: work.session.query(Outbox).delete())
    (row,) = put(
        desk,
        disposal.KIND,
        disposal.HOST,
        state="dead",
        case=case.id,
        seq=2,
        channel=disposal.CHANNEL,
        details={"position": 0},
    )

    before = len(desk.events(filed))
    with pytest.raises(ConflictError):
        desk.installation.write(lambda work: messages.retry(work, KEEPER, row))
    assert len(desk.events(filed)) == before
    assert desk.read(lambda work: work.session.get(Outbox, row).state) == "dead"
