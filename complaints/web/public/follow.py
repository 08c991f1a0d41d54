"""One complaint for the person who made it: what it says, and what they can do about it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from wtforms import MultipleFileField, StringField, TextAreaField

from complaints.base.errors import InputError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import appeal, attachments, conversation, erasure, relations, views
from complaints.cases.attachments import Upload
from complaints.evidence import receipts
from complaints.ledger import journal
from complaints.ledger.work import COMPLAINANT, Work
from complaints.store import residue
from complaints.store.tables import Complaint
from complaints.web import incoming
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame
from complaints.web.headers import DOWNLOAD_CSP
from complaints.web.public import opened, sent, standing, telling

# Types a browser or a viewer opens without running anything; all others come as bytes.
_SAFE = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "application/pdf", "video/mp4"}
    | {"audio/amr", "audio/mpeg", "audio/wav", "audio/ogg"}
)


class Message(OwnForm):
    """Words and files, as an answer or of one's own accord."""

    text = TextAreaField()
    files = MultipleFileField()


class Withdrawal(OwnForm):
    """Taking the complaint back; why is optional."""

    text = TextAreaField()


class Appeal(OwnForm):
    """Asking for a review; why is all it asks."""

    text = TextAreaField()


class Rating(OwnForm):
    """From 1 to 5, and words where wanted."""

    rating = StringField()
    text = TextAreaField()


FORMS: dict[str, type[OwnForm]] = {
    "message": Message,
    "remind": Act,
    "appeal": Appeal,
    "rate": Rating,
    "withdraw": Withdrawal,
    "erase": Act,
    "keep": Act,
}
_STARS = frozenset(map(str, relations.STARS))
Step = Callable[[Work, Complaint], Any]


@dataclass
class Shown:
    """The forms of one page: the one that came back filled, the others empty."""

    forms: dict[str, OwnForm]
    wrong: str = ""
    notice: str = ""
    status: int = 200


def register(blueprint: Blueprint) -> None:
    """Add the page of a complaint and its files."""
    blueprint.add_url_rule("/track/<number>", "follow", follow, methods=["GET", "POST"])
    blueprint.add_url_rule("/track/<number>/files/<uid>", "file", file)
    blueprint.add_url_rule("/track/<number>/proof", "proof", proof)


def follow(number: str) -> ResponseReturnValue:
    """The complaint as it stands; a POST does one of the things the page offers."""
    incoming.allow(incoming.limit_of_files())
    came = incoming.read()
    act = came.get("act")
    try:
        case = opened.opened(number)
    except NotFoundError:
        from complaints.web.public import tracking  # noqa: PLC0415 - log-in and page lead to each other

        return tracking.ask(number=number, act=act, text=came.get(f"{act}-text"))
    if request.method == "GET":
        return page(case, Shown(empty()))
    if act not in FORMS:
        raise NotFoundError("nothing of that name can be done here")
    if came.too_large:
        shown = Shown(empty(**{act: came.get(f"{act}-text")}), act, status=413)
        put_errors(
            shown.forms[act],
            {"files": [t("That was too much at once; your text is kept. Choose fewer or smaller files")]},
        )
        return page(case, shown)
    shown = Shown(empty(act))
    if "lang" in came.form:
        put_errors(shown.forms[act], {"files": sent.lost_files(f"{act}-files")})
        return page(case, shown)
    return _do(case, act, shown)


def file(number: str, uid: str) -> ResponseReturnValue:
    """An attachment byte for byte as it came; alike for a foreign, an unknown and a kept-back one: not found."""
    case = opened.opened(number)
    held = views.handed_out(frame().work, case, uid)
    _, data = attachments.original(frame().work, case.uid, uid)
    answer = send_file(
        io.BytesIO(data),
        mimetype=held.media_type if held.media_type in _SAFE else "application/octet-stream",
        as_attachment=True,
        download_name=held.name,
        etag=False,
        conditional=False,
    )
    answer.headers["Content-Security-Policy"] = DOWNLOAD_CSP
    return answer


