"""What happens to a sample: each step of its file through the service that does it for real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from complaints.administration import sample_files
from complaints.administration.sample_staff import Staff
from complaints.cases import access, appeal, conversation, deciding, handling, looking, relations
from complaints.cases.deciding import Decision
from complaints.cases.handling import Order
from complaints.cases.reports import Report
from complaints.ledger import journal
from complaints.ledger.work import COMPLAINANT, Actor, Work
from complaints.store.tables import Complaint

Step = Mapping[str, Any]
_DESK = "desk"


def take(work: Work, case: Complaint, step: Step, staff: Staff) -> None:
    """Do one step to a locked complaint; `do` names it, `by` who does it."""
    name = step["do"]
    if name in _PERSONS:
        _PERSONS[name](work, case, step)
        return
    actor = staff[step.get("by", _DESK)]
    looking.view(work, case.uid, actor)
    case = journal.lock(work, case.uid)
    if "risk" in step:
        handling.reclassify(work, case, actor, complaint_type=case.type, risk_class=step["risk"])
    _STAFFS[name](work, case, actor, step)


def _write(work: Work, case: Complaint, step: Step) -> None:
    uploads = [sample_files.make(each) for each in step.get("files", ())]
    conversation.write(work, case, step.get("text", ""), uploads)


def _verify(work: Work, case: Complaint, step: Step) -> None:
    del step
    access.verify_contact(work, access.new_token(work, case.id, "verify"))


def _ask(work: Work, case: Complaint, actor: Actor, step: Step) -> None:
    conversation.ask(work, case, actor, step["text"], reason=step["reason"], days=step.get("days"))


def _reclassify(work: Work, case: Complaint, actor: Actor, step: Step) -> None:
    handling.reclassify(
        work,
        case,
        actor,
        complaint_type=step["type"],
        risk_class=step.get("class"),
        reason=step.get("text", ""),
    )


def _decision(work: Work, step: Step) -> Decision:
    return Decision(
        step.get("outcome", ""),
        step.get("reason", ""),
        step.get("text", ""),
        step.get("note", ""),
        _orders(work, step),
    )


def _orders(work: Work, step: Step) -> tuple[Order, ...]:
    return tuple(_order(work, each.split("|")) for each in step.get("actions", ()))


def _order(work: Work, parts: list[str]) -> Order:
    """Action, target, note; for a report also authority, way and number, as of now."""
    action, target, note, authority, channel, number = [*parts, "", "", "", "", ""][:6]
    report = Report(authority, channel, number, work.now) if authority else None
    return Order(action, target, note, report=report)


def _reviewed(verdict: appeal.Verdict) -> Callable[[Work, Complaint, Actor, Step], object]:
    return lambda work, case, actor, step: appeal.review(work, case, actor, verdict, _decision(work, step))


_PERSONS: Mapping[str, Callable[[Work, Complaint, Step], object]] = {
    "write": _write,
    "verify": _verify,
    "appeal": lambda work, case, step: appeal.appeal(work, case, step["text"]),
    "withdraw": lambda work, case, step: relations.withdraw(work, case, step.get("text", "")),
    "rate": lambda work, case, step: relations.rate(work, case, step["stars"], step.get("text", "")),
    "finish": lambda work, case, step: deciding.close(work, case, COMPLAINANT),  # noqa: ARG005 - one shape for all
}
_STAFFS: Mapping[str, Callable[[Work, Complaint, Actor, Step], object]] = {
    "accept": lambda work, case, actor, step: handling.accept(work, case, actor),  # noqa: ARG005
    "start": lambda work, case, actor, step: handling.start(work, case, actor),  # noqa: ARG005
    "assign": lambda work, case, actor, step: handling.assign(work, case, actor, actor.ref),  # noqa: ARG005
    "note": lambda work, case, actor, step: handling.note(work, case, actor, step["text"]),
    "measure": lambda work, case, actor, step: handling.record_measure(
        work, case, actor, _orders(work, step)
    ),
    "reclassify": _reclassify,
    "ask": _ask,
    "reply": lambda work, case, actor, step: conversation.reply(work, case, actor, step["text"]),
    "resume": lambda work, case, actor, step: conversation.resume(work, case, actor),  # noqa: ARG005
    "decide": lambda work, case, actor, step: deciding.decide(work, case, actor, _decision(work, step)),
    "decline": lambda work, case, actor, step: deciding.decline(
        work, case, actor, step["reason"], step["text"], step.get("note", "")
    ),
    "take_back": lambda work, case, actor, step: deciding.take_back(work, case, actor),  # noqa: ARG005
    "close": lambda work, case, actor, step: deciding.close(work, case, actor),  # noqa: ARG005
    "confirm": _reviewed("confirm"),
    "change": _reviewed("change"),
    "overturn": _reviewed("overturn"),
    "send_back": _reviewed("send_back"),
    "merge": lambda work, case, actor, step: relations.merge(work, case, step["into"], actor, step["text"]),
    "unmerge": lambda work, case, actor, step: relations.unmerge(work, case, actor, step["text"]),
    "reopen": lambda work, case, actor, step: relations.reopen(work, case, actor, step["text"]),
}
