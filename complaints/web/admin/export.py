"""Files for authorities: order one, watch it being made, take it away; each step stands in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from complaints.administration import roster
from complaints.base.clock import BEIJING
from complaints.base.errors import ConflictError, NotAllowedError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.people import Operator
from complaints.evidence import jobs, tasks
from complaints.evidence.chosen import AUDIT, BUNDLE, MONTHLY, Chosen
from complaints.ledger.work import Work
from complaints.policy.roles import READERS
from complaints.policy.states import State
from complaints.store.jobs import OPEN
from complaints.store.tables import Complaint, Job
from complaints.web.admin import auditing, narrowing, words
from complaints.web.admin.access import fresh, know_login, log_in_first, operator, roles
from complaints.web.admin.evidence import ordered, page
from complaints.web.admin.forms import sent
from complaints.web.admin.ordering import OrderForm, chosen_by, kinds, sentence, state_word
from complaints.web.admin.working import JobForm, share, size_words, why_ended
from complaints.web.downloads import ordered_file
from complaints.web.forms import Act, old_page
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the orders, their list and the download."""
    blueprint.add_url_rule("/evidence/order", "export_order", order, methods=["POST"])
    blueprint.add_url_rule("/evidence/count", "export_count", counted)
    blueprint.add_url_rule("/evidence/exports", "exports", listing)
    blueprint.add_url_rule(
        "/evidence/exports/<any(cancel,again):deed>", "export_change", change, methods=["POST"]
    )
    blueprint.add_url_rule("/evidence/exports/<uid>/file", "export_file", download, methods=["POST"])


@roles(*READERS)
def order() -> ResponseReturnValue:
    """Order a file; a small one is made at once."""
    form, viewer = OrderForm(), operator()
    if not sent(form):
        return page(form), 400
    know_login(viewer)
    return ordered(form, chosen_by(form, viewer)) or (page(form), 422)


@roles(*READERS)
def counted() -> ResponseReturnValue:
    """How many lines the choices in the address give, as a sentence; for the script beside the form."""
    return Response(sentence(OrderForm(formdata=request.args, meta={"csrf": False})), mimetype="text/plain")


@roles(*READERS)
def listing() -> ResponseReturnValue:
    """The files that were ordered, newest first; the page reads itself anew while one is being made."""
    return _listing("")


@roles(*READERS)
def change(deed: str) -> ResponseReturnValue:
    """Cancel an order or an audit, or let a failed one go on."""
    form, who = JobForm(), operator().actor
    held = frame().work.session.get(Job, form.uid.data or "")
    audited = held is not None and held.kind == AUDIT
    told = auditing.page if audited else _listing
    if not sent(form):
        return told(old_page()), 400
    act = jobs.cancel if deed == "cancel" else jobs.again
    try:
        frame().write(lambda work: act(work, form.uid.data or "", who))
    except ConflictError:
        return told(t("This has come to its end in the meantime.")), 409
    return redirect(url_for(f"complaints.admin.{'audit' if audited else 'exports'}"), 303)


@roles(*READERS)
def download(uid: str) -> ResponseReturnValue:
    """A finished file, streamed; that it left stands in the log first."""
    viewer = operator()
    if not sent(Act()):
        return _listing(old_page()), 400
    know_login(viewer)
    held = frame().work.session.get(Job, uid)
    if held is None or held.kind not in tasks.KINDS:
        raise NotFoundError("there is no such file")
    if not _may(viewer, held, _closed(frame().work, [held])):
        raise NotAllowedError("this file holds what its reader may not see")
    if Chosen.of(held.params).unmasked and not fresh(viewer):
        return _listing(log_in_first()), 403
    frame().close()
    return ordered_file(uid, viewer.actor)


def _may(viewer: Operator, job: Job, closed: frozenset[str]) -> bool:
    chosen = Chosen.of(job.params)
    if chosen.unmasked and not viewer.may("auditor"):
        return False
    return _open(viewer, chosen) and not closed.intersection(_named(chosen))


def _open(viewer: Operator, chosen: Chosen) -> bool:
    return viewer.restricted or not chosen.covered


