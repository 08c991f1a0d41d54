"""Webhooks: addresses that are told of events; who changes one has logged in a short while ago."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectMultipleField, StringField

from complaints.administration import roster, webhooks
from complaints.base.errors import ComplaintsError, InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.happenings import happened
from complaints.delivery.calling import SECONDS, TOLERANCE_MINUTES
from complaints.delivery.sending import PAUSES
from complaints.delivery.webhooks import EVENTS
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock
from complaints.store.tables import Webhook
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles, stale
from complaints.web.admin.forms import sent
from complaints.web.forms import OwnForm, old_page, put_errors
from complaints.web.frame import frame

MINUTES_A_DAY = 24 * 60


class HookForm(OwnForm):
    """A new address and what it is told."""

    url = StringField()
    events = SelectMultipleField(validate_choice=False, choices=[])


class OneForm(OwnForm):
    """Which address a button is about."""

    uid = HiddenField()


def register(blueprint: Blueprint) -> None:
    """Add the page, the new address, its buttons, and the question before one is removed."""
    blueprint.add_url_rule("/webhooks", "webhooks", listing)
    blueprint.add_url_rule("/webhooks/add", "webhook_add", add, methods=["POST"])
    blueprint.add_url_rule(
        "/webhooks/<any(test,pause,resume,rotate):turn>", "webhook_change", change, methods=["POST"]
    )
    blueprint.add_url_rule("/webhooks/<uid>/remove", "webhook_remove", remove, methods=["GET", "POST"])


@roles("admin")
def listing() -> ResponseReturnValue:
    """Every address, and how its last message went."""
    return _listing(_blank())


@roles("admin")
def add() -> ResponseReturnValue:
    """A new address; its key is shown this once."""
    form, viewer, reach = HookForm(), operator(), frame().installation.reach
    if not sent(form):
        return _listing(form), 400
    if (late := stale(viewer)) is not None:
        return _listing(form, fault=late), 422

    def create(work: Work) -> tuple[Webhook, str]:
        url, events = form.url.data or "", form.events.data or []
        return webhooks.create(work, url, events, reach, viewer.actor)

    try:
        made = frame().write(create)
    except InputError as error:
        put_errors(form, error.fields)
        return _listing(form), 422
    return _listing(_blank(), made=made)


@roles("admin")
def change(turn: str) -> ResponseReturnValue:
    """Send a test message, pause, resume, or give an address a new key, which is shown this once."""
    form, viewer, blank = OneForm(), operator(), _blank()
    if not sent(form):
        return _listing(blank, fault=old_page()), 400
    if (late := stale(viewer)) is not None:
        return _listing(blank, fault=late), 422
    uid, who = form.uid.data or "", viewer.actor
    try:
        if turn == "rotate":
            made = frame().write(lambda work: webhooks.rotate(work, uid, who))
            return _listing(blank, made=made)
        if turn == "test":
            frame().write(lambda work: webhooks.test(work, uid))
            return redirect(url_for("complaints.admin.webhooks", tested=uid), 303)
        act = webhooks.pause if turn == "pause" else webhooks.resume
        frame().write(lambda work: act(work, uid, who))
    except InputError as error:
        return _listing(blank, fault=" ".join(said for row in error.fields.values() for said in row)), 422
    return redirect(url_for("complaints.admin.webhooks"), 303)


@roles("admin")
def remove(uid: str) -> ResponseReturnValue:
    """Ask once more, then forget the address and its key."""
    if request.method == "POST" and not sent(OneForm()):
        return _listing(_blank(), fault=old_page()), 400
    row = webhooks.find(frame().work, uid)
    if request.method == "GET":
        return _removal(row)
    if (late := stale(operator())) is not None:
        return _removal(row, fault=late), 422
    who = operator().actor
    frame().write(lambda work: webhooks.remove(work, uid, who))
    return redirect(url_for("complaints.admin.webhooks"), 303)


def _blank() -> HookForm:
    return HookForm(formdata=None, data={"events": list(EVENTS)})


def _listing(form: HookForm, *, made: tuple[Webhook, str] | None = None, fault: str = "") -> str:
    work = frame().work
    rows = webhooks.everything(work)
    tested = request.args.get("tested", "")
    return render_template(
        "complaints/admin/webhooks.html",
        nav="office",
        rows=[_row(work, row) for row in rows],
        form=form,
        one=OneForm(formdata=None),
        made=made and (made[0].url, made[1], _overlap(work, made[0])),
        tested=next((row.url for row in rows if row.uid == tested), ""),
        fault=[{"id": "", "text": fault}] if fault else None,
        events=[(each, _word(each), f"complaint.{each}") for each in EVENTS],
        limits=(TOLERANCE_MINUTES, SECONDS, round(sum(PAUSES) / MINUTES_A_DAY)),
    )


def _removal(row: Webhook, *, fault: str = "") -> str:
    return render_template(
        "complaints/admin/webhook_remove.html",
        nav="office",
        row=row,
        one=OneForm(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _row(work: Work, row: Webhook) -> dict[str, Any]:
    names = roster.read(work).names
    return {
        "uid": row.uid,
        "url": row.url,
        "active": row.active,
        "wants": t(", ").join(_word(each) for each in row.events) if row.events else t("Every event"),
        "answered": words.moment(row.answered_at, work.now) if row.answered_at else "",
        "refused": words.moment(row.refused_at, work.now) if row.refused_at else "",
        "failing": webhooks.refusing(row),
        "refusal": row.refusal or "",
        "by": names.get(row.created_by, row.created_by),
        "made": words.moment(row.created_at, work.now),
        "overlap": _overlap(work, row),
    }


def _overlap(work: Work, row: Webhook) -> str:
    try:
        until = webhooks.replaced_until(work, row)
    except ComplaintsError:
        # Sealed by another installation's key: the page must still be there, to remove it.
        return ""
    return clock(until, language()) if until is not None else ""


def _word(event: str) -> str:
    return t("A promised date has passed") if event == "late" else happened(event)
