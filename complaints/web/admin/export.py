"""Downloads of the handling log and the register; that they left stands in the log first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from complaints.base.clock import BEIJING, beijing
from complaints.base.errors import NotAllowedError, NotFoundError
from complaints.evidence import handling_log
from complaints.evidence import register as case_register
from complaints.evidence.export import record_export
from complaints.web.admin.access import operator, roles
from complaints.web.frame import frame, installation
from complaints.web.headers import DOWNLOAD_CSP

Writer = Callable[..., Iterator[bytes]]
_WRITERS: dict[str, Writer] = {"log": handling_log.write, "register": case_register.write}
_FORMS = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


def register(blueprint: Blueprint) -> None:
    """Add the download."""
    blueprint.add_url_rule("/evidence/<kind>.<form>", "export", export)


@roles("supervisor", "auditor", "admin")
def export(kind: str, form: str) -> ResponseReturnValue:
    """The handling log or the register of a period as JSON Lines or CSV, streamed."""
    viewer = operator()
    if kind not in _WRITERS or form not in _FORMS:
        raise NotFoundError("there is no such export")
    if viewer.authenticated_at is None:
        raise NotAllowedError("an export needs to know when its reader logged in")
    since, until = _day(request.args.get("from", "")), _day(request.args.get("to", ""))
    if until is not None:
        until += timedelta(days=1)
    frame().write(lambda work: record_export(work, viewer.actor, kind, form, (since, until)))
    stamp = f"{beijing(frame().installation.now()):%Y%m%d-%H%M}"
    return Response(
        _stream(_WRITERS[kind], form, since, until),
        content_type=_FORMS[form],
        headers={
            "Content-Disposition": f'attachment; filename="complaints-{kind}-{stamp}.{form}"',
            "Content-Security-Policy": DOWNLOAD_CSP,
        },
    )


def _stream(write: Writer, form: str, since: datetime | None, until: datetime | None) -> Iterator[bytes]:
    # Opened now: by the time the lines leave, the request and its session are over.
    reading = installation().reading()

    def lines() -> Iterator[bytes]:
        with reading as work:
            yield from write(work, form, since, until)

    return lines()


def _day(given: str) -> Any:
    try:
        return datetime.combine(date.fromisoformat(given), datetime.min.time(), BEIJING) if given else None
    except ValueError as error:
        raise NotFoundError("not a day") from error