def proof(number: str) -> ResponseReturnValue:
    """The proof that the log holds this filing, as a file; not found before a checkpoint does."""
    case = opened.opened(number)
    made = receipts.proof(frame().work, case)
    if made is None:
        raise NotFoundError("the filing is in no signed checkpoint yet")
    answer = Response(json.dumps(made, ensure_ascii=False, indent=1) + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{case.number}-proof.json"'
    answer.headers["Content-Security-Policy"] = DOWNLOAD_CSP
    return answer


def empty(filled: str = "", **values: str) -> dict[str, OwnForm]:
    """Every form of the page; `filled` takes what the request brought, `values` prefills one by act."""
    found = {}
    for act, form in FORMS.items():
        if act == filled:
            found[act] = form(prefix=f"{act}-")
        else:
            data = {"text": values[act]} if act in values else None
            found[act] = form(formdata=None, prefix=f"{act}-", data=data)
    return found


def page(case: Complaint, shown: Shown) -> ResponseReturnValue:
    """The page, with whatever a form had to say."""
    work = frame().work
    view = views.public_view(work, case)
    told = telling.tell(work, view, language(), lambda uid: url_for(".file", number=case.number, uid=uid))
    done = request.args.get("done", "") if request.method == "GET" else ""
    body = render_template(
        "complaints/follow.html",
        told=told,
        forms=shown.forms,
        wrong=shown.forms.get(shown.wrong),
        act=shown.wrong,
        notice=shown.notice,
        done=_DONE[done]() if done in _DONE else "",
        rating=case.rating,
        leave=Act(formdata=None) if opened.is_open(case.number) else None,
        most=frame().settings.MAX_FILES,
        longest=conversation.MAX_TEXT,
        provable=receipts.provable(work, case),
    )
    return body, shown.status


_DONE: dict[str, Callable[[], str]] = {
    "message": lambda: t("Sent. We will read it and answer here."),
    "remind": lambda: t("We have been reminded"),
    "appeal": lambda: t("The review has begun. Someone new to the case decides, free of charge."),
    "rate": lambda: t("Thank you, noted"),
    "withdraw": lambda: t("Withdrawn"),
    "erase": lambda: t("Your request for deletion is entered"),
    "keep": lambda: t("Your request for deletion is withdrawn"),
}


# Steps that take nothing from their form.
_BARE: dict[str, Step] = {
    "erase": lambda work, case: erasure.request(work, case, COMPLAINANT),
    "keep": lambda work, case: erasure.withdraw_request(work, case, COMPLAINANT),
}


def _do(case: Complaint, act: str, shown: Shown) -> ResponseReturnValue:
    uid, number, form = case.uid, case.number, shown.forms[act]
    shown.wrong, shown.status = act, 400
    if not sent.genuine(form):
        put_errors(form, {"files": sent.lost_files(f"{act}-files")}, fallback="")
        return page(case, shown)
    try:
        step = _step(act, form)
        frame().write(lambda work: step(work, journal.lock(work, uid)))
        if act == "erase":
            _erase_at_once(uid)
    except InputError as error:
        put_errors(form, error.fields, fallback="text")
        if act == "message" and "files" not in error.fields:
            put_errors(form, {"files": sent.lost_files("message-files")})
        return page(opened.opened(number), shown)
    except TransitionError:
        shown.status = 409
        shown.notice = t(
            "This cannot be done now. Look below where it stands; try again in a few minutes, or contact us."
        )
        return page(opened.opened(number), shown)
    return redirect(url_for(".follow", number=number, done=act, _anchor="cmp-main"), 303)


def _step(act: str, form: Any) -> Step:
    """What to do once the complaint is locked; files are read and checked before that."""
    if act == "message":
        files: list[Upload] = sent.uploads("message-files")
        return lambda work, case: conversation.write(work, case, form.text.data or "", files)
    if act == "remind":
        words = standing.reminder()
        return lambda work, case: conversation.write(work, case, words)
    if act == "appeal":
        return lambda work, case: appeal.appeal(work, case, form.text.data or "")
    if act in _BARE:
        return _BARE[act]
    if act == "rate":
        stars = int(form.rating.data) if form.rating.data in _STARS else 0
        return lambda work, case: relations.rate(work, case, stars, form.text.data or "")
    return lambda work, case: relations.withdraw(work, case, form.text.data or "")


def _erase_at_once(uid: str) -> None:
    """Where nothing has to be kept any more; in a transaction of its own, which the clock would finish."""
    if frame().write(lambda work: erasure.finish(work, journal.lock(work, uid))):
        residue.wipe(frame().installation.database.engine)
