"""Who may enter: every page of the operators is closed until its view names the roles that open it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Blueprint, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import operators, reach, sessions
from complaints.administration.calendars import missing_year
from complaints.administration.directory import usable
from complaints.base.errors import NotAllowedError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases.people import Operator
from complaints.cases.queries import COUNTED
from complaints.delivery.fanout import NOBODY
from complaints.web.admin import watch
from complaints.web.forms import Act
from complaints.web.frame import frame

_log = logging.getLogger(__name__)
V = TypeVar("V", bound=Callable[..., Any])
COOKIE = "complaints_operator"
ANYONE = "anyone"
# Personal data leaves unmasked, or is erased by order, only by somebody who has logged in within this time.
FRESH = timedelta(minutes=15)


def roles(*names: str) -> Callable[[V], V]:
    """Open a view to these roles; `anyone` also to people who have not logged in.

    The names stay on the view, so that a test can hold every route against the matrix.
    """

    def mark(view: V) -> V:
        view.complaints_roles = frozenset(names)  # type: ignore[attr-defined]  # functions take attributes
        return view

    return mark


def register(blueprint: Blueprint) -> None:
    """Guard every route of `blueprint`, also those other modules add to it."""
    blueprint.before_request(_guard)
    blueprint.context_processor(_context)


def operator() -> Operator:
    """Who is here; raises NotAllowedError when nobody is."""
    found = visitor()
    if found is None:
        raise NotAllowedError("log in first")
    return found


def visitor() -> Operator | None:
    """Who is here, if anybody: from the host's loader where there is one, else from our own cookie."""
    if "complaints_visitor" not in g:
        g.complaints_visitor = _load()
    found: Operator | None = g.complaints_visitor
    return found


def built_in() -> bool:
    """Whether accounts are ours; with a host's loader there is no log-in page of ours at all."""
    return frame().installation.hooks.operator is None


def fresh(who: Operator) -> bool:
    """Whether somebody has logged in just now: for what cannot be taken back once it has left or is gone."""
    return who.authenticated_at is not None and frame().installation.now() - who.authenticated_at <= FRESH


def know_login(who: Operator) -> None:
    """Raise NotAllowedError where the host does not say when somebody logged in: what leaves or ends needs it said."""
    if who.authenticated_at is None:
        raise NotAllowedError("this needs to know when its operator logged in")


def log_in_first() -> str:
    """What a reader is told whose log-in is not fresh."""
    return t("Log out and in again first: this needs a log-in of the last 15 minutes")


def stale(who: Operator) -> str | None:
    """Why this operator must log in again first; None when the log-in is fresh. Raises NotAllowedError."""
    know_login(who)
    return None if fresh(who) else log_in_first()


def must_change() -> bool:
    """Whether the visitor still has a one-time password."""
    visitor()
    return bool(g.get("complaints_must_change"))


def must_set_up() -> bool:
    """Whether the visitor has no second factor where the settings ask for one."""
    visitor()
    return bool(g.get("complaints_must_set_up"))


def _load() -> Operator | None:
    hook = frame().installation.hooks.operator
    if hook is not None:
        return _of_host(hook())
    token = request.cookies.get(COOKIE)
    found_here = sessions.current(frame().work, token) if token else None
    if found_here is None:
        return None
    row, session = found_here
    g.complaints_must_change = row.must_change
    g.complaints_must_set_up = frame().settings.REQUIRE_TOTP and row.totp is None
    if frame().work.now - session.seen_at >= sessions.SEEN:
        kept = session.token_hash
        frame().write(lambda work: sessions.used(work, kept))
    return operators.seen(row, session.authenticated_at)


def _of_host(found: object) -> Operator | None:
    """The host's user, if they work on complaints; nobody where what the host gave cannot be relied on."""
    if found is None or (isinstance(found, Operator) and not found.roles):
        return None
    good = usable(found)
    if good is None:
        _log.error(
            "operator_loader: what it returned is unusable, so nobody is logged in; it must be a complaints.Operator "
            "with texts for ref (up to 64 characters), name, mail and lang, sets of texts for roles and teams, "
            "True or False for restricted, and a time with its zone for authenticated_at"
        )
    return good


def _guard() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    open_to: frozenset[str] = getattr(view, "complaints_roles", frozenset())
    if ANYONE in open_to:
        return None
    who = visitor()
    if who is None:
        if not built_in():
            # To a stranger there is nothing here.
            raise NotFoundError("no such page")
        return redirect(url_for("complaints.admin.login", next=_back() or None), 303)
    if not who.may(*open_to):
        raise NotAllowedError("this page needs another role")
    page = (request.endpoint or "").rpartition(".")[2]
    if must_change() and page not in {"account", "logout"}:
        return redirect(url_for("complaints.admin.account"), 303)
    if must_set_up() and page not in {"account", "second_factor", "logout"}:
        return redirect(url_for("complaints.admin.second_factor"), 303)
    return None


def _back() -> str:
    """Where to go on after logging in: the page itself, that of the form that was sent, or the case it acts on."""
    rule, number = request.url_rule, (request.view_args or {}).get("number")
    if rule is not None and "GET" in (rule.methods or ()):
        return request.script_root + request.full_path.rstrip("?")
    return url_for("complaints.admin.case", number=number) if number else ""


def _context() -> dict[str, Any]:
    who = visitor()
    can_leave = who is not None and built_in()
    alarms, reviews = watch.seen(who) if who is not None else (None, 0)
    return {
        "operator": who,
        # Empty: the page of an error must not read the request that was too large to be read.
        "logout_form": Act(formdata=None) if can_leave else None,
        "may": (lambda *names: who is not None and who.may(*names)),
        "untold": alarms.waiting.get(NOBODY, 0) if alarms is not None else 0,
        "reviews": f"{reviews:,}" if reviews <= COUNTED else f"{COUNTED:,}+",
        "untold_remedy": reach.remedy(),
        "year_missing": (lambda: missing_year(frame().work) if who is not None else None),
    }
