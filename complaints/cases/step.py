"""One step in a complaint's life: the table is asked, clocks follow, the event is written, somebody is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from complaints.base.errors import NotAllowedError, TransitionError
from complaints.base.texts import whole
from complaints.cases import escalation, teams
from complaints.cases.people import behind
from complaints.delivery import outbox, webhooks
from complaints.ledger import journal
from complaints.ledger.journal import Clock, Personal, Written
from complaints.ledger.private import COMPLAINANT, OPERATOR
from complaints.ledger.work import Actor, Work
from complaints.policy.retention import kept_until
from complaints.policy.states import (
    FINAL,
    RELEASES,
    RESUME,
    TRANSITIONS,
    State,
    Transition,
    pause_effect,
    require,
)
from complaints.sla import milestones
from complaints.store.tables import Complaint

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

    `meets`, `voids` and `tells` replace the table's where it depends on more than the state. Raises
    TransitionError or NotAllowedError before anything is written.
    """
    _usable(case, action)
    before = State(case.state)
    released = case.released_at is not None if before in RELEASES else None
    row = require(action, before, actor.role, released=released)
    _conditions(work, case, row, actor)
    after = _target(case, row, before)
    changes: dict[str, Any] = dict(change or {})
    changes["state"] = after.value
    changes["resume_state"] = _remember(case, row, before, after)
    pause = pause_effect(before, after)
    moved = [
        *milestones.effects(
            work,
            case,
            meets=row.meets if meets is None else meets,
            voids=row.voids if voids is None else voids,
            pause=pause,
        ),
        *clocks,
    ]
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
    if "not_decider" in needed and behind(work, actor.ref) == behind(work, case.decided_by):
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
