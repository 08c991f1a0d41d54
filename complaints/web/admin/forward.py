"""Pass a complaint on to the vendor of the model: the masked extract, to be read and edited before it goes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, StringField, TextAreaField

from complaints.base.errors import ConflictError, InputError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases import forwarding
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.web.admin import casepage
from complaints.web.admin.access import HANDLERS, operator, roles
from complaints.web.admin.case import opened
from complaints.web.admin.casepage import Page
from complaints.web.admin.forms import CaseForm, sent
from complaints.web.forms import put_errors
from complaints.web.frame import frame


class ForwardForm(CaseForm):
    """Whom to tell, how, and what."""

    vendor = StringField()
    way = StringField(default="mail")
    text = TextAreaField()
    confirmed = BooleanField()


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/case/<number>/forward", "forward", forward, methods=["GET", "POST"])


@roles(*HANDLERS)
def forward(number: str) -> ResponseReturnValue:
    """Show the extract; a POST passes it on as it was edited."""
    page, form = opened(number), ForwardForm()
    if request.method == "GET":
        if "forward" not in page.can or page.stored:
            return redirect(url_for("complaints.admin.case", number=number), 303)
        form.version.data = str(page.case.version)
        form.text.data = forwarding.extract(page.work, page.case, page.entries)
        return _shown(page, form)
    if not sent(form):
        return _shown(page, form, status=400)
    try:
        _send(page, form)
    except InputError as error:
        put_errors(form, error.fields, "text")
        return _shown(_fresh(number), form, status=422)
    except (ConflictError, TransitionError):
        page = _fresh(number)
        form.version.data = str(page.case.version)
        form.form_errors = [
            t("The case has changed meanwhile. Nothing was sent; read it again, then send again")
        ]
        return _shown(page, form, status=409)
    return redirect(url_for("complaints.admin.case", number=number, _anchor="vendor"), 303)


def _send(page: Page, form: ForwardForm) -> None:
    viewer, uid, version = operator(), page.case.uid, form.read_at
    given: dict[str, Any] = {name: form[name].data or "" for name in ("vendor", "way", "text")}

    def write(work: Work) -> None:
        case = journal.lock(work, uid, version=version)
        if case.restricted and not viewer.restricted:
            raise NotFoundError("no such complaint")
        forwarding.forward(work, case, viewer.actor, confirmed=bool(form.confirmed.data), **given)

    frame().write(write)


def _shown(page: Page, form: ForwardForm, status: int = 200) -> ResponseReturnValue:
    models = forwarding.vendors(page.work.policy)
    html = render_template(
        "complaints/admin/forward.html",
        **page.context,
        form=form,
        vendors=[(key, f"{each.vendor}{t(' · ')}{each.name}") for key, each in models.items()],
        mails={each.vendor: each.vendor_mail for each in models.values() if each.vendor_mail},
        hooks={
            each.vendor: urlsplit(each.vendor_webhook).hostname
            for each in models.values()
            if each.vendor_webhook
        },
        routes={each.vendor: each.complaint_route for each in models.values() if each.complaint_route},
        longest=forwarding.MAX_TEXT,
    )
    return html, status


def _fresh(number: str) -> Page:
    return casepage.gather(frame().work, operator(), number)
