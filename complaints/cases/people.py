"""Operators as services see them, wherever their account lives."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from complaints.ledger.work import MACHINE, Actor, Work
from complaints.policy.roles import HANDLERS
from complaints.store.tables import ApiKey, Complaint, Event
from complaints.store.tables import Operator as Account

# From most to least: the role under which somebody acts when they hold several.
_RANK = ("admin", "supervisor", "handler", "auditor")
# As a leaf names whoever decided (RFC 8785).
_DECIDED = b'"decided_by":['
# Where a session keeps them.
_MAKERS = "complaints.makers"


@dataclass(frozen=True)
class Operator:
    """Somebody who works on complaints: built-in account or the host's user.

    `ref` is a pseudonym that stays in the log for ever; `roles` of handler, supervisor, auditor, admin;
    `teams` are keys of this installation's teams; `restricted` opens the restricted types; without
    `authenticated_at` export, erasure and keys are denied. `mail` and `lang` (zh or en) are for notices, of those
    whom a host lists; `monthly` asks for the monthly report.
    """

    ref: str
    name: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    restricted: bool = False
    authenticated_at: datetime | None = None
    mail: str = ""
    lang: str = "zh"
    monthly: bool = False

    @property
    def actor(self) -> Actor:
        """As they stand in the log."""
        return Actor(next((role for role in _RANK if role in self.roles), "handler"), self.ref)

    @property
    def eyes(self) -> Operator:
        """The same as far as what they see goes: a statement that is kept for them outlives name and log-in."""
        # A host may hand over any set.
        return Operator(
            self.ref, "", frozenset(self.roles), frozenset(self.teams or ()), bool(self.restricted)
        )

    def may(self, *roles: str) -> bool:
        """Whether they hold one of these roles; none includes another."""
        return bool(self.roles & set(roles))


def may_see(viewer: Operator, case: Complaint) -> bool:
    """Whether this operator may know of this complaint at all."""
    return viewer.restricted or not case.restricted


def may_handle(who: Operator, case: Complaint) -> bool:
    """Whether this operator works on complaints and may know of this one, so that it can be given to them."""
    return who.may(*HANDLERS) and may_see(who, case)


def visible(viewer: Operator) -> list[ColumnElement[bool]]:
    """What a case must meet for this operator to know of it: restricted types are the only wall."""
    return [] if viewer.restricted else [Complaint.restricted.is_(False)]


def behind(work: Work, ref: str | None) -> str | None:
    """Who answers for what `ref` did: for a key, whoever made it."""
    if ref is None or not ref.startswith(MACHINE):
        return ref
    known = makers(work)
    if ref not in known:
        maker = work.session.scalar(select(ApiKey.created_by).where(ApiKey.ref == ref))
        if maker is None:
            return ref
        known[ref] = maker
    return known[ref]


def deciders(work: Work, case: Complaint) -> frozenset[str]:
    """Who answers for a decision that stands to be reviewed: the present one, and of a further review the former ones."""
    refs = {case.decided_by}
    if case.appeals > 1:
        leaves = work.session.scalars(select(Event.leaf).where(Event.stream == case.uid))
        changes = (json.loads(leaf)["meta"].get("change", {}) for leaf in leaves if _DECIDED in leaf)
        refs.update(ref for change in changes for ref in change["decided_by"])
    return frozenset(found for ref in refs if (found := behind(work, ref)) is not None)


def makers(work: Work) -> dict[str, str]:
    """Who made each key that was read already, by its reference: it never changes, and pages ask again and again."""
    known: dict[str, str] = work.session.info.setdefault(_MAKERS, {})
    return known


def mailed(work: Work, ref: str) -> bool:
    """Whether this colleague can be told by mail."""
    if work.hosts is not None:
        return any(one.ref == ref and one.mail for one in work.hosts())
    query = select(Account.id).where(Account.ref == ref, Account.active.is_(True), Account.mail.is_not(None))
    return work.session.scalar(query) is not None


def cleared(work: Work, ref: str) -> bool:
    """Whether this colleague may know of restricted cases; of whom nothing is known, not."""
    if work.hosts is not None:
        return any(one.ref == ref and one.restricted for one in work.hosts())
    query = select(Account.id).where(
        Account.ref == ref, Account.active.is_(True), Account.restricted.is_(True)
    )
    return work.session.scalar(query) is not None


def gone(work: Work, ref: str, *, restricted: bool) -> bool:
    """Whether this account of ours can no longer handle a case, a restricted one or another; of a host's, unknown."""
    if work.hosts is not None:
        return False
    query = select(Account.active, Account.roles, Account.restricted).where(Account.ref == ref)
    row = work.session.execute(query).one_or_none()
    if row is None:
        return False
    return not (row.active and set(row.roles) & set(HANDLERS) and (row.restricted or not restricted))


def pseudonyms(work: Work, refs: Collection[str]) -> Mapping[str, str]:
    """What complainants may read of these people instead of a name; who has no pseudonym is left out."""
    if not refs:
        return {}
    query = select(Account.ref, Account.pseudonym).where(
        Account.ref.in_(sorted(refs)), Account.pseudonym.is_not(None)
    )
    return {row.ref: row.pseudonym for row in work.session.execute(query)}
