"""Teams of this installation: added, renamed, removed; never deleted, since cases and records name them.

Who belongs to one is part of an operator's account (`operators.change_roles`); a host's users bring theirs along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.administration import operators, roster
from complaints.base.errors import ConflictError, InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases import people, queries
from complaints.cases.narrowing import Filters
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Team

_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
NAME = 60


@dataclass(frozen=True)
class Listed:
    """A team with its members, and how many open cases lie with it as far as the viewer may know."""

    key: str
    name: str
    created_at: datetime
    removed_at: datetime | None
    members: tuple[str, ...]
    cases: int


class BusyError(InputError):
    """A team that cannot be removed, for open cases lie with it."""


def listed(work: Work, viewer: people.Operator) -> list[Listed]:
    """Every team, standing ones first."""
    rows = list(work.session.scalars(select(Team).order_by(Team.name, Team.key)))
    counted = open_cases(work, viewer, [row.key for row in rows])
    crew = roster.read(work).staff
    found = [
        Listed(
            row.key,
            row.name,
            row.created_at,
            row.removed_at,
            tuple(one.name for one in crew if row.key in one.teams),
            counted[row.key],
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: each.removed_at is not None)


def open_cases(work: Work, viewer: people.Operator, keys: list[str]) -> dict[str, int]:
    """How many open cases lie with each team; restricted ones are no part of it for who may not know of them."""
    if not keys:
        return {}
    return queries.counts(work, viewer, {key: Filters("open", team=key) for key in keys})


def add(work: Work, key: str, name: str, *, by: Actor) -> Team:
    """A new team; its key is what the policy's types and the log call it. Raises InputError. Flushes."""
    bare, called = key.strip().lower(), _name(name)
    if not _KEY.fullmatch(bare):
        raise InputError({"key": [t("Use small letters, digits and underscores, at most {n}", n=40)]})
    if work.session.get(Team, bare) is not None:
        raise InputError({"key": [t("This key is or was another team's; choose another one")]})
    _unlike(work, called)
    row = Team(key=bare, name=called, created_at=work.now, removed_at=None)
    work.session.add(row)
    _log(work, "team_added", by, row, name=called)
    return row


def rename(work: Work, key: str, name: str, *, by: Actor) -> Team:
    """Another name; the key stays. Raises InputError and NotFoundError. Flushes."""
    row, called = find(work, key), _name(name)
    if called != row.name:
        _unlike(work, called, but=key)
        row.name = called
        _log(work, "team_renamed", by, row, name=called)
    return row


def remove(work: Work, key: str, viewer: people.Operator) -> Team:
    """End a team and its memberships; raises BusyError while open cases lie with it. Flushes."""
    row = find(work, key)
    left = open_cases(work, viewer, [row.key])[row.key]
    if left:
        said = t("1 open complaint lies with this team; hand it over first")
        if left > 1:
            said = t("{n} open complaints lie with this team; hand them over first", n=left)
        raise BusyError({"key": [said]})
    row.removed_at = work.now
    _log(work, "team_removed", viewer.actor, row)
    for account in operators.everyone(work):
        if row.key in account.teams:
            operators.put_into(work, account, set(account.teams) - {row.key}, by=viewer.actor)
    return row


def find(work: Work, key: str) -> Team:
    """The standing team of this key; raises NotFoundError."""
    # What stands in an address may hold what no database takes.
    row = work.session.get(Team, key) if _KEY.fullmatch(key) else None
    if row is None or row.removed_at is not None:
        raise NotFoundError("no such team")
    return row


def members(work: Work, key: str, refs: set[str], *, by: Actor) -> None:
    """Put exactly these accounts into a team; an event for each that changes. Raises ConflictError for a stranger."""
    find(work, key)
    accounts = {row.ref: row for row in operators.everyone(work) if row.active}
    if not refs <= accounts.keys():
        raise ConflictError("an operator is no longer there; reload the page")
    for ref, row in accounts.items():
        wanted = set(row.teams) - {key} | ({key} if ref in refs else set())
        operators.put_into(work, row, wanted, by=by)


def strangers(work: Work) -> list[tuple[str, str]]:
    """Types of the policy in force that arrive with a team which is not there, each with that key."""
    wanted = [(kind.key, kind.team) for kind in work.policy.types.values() if kind.team]
    if not wanted:
        return []
    known = set(work.session.scalars(select(Team.key).where(Team.removed_at.is_(None))))
    return [(kind, team) for kind, team in wanted if team not in known]


def _name(given: str) -> str:
    called = " ".join(given.split())
    if not called:
        raise InputError({"name": [t("Give the team a name")]})
    if len(called) > NAME:
        raise InputError({"name": [t("Use at most {n} characters", n=NAME)]})
    return called


def _unlike(work: Work, called: str, but: str = "") -> None:
    taken = work.session.scalars(select(Team.name).where(Team.removed_at.is_(None), Team.key != but))
    if any(called.casefold() == each.casefold() for each in taken):
        raise InputError({"name": [t("Another team has this name; choose another one")]})


def _log(work: Work, event: str, by: Actor, row: Team, **meta: Any) -> None:
    work.session.flush()
    record_system(work, event, by, {"team": row.key, **meta})
