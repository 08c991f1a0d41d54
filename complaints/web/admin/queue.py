"""The queue: what is due next comes first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import operators
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access as reach
from complaints.cases import looking, queries
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.policy.states import State
from complaints.web.admin import words
from complaints.web.admin.access import STAFF, operator, roles
from complaints.web.forms import Act
from complaints.web.frame import frame

_FILTERS = ("state", "type", "assignee", "test")


def register(blueprint: Blueprint) -> None:
    """Add the queue and the jump to a number."""
    blueprint.add_url_rule("/", "queue", queue)
    blueprint.add_url_rule("/find", "find", find)


@roles(*STAFF)
def queue() -> ResponseReturnValue:
    """A saved view of the queue, narrowed by what stands in the address."""
    viewer, asked = operator(), request.args
    filters = filters_of(asked)
    work = frame().work
    known = queries.views(work, viewer)
    view = filters.view if filters.view in known else "open"
    listing = queries.queue(work, viewer, filters, _page(asked.get("page", "")))
    counted = queries.counts(work, viewer)
    names = operators.names(work)
    unread_browse = any(row.excerpt for row in listing.rows) and not looking.looked(
        work, SYSTEM_STREAM, viewer.actor, "browsed"
    )
    if unread_browse:
        # Written before anything is shown: whoever reads excerpts stands in the log first.
        frame().write(lambda fresh: looking.browse(fresh, viewer.actor))
    lang = language()
    narrowed: dict[str, Any] = {key: asked[key] for key in _FILTERS if asked.get(key)}
    return render_template(
        "complaints/admin/queue.html",
        nav="queue",
        listing=listing,
        dues={row.case.uid: words.due_next(work, row.case) for row in listing.rows},
        views=_views(known, counted, view, narrowed),
        view=view,
        view_words=view_words()[view],
        names=names,
        me=viewer.ref,
        narrowed=narrowed,
        states=[("", t("All")), *((state.value, _state(state, lang)) for state in State)],
        types=[("", t("All")), *((key, kind.label(lang)) for key, kind in work.policy.types.items())],
        people=[("", t("All")), *names.items()],
        tests=[("", t("All")), ("no", t("Without test cases")), ("yes", t("Test cases only"))],
        type_words={key: kind.label(lang) for key, kind in work.policy.types.items()},
        next_due=words.due(work, "", listing.next_due) if listing.next_due else None,
        page_url=lambda page: url_for("complaints.admin.queue", view=view, page=page, **narrowed),
        said=lambda at: words.moment(at, work.now),
        bulk=Act(formdata=None),
        query=request.query_string.decode(errors="replace"),
    )


@roles(*STAFF)
def find() -> ResponseReturnValue:
    """Jump to a case by its number; an unknown one leads back with a sentence."""
    given = request.args.get("number", "")
    try:
        case = reach.find(frame().work, given)
    except NotFoundError:
        case = None
    if case is None or not queries.may_see(operator(), case):
        return render_template("complaints/admin/not_found.html", nav="queue", number=given[:40]), 404
    return redirect(url_for("complaints.admin.case", number=case.number), 303)


def filters_of(asked: Mapping[str, str]) -> queries.Filters:
    """What a list's address narrows it to."""
    return queries.Filters(view=asked.get("view", "open"), **{key: asked.get(key, "") for key in _FILTERS})


def view_words() -> dict[str, str]:
    """The saved views by name."""
    return {
        "open": t("All open"),
        "late": t("Late"),
        "today": t("Due today"),
        "mine": t("Mine"),
        "unassigned": t("Nobody in charge"),
        "replied": t("Complainant wrote"),
        "awaiting": t("Waiting for complainant"),
        "review": t("To review"),
        "measures": t("Measures to look after"),
        "answered": t("Answered"),
        "ended": t("Ended"),
        "all": t("All complaints"),
    }


def _state(state: State, lang: str) -> str:
    # The public word says "you" and means the complainant.
    return t("Waiting for complainant") if state is State.AWAITING_COMPLAINANT else state.label(lang)


def _views(known: Any, counted: dict[str, int], view: str, narrowed: dict[str, Any]) -> list[dict[str, Any]]:
    said = view_words()
    return [
        {
            "href": url_for("complaints.admin.queue", view=key, **narrowed),
            "text": said[key],
            "count": counted[key],
            "current": key == view,
        }
        for key in known
    ]


def _page(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) < 7 else 1  # noqa: PLR2004 - no list is that long
