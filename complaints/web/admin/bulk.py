"""Act on many cases: choose them in the queue, see beforehand which can be, then watch it being done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField

from complaints.administration import bulk as jobs
from complaints.administration import roster
from complaints.base.errors import ConflictError, InputError, NotAllowedError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import bulk, claims, queries
from complaints.cases.bulk import MOST, Wish
from complaints.cases.people import Operator
from complaints.store.jobs import OPEN, StoppedError
from complaints.store.tables import Complaint, Job
from complaints.web.admin import words
from complaints.web.admin.access import HANDLERS, operator, roles
from complaints.web.admin.forms import sent
from complaints.web.admin.queue import filters_of
from complaints.web.admin.working import share
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame

# So few are done while the page waits; the rest is left to the workers.
AT_ONCE, _SECONDS = 50, 5.0
_VERSION = re.compile(r"[0-9]{1,9}")


class BulkForm(OwnForm):
    """Which cases, each with the version it was shown at, and what is to be done with them."""

    do = StringField()
    query = HiddenField()
    case = SelectMultipleField(validate_choice=False, choices=[])
    act = StringField()
    to = StringField()
    team = StringField()
    type = StringField()
    text = TextAreaField()


def register(blueprint: Blueprint) -> None:
    """Add the choice with its preview, the list of what was ordered, and one order with its results."""
    blueprint.add_url_rule("/bulk", "bulk", choose, methods=["POST"])
    blueprint.add_url_rule("/bulk", "bulks", listing)
    blueprint.add_url_rule("/bulk/<uid>", "bulk_job", watch)
    blueprint.add_url_rule("/bulk/<uid>/cancel", "bulk_cancel", cancel, methods=["POST"])


@roles(*HANDLERS)
def choose() -> ResponseReturnValue:
    """What to do with the chosen cases, which of them it will not be done to, and the order."""
    form, viewer = BulkForm(), operator()
    if not sent(form):
        return _page(form, _typed(form)), 400
    do = form.do.data
    if do in {"ticked", "all"}:
        return _begun(form, viewer, whole=do == "all")
    cases = _typed(form)
    try:
        jobs.too_many(len(cases))
        work, wish = frame().work, _wish(form)
        bulk.check(work, wish, jobs.colleague(work, viewer, wish))
        if do != "confirm":
            return _page(form, cases, wish=wish), 200
        frame().close()
        uid = jobs.order(frame().installation, viewer, wish, cases)
    except InputError as error:
        put_errors(form, error.fields)
        return _page(form, cases), 422
    _begin(uid, len(cases))
    return redirect(url_for("complaints.admin.bulk_job", uid=uid), 303)


@roles(*HANDLERS)
def listing() -> ResponseReturnValue:
    """What was ordered for many cases, newest first."""
    return _listed()


@roles(*HANDLERS)
def watch(uid: str) -> ResponseReturnValue:
    """How far it is, and how each case ended."""
    return _watched(uid)


@roles(*HANDLERS)
def cancel(uid: str) -> ResponseReturnValue:
    """Stop: what is done stays done."""
    if not sent(Act()):
        return _listed(t("The page was open a long time. All is still here. Submit again")), 400
    viewer = operator()
    if _job(uid).ordered_by != viewer.ref and not viewer.may("supervisor", "admin"):
        raise NotAllowedError("only who ordered it, or a supervisor, may stop it")
    try:
        frame().write(lambda work: jobs.cancel(work, uid, viewer.actor))
    except ConflictError:
        return _watched(uid, t("This has come to its end in the meantime.")), 409
    return redirect(url_for("complaints.admin.bulk_job", uid=uid), 303)


def act_words() -> dict[str, str]:
    """What can be done to many cases at once."""
    return {
        "accept": t("Take on"),
        "assign": t("Put somebody in charge"),
        "transfer": t("Hand to another team"),
        "note": t("Write an internal note"),
        "reclassify": t("Change the type"),
        "close": t("Close"),
    }


def _begun(form: BulkForm, viewer: Operator, *, whole: bool) -> ResponseReturnValue:
    """The first look at what was chosen in the queue."""
    cases = _typed(form)
    if whole:
        filters = filters_of(frame().work, viewer, dict(parse_qsl(form.query.data or "")))
        found = queries.matching(frame().work, viewer, filters, MOST + 1)
        cases = [(case.uid, case.version) for case in found]
    try:
        jobs.too_many(len(cases))
    except InputError as error:
        more = len(cases) > MOST
        said = {"case": [t("This list has more than {max} complaints. Narrow it first", max=MOST)]}
        put_errors(form, said if more else error.fields)
        return _page(form, []), 422
    return _page(form, cases)


def _begin(uid: str, number: int) -> None:
    """Do a few while the page waits; what is left over goes to a worker."""
    found = frame().installation
    frame().close()
    claimed = jobs.claim(found, uid) if number <= AT_ONCE else None
    if claimed is not None:
        with suppress(StoppedError):
            jobs.go_on(found, claimed, monotonic() + _SECONDS)


def _typed(form: BulkForm) -> list[tuple[str, int]]:
    """The boxes ticked; a damaged one is nobody's case."""
    split = [value.partition(":") for value in (form.case.data or [])[: MOST + 1]]
    return [
        (uid[:32], int(version)) for uid, _, version in split if uid.isalnum() and _VERSION.fullmatch(version)
    ]


