"""How many lines a file will have, before it is made."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from complaints.evidence import naming
from complaints.evidence.chosen import CASES, EVENTS, Chosen, filed, logged, some
from complaints.ledger.work import Work
from complaints.store.tables import Stream


def count(work: Work, chosen: Chosen, *, whole: bool = False) -> int:
    """How many lines it will have; for a case its events, for a list's log those of today. `whole` as in `logged`."""
    if chosen.ids is not None:
        return len(chosen.ids) if chosen.kind == "register" else _events(work, chosen)
    if chosen.kind in {"log", "case"}:
        return _logged(work, chosen, logged(work, chosen, whole=whole, today=True))
    query = select(func.count()).select_from(CASES).where(*filed(work, chosen, whole=True))
    return int(work.session.execute(query).scalar_one())


def _logged(work: Work, chosen: Chosen, wanted: Sequence[ColumnElement[bool]]) -> int:
    """Events that meet this, without those that the file leaves out: the difference would tell of them."""
    query = select(func.count()).select_from(EVENTS).where(*wanted)
    number = int(work.session.execute(query).scalar_one())
    return number - (naming.count(work, wanted) if chosen.lacking else 0)


def _events(work: Work, chosen: Chosen) -> int:
    number = 0
    for ids in some(chosen):
        uids = select(CASES.c.uid).where(CASES.c.id.in_(ids))
        number += int(work.session.scalar(select(func.sum(Stream.seq)).where(Stream.uid.in_(uids))) or 0)
        number -= naming.count(work, [EVENTS.c.stream.in_(uids)]) if chosen.lacking else 0
    return number
