"""Milestones of one complaint: set up from the policy, met, ended, paused and resumed.

Each function returns `Clock` changes for the journal, which writes them with the event that causes them;
nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.ledger.journal import Clock
from complaints.ledger.reading import history, pauses
from complaints.ledger.work import Work
from complaints.policy.deadlines import Planned, after_pause, due_moment, plan, step_of, steps
from complaints.policy.model import Promises
from complaints.policy.terms import Term
from complaints.store.tables import Complaint, Milestone

_RUNNING = ("pending", "paused")


def clocks_for(
    planned: Iterable[Planned], cycle: int, since: datetime, revision: int = 0, state: str = "pending"
) -> list[Clock]:
    """New milestones from what the policy plans for something that counts from `since`; `state` pending or paused."""
    return [
        Clock(
            cycle,
            each.kind,
            each.step,
            revision,
            {
                "since": since,
                "due_at": each.due,
                "publish": each.publish,
                "provisional": each.provisional,
                "state": state,
            },
        )
        for each in planned
    ]


def running(work: Work, case: Complaint) -> list[Milestone]:
    """The complaint's pending or paused milestones, earliest first."""
    if work.chunk is not None and case.id in work.chunk.running:
        return [each for each in work.chunk.running[case.id] if each.state in {"pending", "paused"}]
    return list(
        work.session.scalars(
            select(Milestone)
            .where(Milestone.complaint_id == case.id, Milestone.state.in_(_RUNNING))
            .order_by(Milestone.due_at, Milestone.id)
            .execution_options(populate_existing=True)
        )
    )


def running_of(session: Session, ids: Collection[int]) -> dict[int, list[Milestone]]:
    """The same of several complaints, by their id, in one statement."""
    found: dict[int, list[Milestone]] = {each: [] for each in ids}
    rows = session.scalars(
        select(Milestone)
        .where(Milestone.complaint_id.in_(ids), Milestone.state.in_(_RUNNING))
        .order_by(Milestone.due_at, Milestone.id)
    )
    for each in rows:
        found[each.complaint_id].append(each)
    return found


def terms_of(policy: Promises, case: Complaint) -> tuple[Term, ...]:
    """The terms of a complaint: promises by the type it was filed under, internal ones by its present type."""
    promised = [term for term in policy.deadlines_of(case.filed_type).terms if term.publish]
    return (*promised, *(term for term in policy.deadlines_of(case.type).terms if not term.publish))


def term_of(policy: Promises, case: Complaint, milestone: Milestone) -> Term | None:
    """The term that a milestone is a step of; None where `policy` has none of the kind, or not the type."""
    if not {case.filed_type, case.type} <= policy.types.keys():
        return None
    return next(
        (
            term
            for term in terms_of(policy, case)
            if (term.kind, term.publish) == (milestone.kind, milestone.publish)
            and (term.publish or step_of(term) == milestone.step)
        ),
        None,
    )


def reckoned(work: Work, case: Complaint, term: Term, since: datetime) -> datetime:
    """When `term` ends for what counts from `since`, by today's calendar and with every pause that is over."""
    contacts = work.policy_of(case.policy_version).contacts
    due = due_moment(term, since, work.calendar, contacts)
    for began, ended in pauses(history(work, case.uid, opened=False)):
        if ended is not None:
            due = after_pause(term, due, work.calendar, contacts, (max(began, since), ended))
    return due


def over(
    rows: Sequence[Milestone], moment: datetime, *, meets: Collection[str], voids: bool, pause: str
) -> list[Milestone]:
    """Of the running dates those before `moment` that a step would end or hold, as in `effects`.

    Promises and internal targets, each of which was missed; a warning or an escalation about a date that is dealt
    with has nobody left to tell.
    """
    return [
        each
        for each in rows
        if each.state == "pending"
        and each.due_at < moment
        and (each.step == "due" or not each.publish)
        and (each.kind in meets or voids or pause == "pause")
    ]


def effects(
    work: Work,
    case: Complaint,
    rows: Sequence[Milestone],
    *,
    meets: Collection[str],
    voids: bool,
    pause: str,
) -> list[Clock]:
    """What a step does to running milestones, `rows`: kinds in `meets` are met, `voids` ends all others.

    `pause` is as of `policy.states.pause_effect`. A date that was paused moves by the pause in its own unit, and
    the steps of a promise are set anew around it.
    """
    clocks: list[Clock] = []
    for each in rows:
        if each.kind in meets:
            clocks.append(changed(each, {"state": "met", "acted_at": work.now}))
        elif voids:
            clocks.append(changed(each, {"state": "void", "acted_at": work.now}))
        elif pause == "pause" and each.state == "pending":
            clocks.append(changed(each, {"state": "paused"}))
    if pause == "resume" and not voids:
        clocks += _resumed(work, case, [each for each in rows if each.kind not in meets])
    return clocks


