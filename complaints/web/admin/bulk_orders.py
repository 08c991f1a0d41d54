"""What was ordered for many cases: the list of orders, and one order while it is being done and afterwards."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from complaints.administration import bulk as jobs
from complaints.administration import roster
from complaints.administration.bulk import Part
from complaints.base.errors import ConflictError, NotAllowedError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases import bulk, people
from complaints.policy.roles import HANDLERS, LEADERS
from complaints.store.tables import Complaint, Job
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.bulk import act_words
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, old_page
from complaints.web.frame import frame

PAGE = 50
_PLACE = re.compile(r"([01])-([0-9]{1,4})")


def register(blueprint: Blueprint) -> None:
    """Add the list of what was ordered, and one order with its results."""
    blueprint.add_url_rule("/bulk", "bulks", listing)
    blueprint.add_url_rule("/bulk/<uid>", "bulk_job", watch)
    blueprint.add_url_rule("/bulk/<uid>/cancel", "bulk_cancel", cancel, methods=["POST"])


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
        return _listed(old_page()), 400
    viewer = operator()
    part = _part(uid)
    if part.job.ordered_by != viewer.ref and not viewer.may(*LEADERS):
        raise NotAllowedError("only who ordered it, or a supervisor, may stop it")
    ended = t("This has come to its end in the meantime.")
    if not part.open:
        return _watched(uid, ended), 409
    try:
        frame().write(lambda work: jobs.cancel(work, uid, viewer.actor))
    except ConflictError:
        return _watched(uid, ended), 409
    return redirect(url_for("complaints.admin.bulk_job", uid=uid), 303)


def _part(uid: str) -> Part:
    session = frame().work.session
    # What stands in an address may hold what no database takes.
    job = session.get(Job, uid) if uid.isalnum() else None
    if job is None or job.kind != jobs.KIND:
        raise NotFoundError("there is no such order")
    part = jobs.parts(session, operator(), [job])[0]
    if not part.cases:
        # As one that does not exist: that there was an order would tell of hidden cases.
        raise NotFoundError("there is no such order")
    return part


def _told(part: Part, names: Any) -> dict[str, Any]:
    viewer, now, job = operator(), frame().work.now, part.job
    done, total = len(part.ends), len(part.cases)
    return {
        "uid": job.uid,
        "act": act_words().get(job.params["act"], job.params["act"]),
        "state": part.state,
        "done": done,
        "total": total,
        "share": 100 * done // total,
        "counted": jobs.counted(part.ends),
        "left": part.left,
        "who": viewer.name if job.ordered_by == viewer.ref else names.get(job.ordered_by, job.ordered_by),
        "when": words.moment(job.created_at, now),
        "may_stop": job.ordered_by == viewer.ref or viewer.may(*LEADERS),
        "open": part.open,
    }


def _listed(fault: str = "") -> str:
    work = frame().work
    names = roster.read(work).names
    return render_template(
        "complaints/admin/bulks.html",
        nav="queue",
        rows=[_told(part, names) for part in jobs.recent(work.session, operator())],
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _watched(uid: str, fault: str = "") -> str:
    part, work = _part(uid), frame().work
    chosen, ends, said = part.cases, part.ends, bulk.words()
    # What needs a look comes first; the rest as they were ordered, so that what is done next moves none of them.
    ranks = sorted((int(at >= len(ends) or not ends[at]), at) for at in range(len(chosen)))
    begin = _begin(ranks, request.args.get("at", ""))
    page = [at for _, at in ranks[begin : begin + PAGE]]
    wanted = select(Complaint).where(Complaint.uid.in_([chosen[at] for at in page]))
    known = {case.uid: case for case in work.session.scalars(wanted.where(*people.visible(operator())))}
    rows = []
    for at in page:
        if chosen[at] in known:
            end = ends[at] if at < len(ends) else None
            rows.append({"case": known[chosen[at]], "end": end, "why": said.get(end or "", "")})
    after = begin + PAGE
    return render_template(
        "complaints/admin/bulk_job.html",
        nav="queue",
        job=_told(part, roster.read(work).names),
        rows=rows,
        first=begin + 1,
        first_url=url_for("complaints.admin.bulk_job", uid=uid),
        # A first page that is short would hide what failed since.
        before_url=_address(uid, ranks[begin - PAGE] if begin > PAGE else None) if begin else "",
        after_url=_address(uid, ranks[after]) if after < len(ranks) else "",
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _begin(ranks: Sequence[tuple[int, int]], text: str) -> int:
    """Where the page begins that an address names by its first row; a damaged one names the first page."""
    found = _PLACE.fullmatch(text)
    begin = bisect_left(ranks, (int(found[1]), int(found[2]))) if found else 0
    # That row and all behind it may have failed meanwhile, and stand above.
    return begin if begin < len(ranks) else max(0, len(ranks) - PAGE)


def _address(uid: str, rank: tuple[int, int] | None) -> str:
    at: dict[str, Any] = {"at": f"{rank[0]}-{rank[1]}"} if rank else {}
    return url_for("complaints.admin.bulk_job", uid=uid, **at)
