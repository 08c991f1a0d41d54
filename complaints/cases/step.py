"""One step in a complaint's life: the table is asked, clocks follow, the event is written, somebody is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.base.clock import stamp
from complaints.base.errors import NotAllowedError, TransitionError
from complaints.base.texts import whole
from complaints.cases import escalation, teams
from complaints.cases.people import behind, deciders, gone
from complaints.delivery import outbox, webhooks
from complaints.delivery.health import skewed
from complaints.ledger import journal
from complaints.ledger.journal import Clock, Personal, Written
from complaints.ledger.private import COMPLAINANT, OPERATOR
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.policy.retention import kept_until
from complaints.policy.states import (
    FINAL,
    OPEN,
    RELEASES,
    RESUME,
    TRANSITIONS,
    State,
    Transition,
    pause_effect,
    require,
)
from complaints.sla import milestones
from complaints.store.database_now import DatabaseNow
from complaints.store.tables import Complaint, Milestone

# The event each action leaves in the log.
EVENTS: Mapping[str, str] = {
    "file": "filed",
    "accept": "accepted",
    "decline": "declined",
    "start": "started",
    "ask": "asked",
    "supply": "supplied",
    "resume": "resumed",
    "message": "message",
    "reply": "replied",
    "note": "noted",
    "assign": "assigned",
    "transfer": "transferred",
    "reclassify": "reclassified",
    "record_action": "action",
    "decide": "decided",
    "take_back": "taken_back",
    "release": "released",
    "close": "closed",
    "appeal": "appealed",
    "confirm": "confirmed",
    "change": "changed",
    "overturn": "overturned",
    "send_back": "sent_back",
    "withdraw": "withdrawn",
    "merge": "merged",
    "unmerge": "unmerged",
    "decide_with_lead": "decided_with_lead",
    "reopen": "reopened",
    "rate": "rated",
    "link": "linked",
    "unlink": "unlinked",
}
assert EVENTS.keys() == TRANSITIONS.keys()
# What an operator may not do with words that are only stored: the answer that is owed is not among them.
USES = frozenset({"ask", "reply", "merge", "reclassify"})
# States one returns from; entering one remembers where from.
_RETURNING = frozenset({State.AWAITING_COMPLAINANT, State.MERGED, State.DECIDED, State.DECLINED})

# Where a promise's date stands in the complaint's row.
_DATES: Mapping[str, str] = {"accept": "accept_due", "result": "result_due", "review": "result_due"}


def step(
    work: Work,
    case: Complaint,
    action: str,
    actor: Actor,
    *,
    change: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    clocks: Sequence[Clock] = (),
    personal: Mapping[str, Personal] | None = None,
    meets: Sequence[str] | None = None,
    voids: bool | None = None,
    tells: str | None = None,
) -> Written:
    """Do `action` to a locked complaint and record it.

    `meets`, `voids` and `tells` replace the table's where it depends on more than the state. A date that the step
    would end or hold, and that is over, comes due first. Raises TransitionError or NotAllowedError before anything
    is written.
    """
    _usable(case, action)
    before = State(case.state)
    released = case.released_at is not None if before in RELEASES else None
    row = require(action, before, actor.role, released=released)
    _conditions(work, case, row, actor)
    after = _target(case, row, before)
    pause = pause_effect(before, after)
    meets = row.meets if meets is None else meets
    voids = row.voids if voids is None else voids
    # An answer whose time has come meets its date, however late it is sent: the outage was not the handler's.
    moment = (case.release_due or work.now) if action == "release" else work.now
    running = milestones.running(work, case)
    over = milestones.over(running, moment, meets=meets, voids=voids, pause=pause)
    if over and work.real_time:
        trusted = _trusted(work)
        over = [each for each in over if each.due_at < trusted]
    breached = come_due(work, case, over, tells=after not in FINAL) if over else []
    if pause == "pause" and before is State.SUBMITTED and any(each.kind == "accept" for each in breached):
        # Nothing would ever take it on: it was missed, and so counts as taken on before it waits.
        step(work, case, "accept", SYSTEM, change={"accepted_at": work.now})
        return step(
            work,
            case,
            action,
            actor,
            change=change,
            meta=meta,
            clocks=clocks,
            personal=personal,
            meets=meets,
            voids=voids,
            tells=tells,
        )
    changes: dict[str, Any] = dict(change or {})
    changes["state"] = after.value
    changes["resume_state"] = _remember(case, row, before, after)
    back = after in OPEN and before not in OPEN and case.assignee
    if back and "assignee" not in changes and gone(work, back, restricted=case.restricted):
        # Whoever left meanwhile would never look at what comes back to them.
        changes["assignee"] = None
    left = [each for each in running if each not in over]
    moved = [*milestones.effects(work, case, left, meets=meets, voids=voids, pause=pause), *clocks]
    if pause:
        changes["paused_at"] = work.now if pause == "pause" else None
        if pause == "resume":
            changes["reply_due"] = None
    for kind, column in _DATES.items():
        due = milestones.due_of(moved, kind)
        if due is not None:
            changes[column] = due
    marks = [clock.values["provisional"] for clock in moved if _marks(clock)]
    if marks:
        changes["provisional"] = any(marks)
    changes |= _keeping(work, case, after)
    written = journal.record(
        work, case, EVENTS[action], actor, change=changes, meta=meta, clocks=moved, personal=personal
    )
    told = row.tells if tells is None else tells
    if told:
        tell(work, case, told, written.seq)
    # Another type is told only where it moved a date.
    event = "rescheduled" if told == "moved" else EVENTS[action]
    webhooks.announce(work, event, case.id, case.uid, written.seq)
    return written


def come_due(work: Work, case: Complaint, due: Sequence[Milestone], *, tells: bool = True) -> list[Milestone]:
    """Record that these milestones of a locked complaint have come due, and tell; the promises among them.

    A published date that passes unmet marks the complaint late, and its complainant is told, unless what they do ends
    it: to go on with it would be promised in vain.
    """
    breached = [each for each in due if each.publish and each.step == "due"]
    written = journal.record(
        work,
        case,
        "clock",
        SYSTEM,
        change={"late": True} if breached else None,
        # Lateness counts from the date itself, however late somebody looked.
        meta={"due": [{"kind": each.kind, "step": each.step, "at": stamp(each.due_at)} for each in due]},
        clocks=[milestones.changed(each, {"state": "acted", "acted_at": work.now}) for each in due],
    )
    for each in due:
        _warn(work, case, each, written.seq)
    if breached:
        if tells:
            tell(work, case, "late", written.seq)
        webhooks.announce(work, "late", case.id, case.uid, written.seq)
    return breached


def tell(work: Work, case: Complaint, kind: str, seq: int) -> None:
    """Queue a message to the complainant, by each way they can be reached."""
    for channel, way in (("mail", "mail"), ("notify", "phone")):
        if way in case.reach:
            outbox.queue(
                work,
                kind,
                "complainant",
                dedupe=f"{case.uid}/{seq}/{kind}",
                channel=channel,
                complaint_id=case.id,
                seq=seq,
            )


def tell_operators(work: Work, case: Complaint, kind: str, seq: int, *, to: str | None = None) -> None:
    """Queue a notice to the person in charge; while nobody is, to the team it lies with, else to all operators."""
    recipient = to or (f"operator:{case.assignee}" if case.assignee else teams.group(case.team))
    outbox.queue(
        work,
        kind,
        recipient,
        dedupe=f"{case.uid}/{seq}/{kind}",
        complaint_id=case.id,
        seq=seq,
        urgent=escalation.urgent(case),
    )


def from_complainant(text: str) -> Personal:
    """Words of the complainant."""
    return Personal(COMPLAINANT, whole(text).encode())


def from_operator(text: str) -> Personal:
    """Words of an operator."""
    return Personal(OPERATOR, whole(text).encode())


def _trusted(work: Work) -> datetime:
    """The earlier of this machine's clock and the database's where they disagree, as the clock of dates goes by.

    By a clock that runs ahead, a date would be missed for good that has not come.
    """
    known = _by_database(work)
    return min(work.now, known) if skewed(work.now, known) else work.now


def _by_database(work: Work) -> datetime:
    return work.session.execute(select(DatabaseNow())).scalar_one()


def _warn(work: Work, case: Complaint, each: Milestone, seq: int) -> None:
    kind = "late" if each.step.startswith("escalate") else "due" if each.step == "due" else "warn"
    for recipient, channel in escalation.told(work.policy_of(case.policy_version), case, each.step):
        outbox.queue(
            work,
            kind,
            recipient,
            dedupe=f"milestone/{each.id}",
            channel=channel,
            complaint_id=case.id,
            milestone_id=each.id,
            seq=seq,
            details={"kind": each.kind, "step": each.step},
            urgent=escalation.urgent(case),
        )


def _usable(case: Complaint, action: str) -> None:
    if case.erased_at is not None:
        raise TransitionError("the personal data of this case has been erased; nothing can be done to it")
    if case.stored_only_at is not None and action in USES:
        raise TransitionError("this case is only stored, because the person asked for erasure")


def _keeping(work: Work, case: Complaint, after: State) -> dict[str, Any]:
    """When the case is erased by itself: counted from its end, unknown while it is open."""
    overdue = case.erase_at is not None and case.erase_at <= work.now
    if after is State(case.state) or overdue:
        # What should be gone by now is decided by `erasure.finish`, also after a move.
        return {}
    if after not in FINAL:
        return {"erase_at": None}
    retention = work.policy_of(case.policy_version).retention
    return {"erase_at": kept_until(retention, work.now, case.appeal_until)}


def _target(case: Complaint, row: Transition, before: State) -> State:
    if row.target is None:
        return before
    if row.target == RESUME:
        return State((case.resume_state or State.PROCESSING.value).partition(",")[0])
    return State(row.target)


def _remember(case: Complaint, row: Transition, before: State, after: State) -> str | None:
    if not row.moves:
        return case.resume_state
    if row.target == RESUME:
        return (case.resume_state or "").partition(",")[2] or None
    if after not in _RETURNING:
        return None
    return ",".join(filter(None, (before.value, case.resume_state)))


def _marks(clock: Clock) -> bool:
    """Whether it says anew that a date in the complaint's row is provisional, or no longer."""
    return clock.kind in _DATES and clock.step == "due" and "provisional" in clock.values


def _conditions(work: Work, case: Complaint, row: Transition, actor: Actor) -> None:
    needed = row.conditions
    # A key is its maker's hand: two of them, or a key and its maker, are one person.
    if "not_decider" in needed and behind(work, actor.ref) in deciders(work, case):
        raise NotAllowedError("you made this decision; someone else must review it")
    if "was_declined" in needed and case.outcome != "declined":
        raise TransitionError("only a complaint that was not taken on can be taken on after all")
    if "appeal_window" in needed and (case.appeal_until is None or work.now > case.appeal_until):
        raise TransitionError("the time to ask for a review is over")
    if "appeal_left" in needed and case.appeals >= work.policy_of(case.policy_version).review.max_per_case:
        raise TransitionError("this complaint has been reviewed already")
    over = case.appeal_until is None or work.now > case.appeal_until
    if "window_over" in needed and actor.role == "system" and not over:
        raise TransitionError("the complainant may still ask for a review")
