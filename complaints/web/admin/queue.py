"""The queue: what is due next comes first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, HiddenField, StringField

from complaints.administration import roster, saved_views
from complaints.base.clock import from_stamp, stamp
from complaints.base.errors import NotFoundError
from complaints.base.ids import tidy_number
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access as reach
from complaints.cases import looking, people, queries, searching, tabs
from complaints.cases.narrowing import Filters
from complaints.cases.paging import Place
from complaints.ledger.work import Work
from complaints.policy.roles import LEADERS, READERS, STAFF
from complaints.web.admin import narrowing, words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.addresses import plain
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm
from complaints.web.frame import frame

# Which page of a list its address names.
SIDES = ("after", "before")
_THIS = "this list"
_NUMBER = re.compile(r"TS[0-9]{8}-?[0-9A-Z]{6}")
# What stands in an address as it is, as Flask has it.
_LEGIBLE = "!$'()*,/:;?@"
# Seconds; what is younger is indexed by the next turn of the clock.
_BEHIND = 120


class FindForm(OwnForm):
    """A number to go to, or words to search for in the list that `query` describes."""

    q = StringField()
    query = HiddenField()


class KeepForm(OwnForm):
    """A name for the list as it is narrowed now."""

    name = StringField()
    shared = BooleanField()


def register(blueprint: Blueprint) -> None:
    """Add the queue, what came to it since, and the jump to a number."""
    blueprint.add_url_rule("/", "queue", queue)
    blueprint.add_url_rule("/arrived", "arrived", arrived)
    blueprint.add_url_rule("/find", "find", find, methods=["GET", "POST"])


@roles(*STAFF)
def queue() -> ResponseReturnValue:
    """A view of the queue, narrowed by what stands in the address."""
    asked: dict[str, Any] = request.args.to_dict()
    if "" in asked.values():
        # A form sends its empty fields too; an address that is kept or handed on names what is set.
        return redirect(url_for("complaints.admin.queue", **plain(asked)))
    return page()


@roles(*STAFF)
def arrived() -> ResponseReturnValue:
    """What became of a list since its page was opened, as a sentence: what came to it, or that it changed, or nothing."""
    work, viewer = frame().work, operator()
    try:
        since = from_stamp(request.args.get("at", ""))
    except ValueError:
        return Response("", mimetype="text/plain")
    filters = filters_of(work, request.args.to_dict())
    n, said, seen = queries.arrived(work, viewer, filters, since), "", request.args.get("seen", "")
    if n == 0 and seen and queries.present(work, viewer, filters, _place()) != seen:
        said = t("This list has changed since you opened it")
    if n == 1:
        said = t("1 new complaint since you opened this list")
    if n > 1:
        said = t("{n} new complaints since you opened this list", n=count_words(n))
    return Response(said, mimetype="text/plain")


@roles(*STAFF)
def find() -> ResponseReturnValue:
    """Go to a case by its number, or search for words; they go by POST, so that no log of addresses reads them."""
    if request.method == "GET":
        return _numbered(request.args.get("number", ""))
    form = FindForm()
    if not sent(form):
        return page(find_form=form), 400
    asked = searching.tidy(form.q.data or "")
    if _NUMBER.fullmatch(tidy_number(asked)):
        return _numbered(asked)
    work = frame().work
    given = dict(parse_qsl(form.query.data or ""))
    address = filters_of(work, given).kept
    if asked:
        address["q"] = searching.seal(work, asked)
    return redirect(url_for("complaints.admin.queue", **address), 303)


def _numbered(given: str) -> ResponseReturnValue:
    """To a case by its number; an unknown one leads back with a sentence."""
    try:
        case = reach.find(frame().work, given)
    except NotFoundError:
        case = None
    if case is None or not people.may_see(operator(), case):
        return render_template("complaints/admin/not_found.html", nav="queue", number=given[:40]), 404
    return redirect(url_for("complaints.admin.case", number=case.number), 303)


def page(keep_form: KeepForm | None = None, find_form: FindForm | None = None) -> str:
    """The page of the list in the address, with the form that came back, if one did."""
    work, viewer = frame().work, operator()
    filters = filters_of(work, request.args.to_dict())
    place = _place()
    listing = queries.shown(work, viewer, filters, place)
    kept = saved_views.seen(work, viewer)
    lists = {row.id: Filters.of(row.query) for row in kept}
    # A view as it is has its count beside its name, and what stands on one page is counted by looking at it.
    plain_view = filters == Filters(filters.view)
    whole = place is None and listing.after is None
    counted = queries.counts(
        work,
        viewer,
        {
            **({} if filters.q or whole or plain_view else {_THIS: filters}),
            **{key: Filters(key) for key in tabs.KEYS},
            **{str(key): saved for key, saved in lists.items()},
        },
    )
    number = len(listing.rows) if whole else counted[filters.view] if plain_view else counted.get(_THIS, 0)
    here = roster.read(work)
    what = "search" if filters.q else "queue"
    reads = bool(filters.q) or any(row.excerpt for row in listing.rows)
    if reads and not looking.browsed(work, viewer.actor, what):
        # Written before anything is shown: whoever reads excerpts stands in the log first, and so does who searches.
        frame().write(lambda fresh: looking.browse(fresh, viewer.actor, what))
    offered = narrowing.choices(work, here.names.items(), here.teams)
    asked = listing.found.asked if listing.found else ""
    said, current, to = narrowing.view_words(), filters.address, _list_address()
    views = [Filters(key) for key in said]
    cases, kinds = [row.case for row in listing.rows], work.policy.types
    filed_as, in_charge = {case.type for case in cases}, {case.assignee for case in cases if case.assignee}
    return render_template(
        "complaints/admin/queue.html",
        nav="queue",
        listing=listing,
        total=_found_words(listing) if filters.q else count_words(number),
        dues=words.dues(work, cases),
        came={case.uid: words.moment(case.filed_at, work.now) for case in cases},
        people={ref: t("You") if ref == viewer.ref else here.names.get(ref, ref) for ref in in_charge},
        views=[_tab(to(each.address), each, said[each.view], counted[each.view], current) for each in views],
        kept=[
            {
                **_tab(to(lists[row.id].address), lists[row.id], row.name, counted[str(row.id)], current),
                "id": row.id,
                "shared": row.shared,
                "may_remove": saved_views.may_remove(viewer, row),
            }
            for row in kept
        ],
        filters=filters,
        view_words=said[filters.view],
        names=here.names,
        teams=here.teams,
        me=viewer.ref,
        claimed=listing.claimed,
        fields=narrowing.fields(filters, offered),
        chips=narrowing.chips(filters, {**offered, "q": [(filters.q, asked)]}),
        strange=t(", ").join(narrowing.labels()[name] for name in filters.strange if name != "q"),
        search=_told(work, listing, filters),
        find_form=find_form or FindForm(formdata=None, data={"q": asked, "query": urlencode(filters.kept)}),
        export=url_for("complaints.admin.export_list", **current) if viewer.may(*READERS) else "",
        keep_form=keep_form or KeepForm(formdata=None),
        act=Act(formdata=None),
        query=urlencode(current),
        may_share=viewer.may(*LEADERS),
        type_words={key: kinds[key].label(language()) if key in kinds else key for key in filed_as},
        next_due=words.due(work, "", listing.next_due) if listing.next_due else None,
        arrived_url=url_for(
            "complaints.admin.arrived", at=stamp(work.now), seen=queries.mark(cases), **current, **sides()
        ),
        here_url=to({**current, **sides()}),
        first_url=to(current),
        before_url=_beside(current, "before", listing.before),
        after_url=_beside(current, "after", listing.after),
    )


def count_words(n: int) -> str:
    """A count as lists say it: beyond what is counted, that there are more."""
    return f"{n:,}" if n <= queries.COUNTED else f"{queries.COUNTED:,}+"


def filters_of(work: Work, asked: Mapping[str, str]) -> Filters:
    """What an address narrows the queue to; a search that cannot be read is left out and named."""
    known = asked.get("view") in tabs.KEYS
    filters = Filters.of({key: said for key, said in asked.items() if known or key != "view"})
    if filters.q and searching.opened(work, filters.q) is None:
        return replace(filters, q="", strange=(*filters.strange, "q"))
    return filters


def _found_words(listing: queries.Listing) -> str:
    """How many a search found: exactly where all of them stand on the page, else how many there are at most."""
    found = listing.found
    if found is None or (listing.before is None and listing.after is None):
        return count_words(len(listing.rows))
    return f"{len(found.hits):,}+" if found.more else f"≤ {len(found.hits):,}"


def _told(work: Work, listing: queries.Listing, filters: Filters) -> dict[str, Any]:
    """What the page says of a search beside its hits."""
    found = listing.found
    why = found.why if found else "damaged" if "q" in filters.strange else ""
    late = (work.now - found.behind).total_seconds() if found and found.behind else 0
    return {
        "on": bool(filters.q),
        "asked": found.asked if found else "",
        "why": why,
        "more": f"{searching.MOST:,}" if found and found.more else "",
        "stopped": listing.stopped,
        "read": queries.READ,
        "behind": words.age(int(late)) if late > _BEHIND else "",
        "all": url_for("complaints.admin.queue", view="all", q=filters.q) if filters.q else "",
        "alone": len(filters.narrowed) == 1 and filters.view == "all",
    }


def _place() -> Place | None:
    asked = request.args
    return Place.read(asked.get("after", "")) or Place.read(asked.get("before", ""), back=True)


def sides() -> dict[str, Any]:
    """Which page of the list is shown, as its address has it."""
    return {side: request.args[side] for side in SIDES if request.args.get(side)}


def _beside(address: dict[str, Any], side: str, place: Place | None) -> str:
    return url_for("complaints.admin.queue", **{**address, side: str(place)}) if place else ""


def _list_address() -> Callable[[Mapping[str, Any]], str]:
    """What gives each list its address: Flask takes its time over each, and a page names twenty."""
    base = url_for("complaints.admin.queue")
    start = f"{base}{'&' if '?' in base else '?'}"
    return lambda query: start + urlencode(query, safe=_LEGIBLE)


def _tab(href: str, filters: Filters, text: str, count: int, current: dict[str, Any]) -> dict[str, Any]:
    return {
        "href": href,
        "text": text,
        "count": count_words(count),
        "current": filters.address == current,
    }
