"""The page of what can be handed out: files, bundles of evidence, and when the log was last audited."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints, refusals, roster
from complaints.base.errors import InputError, NotAllowedError
from complaints.evidence import jobs
from complaints.evidence.chosen import Chosen
from complaints.ledger.audit_report import last
from complaints.policy.roles import READERS
from complaints.store.jobs import StoppedError
from complaints.store.tables import Job
from complaints.web.admin import bundling, monthly, ordering, words
from complaints.web.admin.access import fresh, know_login, log_in_first, operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame

# What is small is made while the page waits; the rest is left to the workers.
AT_ONCE, _SECONDS = 5000, 2.0


def register(blueprint: Blueprint) -> None:
    """Add the page, and the orders of a bundle and of a month's report."""
    blueprint.add_url_rule("/evidence", "evidence", evidence)
    blueprint.add_url_rule("/evidence/bundle", "bundle_order", order_bundle, methods=["POST"])
    blueprint.add_url_rule("/evidence/monthly", "monthly_order", order_monthly, methods=["POST"])


@roles(*READERS)
def evidence() -> ResponseReturnValue:
    """Downloads, bundles, and the audit of the log against the tables."""
    return page()


@roles(*READERS)
def order_bundle() -> ResponseReturnValue:
    """Order a bundle of evidence; a small one is made at once."""
    form, viewer = bundling.sent_form(), operator()
    if not sent(form):
        return page(bundle_form=form), 400
    know_login(viewer)
    return ordered(form, bundling.chosen_by(form, viewer)) or (page(bundle_form=form), 422)


def ordered(form: OwnForm, chosen: Chosen) -> ResponseReturnValue | None:
    """Order it and lead to the files; None where the form has been told why not. Commits.

    Raises NotAllowedError for personal data that this role may not take away.
    """
    viewer, found = operator(), frame().installation
    if chosen.unmasked and not viewer.may("auditor"):
        raise NotAllowedError("only an auditor may take personal data away unmasked")
    if chosen.unmasked and not fresh(viewer):
        put_errors(form, {"unmasked": [log_in_first()]})
        return None
    frame().close()
    try:
        uid = jobs.order(found, viewer.actor, chosen)
    except InputError as error:
        put_errors(form, {{"to": "until"}.get(name, name): said for name, said in error.fields.items()})
        return None
    begin(uid)
    return redirect(url_for("complaints.admin.exports"), 303)


@roles(*READERS)
def order_monthly() -> ResponseReturnValue:
    """Order the report of a month; a small one is made at once."""
    form, viewer = monthly.sent_form(), operator()
    if not sent(form):
        return page(monthly_form=form), 400
    know_login(viewer)
    try:
        chosen = monthly.chosen_by(form, viewer)
        frame().close()
        uid = jobs.order(frame().installation, viewer.actor, chosen)
    except InputError as error:
        put_errors(form, error.fields)
        return page(monthly_form=form), 422
    begin(uid)
    return redirect(url_for("complaints.admin.exports"), 303)


def begin(uid: str, at_once: int | None = None) -> None:
    """Do a small job while the page waits; commits. The others wait for a worker."""
    job = frame().work.session.get(Job, uid)
    small = job is not None and job.total <= (AT_ONCE if at_once is None else at_once)
    frame().close()
    claimed = jobs.claim(frame().installation, uid) if small else None
    if claimed is not None:
        with suppress(StoppedError):
            jobs.go_on(frame().installation, claimed, monotonic() + _SECONDS)


def page(
    order_form: ordering.OrderForm | None = None,
    bundle_form: bundling.BundleForm | None = None,
    monthly_form: monthly.MonthlyForm | None = None,
) -> str:
    """The page with a form that came back, if one did."""
    work = frame().work
    before = last(work)
    wrong: OwnForm | None = bundle_form or order_form or monthly_form
    refused = checkpoints.refusal(frame().installation, work.session)
    return render_template(
        "complaints/admin/evidence.html",
        nav="evidence",
        wrong=wrong,
        refused=refusals.told(work.session, refused) if refused else None,
        last=before,
        last_at=words.moment(before.at, work.now) if before else "",
        last_by=roster.read(work).names.get(before.ref, before.ref) if before else "",
        act=Act(),
        **ordering.context(order_form),
        **bundling.context(bundle_form or bundling.empty()),
        **monthly.context(monthly_form or monthly.empty(request.args.get("month", ""))),
    )
