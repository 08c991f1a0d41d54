"""Acts on a case by a key: the same services as on the desk, under the same table of what is possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response

from complaints.administration import repeats, roster
from complaints.base.errors import InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases import (
    access,
    appeal,
    claims,
    conversation,
    deciding,
    handling,
    people,
    relations,
    transfer,
)
from complaints.cases.attachments import Upload
from complaints.cases.deciding import Decision
from complaints.cases.handling import Order
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.tables import Complaint
from complaints.web.api import shapes, shown
from complaints.web.api.problems import ProblemError
from complaints.web.api.routing import Call, route, written
from complaints.web.frame import frame

_PROBLEMS = ("input", "not-possible", "not-allowed", "stale", "claimed", "no-version", "if-match")


@dataclass(frozen=True)
class Doing:
    """One act about to be done: the locked case, who acts, and what came with it."""

    work: Work
    case: Complaint
    who: Operator
    body: Any
    files: tuple[Upload, ...]


Act = Callable[[Doing], Written]


def _accept(at: Doing) -> Written:
    return handling.accept(at.work, at.case, at.who.actor)


def _start(at: Doing) -> Written:
    return handling.start(at.work, at.case, at.who.actor)


def _resume(at: Doing) -> Written:
    return conversation.resume(at.work, at.case, at.who.actor)


def _close(at: Doing) -> Written:
    return deciding.close(at.work, at.case, at.who.actor)


def _take_back(at: Doing) -> Written:
    return deciding.take_back(at.work, at.case, at.who.actor)


def _assign(at: Doing) -> Written:
    return handling.assign(at.work, at.case, at.who.actor, _colleague(at))


def _transfer(at: Doing) -> Written:
    given = at.body
    return transfer.transfer(at.work, at.case, at.who.actor, given.team, given.note, to=_colleague(at))


def _colleague(at: Doing) -> str | None:
    to: str | None = at.body.to
    able = {one.ref for one in roster.read(at.work).staff if people.may_handle(one, at.case)}
    # What stands here stays in the log for ever, so it must be an operator's reference and nothing else.
    if to is not None and to not in able:
        raise InputError({"to": [t("Choose somebody of the list")]})
    return to


def _ask(at: Doing) -> Written:
    given = at.body
    return conversation.ask(at.work, at.case, at.who.actor, given.text, reason=given.reason, days=given.days)


def _reply(at: Doing) -> Written:
    return conversation.reply(at.work, at.case, at.who.actor, at.body.text, at.files)


def _note(at: Doing) -> Written:
    return handling.note(at.work, at.case, at.who.actor, at.body.note)


def _reclassify(at: Doing) -> Written:
    given = at.body
    return handling.reclassify(
        at.work,
        at.case,
        at.who.actor,
        complaint_type=given.type,
        risk_class=given.risk_class,
        reason=given.reason,
    )


def _measures(at: Doing) -> Written:
    return handling.record_measure(at.work, at.case, at.who.actor, _orders(at.body))


def _merge(at: Doing) -> Written:
    lead = _leading(at.work, at.who, at.body)
    if lead is None:
        raise InputError({"lead": [t("No complaint has this number; compare it with the list")]})
    return relations.merge(at.work, at.case, lead.uid, at.who.actor, at.body.reason)


def _leading(work: Work, who: Operator, body: Any) -> Complaint | None:
    """The other case that a body names, if it names one that this key may know of."""
    try:
        lead = access.find(work, body.lead) if isinstance(body, shapes.Merge) else None
    except NotFoundError:
        return None
    return lead if lead is not None and people.may_see(who, lead) else None


def _unmerge(at: Doing) -> Written:
    return relations.unmerge(at.work, at.case, at.who.actor, at.body.reason)


def _decide(at: Doing) -> Written:
    return deciding.decide(at.work, at.case, at.who.actor, _decision(at.body))


def _decline(at: Doing) -> Written:
    given = at.body
    return deciding.decline(at.work, at.case, at.who.actor, given.reason, given.text, given.note)


def _review(at: Doing) -> Written:
    return appeal.review(at.work, at.case, at.who.actor, at.body.verdict, _decision(at.body))


# address → what it takes, whether files may come with it, what it does
ACTS: dict[str, tuple[type[msgspec.Struct] | None, bool, Act, str]] = {
    "accept": (None, False, _accept, "Take the complaint on."),
    "start": (None, False, _start, "Begin to look into it."),
    "resume": (None, False, _resume, "Go on without the complainant's answer."),
    "close": (None, False, _close, "End an answered complaint."),
    "take-back": (None, False, _take_back, "Undo a decision that has not gone out."),
    "assign": (shapes.Assign, False, _assign, "Put an operator in charge, or nobody; never a key."),
    "transfer": (shapes.Transfer, False, _transfer, "Hand the case to another team; no date moves."),
    "ask": (shapes.Ask, False, _ask, "Ask the complainant for more; the clocks stop."),
    "reply": (shapes.Reply, True, _reply, "Write to the complainant, with files where wanted."),
    "note": (shapes.Note, False, _note, "Write an internal note."),
    "reclassify": (shapes.Reclassify, False, _reclassify, "Change the type or the risk class."),
    "measures": (shapes.Measures, False, _measures, "Record measures taken outside a decision."),
    "merge": (shapes.Merge, False, _merge, "Join the case to another on the same matter."),
    "unmerge": (shapes.Reason, False, _unmerge, "Separate a joined case again."),
    "decide": (shapes.Decide, False, _decide, "Answer the complaint; one not taken on yet is taken on first."),
    "decline": (shapes.Decline, False, _decline, "Not take the complaint on."),
    "review": (shapes.Review, False, _review, "End a review, by a key that did not decide."),
}  # fmt: skip


def _view(name: str) -> Callable[..., Any]:
    takes, files, act, said = ACTS[name]

    def view(call: Call, number: str) -> Response:
        return _do(call, number, name, act)

    view.__doc__ = said
    mark = route(
        "POST",
        f"/cases/<number>/{name}",
        "operators",
        who="act",
        takes=takes,
        files=files,
        gives=shown.Done,
        repeatable=True,
        versioned=True,
        problems=_PROBLEMS,
    )
    return mark(view)


def _do(call: Call, number: str, name: str, act: Act) -> Response:
    who, ticket, body = call.operator, call.ticket, call.body
    found = access.find(frame().work, number)
    if not people.may_see(who, found):
        raise NotFoundError("no such complaint")
    uid = found.uid

    def write(work: Work) -> dict[str, Any]:
        lead = _leading(work, who, body)
        # Both in one order, as on the page: two who join the same pair wait for each other instead of failing.
        locked = journal.lock_all(work.session, [uid, lead.uid] if lead else [uid])
        case = next((each.case for each in locked if each.case.uid == uid), None)
        if case is None or not people.may_see(who, case):
            raise NotFoundError("no such complaint")
        earlier = repeats.earlier(work, ticket) if ticket else None
        if earlier is not None:
            return dict(earlier.result)
        if case.version != call.version:
            raise ProblemError("stale", headers={"ETag": f'"{case.version}"'}, version=case.version)
        claims.require(work, case, who.ref)
        done = act(Doing(work, case, who, body, call.files))
        claims.acted(work, case, who.ref, name, staying=False)
        work.session.flush()
        result = {
            "number": case.number,
            "event": done.seq,
            "state": State(case.state).value,
            "version": case.version,
        }
        if ticket is not None:
            repeats.keep(work, ticket, 200, result)
        return result

    result = frame().write(write)
    return written(shown.Done(**result), headers={"ETag": f'"{result["version"]}"'})


def _orders(body: Any) -> tuple[Order, ...]:
    return tuple(Order(each.action, each.target.strip(), each.note.strip()) for each in body.actions)


def _decision(body: Any) -> Decision:
    return Decision(body.outcome, body.reason, body.text.strip(), body.note.strip(), _orders(body))


VIEWS = {name.replace("-", "_"): _view(name) for name in ACTS}