def moved(work: Work, case: Complaint, kind: str, cycle: int, due: datetime) -> list[Clock]:
    """What changes when the running promise of this kind is now due at `due`; nothing where none runs.

    Its steps are set anew by the policy's rules: what still runs gets its new moment, a warning that was given
    comes back as the next revision where its new moment lies ahead, an escalation that was acted on stays.
    """
    return _moved(work, case, kind, cycle, due, "pending" if case.paused_at is None else "paused")


def start(work: Work, case: Complaint, kinds: Collection[str], cycle: int) -> list[Clock]:
    """New milestones of these kinds from now, by the terms of the complaint.

    A kind that runs already is not started twice: what was promised first stands.
    """
    policy = work.policy_of(case.policy_version)
    busy = {each.kind for each in running(work, case)}
    wanted = [kind for kind in kinds if kind not in busy]
    planned = plan(policy, terms_of(policy, case), work.now, work.calendar, kinds=wanted)
    return clocks_for(planned, cycle, work.now, revision(work, case, cycle))


def due_of(clocks: Iterable[Clock], kind: str) -> datetime | None:
    """The published date of `kind` among these changes, if one is set."""
    for clock in clocks:
        if clock.kind == kind and clock.step == "due" and "due_at" in clock.values:
            found: datetime = clock.values["due_at"]
            return found
    return None


def changed(milestone: Milestone, values: dict[str, Any]) -> Clock:
    """The change of one milestone that exists."""
    return Clock(milestone.cycle, milestone.kind, milestone.step, milestone.revision, values, milestone)


def revision(work: Work, case: Complaint, cycle: int) -> int:
    """The next unused revision of this cycle's milestones."""
    newest = work.session.scalar(
        select(func.max(Milestone.revision)).where(
            Milestone.complaint_id == case.id, Milestone.cycle == cycle
        )
    )
    return 0 if newest is None else newest + 1


def _resumed(work: Work, case: Complaint, rows: Iterable[Milestone]) -> list[Clock]:
    """These milestones after the complaint's pause, which ends now."""
    policy = work.policy_of(case.policy_version)
    paused = [each for each in rows if each.state == "paused"]
    promised = {(each.kind, each.cycle) for each in paused if each.publish and each.step == "due"}
    clocks: list[Clock] = []
    for each in paused:
        if each.publish and each.step != "due":
            # It moves with its promise; where that was over before the pause, its moment stays.
            if (each.kind, each.cycle) not in promised:
                clocks.append(changed(each, {"state": "pending"}))
            continue
        term, due = term_of(policy, case, each), each.due_at
        if term is not None:
            pause = (max(case.paused_at or work.now, each.since), work.now)
            due = after_pause(term, due, work.calendar, policy.contacts, pause)
        if each.publish:
            clocks += _moved(work, case, each.kind, each.cycle, due, "pending")
        else:
            clocks.append(changed(each, {"state": "pending", **_new_date(each, due)}))
    return clocks


def _moved(work: Work, case: Complaint, kind: str, cycle: int, due: datetime, state: str) -> list[Clock]:
    newest = _newest(work, case, kind, cycle)
    promise = newest.get("due")
    if promise is None or promise.state not in _RUNNING:
        return []
    policy, again = work.policy_of(case.policy_version), revision(work, case, cycle)
    fresh = {each.step: each for each in steps(policy, kind, due, work.calendar, promise.since)}
    clocks: list[Clock] = []
    for step, each in newest.items():
        if each.state not in _RUNNING:
            continue
        if step not in fresh:
            # A warning whose hour would have been before anything was promised.
            clocks.append(changed(each, {"state": "void", "acted_at": work.now}))
            continue
        values = _new_date(each, fresh[step].due, fresh[step].provisional)
        if each.state != state:
            values["state"] = state
        if values:
            clocks.append(changed(each, values))
    ahead = [
        each
        for step, each in fresh.items()
        if step.startswith("warn")
        and each.due > work.now
        and (step not in newest or newest[step].state not in _RUNNING)
    ]
    return [*clocks, *clocks_for(ahead, cycle, promise.since, again, state)]


def _newest(work: Work, case: Complaint, kind: str, cycle: int) -> dict[str, Milestone]:
    """The latest revision of each step of a promise."""
    rows = work.session.scalars(
        select(Milestone)
        .where(
            Milestone.complaint_id == case.id,
            Milestone.cycle == cycle,
            Milestone.kind == kind,
            Milestone.publish,
        )
        .order_by(Milestone.revision, Milestone.due_at, Milestone.id)
        .execution_options(populate_existing=True)
    )
    return {each.step: each for each in rows}


def _new_date(milestone: Milestone, due: datetime, provisional: bool | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {} if due == milestone.due_at else {"due_at": due}
    if provisional is not None and provisional != milestone.provisional:
        values["provisional"] = provisional
    return values
