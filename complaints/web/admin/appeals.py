"""The queue of reviews: what is asked, who decided, who may look again, and by when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import roster
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import looking, reviewing
from complaints.cases.paging import Place
from complaints.cases.people import Operator
from complaints.cases.reviewing import SHOWN, Row
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS, LEADERS, STAFF
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.queue import count_words
from complaints.web.forms import Act
from complaints.web.frame import frame

# Names of those who can review that a line shows; the others are counted.
_NAMED = 4


def register(blueprint: Blueprint) -> None:
    """Add the queue of reviews."""
    blueprint.add_url_rule("/appeals", "appeals", appeals)


@roles(*STAFF)
def appeals() -> ResponseReturnValue:
    """Cases under review, due first; by default those the visitor may review."""
    work, viewer = frame().work, operator()
    asked = request.args.get("show", "")
    usual = "mine" if viewer.may(*HANDLERS) else "all"
    shown = asked if asked in SHOWN else usual
    here = roster.read(work)
    people = here.staff
    place = Place.read(request.args.get("after", "")) or Place.read(request.args.get("before", ""), back=True)
    found = reviewing.listing(work, viewer, shown, people, place)
    if place is not None and not found.rows:
        # What followed has moved on meanwhile.
        found = reviewing.listing(work, viewer, shown, people)
    counted = reviewing.counts(work, viewer)
    if any(row.asked for row in found.rows) and not looking.looked(
        work, SYSTEM_STREAM, viewer.actor, "browsed"
    ):
        # Written before anything is shown: whoever reads excerpts stands in the log first.
        frame().write(lambda fresh: looking.browse(fresh, viewer.actor))
    return render_template(
        "complaints/admin/appeals.html",
        nav="appeals",
        shown=shown,
        tabs=[
            {
                "href": url_for("complaints.admin.appeals", show=key),
                "text": said,
                "count": count_words(counted[key]),
                "current": key == shown,
            }
            for key, said in _shown_words(viewer).items()
        ],
        total=count_words(counted[shown]),
        rows=[_told(work, viewer, row, here.names, known=bool(people)) for row in found.rows],
        teams=here.teams,
        type_words={key: kind.label(language()) for key, kind in work.policy.types.items()},
        may_assign=viewer.may(*LEADERS),
        people=[(one.ref, one.name) for one in people if one.may(*HANDLERS)],
        act=Act(formdata=None),
        before_url=_beside(shown, "before", found.before),
        after_url=_beside(shown, "after", found.after),
        first_url=url_for("complaints.admin.appeals", show=shown),
    )


def _shown_words(viewer: Operator) -> dict[str, str]:
    if not viewer.may(*HANDLERS):
        return {"all": t("All reviews")}
    return {"mine": t("That I may review"), "all": t("All reviews"), "own": t("That I decided")}


def _told(work: Work, viewer: Operator, row: Row, names: Mapping[str, str], *, known: bool) -> dict[str, Any]:
    """One line; `known` says whether anybody's name is known at all."""
    case, others = row.case, [one for one in row.able if one.ref != viewer.ref]
    able = t(", ").join(one.name for one in others[:_NAMED])
    if len(others) > _NAMED:
        able = t("{names} and {n} more", names=able, n=len(others) - _NAMED)
    ref = case.decided_by or ""
    return {
        "case": case,
        "due": words.due_next(work, case),
        "since": words.moment(row.since, work.now) if row.since else "",
        "asked": row.asked,
        "decided_by": t("You") if ref == viewer.ref else names.get(ref, ref),
        "reviewer": t("You")
        if case.assignee == viewer.ref
        else names.get(case.assignee or "", case.assignee or ""),
        "own": row.own,
        "mine": not row.own and viewer.may(*HANDLERS),
        "able": able,
        "nobody": known and not row.able,
    }


def _beside(shown: str, side: str, place: Place | None) -> str:
    values: dict[str, Any] = {"show": shown, side: str(place)}
    return url_for("complaints.admin.appeals", **values) if place else ""