def _wish(form: BulkForm) -> Wish:
    act = form.act.data or ""
    worded = act in {"note", "transfer", "reclassify"}
    text = (form.text.data or "").replace("\r\n", "\n").strip() if worded else ""
    to = {"assign": form.to.data or "", "transfer": form.team.data or ""}.get(act, "")
    return Wish(act, to, form.type.data or "" if act == "reclassify" else "", text)


def _page(form: BulkForm, cases: Sequence[tuple[str, int]], *, wish: Wish | None = None) -> str:
    work, viewer, lang = frame().work, operator(), language()
    known = _known([uid for uid, _ in cases])
    colleague = jobs.colleague(work, viewer, wish) if wish else None
    at_it = claims.of(work, [case.id for case in known.values()]) if wish else {}
    said, rows = bulk.words(), []
    for uid, version in cases:
        case = known.get(uid)
        why = ""
        if wish is not None:
            why = bulk.refusal(work, case, viewer, wish, colleague, at_it)
            if not why and case is not None and case.version != version:
                why = "moved"
        if case is not None:
            kind = work.policy_of(case.policy_version).types[case.type]
            row = {
                "value": f"{uid}:{version}",
                "case": case,
                "type": kind.label(lang),
                "why": said.get(why, ""),
            }
            rows.append(row)
    here = roster.read(work)
    people = [(one.ref, one.name) for one in here.staff if one.may(*HANDLERS)]
    people = people or [(viewer.ref, viewer.name)]
    return render_template(
        "complaints/admin/bulk.html",
        nav="queue",
        form=form,
        rows=rows,
        wish=wish,
        able=sum(not row["why"] for row in rows),
        acts=list(act_words().items()),
        act_words=act_words(),
        people=[("", t("Nobody")), *people],
        teams=[("", t("No team")), *here.standing.items()],
        types=[(key, kind.label(lang)) for key, kind in work.policy.types.items()],
        back=_back(form),
        names=dict(people),
    )


def _back(form: BulkForm) -> str:
    query = form.query.data or ""
    return url_for("complaints.admin.queue") + (f"?{query}" if query else "")


def _known(uids: Sequence[str]) -> dict[str, Complaint]:
    """The cases among these that the viewer may know of."""
    found = frame().work.session.scalars(select(Complaint).where(Complaint.uid.in_(uids)))
    return {case.uid: case for case in found if queries.may_see(operator(), case)}


def _job(uid: str) -> Job:
    # What stands in an address may hold what no database takes.
    job = frame().work.session.get(Job, uid) if uid.isalnum() else None
    if job is None or job.kind != jobs.KIND:
        raise NotFoundError("there is no such order")
    return job


def _told(job: Job, names: Any) -> dict[str, Any]:
    viewer, now = operator(), frame().work.now
    ends = job.place.get("ends", [])
    return {
        "uid": job.uid,
        "act": act_words().get(job.params["act"], job.params["act"]),
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "share": share(job),
        "counted": jobs.counted(ends),
        "left": job.total - job.done,
        "who": viewer.name if job.ordered_by == viewer.ref else names.get(job.ordered_by, job.ordered_by),
        "when": words.moment(job.created_at, now),
        "may_stop": job.ordered_by == viewer.ref or viewer.may("supervisor", "admin"),
        "open": job.state in OPEN,
    }


def _listed(fault: str = "") -> str:
    work = frame().work
    names = roster.read(work).names
    return render_template(
        "complaints/admin/bulks.html",
        nav="queue",
        rows=[_told(job, names) for job in jobs.recent(work.session)],
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _watched(uid: str, fault: str = "") -> str:
    job = _job(uid)
    known = _known([each for each, _ in job.params["cases"]])
    said, ends = bulk.words(), job.place.get("ends", [])
    rows: list[dict[str, Any]] = []
    for at, (each, _) in enumerate(job.params["cases"]):
        if each in known:
            end = ends[at] if at < len(ends) else None
            rows.append({"case": known[each], "end": end, "why": said.get(end or "", "")})
    # What needs a look comes first.
    rows.sort(key=lambda row: (row["end"] in {"", None}, row["end"] is None))
    return render_template(
        "complaints/admin/bulk_job.html",
        nav="queue",
        job=_told(job, roster.read(frame().work).names),
        rows=rows,
        hidden=len(job.params["cases"]) - len(known),
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )
