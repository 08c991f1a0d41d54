"""Pass a complaint on to the vendor of the model: the masked extract, to be read and edited before it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, StringField, TextAreaField

from complaints.base.errors import ConflictError, InputError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases import claims, forwarding, people
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.web.admin import acts, casepage
from complaints.web.admin.access import operator, roles
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
    except (ConflictError, TransitionError) as error:
        page, claimed = _fresh(number), acts.claimed_by(error)
        form.version.data = str(page.case.version)
        form.form_errors = [
            acts.conflict_words(page, claimed)
            or t("The case has changed meanwhile. Nothing was sent; read it again, then send again")
        ]
        return _shown(page, form, status=409, over=acts.over(form, claimed, "forward"))
    return redirect(url_for("complaints.admin.case", number=number, _anchor="vendor"), 303)


def _send(page: Page, form: ForwardForm) -> None:
    viewer, uid = operator(), page.case.uid
    given: dict[str, Any] = {name: form[name].data or "" for name in ("vendor", "way", "text")}

    def write(work: Work) -> None:
        case = journal.lock(work, uid)
        if not people.may_see(viewer, case):
            raise NotFoundError("no such complaint")
        acts.checked(work, case, viewer, form.read_at, over=form.over.data or "")
        forwarding.forward(work, case, viewer.actor, confirmed=bool(form.confirmed.data), **given)
        claims.acted(work, case, viewer.ref, "forward")

    frame().write(write)


def _shown(
    page: Page, form: ForwardForm, status: int = 200, over: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    models = forwarding.vendors(page.work.policy)
    html = render_template(
        "complaints/admin/forward.html",
        **page.context,
        form=form,
        over=over,
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
