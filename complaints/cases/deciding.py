"""Decide, take back, release, close: a decision is made at the click and seen after the undo time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from complaints.base.errors import InputError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases import disposal, handling, readers, variables
from complaints.cases.handling import Order
from complaints.cases.step import from_operator, step
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.projection import parse
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.policy.deadlines import appeal_end
from complaints.policy.states import RELEASES, State
from complaints.store.tables import Complaint

# What a decision changes, and taking it back restores.
_DECIDED = ("outcome", "reason", "decided_at", "decided_by", "release_due", "released_at", "reply_due")
# Events that carry a decision; the newest one is what the next release sets free.
DECISIONS = ("decided", "declined", "confirmed", "changed", "overturned", "decided_with_lead")


@dataclass(frozen=True)
class Decision:
    """What an operator decides; `text` goes to the complainant, `note` and `facts` (what was found) never do."""

    outcome: str
    reason: str
    text: str
    note: str = ""
    actions: tuple[Order, ...] = ()
    facts: str = ""


def decide(
    work: Work, case: Complaint, actor: Actor, decision: Decision, others: Sequence[Complaint] = ()
) -> Written:
    """Answer the complaint; one that is not yet accepted is accepted first, in the same transaction.

    `others` are answered by the caller with the same words, in this transaction: InputError where the words cannot be
    theirs, or those of a complaint joined to this one. The caller commits.
    """
    check(work, case, decision)
    readers.check(work, case, others, decision.text)
    if case.state == State.SUBMITTED:
        handling.accept(work, case, actor)
    return enter(work, case, "decide", actor, decision)


def decline(
    work: Work, case: Complaint, actor: Actor, reason: str, text: str, note: str = "", *, facts: str = ""
) -> Written:
    """Not take the complaint on, with a reason of the policy and words for the complainant."""
    handling.require_text(text, "text")
    variables.require_filled(text)
    if reason not in work.policy_of(case.policy_version).decline_reasons:
        raise InputError({"reason": [t("Choose a reason of the list")]})
    return enter(work, case, "decline", actor, Decision("declined", reason, text, note, facts=facts))


def enter(work: Work, case: Complaint, action: str, actor: Actor, decision: Decision) -> Written:
    """Record a decision by whichever action; it is released at once where the policy has no undo time."""
    undo = work.policy_of(case.policy_version).undo_seconds
    change: dict[str, Any] = {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "decided_at": work.now,
        "decided_by": actor.ref,
        "release_due": work.now + timedelta(seconds=undo),
        "released_at": None,
        "unread": False,
    }
    personal = {"public": from_operator(decision.text), **handling.targets(decision.actions)}
    if decision.note:
        personal["note"] = from_operator(decision.note)
    if decision.facts:
        personal["facts"] = from_operator(decision.facts)
    meta: dict[str, Any] = {"outcome": decision.outcome, "reason": decision.reason}
    if decision.actions:
        meta["actions"] = handling.in_clear(work, decision.actions)
    written = step(work, case, action, actor, change=change, meta=meta, personal=personal)
    handling.add_disposals(work, case, written.seq, decision.actions, "pending")
    if undo == 0:
        release(work, case)
    return written


def on_its_way(work: Work, case: Complaint) -> bool:
    """Whether it is too late to take an answer back: what goes out this second is not called back any more."""
    return case.release_due is None or work.now >= case.release_due


def take_back(work: Work, case: Complaint, actor: Actor) -> Written:
    """Undo a decision that the complainant has not seen; its dates stand as they were.

    Raises TransitionError for one that goes out now: an undo that may do nothing is worse than none.
    A review's verdict that is undone leaves the answer under review, and who gave it, as they were. What the host
    has not begun to carry out is never begun; what it has, goes on and its result is recorded.
    """
    if case.release_due is not None and on_its_way(work, case):
        raise TransitionError("the answer is on its way")
    decided_in = newest_decision(work, case)
    changed = decided_in.meta.get("change", {}) if decided_in is not None else {}
    change = {column: parse(column, changed[column][0]) for column in _DECIDED if column in changed}
    seq = decided_in.seq if decided_in is not None else 0
    running = disposal.stop(work, case, seq)
    meta = {"running": running} if running else None
    written = step(work, case, "take_back", actor, change=change, meta=meta)
    disposal.taken_back(work, case, seq, running)
    return written


def release(work: Work, case: Complaint) -> Written:
    """Let the complainant see the decision; meets the result date and answers joined complaints too."""
    rule = RELEASES.get(State(case.state))
    if rule is None:
        # Taken back, or merged, between being found due and being locked.
        raise TransitionError("only an answer that waits can be released")
    policy = work.policy_of(case.policy_version)
    tells = "review_result" if case.appeals else rule.tells
    written = step(
        work,
        case,
        "release",
        SYSTEM,
        change={
            "released_at": work.now,
            "resume_state": None,
            "appeal_until": appeal_end(policy, work.now),
        },
        meets=rule.meets,
        voids=rule.voids,
        tells=tells,
    )
    disposal.released(work, case)
    _release_joined(work, case)
    return written


def release_due(work: Work, limit: int = 50) -> list[str]:
    """The uids of complaints whose undo time is over; the caller releases each in its own transaction."""
    query = (
        select(Complaint.uid)
        .where(
            Complaint.released_at.is_(None),
            Complaint.release_due <= work.now,
            Complaint.state.in_([state.value for state in RELEASES]),
        )
        .order_by(Complaint.release_due)
        .limit(limit)
    )
    return list(work.session.scalars(query))


def close(work: Work, case: Complaint, actor: Actor) -> Written:
    """End the complaint; the system does so when the time to ask for a review is over."""
    return step(work, case, "close", actor, change={"closed_at": work.now})


def close_due(work: Work, limit: int = 50) -> list[str]:
    """The uids of answered complaints whose appeal window is over."""
    query = (
        select(Complaint.uid)
        .where(
            Complaint.state.in_([state.value for state in RELEASES]),
            Complaint.released_at.is_not(None),
            Complaint.appeal_until < work.now,
        )
        .order_by(Complaint.appeal_until)
        .limit(limit)
    )
    return list(work.session.scalars(query))


def newest_decision(work: Work, case: Complaint) -> Entry | None:
    """The newest decision event with its texts, released or not; None before any."""
    entries = history(work, case.uid, types=DECISIONS)
    return entries[-1] if entries else None


def check(work: Work, case: Complaint, decision: Decision) -> None:
    """Raise InputError for a decision without outcome, reason or words, or with an action lacking its target."""
    policy = work.policy_of(case.policy_version)
    faults: dict[str, Sequence[str]] = {}
    if decision.outcome not in policy.outcomes:
        faults["outcome"] = [t("Choose an outcome")]
    elif decision.reason not in policy.decision_reasons:
        faults["reason"] = [t("Choose a reason of the list")]
    elif (allowed := policy.decision_reasons[decision.reason].outcomes) and decision.outcome not in allowed:
        faults["reason"] = [t("This reason does not fit the outcome; choose another one")]
    if not decision.text.strip():
        faults["text"] = [t("Write what the complainant will read")]
    if faults:
        raise InputError(faults)
    variables.require_filled(decision.text)
    handling.check_orders(work, case, decision.actions)


def _release_joined(work: Work, lead: Complaint) -> None:
    joined = select(Complaint.uid).where(Complaint.merged_into == lead.uid, Complaint.state == State.MERGED)
    entry = newest_decision(work, lead)
    if entry is None:
        return
    for uid in work.session.scalars(joined).all():
        other = journal.lock(work, uid)
        # Not what others are answered: also where a review has let it stand.
        if lead.outcome == "declined":
            step(
                work, other, "unmerge", SYSTEM, change={"merged_into": None}, meta={"reason": "lead_declined"}
            )
            continue
        step(
            work,
            other,
            "decide_with_lead",
            SYSTEM,
            change={
                "outcome": lead.outcome,
                "reason": lead.reason,
                "decided_at": lead.decided_at,
                "decided_by": lead.decided_by,
                "release_due": lead.release_due,
                "released_at": None,
            },
            meta={"outcome": lead.outcome, "reason": lead.reason},
            personal={"public": from_operator(entry.text("public"))},
        )
        release(work, other)
