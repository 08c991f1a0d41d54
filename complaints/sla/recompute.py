"""Reckon the dates of open complaints anew, because the calendar or the policy has changed.

A date moves only by an event that its complainant can read, and what does not move is not touched. Nothing here
commits, and nothing here tells anybody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from complaints.base.clock import beijing, from_stamp
from complaints.ledger import journal
from complaints.ledger.journal import Clock, Written
from complaints.ledger.projection import QUIET
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.deadlines import after_pause, due_moment, end_of, shown_date
from complaints.policy.model import Promises
from complaints.policy.terms import Term
from complaints.policy.workdays import Calendar
from complaints.sla import milestones
from complaints.store.tables import Complaint, Event, Milestone

# Column of the complaint in which the date of a published kind stands.
_COLUMNS: Mapping[str, str] = {"accept": "accept_due", "result": "result_due", "review": "result_due"}
RUNNING = ("pending", "paused")
Pauses = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True)
class Cause:
    """Why dates are reckoned anew.

    `meta` goes into each event. `due(work, case, milestone, pauses)` gives the date a milestone should have, None
    where the cause does not concern it. Complaints without a running milestone later than `after`, or a provisional
    one, cannot be concerned; None: all can. `settles`: the mark 暂定 is reckoned anew too.
    """

    meta: Mapping[str, Any]
    due: Callable[[Work, Complaint, Milestone, Pauses], datetime | None]
    after: datetime | None = None
    settles: bool = False


@dataclass(frozen=True)
class Anew:
    """What a complaint's dates become: the milestones that end a term and move, and what is provisional."""

    moves: Sequence[tuple[Milestone, datetime]] = ()
    marks: Sequence[tuple[Milestone, bool]] = ()
    provisional: bool = False
    change: Mapping[str, Any] = field(default_factory=dict)

    @property
    def promised(self) -> tuple[tuple[datetime, datetime], ...]:
        """The published dates that move, old and new."""
        return tuple((each.due_at, due) for each, due in self.moves if each.publish)

    @property
    def touches(self) -> bool:
        """Whether anything is to be written; a mark alone counts where the complainant sees it."""
        return bool(self.moves or self.change)


def by_calendar(present: Calendar, former: Collection[Calendar], after: datetime, meta: Any) -> Cause:
    """The cause of a calendar: each date as the term it was filed under gives it by `present`.

    Only a date that one of the `former` calendars gave may move later; any other was brought forward once, and
    stays unless the present calendar gives an earlier one.
    """

    def due(work: Work, case: Complaint, each: Milestone, pauses: Pauses) -> datetime | None:
        policy = work.policy_of(case.policy_version)
        term = milestones.term_of(policy, case, each)
        if term is None:
            return None
        wanted = _due(policy, term, each, pauses, present)
        if wanted > each.due_at and not any(
            _due(policy, term, each, pauses, one) == each.due_at for one in former
        ):
            return None
        return wanted

    return Cause({"calendar": meta}, due, after=after, settles=True)


def by_policy(newer: Promises, version: int) -> Cause:
    """The cause of a published policy: a promise that it gives an earlier date moves there, never later."""

    def due(work: Work, case: Complaint, each: Milestone, pauses: Pauses) -> datetime | None:
        term = milestones.term_of(newer, case, each) if each.publish else None
        if term is None or case.policy_version >= version:
            return None
        wanted = _due(newer, term, each, pauses, work.calendar)
        return wanted if wanted < each.due_at else None

    return Cause({"policy": version}, due)


def concerned(cause: Cause, reached: int = 0) -> ColumnElement[bool]:
    """The condition on a complaint that `cause` may move its dates and its id is beyond `reached`."""
    running = [Milestone.complaint_id == Complaint.id, Milestone.state.in_(RUNNING)]
    if cause.after is not None:
        running.append(or_(Milestone.due_at > cause.after, Milestone.provisional))
    return and_(Complaint.id > reached, select(Milestone.id).where(*running).exists())


def count(session: Session, cause: Cause, reached: int = 0) -> int:
    """How many complaints are still to be looked at."""
    query = select(func.count()).select_from(Complaint).where(concerned(cause, reached))
    return session.scalar(query) or 0


