"""Give each committed event its place in the tree, in whichever process comes by; one at a time.

Never by `id > last`: the order of ids is not the order of commits, and what commits late would be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from complaints.ledger.proof import EMPTY_ROOT, leaf_hash
from complaints.ledger.tree import Tiles, grown
from complaints.store.tables import Event, LogState, LogTile
from complaints.store.transactions import Database, touched

BATCH = 1000
# What a receipt promises: so long after it was written an event may be without its place.
LONGEST_DELAY_SECONDS = 60
_EVENT, _STATE, _TILE = (cast("Table", each.__table__) for each in (Event, LogState, LogTile))
_PLACE = (
    update(_EVENT)
    .where(_EVENT.c.id == bindparam("row"), _EVENT.c.leaf_index.is_(None))
    .values(leaf_index=bindparam("place"))
)


@dataclass(frozen=True)
class Head:
    """The tree as it stands: how many leaves, and the root over them."""

    size: int
    root: bytes


def sequence(database: Database, *, most: int = 50 * BATCH) -> int:
    """Place up to `most` waiting events, a thousand per transaction; returns how many. Commits batch by batch."""
    placed = 0
    while placed < most:
        done = database.write(_batch)
        placed += done
        if done < BATCH:
            break
    return placed


def head(session: Session) -> Head:
    """The tree as the last batch left it."""
    row = session.execute(select(_STATE.c.size, _STATE.c.root).where(_STATE.c.id == 1)).first()
    return Head(row.size, row.root) if row else Head(0, EMPTY_ROOT)


def oldest_waiting(session: Session) -> datetime | None:
    """Since when the oldest event without a place waits; None when none does."""
    moment: datetime | None = session.scalar(select(func.min(Event.at)).where(Event.leaf_index.is_(None)))
    return moment


def tiles(session: Session) -> Tiles:
    """The tree's tiles, read from the database as they are asked for."""

    def read(level: int, place: int) -> bytes:
        query = select(_TILE.c.hashes).where(_TILE.c.level == level, _TILE.c.place == place)
        return session.execute(query).scalar() or b""

    return Tiles(read)


def _batch(session: Session) -> int:
    connection = session.connection()
    state = connection.execute(select(_STATE.c.size).where(_STATE.c.id == 1).with_for_update()).first()
    if state is None:
        # Two workers at the very first event: one of them collides, begins anew and finds the other's row.
        connection.execute(insert(_STATE), [{"id": 1, "size": 0, "root": EMPTY_ROOT}])
    size = state.size if state else 0
    rows = connection.execute(
        select(_EVENT.c.id, _EVENT.c.leaf)
        .where(_EVENT.c.leaf_index.is_(None))
        .order_by(_EVENT.c.id)
        .limit(BATCH)
    ).all()
    if not rows:
        return 0
    places: list[dict[str, Any]] = [{"row": row.id, "place": size + n} for n, row in enumerate(rows)]
    connection.execute(_PLACE, places)
    for (level, place), hashes in _grow(session, size, [leaf_hash(row.leaf) for row in rows]).items():
        _keep(session, level, place, hashes)
    size += len(rows)
    connection.execute(
        update(_STATE).where(_STATE.c.id == 1).values(size=size, root=tiles(session).root(size))
    )
    return len(rows)


def _grow(session: Session, size: int, hashes: list[bytes]) -> dict[tuple[int, int], bytes]:
    return grown(tiles(session).tile, size, hashes)


def _keep(session: Session, level: int, place: int, hashes: bytes) -> None:
    key = (_TILE.c.level == level, _TILE.c.place == place)
    changed = session.execute(update(_TILE).where(*key).values(hashes=hashes))
    if not touched(changed):
        session.execute(insert(_TILE), [{"level": level, "place": place, "hashes": hashes}])
