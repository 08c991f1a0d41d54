"""What SQL can do to the tables of measures and hand-overs is found; what old events left out is still understood."""

from __future__ import annotations

import dataclasses

import pytest
from factories import ALICE, a_decision
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from tampering import unguarded

from complaints.base.clock import from_stamp
from complaints.cases import deciding, disposal, forwarding
from complaints.cases.disposal import Outcome
from complaints.cases.handling import Order
from complaints.ledger.forwards import forwards
from complaints.ledger.measures import measures
from complaints.ledger.reading import Entry
from complaints.policy.model import Model
from complaints.policy.profile import load
from complaints.store.tables import Complaint, Disposal, Forward

VENDOR = Model("示例大模型", vendor="示例科技有限公司", vendor_mail="abuse@vendor.example.com")


@pytest.fixture
def victim(desk):
    """A complaint with a measure the host carried out, one with a retest, and a hand-over that was answered."""
    desk.installation.__dict__["file_policy"] = dataclasses.replace(load(), models=(VENDOR,))
    desk.installation.hooks.disposals["warn"] = lambda commission: None
    filed = desk.file()
    desk.do(filed, "accept")
    orders = (Order("warn", "账号"), Order("keyword_rule", "规则", retest=True))
    desk.act(filed, deciding.decide, ALICE, a_decision(desk, actions=orders))
    desk.do(filed, "release")
    seq = next(each.seq for each in desk.events(filed) if each.type == "decided")
    for outcome in (Outcome(7, failure="ValueError"), Outcome(9, "好了")):
        desk.act(
            filed,
            lambda work, case, outcome=outcome: disposal.answered(
                work, case, disposal.found(work, case, seq, 0), outcome
            ),
        )
    (key,) = forwarding.vendors(desk.installation.file_policy)
    written = desk.act(filed, forwarding.forward, ALICE, vendor=key, way="hand", text="模型说错了")
    desk.act(filed, forwarding.answered, ALICE, written.seq, text="已修正")
    assert desk.codes() == set()
    return filed


def of(desk, victim, table):
    return table.complaint_id == desk.read(
        lambda work: work.session.scalar(select(Complaint.id).where(Complaint.uid == victim.uid))
    )


MEASURES = [
    {"state": "failed"}, {"state": "pending"}, {"attempts": 1}, {"called": False}, {"result_seq": 1},
    {"duration_ms": 1}, {"retest": "passed"}, {"acted_at": None}, {"action": "block"}, {"immediate": True},
]  # fmt: skip
FORWARDS = [
    {"state": "sent"}, {"vendor": "another"}, {"way": "mail"}, {"answer_seq": 1}, {"sent_at": None}, {"answered_at": None},
]  # fmt: skip


@pytest.mark.tampered
@pytest.mark.parametrize(
    ("table", "values", "code"),
    [
        *((Disposal, values, "disposal-row") for values in MEASURES),
        *((Forward, values, "forward-row") for values in FORWARDS),
    ],
    ids=lambda value: "_".join(f"{k}-{v}" for k, v in value.items()) if isinstance(value, dict) else None,
)
def test_a_row_that_was_changed_is_found(desk, victim, table, values, code):
    first = select(table.id).where(of(desk, victim, table)).order_by(table.id)
    if values == {"immediate": True}:
        first = first.where(table.position == 0)
    identity = desk.read(lambda work: work.session.scalars(first).first())
    if values == {"retest": "passed"}:
        identity += 1
    unguarded(
        desk.installation.database,
        lambda session: session.execute(update(table).where(table.id == identity).values(**values)) and None,
    )
    found = desk.audit().findings
    assert {each.code for each in found} == {code}
    assert all(each.where.startswith(victim.uid) and next(iter(values)) in each.text for each in found)


@pytest.mark.tampered
@pytest.mark.parametrize(("table", "code"), [(Disposal, "disposal-row"), (Forward, "forward-row")])
def test_a_row_that_was_taken_out_or_put_in_is_found(desk, victim, table, code):
    here = of(desk, victim, table)
    row = desk.read(lambda work: work.session.scalars(select(table).where(here).order_by(table.id)).first())
    copied = {
        column.name: getattr(row, column.name) for column in table.__table__.columns if column.name != "id"
    }
    put = insert(table).values(**{**copied, "seq": 1})
    unguarded(desk.installation.database, lambda session: session.execute(put) and None)
    assert code in desk.codes()
    gone = delete(table).where(here)
    unguarded(desk.installation.database, lambda session: session.execute(gone) and None)
    assert desk.codes() == {code}


@pytest.mark.tampered
def test_rows_without_a_complaint_are_refused_or_found(desk, victim):
    row = {"vendor": "x", "way": "hand", "state": "sent", "seq": 1, "complaint_id": 9_999_999}
    put = insert(Forward).values(**row)
    if desk.installation.database.engine.dialect.name == "sqlite":
        unguarded(desk.installation.database, lambda session: session.execute(put) and None)
        assert "forward-orphan" in desk.codes()
    else:
        with pytest.raises(IntegrityError):
            unguarded(desk.installation.database, lambda session: session.execute(put) and None)


def entry(seq, kind, **meta):
    return Entry(seq, kind, from_stamp("2026-11-23T02:00:00.000000Z"), "handler:op", meta, {})


def test_events_of_before_there_were_callbacks_read_as_they_did():
    """They name an action and nothing more; a decision taken back names no measure at all."""
    ordered = entry(2, "decided", outcome="upheld", actions=[{"action": "warn"}, {"action": "block"}])
    states = lambda *entries: [each.state for each in measures(entries, ["block"])]  # noqa: E731

    assert states(entry(2, "action", actions=[{"action": "warn"}])) == ["done"]
    assert states(ordered) == ["pending", "done"]
    assert states(ordered, entry(3, "released")) == ["done", "done"]
    assert states(ordered, entry(3, "taken_back")) == ["taken_back", "done"]


@given(
    st.lists(
        st.sampled_from(
            ["released", "taken_back", "action_done", "action_failed", "action_retried", "retested"]
        ),
        max_size=8,
    )
)
def test_whatever_is_said_of_a_measure_it_stays_one_of_its_states(kinds):
    said = {"of": 1, "position": 0, "attempt": 1, "final": True, "result": "passed"}
    events = [
        entry(1, "decided", outcome="upheld", actions=[{"action": "warn", "called": True, "retest": True}])
    ]
    events += [entry(at, kind, **said) for at, kind in enumerate(kinds, 2)]
    (row,) = measures(events, [])
    assert row.state in {"pending", "done", "failed", "taken_back"}
    assert row.retest in {"wanted", "passed"}
    assert forwards(events) == []
