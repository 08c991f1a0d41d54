"""Handling by operators: accept, decline, assign, start, change the type, note, record a measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import disposal, people, reports
from complaints.cases.people import behind
from complaints.cases.reports import Report
from complaints.cases.step import from_operator, step, tell_operators
from complaints.ledger.journal import Clock, Written
from complaints.ledger.work import Actor, Work
from complaints.policy.deadlines import plan
from complaints.policy.states import State
from complaints.policy.terms import DeadlineSet
from complaints.sla import milestones
from complaints.store import search
from complaints.store.tables import Complaint, Disposal

# Where the first step is still owed, whatever clocks the type had.
_UNTOUCHED = (State.SUBMITTED, State.ACCEPTED)


@dataclass(frozen=True)
class Order:
    """One disposal action: what, to what; `retest` demands that its effect is tested, `report` says to whom it went."""

    action: str
    target: str = ""
    note: str = ""
    retest: bool = False
    report: Report | None = None


def accept(work: Work, case: Complaint, actor: Actor) -> Written:
    """Take the complaint on; a missed acceptance is done by the system at its due time."""
    change: dict[str, Any] = {"accepted_at": work.now}
    if actor.in_charge and case.assignee is None:
        change["assignee"] = actor.ref
    return step(work, case, "accept", actor, change=change)


def start(work: Work, case: Complaint, actor: Actor) -> Written:
    """Begin to look into it."""
    owner = case.assignee or (actor.ref if actor.in_charge else None)
    return step(work, case, "start", actor, change={"assignee": owner})


def assign(work: Work, case: Complaint, actor: Actor, to: str | None, note: str = "") -> Written:
    """Put somebody in charge, or nobody, with a note to them where there is more to say; of a review never who decided.

    Who gets a case from a colleague is told by mail where that is possible, without the note; nobody else is. Raises
    InputError.
    """
    require_reviewer(work, case, to)
    before = case.assignee
    written = step(
        work,
        case,
        "assign",
        actor,
        change={"assignee": to},
        meta={"to": to or ""},
        personal={"note": from_operator(note)} if note.strip() else None,
    )
    if to and to not in {before, actor.ref} and people.mailed(work, to):
        tell_operators(work, case, "handed_over", written.seq, to=f"operator:{to}")
    return written


def note(work: Work, case: Complaint, actor: Actor, text: str) -> Written:
    """Write an internal note; the complainant never sees it."""
    require_text(text, "note")
    return step(work, case, "note", actor, personal={"note": from_operator(text)})


def reclassify(
    work: Work,
    case: Complaint,
    actor: Actor,
    *,
    complaint_type: str,
    risk_class: str | None = None,
    reason: str = "",
) -> Written:
    """Change the type or the risk class.

    Published dates may come forward, never go back; new internal targets run from now (design, section 3). A case that
    becomes restricted leaves the hands of whoever may not know of it, and those who may are told.
    """
    policy = work.policy_of(case.policy_version)
    if complaint_type not in policy.types:
        raise InputError({"type": [t("Choose a type of the list")]})
    kind = policy.types[complaint_type]
    if risk_class is not None and risk_class not in policy.risk_classes:
        raise InputError({"risk_class": [t("Choose a class of the list")]})
    change: dict[str, Any] = {"type": complaint_type, "risk_class": risk_class, "severity": kind.severity}
    # A restriction, once there, protects what was read under it: it is never lifted by a change of type.
    change["restricted"] = case.restricted or kind.restricted
    left = False
    if change["restricted"]:
        search.forget(work.session, [case.id])
        left = not case.restricted and not (case.assignee and people.cleared(work, case.assignee))
    if left:
        change["assignee"] = None
    if complaint_type != case.type and kind.team is not None:
        change["team"] = kind.team
    clocks: list[Clock] = []
    if complaint_type != case.type:
        clocks = _reclocked(work, case, policy.deadlines_of(complaint_type))
    written = step(
        work,
        case,
        "reclassify",
        actor,
        change=change,
        clocks=clocks,
        personal={"note": from_operator(reason)} if reason else None,
        tells="moved" if milestones.due_of(clocks, "result") or milestones.due_of(clocks, "accept") else "",
    )
    if left:
        tell_operators(work, case, "new", written.seq)
    return written


def record_measure(work: Work, case: Complaint, actor: Actor, orders: Sequence[Order]) -> Written:
    """Record disposal actions taken outside a decision."""
    check_orders(work, case, orders)
    if not orders:
        raise InputError({"actions": [t("Choose at least one measure")]})
    written = step(
        work,
        case,
        "record_action",
        actor,
        meta={"actions": in_clear(work, orders)},
        personal=targets(orders),
    )
    add_disposals(work, case, written.seq, orders, "done")
    return written


def in_clear(work: Work, orders: Sequence[Order]) -> list[dict[str, Any]]:
    """What an event says of its orders to everybody: kinds, who carries them out, authorities; nothing personal."""
    return [
        {
            "action": order.action,
            **({"called": True} if order.action in work.callbacks else {}),
            **({"retest": True} if order.retest else {}),
            **(order.report.in_clear() if order.report else {}),
        }
        for order in orders
    ]


def targets(orders: Sequence[Order]) -> dict[str, Any]:
    """Targets, notes and report numbers as private fields, since a target may name a person or an account."""
    found = {
        f"action:{position}": from_operator(f"{order.target}\n{order.note}")
        for position, order in enumerate(orders)
        if order.target or order.note
    }
    for position, order in enumerate(orders):
        if order.report:
            found[f"report:{position}"] = from_operator(order.report.sealed())
    return found


def check_orders(work: Work, case: Complaint, orders: Sequence[Order]) -> None:
    """Raise InputError for an unknown action or one without the target it needs."""
    actions = work.policy_of(case.policy_version).actions
    for order in orders:
        if order.action not in actions:
            raise InputError({"actions": [t("Choose measures of the list")]})
        if actions[order.action].needs_target and not order.target.strip():
            label = actions[order.action].label
            raise InputError({"actions": [t("Say what “{measure}” was done to", measure=label(language()))]})
        if order.retest and not actions[order.action].retest:
            label = actions[order.action].label
            raise InputError({"actions": [t("“{measure}” has no retest", measure=label(language()))]})
        reports.check(work, case, actions[order.action], order.report)


def add_disposals(work: Work, case: Complaint, seq: int, orders: Sequence[Order], state: str) -> None:
    """Rows of ordered actions; `state` done for what has happened, pending for what waits for the release.

    What the host carries out itself is pending until it says so; it is called now where `state` is done or the
    action acts at the click, else with the release.
    """
    actions, calls = work.policy_of(case.policy_version).actions, []
    for position, order in enumerate(orders):
        immediate, called = actions[order.action].immediate, order.action in work.callbacks
        at_once = immediate or state == "done"
        row = Disposal(
            complaint_id=case.id,
            seq=seq,
            position=position,
            action=order.action,
            immediate=immediate,
            state="pending" if called or not at_once else "done",
            called=called,
            attempts=0,
            retest="wanted" if order.retest else None,
        )
        work.session.add(row)
        if called and at_once:
            calls.append(row)
    work.session.flush()
    disposal.call(work, case, calls)


def may_lie_with(work: Work, case: Complaint, to: str | None) -> bool:
    """Whether somebody may be in charge: of a review anybody but who made the decision, by hand or by a key."""
    reviewed = to and case.state == State.UNDER_REVIEW
    return not reviewed or behind(work, to) not in people.deciders(work, case)


def require_reviewer(work: Work, case: Complaint, to: str | None) -> None:
    """Raise InputError where a review would lie with whoever made its decision, also by a key."""
    if not may_lie_with(work, case, to):
        said = t("They made the decision under review; choose somebody else")
        raise InputError({"to": [said]})


def require_text(text: str, field: str) -> None:
    """Raise InputError for words that are missing."""
    if not text.strip():
        raise InputError({field: [t("Write a few words")]})


def _reclocked(work: Work, case: Complaint, deadlines: DeadlineSet) -> list[Clock]:
    clocks: list[Clock] = []
    kinds = {"first_action"} if State(case.state) in _UNTOUCHED else set()
    for each in milestones.running(work, case):
        kinds.add(each.kind)
        promised = deadlines.published(each.kind)
        if not each.publish:
            clocks.append(milestones.changed(each, {"state": "void", "acted_at": work.now}))
        elif each.step == "due" and promised is not None:
            due = max(milestones.reckoned(work, case, promised, each.since), work.now)
            if due < each.due_at:
                clocks += milestones.moved(work, case, each.kind, each.cycle, due)
    internal = [term for term in deadlines.terms if not term.publish]
    policy = work.policy_of(case.policy_version)
    planned = plan(policy, internal, work.now, work.calendar, kinds=kinds)
    revision = milestones.revision(work, case, case.cycle)
    state = "pending" if case.paused_at is None else "paused"
    fresh = milestones.clocks_for(planned, case.cycle, work.now, revision, state)
    return [*clocks, *fresh]
