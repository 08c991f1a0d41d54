"""A complaint for whoever has its access code: read, write, withdraw, appeal, rate, take files back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response

from complaints.administration import repeats
from complaints.base.errors import InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import appeal, attachments, conversation, relations, views
from complaints.cases.attachments import Held
from complaints.cases.views import DecisionView, PublicView
from complaints.evidence import receipts
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.store.tables import Complaint
from complaints.web.api import shapes, shown
from complaints.web.api.routing import CODE, Call, route, written
from complaints.web.downloads import inert
from complaints.web.frame import frame

_DO: dict[str, Any] = {"tag": "complainant", "who": CODE, "gives": shown.Sent, "repeatable": True}
_PROBLEMS = ("input", "not-possible")


@route("GET", "/complaints/<number>", "complainant", who=CODE, gives=shown.Complaint)
def follow(call: Call, number: str) -> Response:
    """How the complaint stands, what was said and decided, and what can be done now."""
    del number
    work = frame().work
    return written(_shown(work, views.public_view(work, call.complaint)))


@route("POST", "/complaints/<number>/messages", takes=shapes.Message, files=True, problems=_PROBLEMS, **_DO)
def message(call: Call, number: str) -> Response:
    """Write, with files where wanted; where the operators asked for something this is the answer."""
    del number
    text = call.body.text
    return _done(call, lambda work, case: conversation.write(work, case, text, call.files))


@route(
    "POST", "/complaints/<number>/attachments", takes=shapes.Message, files=True, problems=_PROBLEMS, **_DO
)
def attach(call: Call, number: str) -> Response:
    """Add files, with a few words where wanted."""
    if not call.files:
        raise InputError({"files": [t("Write a few words or choose a file")]})
    return message.__wrapped__(call, number)  # type: ignore[no-any-return, attr-defined]  # `wraps` keeps the view


@route("POST", "/complaints/<number>/withdrawal", takes=shapes.Withdrawal, problems=_PROBLEMS, **_DO)
def withdraw(call: Call, number: str) -> Response:
    """Take the complaint back."""
    del number
    text = call.body.text
    return _done(call, lambda work, case: relations.withdraw(work, case, text))


@route("POST", "/complaints/<number>/appeal", takes=shapes.Appeal, problems=_PROBLEMS, **_DO)
def ask_review(call: Call, number: str) -> Response:
    """Ask for a review by somebody who did not decide."""
    del number
    text = call.body.text
    return _done(call, lambda work, case: appeal.appeal(work, case, text))


@route("POST", "/complaints/<number>/rating", takes=shapes.Rating, problems=_PROBLEMS, **_DO)
def rate(call: Call, number: str) -> Response:
    """Say how the handling was."""
    del number
    body: shapes.Rating = call.body
    return _done(call, lambda work, case: relations.rate(work, case, body.stars, body.text))


@route("GET", "/complaints/<number>/attachments", "complainant", who=CODE, gives=shown.Files)
def files(call: Call, number: str) -> Response:
    """The files of the complaint."""
    del number
    work = frame().work
    view = views.public_view(work, call.complaint)
    return written(shown.Files(files=_files(view)))


@route("GET", "/complaints/<number>/attachments/<uid>", "complainant", who=CODE)
def take(call: Call, number: str, uid: str) -> Response:
    """A file byte for byte as it came; alike for a foreign, an unknown and a kept-back one: not found."""
    del number
    held = views.handed_out(frame().work, call.complaint, uid)
    _, data = attachments.original(frame().work, call.complaint.uid, uid)
    return inert(held.name, data)


@route("GET", "/complaints/<number>/proof", "complainant", who=CODE)
def proof(call: Call, number: str) -> Response:
    """The proof that the log holds this filing, for `complaints verify`; not found before a checkpoint does."""
    del number
    made = receipts.proof(frame().work, call.complaint)
    if made is None:
        raise NotFoundError("the filing is in no signed checkpoint yet")
    return inert(f"{call.complaint.number}-proof.json", json.dumps(made, ensure_ascii=False).encode())


def _done(call: Call, step: Callable[[Work, Complaint], object]) -> Response:
    uid, ticket = call.complaint.uid, call.ticket

    def write(work: Work) -> dict[str, str]:
        case = journal.lock(work, uid)
        earlier = repeats.earlier(work, ticket) if ticket else None
        if earlier is not None:
            return dict(earlier.result)
        step(work, case)
        result = {"number": case.number, "state": views.visible_state(case).value}
        if ticket is not None:
            repeats.keep(work, ticket, 200, result)
        return result

    result = frame().write(write)
    return written(shown.Sent(**result))  # type: ignore[arg-type]  # a state's value


def _shown(work: Work, view: PublicView) -> shown.Complaint:
    case, lang = view.case, language()
    question = view.question
    return shown.Complaint(
        number=case.number,
        state=view.state,
        state_label=view.state.label(lang),
        late=view.late,
        test=case.is_test,
        type=case.filed_type,
        lang=case.lang,
        filed_at=case.filed_at,
        accept_due=case.accept_due,
        result_due=case.result_due,
        reply_due=case.reply_due if question else None,
        appeal_until=case.appeal_until if "appeal" in view.can else None,
        provisional=case.provisional,
        fields={key: str(value) for key, value in view.filed.items()},
        contact={key: str(value) for key, value in view.contact.items()},
        answer={key: str(value) for key, value in view.answer.items()},
        answer_mark=case.answer_mark,
        question=question.text if question else "",
        decisions=[_decision(work, case, each) for each in view.decisions],
        timeline=[
            shown.Moment(
                at=each.at,
                event=each.kind,
                text=each.text,
                files=[file.uid for file in each.files],
                by=each.by,
            )
            for each in view.timeline
        ],
        files=_files(view),
        can=sorted(view.can),
    )


def _decision(work: Work, case: Complaint, made: DecisionView) -> shown.Verdict:
    policy = work.policy_of(case.policy_version)
    reasons = policy.decline_reasons if made.outcome == "declined" else policy.decision_reasons
    reason = reasons.get(made.reason)
    return shown.Verdict(
        event=made.kind,
        outcome=made.outcome,
        reason=made.reason,
        reason_text=(reason.text or reason.label)(language()) if reason else "",
        text=made.text,
        actions=list(made.actions),
        decided_at=made.decided_at,
        released_at=made.released_at,
        by=made.by,
    )


def _files(view: PublicView) -> list[shown.File]:
    told = {file.uid for moment in view.timeline for file in moment.files}
    return [file(each, available=views.may_take(view.case, each)) for each in view.files if each.uid in told]


def file(held: Held, *, available: bool) -> shown.File:
    """An attachment as an answer shows it."""
    return shown.File(
        uid=held.uid,
        name=held.name,
        media_type=held.media_type,
        size=held.size,
        digest=held.digest,
        ours=held.person == "operator",
        available=available and bool(held.name),
    )


VIEWS = {
    "follow": follow,
    "message": message,
    "attach": attach,
    "withdraw": withdraw,
    "appeal": ask_review,
    "rate": rate,
    "files": files,
    "take": take,
    "proof": proof,
}
