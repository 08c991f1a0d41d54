"""Trends: the figures of a period, each as a table, a drawing and a file, and the same recounted from the log."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.base.clock import beijing
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.figures import measure
from complaints.cases.measuring import Measured
from complaints.cases.people import Operator
from complaints.evidence import export
from complaints.evidence.cells import guarded
from complaints.evidence.chosen import Chosen
from complaints.evidence.figures import recount
from complaints.policy.deadlines import words as long_day
from complaints.policy.roles import READERS, STAFF
from complaints.web.admin import figuring, periods
from complaints.web.admin.access import operator, roles
from complaints.web.admin.addresses import plain
from complaints.web.admin.figure_parts import flat
from complaints.web.admin.forms import sent
from complaints.web.admin.periods import Asked
from complaints.web.forms import Act
from complaints.web.frame import frame

# Recounted while the page waits; more is what the report of the period is for.
MOST = 2000
# Of what differs the page shows so many; the file has them all.
_SHOWN = 12
# Somebody may write between the log's end and the counting of the tables.
_TRIES = 2


def register(blueprint: Blueprint) -> None:
    """Add the page, its files and the recount."""
    blueprint.add_url_rule("/figures", "figures", figures)
    blueprint.add_url_rule("/figures/file", "figures_file", file)
    blueprint.add_url_rule("/figures/recount", "figures_recount", recounted, methods=["POST"])


@roles(*STAFF)
def figures() -> ResponseReturnValue:
    """The figures of the period in the address."""
    asked: dict[str, Any] = request.args.to_dict()
    if "" in asked.values():
        # A form sends its empty fields too; an address that is kept or handed on names what is set.
        return redirect(url_for("complaints.admin.figures", **plain(asked)))
    found = _asked()
    return _page(found, _measured(found))


@roles(*STAFF)
def file() -> ResponseReturnValue:
    """One table as CSV, which no spreadsheet runs. Figures are nobody's data: no event is written."""
    asked = _asked()
    tables = {table.key: table for table in figuring.parts(frame().work, asked, _measured(asked))}
    table = tables.get(request.args.get("what", ""))
    if table is None:
        raise NotFoundError("no such table")
    return _attached(asked, table.key, [table.head, *table.rows])


@roles(*STAFF)
def recounted() -> ResponseReturnValue:
    """The page with what differs from what the log recounts to, or a file of every value beside it; writes nothing but places in the log's tree."""
    asked = _asked()
    if not sent(Act()):
        return _page(asked, _measured(asked)), 400
    found = _measured(asked)
    if found.received > MOST:
        return _page(asked, found), 422
    again = found
    for _ in range(_TRIES):
        again, found = _from_log(asked, operator()), _measured(asked)
        if again == found:
            break
    work = frame().work
    ours, logs = (flat(figuring.parts(work, asked, each)) for each in (found, again))
    # In the order of the tables; what only one of them has is compared with nothing.
    places = [*ours, *(place for place in logs if place not in ours)]
    rows = [(place, ours.get(place, "–"), logs.get(place, "–")) for place in places]
    if request.form.get("form") == "csv":
        return _compared(asked, rows)
    return _page(asked, found, rows)


def _page(asked: Asked, found: Measured, compared: Sequence[tuple[Any, str, str]] | None = None) -> str:
    work = frame().work
    numbers, *tables = figuring.parts(work, asked, found)
    return render_template(
        "complaints/admin/figures.html",
        nav="figures",
        asked=asked,
        days=[long_day(day, language()) for day in (asked.span.first, asked.span.last)],
        names=periods.names(),
        choices=figuring.choices(work),
        labels={"type": t("Type"), "risk": t("Risk class"), "channel": t("How it came")},
        numbers=numbers,
        tables=tables,
        found=found,
        compared=compared,
        differing=[row for row in compared or () if row[1] != row[2]],
        shown=_SHOWN,
        most=MOST,
        report=_report(asked),
        file_of=lambda table: url_for("complaints.admin.figures_file", what=table.key, **asked.address),
        act=Act(formdata=None),
    )


def _report(asked: Asked) -> str:
    if not operator().may(*READERS):
        return ""
    days: dict[str, Any] = {"from": asked.span.first.isoformat(), "to": asked.span.last.isoformat()}
    days |= {"tests": "yes"} if asked.only.tests else {}
    days |= {"type": asked.only.type} if asked.only.type else {}
    return url_for("complaints.admin.evidence", **days)


def _asked() -> Asked:
    work = frame().work
    # A demonstration has nothing else, and would show an empty page.
    tests = frame().settings.TEST_INSTALLATION
    return periods.asked(work, beijing(work.now).date(), request.args, tests=tests)


def _measured(asked: Asked) -> Measured:
    # Rows come in batches, which needs a transaction; the page's own reads have none.
    with frame().installation.reading() as work:
        return measure(work, operator(), asked.span, asked.only)


def _from_log(asked: Asked, viewer: Operator) -> Measured:
    frame().close()
    installed = frame().installation
    chosen = Chosen(
        "period",
        "pdf",
        since=asked.span.since,
        until=asked.span.until,
        tests="yes" if asked.only.tests else "no",
        restricted=viewer.restricted,
    )
    settled = export.settle(installed, chosen)
    with installed.reading() as work:
        return recount(work, settled, asked.span, asked.only)


def _compared(asked: Asked, rows: Sequence[tuple[Any, str, str]]) -> Response:
    words = {True: t("equal"), False: t("different")}
    head = (t("Figure"), t("Tables"), t("Log"), t("Verdict"))
    lines = [(t(" · ").join(place), ours, theirs, words[ours == theirs]) for place, ours, theirs in rows]
    return _attached(asked, "recount", [head, *lines])


def _attached(asked: Asked, key: str, rows: Sequence[Sequence[str]]) -> Response:
    name = f"complaints-{key}-{asked.span.first}-{asked.span.last}.csv"
    return Response(
        _csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([guarded(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()
