"""Who works here: what colleagues, keys and teams are called, and who can be given work; read at once for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, false, literal_column, null, select, true, union_all

from complaints.cases.people import Operator, makers
from complaints.ledger.work import Work
from complaints.store.tables import ApiKey, Team
from complaints.store.tables import Operator as Account

_ACCOUNT, _KEY, _TEAM = range(3)


@dataclass(frozen=True)
class Roster:
    """Names of colleagues and keys by reference, and of teams by key, also of those that are gone.

    `standing` are the teams that are not removed, in the order of their names; `staff` everybody who can log in, as
    services see them, of a host's users those it lists.
    """

    names: Mapping[str, str]
    teams: Mapping[str, str]
    standing: Mapping[str, str]
    staff: Sequence[Operator]


def read(work: Work) -> Roster:
    """Everybody and every team, in one statement."""
    hosts = list(work.hosts()) if work.hosts is not None else None
    names, teams, standing = dict[str, str](), dict[str, str](), dict[str, str]()
    staff = []
    for row in work.session.execute(_EVERY):
        if row.what == _TEAM:
            teams[row.ref] = row.name
            if row.there:
                standing[row.ref] = row.name
            continue
        names[row.ref] = row.name
        if row.what == _KEY:
            makers(work)[row.ref] = row.maker
        elif row.there:
            staff.append(
                Operator(
                    row.ref,
                    row.name,
                    frozenset(row.roles),
                    frozenset(row.teams),
                    row.restricted,
                )
            )
    names.update((each.ref, each.name) for each in hosts or ())
    return Roster(names, teams, standing, staff if hosts is None else hosts)


def _every() -> Select[Any]:
    what = [literal_column(str(n), Integer).label("what") for n in range(3)]
    nothing = (null().label("roles"), null().label("teams"))
    every = union_all(
        select(
            what[_ACCOUNT],
            Account.ref,
            Account.name,
            Account.active.label("there"),
            Account.restricted,
            Account.roles,
            Account.teams,
            null().label("maker"),
        ),
        select(what[_KEY], ApiKey.ref, ApiKey.name, true(), false(), *nothing, ApiKey.created_by),
        select(what[_TEAM], Team.key, Team.name, Team.removed_at.is_(None), false(), *nothing, null()),
    ).subquery()
    return select(every).order_by(every.c.what, every.c.name, every.c.ref)


# Asks for no moment and no person: built once.
_EVERY = _every()
