"""What a case has to do with others: joined to it, named by its events, of the same answer, of nearly the same text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, literal_column, or_, select, union_all
from sqlalchemy.exc import OperationalError

from complaints.cases import people, pieces, searchable
from complaints.cases.people import Operator
from complaints.cases.pieces import Maker
from complaints.ledger.reading import with_first
from complaints.ledger.work import Work
from complaints.store import search
from complaints.store.tables import Complaint

# So many reports of one answer are shown beside a case.
SIMILAR = 20
# How alike two texts must be, how many that might be are compared, and among how many of a flood these are found.
ALIKE, _COMPARED, _AMONG = 0.6, 100, 500
_JOINED, _NAMED, _SIMILAR = (literal_column(str(n), Integer).label("how") for n in range(3))


@dataclass(frozen=True)
class Related:
    """Other cases a case has to do with, as far as its viewer may know of them.

    `similar` are about the same answer or of the same text, newest first; `joined` are joined to it; `named` are
    those its events name, by uid.
    """

    similar: Sequence[Complaint]
    joined: Sequence[Complaint]
    named: Mapping[str, Complaint]


@dataclass(frozen=True)
class Near:
    """A complaint whose text is nearly the same; `share` is the part of its pieces that both have, from ALIKE to 1."""

    case: Complaint
    share: float


def related(work: Work, viewer: Operator, case: Complaint, uids: Collection[str]) -> Related:
    """What a case has to do with others, in one statement; `uids` are the cases its events name."""
    parts = [select(Complaint.id, _JOINED).where(Complaint.merged_into == case.uid)]
    if uids:
        parts.append(select(Complaint.id, _NAMED).where(Complaint.uid.in_(sorted(uids))))
    alike = _alike(viewer, case)
    if alike is not None:
        parts.append(select(alike.with_only_columns(Complaint.id).limit(SIMILAR).subquery().c.id, _SIMILAR))
    found = union_all(*parts).subquery()
    rows = work.session.execute(
        select(Complaint, found.c.how).join(found, found.c.id == Complaint.id).where(*people.visible(viewer))
    ).all()
    by_how: tuple[list[Complaint], ...] = ([], [], [])
    for row in rows:
        by_how[row.how].append(row.Complaint)
    joined, named, same = (sorted(each, key=lambda one: (one.filed_at, one.id)) for each in by_how)
    return Related(same[::-1], joined, {each.uid: each for each in named})


def nearly_same(work: Work, case: Complaint, said: str, most: int) -> list[Near]:
    """Complaints whose text shares at least ALIKE of its pieces with `said`, the case's own, the most alike first.

    One statement. None for a text of a few words, none of the same text, which `related` finds, and none of
    restricted types, whoever looks. An index made with another key, or by a database that cannot search, has none.
    """
    own = pieces.shingles(said)
    bands = Maker(work.keys.search).bands(own) if searchable.may_be_found(case) else set()
    if not bands:
        return []
    wanted = [Complaint.id != case.id, searchable.findable()]
    if case.text_hash:
        wanted.append(or_(Complaint.text_hash.is_(None), Complaint.text_hash != case.text_hash))
    hits = search.hits(work.session, bands, wanted, every=False, among=_AMONG).limit(_COMPARED).subquery()
    query = select(Complaint).join(hits, hits.c.id == Complaint.id)
    try:
        found = with_first(work, query, Complaint.uid, "details")
    except OperationalError:
        if search.available(work.session.connection()):
            raise
        return []
    near = [
        Near(each, pieces.shared(own, pieces.shingles(str(json.loads(payload).get("details", "")))))
        for each, payload in found
    ]
    near = [each for each in near if each.share >= ALIKE]
    return sorted(near, key=lambda each: (-each.share, -each.case.id))[:most]


def _alike(viewer: Operator, case: Complaint) -> Select[Any] | None:
    same = [
        column == value
        for column, value in (
            (Complaint.answer_hash, case.answer_hash),
            (Complaint.seal_hash, case.seal_hash),
            (Complaint.text_hash, case.text_hash),
        )
        if value and case.stored_only_at is None
    ]
    if not same:
        return None
    return (
        select(Complaint)
        .where(
            or_(*same), Complaint.id != case.id, Complaint.stored_only_at.is_(None), *people.visible(viewer)
        )
        .order_by(Complaint.filed_at.desc(), Complaint.id.desc())
    )
