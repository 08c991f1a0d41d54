"""Milestones of one complaint: set up from the policy, met, ended, paused and resumed.

Each function returns `Clock` changes for the journal, which writes them with the event that causes them;
nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from complaints.ledger.journal import Clock
from complaints.ledger.work import Work
from complaints.policy.deadlines import Planned, after_pause, plan
from complaints.store.tables import Complaint, Milestone


def clocks_for(planned: Iterable[Planned], cycle: int, since: datetime, revision: int = 0) -> list[Clock]:
    """New milestones from what the policy plans for something that counts from `since`."""
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
                "state": "pending",
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
            .where(Milestone.complaint_id == case.id, Milestone.state.in_(("pending", "paused")))
            .order_by(Milestone.due_at, Milestone.id)
            .execution_options(populate_existing=True)
        )
    )


def effects(
    work: Work,
    case: Complaint,
    *,
    meets: Collection[str],
    voids: bool,
    pause: str,
    paused_at: datetime | None,
) -> list[Clock]:
    """What a step does to running milestones: kinds in `meets` are met, `voids` ends all others.

    `pause` is as of `policy.states.pause_effect`; a resumed date moves by the working days that passed.
    """
    clocks = []
    for each in running(work, case):
        if each.kind in meets:
            clocks.append(changed(each, {"state": "met", "acted_at": work.now}))
        elif voids:
            clocks.append(changed(each, {"state": "void", "acted_at": work.now}))
        elif pause == "pause" and each.state == "pending":
            clocks.append(changed(each, {"state": "paused"}))
        elif pause == "resume" and each.state == "paused":
            due = after_pause(each.due_at, work.calendar, paused_at or work.now, work.now)
            clocks.append(changed(each, {"state": "pending", "due_at": due}))
    return clocks


def start(work: Work, case: Complaint, kinds: Collection[str], cycle: int) -> list[Clock]:
    """New milestones of these kinds from now, by the policy and type the complaint was filed under.

    A kind that runs already in this cycle is not started twice.
    """
    policy = work.policy_of(case.policy_version)
    busy = {each.kind for each in running(work, case) if each.cycle == cycle}
    wanted = [kind for kind in kinds if kind not in busy]
    planned = plan(policy, policy.types[case.filed_type].deadlines, work.now, work.calendar, kinds=wanted)
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
