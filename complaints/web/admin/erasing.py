"""The personal data of one case: until when it is kept, who asked for what, what is to go."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectMultipleField, StringField

from complaints.base.errors import ConflictError, InputError, NotAllowedError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases import attachments, disclosure, erasure, looking, third_party
from complaints.cases.handling import require_text
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.deadlines import words as day_words
from complaints.policy.roles import LEADERS, STAFF
from complaints.store import residue
from complaints.store.tables import Complaint
from complaints.web.admin import words
from complaints.web.admin.access import know_login, operator, roles, stale
from complaints.web.admin.case import StoredForm, opened
from complaints.web.admin.casepage import Page
from complaints.web.admin.forms import CaseForm, sent
from complaints.web.downloads import inert
from complaints.web.forms import put_errors
from complaints.web.frame import frame

# The form that hands over what is kept; no act of the page, since it changes nothing.
_DATA = "data"


class PersonalForm(CaseForm):
    """A reason, and for some acts whose data or which parts."""

    reason = StringField()
    persons = SelectMultipleField(validate_choice=False)
    fields = SelectMultipleField(validate_choice=False)


def _order(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    if (late := stale(who)) is not None:
        raise InputError({"reason": [late]})
    return erasure.order(work, case, who.actor, form.persons.data or (), _reason(form))


Done = Callable[[Work, Complaint, Operator, Any], object]
ACTS: Mapping[str, Done] = {
    "request": lambda work, case, who, form: erasure.request(work, case, who.actor, how=_reason(form)),
    "withdraw": lambda work, case, who, _: erasure.withdraw_request(work, case, who.actor),
    "hold": lambda work, case, who, form: erasure.hold(work, case, who.actor, _reason(form)),
    "lift": lambda work, case, who, form: erasure.lift(work, case, who.actor, _reason(form)),
    "third": lambda work, case, who, form: third_party.name(work, case, who.actor, form.fields.data or ()),
    "order": _order,
}


@dataclass(frozen=True)
class Kept:
    """What the page says of one case."""

    until: str
    persons: list[str]
    nameable: list[tuple[str, str]]


def register(blueprint: Blueprint) -> None:
    """Add the page, the way into a stored case, and the person's data to hand over."""
    blueprint.add_url_rule("/case/<number>/personal", "personal", personal, methods=["GET", "POST"])
    blueprint.add_url_rule("/case/<number>/stored", "open_stored", open_stored, methods=["POST"])
    blueprint.add_url_rule("/case/<number>/data.json", "kept_data", kept_data, methods=["POST"])


@roles(*LEADERS)
def personal(number: str) -> ResponseReturnValue:
    """Show the page, or do one of its acts."""
    page, viewer = opened(number), operator()
    if request.method == "GET":
        return _shown(page)
    act = request.form.get("act", "")
    if act not in ACTS:
        return _shown(page, status=400)
    know_login(viewer)
    form = PersonalForm(prefix=f"{act}-")
    if not sent(form):
        return _shown(page, act, form, status=400)
    uid = page.case.uid
    try:
        frame().write(
            lambda work: ACTS[act](work, journal.lock(work, uid, version=form.read_at), viewer, form)
        )
    except InputError as error:
        put_errors(form, error.fields, "reason")
        return _shown(page, act, form, status=422)
    except (ConflictError, TransitionError):
        put_errors(form, {"": [t("This is not possible any more. Look again how the case stands")]})
        return _shown(opened(number), act, form, status=409)
    if act in {"request", "order"} and frame().write(
        lambda work: erasure.finish(work, journal.lock(work, uid))
    ):
        residue.wipe(frame().installation.database.engine)
    return redirect(url_for("complaints.admin.personal", number=number, done=act), 303)


@roles(*STAFF)
def open_stored(number: str) -> ResponseReturnValue:
    """Open a case that is only stored for this hour, with a reason; an event."""
    page = opened(number)
    form = StoredForm(prefix="stored-")
    if not page.may_open_stored:
        raise NotAllowedError("this case is only stored")
    uid, actor, reason = page.case.uid, page.viewer.actor, _reason(form)
    if sent(form):
        try:
            require_text(reason, "reason")
        except InputError:
            return redirect(url_for("complaints.admin.case", number=number, _anchor="stored"), 303)
        frame().write(lambda work: looking.open_stored(work, uid, actor, reason))
    return redirect(url_for("complaints.admin.case", number=number), 303)


@roles(*LEADERS)
def kept_data(number: str) -> ResponseReturnValue:
    """What is kept about the complainant, as the tracking page gives it, to hand to them."""
    page, viewer, form = opened(number), operator(), PersonalForm(prefix=f"{_DATA}-")
    if not sent(form):
        return _shown(page, _DATA, form, status=400)
    if (late := stale(viewer)) is not None:
        put_errors(form, {"": [late]})
        return _shown(page, _DATA, form, status=422)
    if page.stored:
        # Handing it over is reading it: the reason comes first, as on the page of the case.
        return redirect(url_for("complaints.admin.case", number=number, _anchor="stored"), 303)
    uid = page.case.uid
    frame().write(lambda work: disclosure.disclose(work, uid, viewer.actor, "json"))
    return as_json(page.case.number, disclosure.kept_about(page.work, page.case))


def as_json(number: str, kept: Mapping[str, Any]) -> Response:
    """The data as a download."""
    return inert(f"{number}.json", json.dumps(kept, ensure_ascii=False, indent=2).encode())


def _shown(
    page: Page, act: str = "", form: PersonalForm | None = None, *, status: int = 200
) -> ResponseReturnValue:
    case = page.case
    forms = {
        name: PersonalForm(formdata=None, prefix=f"{name}-", data={"version": case.version})
        for name in (*ACTS, _DATA)
    }
    if form is not None:
        form.version.data = str(case.version)
        forms[act] = form
    html = render_template(
        "complaints/admin/personal.html",
        nav="queue",
        case=case,
        kept=_kept(page),
        forms=forms,
        bad=form if status >= 400 else None,  # noqa: PLR2004 - a refused form
        act=act,
        done=request.args.get("done", "") if request.method == "GET" else "",
        person_names=words.person_names(),
        stored_since=page.record.said(case.stored_only_at) if case.stored_only_at else "",
        held_since=page.record.said(case.held_at) if case.held_at else "",
        erased=page.record.said(case.erased_at) if case.erased_at else "",
        ended=erasure.end_of_keeping(page.work, case) is not None,
        years=page.policy.retention.case_years,
    )
    return html, status


def _kept(page: Page) -> Kept:
    work, case = page.work, page.case
    until = case.erase_at or erasure.end_of_keeping(work, case)
    files = {each.uid: each.name for each in attachments.held(work, case.uid)} if not page.stored else {}
    return Kept(
        day_words(until, page.lang) if until else "",
        erasure.present(work, case),
        [(each, _called(page, each, files)) for each in third_party.nameable(work, case)],
    )


def _called(page: Page, place: str, files: Mapping[str, str]) -> str:
    head, _, tail = place.partition("/")
    if head == "file":
        return t("File “{name}”", name=files.get(tail) or t("Stored only"))
    entry = next(each for each in page.entries if each.seq == int(head))
    named = {
        "details": t("What was filed"),
        "answer": t("The AI's answer, as it arrived"),
        "context": t("What was said before"),
    }
    return f"{named.get(tail, t('Message'))} · {page.record.said(entry.at)}"


def _reason(form: Any) -> str:
    return (form.reason.data or "").strip()
