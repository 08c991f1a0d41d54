"""Who can be told: operators with their address, from the built-in table or from the host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.policy.roles import HANDLERS, LEADERS
from complaints.store.tables import Operator

COMPLIANCE = "compliance"
_LAST = (frozenset({"admin"}), frozenset({COMPLIANCE}))
# A group's name in the outbox → the roles it means, first choice first: an administrator, and then the policy's
# compliance contact, is told only when there is nobody else, so that a notice never ends in silence.
# A team by its key: its members who handle complaints; while none of them can be told, as `operators`.
TEAM = "team:"
GROUPS: dict[str, tuple[frozenset[str], ...]] = {
    "operators": (frozenset({"handler", "supervisor"}), *_LAST),
    "supervisors": (frozenset({"supervisor"}), *_LAST),
    COMPLIANCE: (frozenset({COMPLIANCE}), frozenset(LEADERS)),
}


@dataclass(frozen=True)
class Recipient:
    """Somebody who works on complaints and can be written to; `restricted` opens restricted types."""

    ref: str
    name: str
    mail: str
    roles: frozenset[str] = frozenset()
    restricted: bool = False
    lang: str = "zh"
    teams: frozenset[str] = frozenset()


People = Callable[[Session], Sequence[Recipient]]


def witnesses(addresses: Iterable[str]) -> dict[str, str]:
    """Recipients of checkpoints as the outbox names them, with their addresses; no row holds an address."""
    return {f"witness:{hashlib.sha256(each.encode()).hexdigest()[:16]}": each for each in addresses}


def from_table(session: Session) -> list[Recipient]:
    """The active built-in operators who have a mail address."""
    rows = session.scalars(select(Operator).where(Operator.active.is_(True), Operator.mail.is_not(None)))
    return [
        Recipient(
            row.ref,
            row.name,
            row.mail or "",
            frozenset(row.roles),
            row.restricted,
            row.lang,
            frozenset(row.teams),
        )
        for row in rows
    ]


def eligible(people: Iterable[Recipient], group: str, *, restricted: bool) -> list[Recipient]:
    """Those of `group` who may know of the complaint; of a restricted one only those cleared for it."""
    cleared = [each for each in people if each.mail and (each.restricted or not restricted)]
    if group.startswith(TEAM):
        key = group.removeprefix(TEAM)
        members = [each for each in cleared if key in each.teams and each.roles & set(HANDLERS)]
        if members:
            return members
    for roles in GROUPS.get(group, GROUPS["operators"]):
        found = [each for each in cleared if each.roles & roles]
        if found:
            return found
    return []