def page(work: Work, cause: Cause, reached: int, limit: int) -> list[tuple[Complaint, Anew]]:
    """The next complaints beyond `reached` that the cause may concern, with what would become of them; reads only."""
    query = select(Complaint).where(concerned(cause, reached)).order_by(Complaint.id).limit(limit)
    cases = work.session.scalars(query.execution_options(populate_existing=True)).all()
    rows: dict[int, list[Milestone]] = {case.id: [] for case in cases}
    for each in work.session.scalars(
        select(Milestone)
        .where(Milestone.complaint_id.in_(rows), Milestone.state.in_(RUNNING))
        .order_by(Milestone.due_at, Milestone.id)
        .execution_options(populate_existing=True)
    ):
        rows[each.complaint_id].append(each)
    paused = pauses(work.session, [case.uid for case in cases])
    return [(case, reckon(work, case, rows[case.id], paused[case.uid], cause)) for case in cases]


def reckon(work: Work, case: Complaint, rows: Sequence[Milestone], paused: Pauses, cause: Cause) -> Anew:
    """What becomes of a complaint's running milestones; touches nothing."""
    moves: list[tuple[Milestone, datetime]] = []
    marks: dict[tuple[int, str, bool], bool] = {}
    for each in rows:
        if each.publish and each.step != "due":
            continue
        wanted = cause.due(work, case, each, paused)
        due = each.due_at if wanted is None else _fair(wanted, each.due_at, work.now)
        if due != each.due_at:
            moves.append((each, due))
        marks[each.cycle, each.kind, each.publish] = work.calendar.provisional_between(
            beijing(each.since).date(), shown_date(due)
        )
    promised = [open_ for (_, _, publish), open_ in marks.items() if publish]
    provisional = any(promised) if cause.settles and promised else case.provisional
    change: dict[str, Any] = {} if provisional == case.provisional else {"provisional": provisional}
    for each, due in moves:
        column = _COLUMNS.get(each.kind, "")
        # The column may hold a later cycle's date.
        if each.publish and column and getattr(case, column) == each.due_at:
            change[column] = due
    changed = [
        (each, marks[each.cycle, each.kind, each.publish])
        for each in rows
        if cause.settles
        and each.provisional != marks.get((each.cycle, each.kind, each.publish), each.provisional)
    ]
    return Anew(moves, changed, provisional, change)


def apply(work: Work, case: Complaint, cause: Cause) -> Written | None:
    """Reckon a locked complaint anew and record it as one event; None when nothing changes. Flushes only."""
    anew = reckon(
        work, case, milestones.running(work, case), pauses(work.session, [case.uid])[case.uid], cause
    )
    if not anew.touches:
        return None
    clocks: dict[tuple[Any, ...], Clock] = {}
    for each, due in anew.moves:
        for clock in (
            milestones.moved(work, case, each.kind, each.cycle, due)
            if each.publish
            else [milestones.changed(each, {"due_at": due})]
        ):
            clocks[clock.cycle, clock.kind, clock.step, clock.revision] = clock
    for each, open_ in anew.marks:
        key = each.cycle, each.kind, each.step, each.revision
        known = clocks[key].values if key in clocks else {}
        clocks[key] = milestones.changed(each, {**known, "provisional": open_})
    return journal.record(
        work,
        case,
        "rescheduled",
        SYSTEM,
        change=anew.change,
        meta=cause.meta,
        clocks=list(clocks.values()),
    )


def pauses(session: Session, uids: Sequence[str]) -> dict[str, list[tuple[datetime, datetime]]]:
    """The ended pauses of complaints, rebuilt from their events, in order."""
    found: dict[str, list[tuple[datetime, datetime]]] = {uid: [] for uid in uids}
    query = (
        select(Event.stream, Event.at, Event.leaf)
        .where(Event.stream.in_(uids), Event.type.not_in(QUIET), Event.seq > 1)
        .order_by(Event.stream, Event.seq)
    )
    for stream, at, leaf in session.execute(query):
        if b'"paused_at"' not in leaf:
            continue
        began, ended = json.loads(leaf)["meta"].get("change", {}).get("paused_at", (None, None))
        if began and not ended:
            found[stream].append((from_stamp(began), at))
    return found


def _due(policy: Promises, term: Term, each: Milestone, paused: Pauses, calendar: Calendar) -> datetime:
    due = due_moment(term, each.since, calendar, policy.contacts)
    for began, ended in paused:
        if ended > each.since:
            due = after_pause(term, due, calendar, policy.contacts, (max(began, each.since), ended))
    return due


def _fair(wanted: datetime, present: datetime, now: datetime) -> datetime:
    """An earlier date not before the end of today: no rule of ours may make us late by the act of moving it."""
    return wanted if wanted >= present else min(present, max(wanted, end_of(beijing(now).date())))
