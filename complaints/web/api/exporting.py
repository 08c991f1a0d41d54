"""Files for machines: order one, ask how far it is, take it away; personal data is always masked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Response, url_for

from complaints.administration import repeats
from complaints.base.clock import BEIJING
from complaints.base.errors import InputError, NotFoundError
from complaints.base.ids import random_uid, tidy_number
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.evidence import jobs, tasks
from complaints.evidence.chosen import Chosen, check, known
from complaints.store.tables import Job
from complaints.web.api import shapes, shown
from complaints.web.api.problems import ProblemError
from complaints.web.api.routing import Call, route, written
from complaints.web.downloads import ordered_file
from complaints.web.frame import frame


@route(
    "POST",
    "/exports",
    "exports",
    who="export",
    takes=shapes.Export,
    gives=shown.Job,
    status=202,
    repeatable=True,
    problems=("input",),
)
def order(call: Call) -> Response:
    """Order a file; it is made by the workers. What was asked for, and by which key, stands in the log."""
    chosen, actor = _chosen(call), call.operator.actor
    # Before the key is taken: an order that cannot be carried out may be mended and sent under it again.
    check(frame().work, chosen)
    uid = _reserved(call)
    held = frame().work.session.get(Job, uid)
    if held is None:
        found = frame().installation
        frame().close()
        jobs.order(found, actor, chosen, uid)
        held = frame().work.session.get_one(Job, uid)
    where = url_for("complaints_api.export", uid=uid)
    return written(_job(held), 202, {"Location": where})


@route("GET", "/exports/<uid>", "exports", who="export", gives=shown.Job)
def export(call: Call, uid: str) -> Response:
    """How far a file is that this key has ordered."""
    return written(_job(_own(call, uid)))


@route("GET", "/exports/<uid>/file", "exports", who="export", problems=("not-ready",))
def download(call: Call, uid: str) -> Response:
    """A finished file; that it left stands in the log first."""
    held = _own(call, uid)
    if held.state != "done":
        raise ProblemError("not-ready")
    frame().close()
    return ordered_file(uid, call.operator.actor)


def _chosen(call: Call) -> Chosen:
    body: shapes.Export = call.body
    work = frame().work
    for name, value in (("type", body.type), ("product", body.product)):
        if value and not known(work, name, value):
            raise InputError({name: [t("Choose from the list")]})
    return Chosen(
        kind=body.kind,
        form=body.form,
        lang=body.lang or language(),
        since=_midnight(body.from_),
        until=_midnight(body.to, 1),
        type=body.type,
        state=body.state.value if body.state else "",
        product=body.product,
        tests=body.tests,
        number=tidy_number(body.number) if body.kind == "case" else "",
        restricted=call.operator.restricted,
    )


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.combine(day + timedelta(days=later), time(), BEIJING).astimezone(UTC)
    except OverflowError as error:
        raise InputError({"to" if later else "from": [t("Enter a day such as 2026-11-23")]}) from error


def _reserved(call: Call) -> str:
    """The job's uid: the one of this request when it was sent before."""
    uid, ticket = random_uid(), call.ticket
    if ticket is None:
        return uid

    def write(work: Any) -> str:
        earlier = repeats.earlier(work, ticket)
        if earlier is not None:
            return str(earlier.result["job"])
        repeats.keep(work, ticket, 202, {"job": uid})
        return uid

    return frame().write(write)


def _own(call: Call, uid: str) -> Job:
    held = frame().work.session.get(Job, uid)
    # Another key's file may hold what this one may not see.
    if held is None or held.kind not in tasks.HANDED_OUT or held.ordered_by != call.operator.ref:
        raise NotFoundError("there is no such file")
    if Chosen.of(held.params).covered and not call.operator.restricted:
        raise NotFoundError("there is no such file")
    return held


def _job(held: Job) -> shown.Job:
    chosen = Chosen.of(held.params)
    done = held.state == "done"
    return shown.Job(
        uid=held.uid,
        state=held.state,  # type: ignore[arg-type]  # the column holds nothing else
        kind=chosen.kind,
        form=chosen.form,
        done=held.done,
        total=held.total,
        created_at=held.created_at,
        expires_at=held.expires_at,
        size=held.result.get("size"),
        sha256=str(held.result.get("sha256", "")),
        file=url_for("complaints_api.export_file", uid=held.uid) if done else None,
    )


VIEWS = {"export_order": order, "export": export, "export_file": download}
