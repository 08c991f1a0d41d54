"""Why each due date of a complaint is what it is: its term, its pauses and the events that moved it otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.base.clock import from_stamp
from complaints.ledger.reading import Entry, pauses
from complaints.ledger.work import Work
from complaints.policy.explain import Explanation, Span, explain
from complaints.policy.model import Promises
from complaints.policy.terms import Term
from complaints.sla.milestones import term_of
from complaints.store.tables import Complaint, Milestone

ENDS = ("due", "target", "alarm")
_OVER = frozenset({"met", "void", "acted"})


@dataclass(frozen=True)
class Move:
    """An event other than a pause's end that set a date anew; `meta` is the event's."""

    event: str
    at: datetime
    before: datetime
    after: datetime
    meta: dict[str, Any]


@dataclass(frozen=True)
class Reason:
    """One due date with its count.

    `explanation` is None where the policy has no such term any more. `set_by` is the event that set the date, where
    the date does not follow from the count; `moves` are all events that moved it, oldest first.
    """

    milestone: Milestone
    explanation: Explanation | None
    moves: tuple[Move, ...]
    set_by: Move | None


@dataclass(frozen=True)
class _Past:
    """What the log says of one milestone: the events that moved it and the pauses it stood through."""

    moves: tuple[Move, ...]
    spans: tuple[Span, ...]


def reasons(work: Work, case: Complaint, entries: Sequence[Entry]) -> list[Reason]:
    """The reason of each due date that runs, was met or was missed; newest cycle and published ones first.

    `entries` are the complaint's events; their personal fields are not needed.
    """
    query = select(Milestone).where(
        Milestone.complaint_id == case.id, Milestone.step.in_(ENDS), Milestone.state != "void"
    )
    rows = sorted(
        work.session.scalars(query), key=lambda each: (-each.cycle, not each.publish, each.due_at, each.id)
    )
    return [_reason(work, case, each, _past(each, entries)) for each in rows]


def _reason(work: Work, case: Complaint, milestone: Milestone, past: _Past) -> Reason:
    counts = [
        explain(term, milestone.since, spans, work.calendar, policy.contacts, milestone.due_at)
        for policy, term, spans in _candidates(work, case, milestone, past)
    ]
    fitting = next((each for each in counts if each.equal), None)
    # The last candidate is what the complaint was filed under.
    found = fitting or (counts[-1] if counts else None)
    set_by = past.moves[-1] if past.moves and fitting is None else None
    return Reason(milestone, found, past.moves, set_by)


def _candidates(
    work: Work, case: Complaint, milestone: Milestone, past: _Past
) -> Iterator[tuple[Promises, Term, tuple[Span, ...]]]:
    """What the date may follow from: the terms that moves brought, newest first, then the first one.

    A move reckons from what it finds, so that only pauses that end after it may still count.
    """
    for move in reversed(past.moves):
        brought = _brought(work, case, milestone, move)
        if brought is not None:
            later = tuple(span for span in past.spans if span[1] is None or span[1] > move.at)
            yield from ((*brought, spans) for spans in (past.spans, later))
    policy = work.policy_of(case.policy_version)
    term = term_of(policy, case, milestone)
    if term is not None:
        yield policy, term, past.spans


def _brought(work: Work, case: Complaint, milestone: Milestone, move: Move) -> tuple[Promises, Term] | None:
    policy = work.policy_of(int(move.meta.get("policy", case.policy_version)))
    changed = move.meta.get("change", {}).get("type")
    kind = changed[1] if changed else case.filed_type
    term = policy.deadlines_of(kind).published(milestone.kind) if kind in policy.types else None
    return (policy, term) if term is not None else None


def _past(milestone: Milestone, entries: Sequence[Entry]) -> _Past:
    moves: list[Move] = []
    due: datetime | None = None
    alive = entries
    for place, entry in enumerate(entries):
        clock = _clock(milestone, entry)
        if clock is None:
            continue
        # Pauses count until the date is met or missed; a decision taken back makes it run again.
        alive = entries[:place] if clock.get("state") in _OVER else entries
        if "due" not in clock:
            continue
        after = from_stamp(clock["due"])
        if due is not None and after != due and not _resumes(entry):
            moves.append(Move(entry.type, entry.at, due, after, entry.meta))
        due = after
    return _Past(
        tuple(moves),
        tuple(
            (max(began, milestone.since), ended)
            for began, ended in pauses(alive)
            if ended is None or ended > milestone.since
        ),
    )


def _clock(milestone: Milestone, entry: Entry) -> dict[str, Any] | None:
    key = (milestone.cycle, milestone.kind, milestone.step, milestone.revision)
    for each in entry.meta.get("clocks", ()):
        if (each["cycle"], each["kind"], each["step"], each["rev"]) == key:
            found: dict[str, Any] = each
            return found
    return None


def _resumes(entry: Entry) -> bool:
    return entry.meta.get("change", {}).get("paused_at", (None, ""))[1] is None
