"""What a new policy version would change, type by type, and for how many open complaints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from complaints.ledger.work import Work
from complaints.policy.process import amount_words
from complaints.policy.profile import Policy
from complaints.policy.terms import Kind
from complaints.sla import recompute
from complaints.store.tables import Complaint

_KINDS: tuple[Kind, ...] = ("accept", "first_action", "result", "review", "reply")
_PAGE = 200


@dataclass(frozen=True)
class TermChange:
    """One promise of a type, before and after, in words; empty: none."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True)
class Consequence:
    """A type whose promises change: its open complaints, and how many would gain an earlier date."""

    key: str
    terms: tuple[TermChange, ...]
    open: int
    gains: int


def concerned(work: Work, wanted: Policy) -> int:
    """How many open complaints `consequences` would reckon."""
    return recompute.count(work.session, recompute.by_policy(wanted, work.policy_version + 1), 0)


def consequences(work: Work, wanted: Policy, lang: str = "en") -> list[Consequence]:
    """The types whose promises differ from what is in force, in the order of the policy; reads only, in pages."""
    changed = {key: terms for key, terms in _changed(work.policy, wanted, lang) if terms}
    cause = recompute.by_policy(wanted, work.policy_version + 1)
    rows = work.session.execute(
        select(Complaint.filed_type, func.count())
        .where(recompute.concerned(cause))
        .group_by(Complaint.filed_type)
    )
    running = {row[0]: row[1] for row in rows}
    gains, reached = Counter[str](), 0
    while True:
        found = recompute.page(work, cause, reached, _PAGE)
        gains.update(case.filed_type for case, anew in found if anew.touches)
        if len(found) < _PAGE:
            break
        reached = found[-1][0].id
        work.session.expunge_all()
    # An older version may have promised more than the present one: then a type that does not change has gains too.
    return [
        Consequence(key, changed.get(key, ()), running.get(key, 0), gains[key])
        for key in dict.fromkeys((*work.policy.types, *wanted.types))
        if key in changed or gains[key]
    ]


def _changed(before: Policy, after: Policy, lang: str) -> Iterator[tuple[str, tuple[TermChange, ...]]]:
    for key in dict.fromkeys((*before.types, *after.types)):
        found = []
        for kind in _KINDS:
            old, new = _words(before, key, kind, lang), _words(after, key, kind, lang)
            if old != new:
                found.append(TermChange(kind, old, new))
        yield key, tuple(found)


def _words(policy: Policy, key: str, kind: Kind, lang: str) -> str:
    if key not in policy.types:
        return ""
    term = policy.deadlines_of(key).published(kind)
    return amount_words(term, lang) if term else ""
