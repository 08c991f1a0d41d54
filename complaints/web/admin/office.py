"""The page of the office: every place where the channel itself is looked after, and how it stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from complaints.administration import (
    api_keys,
    checkpoints,
    messages,
    operators,
    publishing,
    refusals,
    webhooks,
)
from complaints.administration.calendars import missing_year
from complaints.base.translations import gettext as t
from complaints.base.version import __version__
from complaints.delivery import health as lags
from complaints.policy.roles import STAFF
from complaints.store.tables import ReplyTemplate, Team
from complaints.web.admin import words
from complaints.web.admin.access import built_in, operator, roles
from complaints.web.frame import Shown, frame

_SOON = timedelta(days=14)


@dataclass(frozen=True)
class Door:
    """One place: what it is, and its present state; `tone` is bad, warn or empty."""

    key: str
    icon: str
    title: str
    what: str
    state: str
    tone: str = ""


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/office", "office", office)


@roles(*STAFF)
def office() -> ResponseReturnValue:
    """Every place its reader may enter, in three groups."""
    groups = (
        (t("What is promised and said"), (_policy, _calendar, _replies)),
        (t("Who and what works here"), (_operators, _teams, _keys, _webhooks)),
        (t("How it runs"), (_health, _outbox, _checkpoints, _settings)),
    )
    return render_template(
        "complaints/admin/office.html",
        nav="office",
        groups=[(name, list(_open(makers))) for name, makers in groups],
    )


def _open(makers: tuple[Callable[[], Door], ...]) -> Iterator[tuple[Door, str]]:
    """The doors that exist and that their reader may open, with their addresses."""
    for make in makers:
        if href := address(make.__name__.removeprefix("_")):
            yield make(), href


def address(key: str) -> str:
    """Where a place of the office is; empty where it does not exist, or its reader may not enter."""
    view = current_app.view_functions.get(f"complaints.admin.{key}")
    open_to: frozenset[str] = getattr(view, "complaints_roles", frozenset())
    return Shown(frame()).url(f"admin.{key}") if operator().may(*open_to) else ""


def _policy() -> Door:
    work, installed = frame().work, frame().installation
    ruling = installed.in_force(work.session)
    state, tone = t("Version {n} is in force", n=ruling.version), ""
    if ruling.version == 0:
        state, tone = t("Nothing is published"), "warn"
    elif ruling.trial:
        state, tone = t("Version {n}, for a trial run only", n=ruling.version), "warn"
    elif publishing.differs(work.session, installed.file_policy):
        state, tone = t("Version {n} is in force; the file says something else", n=ruling.version), "warn"
    what = t("What is promised to whom and by when, each version and what it changed")
    return Door("policy", "shield", t("Policy"), what, state, tone)


def _calendar() -> Door:
    year = missing_year(frame().work)
    state = t("{year} is provisional", year=year) if year else t("All years that are needed are final")
    what = t("Holidays and make-up working days, by which dates are counted")
    return Door("calendar", "calendar", t("Calendar"), what, state, "warn" if year else "")


def _replies() -> Door:
    own = frame().work.session.scalar(select(func.count()).select_from(ReplyTemplate)) or 0
    state = _counted(own, t("1 text of your own"), t("{n} texts of your own", n=own))
    return Door("replies", "copy", t("Reply templates"), t("Texts that operators start from"), state)


def _operators() -> Door:
    what = t("Who may log in, and what each role opens")
    if not built_in():
        return Door("operators", "user", t("Operators"), what, t("The users of the product"))
    rows = [row for row in operators.everyone(frame().work) if row.active]
    state = _counted(len(rows), t("1 account; nobody else could review"), t("{n} accounts", n=len(rows)))
    return Door("operators", "user", t("Operators"), what, state, "warn" if len(rows) == 1 else "")


def _teams() -> Door:
    n = (
        frame().work.session.scalar(select(func.count()).select_from(Team).where(Team.removed_at.is_(None)))
        or 0
    )
    return Door(
        "teams",
        "list",
        t("Teams"),
        t("Who handles which matters"),
        _counted(n, t("1 team"), t("{n} teams", n=n)),
    )


def _keys() -> Door:
    work = frame().work
    valid = [row for row in api_keys.everything(work) if api_keys.state(work, row) == "active"]
    ending = [row for row in valid if row.expires_at is not None and row.expires_at - work.now <= _SOON]
    state = _counted(len(valid), t("1 key in use"), t("{n} keys in use", n=len(valid)))
    if ending:
        state += t("; ") + _counted(
            len(ending), t("1 ends within two weeks"), t("{n} end within two weeks", n=len(ending))
        )
    what = t("Programs that read or act through the JSON interface")
    return Door("keys", "lock", t("Interface keys"), what, state, "warn" if ending else "")


def _webhooks() -> Door:
    rows = [row for row in webhooks.everything(frame().work) if row.active]
    failing = sum(1 for row in rows if webhooks.refusing(row))
    state = _counted(len(rows), t("1 address is told"), t("{n} addresses are told", n=len(rows)))
    if failing:
        state += t("; ") + _counted(failing, t("1 refuses"), t("{n} refuse", n=failing))
    what = t("Programs that are told what happens")
    return Door("webhooks", "send", t("Webhooks"), what, state, "warn" if failing else "")


def _health() -> Door:
    work, installed = frame().work, frame().installation
    refused = checkpoints.refusal(installed, work.session)
    found = lags.measure(
        work.session,
        installed.now(),
        real=installed.real_time,
        refusal=refused.code if refused else "",
        restricted=operator().restricted,
    )
    state = t("Dates are watched and messages leave") if found.sound else t("Something needs you")
    tone = "" if found.sound else "bad"
    if found.sound and found.alarms:
        state, tone = t("Something should be looked at"), "warn"
    what = t("Whether dates are watched and messages leave, and what to do if not")
    return Door("health", "bell", t("Health"), what, state, tone)


def _outbox() -> Door:
    found = Counter(messages.counts(frame().work, operator()))
    parts = [
        _counted(found["dead"], t("1 message was given up"), t("{n} messages were given up", n=found["dead"]))
        if found["dead"]
        else "",
        _counted(found["failing"], t("1 fails"), t("{n} fail", n=found["failing"]))
        if found["failing"]
        else "",
    ]
    state = t("; ").join(filter(None, parts)) or t("Nothing has been given up")
    what = t("Messages on their way, those that failed, and why")
    return Door("outbox", "mail", t("Outbox"), what, state, "bad" if found["dead"] else "")


def _checkpoints() -> Door:
    work, installed = frame().work, frame().installation
    row = checkpoints.newest(work.session)
    refused = checkpoints.refusal(installed, work.session)
    what = t("Signed states of the log, by which a later change shows")
    if refused is not None:
        said = refusals.told(work.session, refused)[0]
        return Door("checkpoints", "shield", t("Checkpoints"), what, said, "bad")
    state = t("Signed {when}", when=words.moment(row.at, work.now)) if row else t("None has been signed yet")
    return Door("checkpoints", "shield", t("Checkpoints"), what, state, "" if row else "warn")


def _settings() -> Door:
    what = t("Every setting as the program reads it, and the versions it runs with")
    return Door("settings", "list", t("Settings"), what, t("Version {version}", version=__version__))


def _counted(n: int, one: str, many: str) -> str:
    if n == 0:
        return t("None")
    return one if n == 1 else many