def _named(chosen: Chosen) -> Sequence[str]:
    return [each for each in (chosen.number, *chosen.cases) if each]


def _closed(work: Work, held: Sequence[Job]) -> frozenset[str]:
    """The complaints these orders name that the viewer may not see today: one may have become restricted since."""
    named = {each for job in held for each in _named(Chosen.of(job.params))}
    if operator().restricted or not named:
        return frozenset()
    query = select(Complaint.number).where(Complaint.number.in_(named), Complaint.restricted.is_(True))
    return frozenset(work.session.scalars(query))


def _listing(fault: str) -> str:
    work, viewer = frame().work, operator()
    names = roster.read(work).names
    held = jobs.recent(work.session)
    rows, closed = [], _closed(work, held)
    for job in held:
        chosen = Chosen.of(job.params)
        # What it was narrowed to, or how many lines it has, could tell of a restricted complaint.
        told = _open(viewer, chosen)
        rows.append(
            {
                "uid": job.uid,
                "kind": t("Bundle of evidence")
                if chosen.kind == BUNDLE
                else t("Monthly report")
                if chosen.kind == MONTHLY
                else kinds()[chosen.kind].partition(t(": "))[0],
                "bundle": chosen.kind == BUNDLE,
                "form": chosen.form.upper(),
                "told": told,
                "about": _about(work, chosen, closed) if told else "",
                "state": job.state,
                "done": job.done,
                "total": job.total,
                "share": share(job),
                "anew": job.place.get("anew", 0) > 0,
                "who": viewer.name
                if job.ordered_by == viewer.ref
                else names.get(job.ordered_by, job.ordered_by),
                "when": words.moment(job.created_at, work.now),
                "until": words.moment(job.expires_at, work.now) if job.expires_at else "",
                "size": size_words(job),
                "digest": job.result.get("sha256", ""),
                "error": why_ended(job),
                "may": _may(viewer, job, closed),
            }
        )
    return render_template(
        "complaints/admin/exports.html",
        nav="evidence",
        rows=rows,
        running=any(row["state"] in OPEN for row in rows),
        one=JobForm(formdata=None),
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _about(work: Any, chosen: Chosen, closed: frozenset[str]) -> str:
    lang = language()
    kind = work.policy.types.get(chosen.type)
    tests = {"yes": t("Test cases only"), "no": t("Without test cases")}
    first = f"{chosen.since.astimezone(BEIJING):%Y-%m-%d}" if chosen.since else ""
    last = f"{(chosen.until - timedelta(days=1)).astimezone(BEIJING):%Y-%m-%d}" if chosen.until else ""
    span = f"{first} – {last}".strip() if first or last else t("everything")
    if chosen.listing is not None:
        span = t("The list {list}, {n} complaints", list=_list(work, chosen.listing), n=f"{chosen.listed:,}")
        if chosen.listed == 1:
            span = t("The list {list}, 1 complaint", list=_list(work, chosen.listing))
    # Once for all that are closed: how many there are is nothing to be told either.
    said = dict.fromkeys(
        t("a complaint you may not see") if each in closed else each for each in _named(chosen)
    )
    parts = [
        t(", ").join(said) if chosen.number else span,
        kind.label(lang) if kind else chosen.type,
        state_word(State(chosen.state)) if chosen.state else "",
        chosen.product,
        tests.get(chosen.tests, ""),
        t("Personal data shown") if chosen.unmasked else "",
        t("with {numbers} as a whole", numbers=t(", ").join(said)) if chosen.cases else "",
    ]
    return t(" · ").join(part for part in parts if part)


def _list(work: Work, listing: Mapping[str, str]) -> str:
    views, said = narrowing.view_words(), narrowing.labels()
    here = roster.read(work)
    offered = narrowing.choices(work, here.names.items(), here.teams)
    view = listing.get("view", "")
    filters = [
        f"{said.get(name, name)}{t(': ')}{dict(offered.get(name, ())).get(value, value)}"
        for name, value in listing.items()
        if name != "view"
    ]
    return t("“{name}”", name=views.get(view, view)) + (t(" · ") + t(", ").join(filters) if filters else "")
