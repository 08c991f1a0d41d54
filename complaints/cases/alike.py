"""What a case has to do with others: joined to it, named by its events, of the same answer, of nearly the same text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, literal, literal_column, or_, select, union_all
from sqlalchemy import case as either
from sqlalchemy.exc import OperationalError

from complaints.cases import people, pieces, searchable
from complaints.cases.people import Operator
from complaints.cases.pieces import Maker
from complaints.cases.queries import bounded
from complaints.ledger.reading import with_first
from complaints.ledger.work import Work
from complaints.store import search
from complaints.store.tables import Complaint

# So many joined cases, and so many reports of one answer, are read at once: a flood has thousands.
MOST = 20
# How alike two texts must be, how many that might be are compared, and among how many of a flood these are found.
ALIKE, _COMPARED, _AMONG = 0.6, 100, 500
_JOINED, _NAMED, _SIMILAR = (literal_column(str(n), Integer).label("how") for n in range(3))


@dataclass(frozen=True)
class Related:
    """Other cases a case has to do with, as far as its viewer may know of them.

    `similar` are about the same answer or of the same text, newest first, and after them those joined to it; `joined`
    are joined to it, what is due first before what is due later or never; of each at most MOST. `named` are those its
    events name, by uid. `counts` says of "similar", without those joined to it, and of "joined" how many there are, as
    far as `queries.COUNTED` and one more.
    """

    similar: Sequence[Complaint]
    joined: Sequence[Complaint]
    named: Mapping[str, Complaint]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Near:
    """A complaint whose text is nearly the same; `share` is the part of its pieces that both have, from ALIKE to 1."""

    case: Complaint
    share: float


def related(
    work: Work,
    viewer: Operator,
    case: Complaint,
    uids: Collection[str],
    pages: Mapping[str, int] | None = None,
) -> Related:
    """What a case has to do with others, in one statement; `uids` are the cases its events name.

    `pages` says which MOST of "joined" and "similar" are wanted, by default the first; of what a page beyond the last
    would show, nothing is counted.
    """
    seen, asked = people.visible(viewer), pages or {}
    own, same = Complaint.merged_into == case.uid, _alike(viewer, case)
    parts = [
        select(Complaint.id, _JOINED)
        .where(own, *seen)
        .order_by(Complaint.due_next.is_(None), Complaint.due_next, Complaint.id)
    ]
    if same:
        # They stand in the list of the joined ones; those that are not joined yet come first here.
        last = either((own, 1), else_=0)
        newest = (last, Complaint.filed_at.desc(), Complaint.id.desc())
        parts.append(select(Complaint.id, _SIMILAR).where(*same).order_by(*newest))
    shown = [
        part.limit(MOST).offset(MOST * (asked.get(name, 1) - 1)).subquery().select()
        for name, part in zip(("joined", "similar"), parts, strict=False)
    ]
    if uids:
        shown.append(select(Complaint.id, _NAMED).where(Complaint.uid.in_(sorted(uids)), *seen))
    found = union_all(*shown).subquery()
    apart = or_(Complaint.merged_into.is_(None), Complaint.merged_into != case.uid)
    counts = bounded([own, *seen]), bounded([*same, apart]) if same else literal(0)
    query = select(Complaint, found.c.how, *(n.label(f"n{at}") for at, n in enumerate(counts)))
    rows = work.session.execute(query.join(found, found.c.id == Complaint.id)).all()
    by_how: tuple[list[Complaint], ...] = ([], [], [])
    for row in rows:
        by_how[row.how].append(row.Complaint)
    joined, named, similar = by_how
    similar.sort(key=lambda one: (one.merged_into != case.uid, one.filed_at, one.id), reverse=True)
    joined.sort(key=lambda one: (one.due_next is None, one.due_next or one.filed_at, one.id))
    many = {"joined": rows[0].n0, "similar": rows[0].n1} if rows else {"joined": 0, "similar": 0}
    return Related(similar, joined, {each.uid: each for each in named}, many)


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


def _alike(viewer: Operator, case: Complaint) -> list[ColumnElement[bool]]:
    """What a report of the same answer or text meets; empty where there can be none."""
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
        return []
    others = [Complaint.id != case.id, Complaint.stored_only_at.is_(None), *people.visible(viewer)]
    return [or_(*same), *others]
