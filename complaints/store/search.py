"""The search index as each database has it: FTS5, tsvector with GIN, or FULLTEXT; nothing above knows which.

Words are opaque here: twelve lower-case letters each, made by whoever calls with a key of the installation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Select,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.mysql import match
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from complaints.store.constants import number
from complaints.store.tables import FTS, Complaint, Event, Search, SearchState
from complaints.store.transactions import begin, touched

_ROWS: Any = Search.__table__
_FTS = table(FTS, column("rowid"), column("words"))
# What is written into the column of its own name is a command to FTS5.
_COMMAND = table(FTS, column(FTS))
_MAKE = f"CREATE VIRTUAL TABLE {FTS} USING fts5(words, tokenize='ascii', detail=none, columnsize=0)"


def install(connection: Connection) -> None:
    """Make SQLite's table where it is missing: the library may have been exchanged for one with FTS5."""
    if connection.dialect.name == "sqlite" and not available(connection):
        try:
            with connection.begin_nested():
                connection.execute(text(_MAKE))
        except OperationalError:
            return


def available(connection: Connection) -> bool:
    """Whether this database can search; only an SQLite without FTS5 cannot."""
    if connection.dialect.name != "sqlite":
        return True
    try:
        connection.execute(select(_FTS.c.rowid).limit(1)).first()
    except OperationalError:
        return False
    return True


def put(session: Session, rows: Sequence[tuple[int, int, Collection[str]]]) -> None:
    """Write complaints anew into the index: id, newest event, words. Never commits."""
    if not rows:
        return
    forget(session, [row_id for row_id, _, _ in rows])
    dialect = session.get_bind().dialect.name
    given = [
        {"complaint_id": row_id, "seq": seq, "words": " ".join(sorted(words))} for row_id, seq, words in rows
    ]
    if dialect == "sqlite":
        session.execute(insert(_ROWS), [{**row, "words": None} for row in given])
        session.execute(
            insert(_FTS), [{"rowid": row["complaint_id"], "words": row["words"]} for row in given]
        )
    elif dialect == "postgresql":
        for row in given:
            session.execute(insert(_ROWS).values({**row, "words": cast(row["words"], TSVECTOR)}))
    else:
        session.execute(insert(_ROWS), given)


def forget(session: Session, ids: Collection[int]) -> int:
    """Take complaints out of the index; returns how many were in it. Never commits."""
    if not ids:
        return 0
    if session.get_bind().dialect.name == "sqlite":
        held = list(session.scalars(select(_ROWS.c.complaint_id).where(_ROWS.c.complaint_id.in_(ids))))
        if not held:
            return 0
        session.execute(delete(_FTS).where(_FTS.c.rowid.in_(held)))
    return touched(session.execute(delete(_ROWS).where(_ROWS.c.complaint_id.in_(ids))))


def clear(session: Session, made_with: str) -> None:
    """Empty the index, to be built from the first event on. Never commits."""
    session.execute(delete(_ROWS))
    if session.get_bind().dialect.name == "sqlite" and available(session.connection()):
        session.execute(delete(_FTS))
    _remember(session, reached=0, made_with=made_with)


def seqs(session: Session, ids: Collection[int]) -> Mapping[int, int]:
    """At which event the rows of these complaints were built."""
    rows = session.execute(select(_ROWS.c.complaint_id, _ROWS.c.seq).where(_ROWS.c.complaint_id.in_(ids)))
    return {row.complaint_id: row.seq for row in rows}


def found(
    session: Session, words: Collection[str], wanted: Sequence[ColumnElement[bool]], most: int
) -> list[tuple[int, datetime | None]]:
    """The newest complaints that hold each of these words and meet `wanted`, with what is due next; at most `most`."""
    rows = session.execute(hits(session, words, wanted).add_columns(Complaint.due_next).limit(most))
    return [(row[0], row[1]) for row in rows]


def hits(
    session: Session,
    words: Collection[str],
    wanted: Sequence[ColumnElement[bool]],
    *,
    every: bool = True,
    among: int = 0,
) -> Select[Any]:
    """The complaints that hold these words, each of them or any, and meet `wanted`: their ids, newest first.

    A statement that begins with the words, however many complaints there are. With `among` it looks at no more than
    so many that hold them, for who needs some and not all: of a flood of one text, any tell as much as all.
    """
    dialect = session.get_bind().dialect.name
    words = sorted(words)
    if dialect in {"mysql", "mariadb"}:
        asked = " ".join(f"+{word}" for word in words) if every else " ".join(words)
        holds = match(_ROWS.c.words, against=asked).in_boolean_mode()
        if not among:
            query = (
                select(Complaint.id)
                .select_from(Search)
                .join(Complaint, Complaint.id == Search.complaint_id)
                .where(holds, *wanted)
                .prefix_with("STRAIGHT_JOIN")
            )
            return query.order_by(Search.complaint_id.desc())
        holding = select(_ROWS.c.complaint_id.label("id")).where(holds)
    elif dialect == "sqlite":
        asked = (" AND " if every else " OR ").join(words)
        holding = select(_FTS.c.rowid.label("id")).where(column(FTS).op("MATCH")(literal(asked)))
        holding = holding.select_from(_FTS)
    else:
        asked = (" & " if every else " | ").join(words)
        holding = select(_ROWS.c.complaint_id.label("id")).where(_ROWS.c.words.op("@@")(cast(asked, TSQUERY)))
    if among:
        holding = holding.order_by(_FTS.c.rowid.desc()) if dialect == "sqlite" else holding
        holding = holding.limit(number(among))
    # Kept apart: a planner that may merge it would rather walk the complaints in their order.
    first = holding.cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
    query = select(first.c.id).join(Complaint, Complaint.id == first.c.id).where(*wanted)
    # Of few that are old PostgreSQL would walk all complaints back to them, to have them in order for nothing.
    newest = first.c.id + number(0) if among else first.c.id
    return query.order_by(newest.desc())


def state(session: Session) -> tuple[int, str]:
    """How many events went into the index, and what it was made with; 0 and nothing before the first."""
    row = session.execute(select(SearchState.reached, SearchState.made_with)).first()
    return (row.reached, row.made_with) if row else (0, "")


def advance(session: Session, before: int, reached: int, made_with: str) -> bool:
    """Remember how far the events have gone in; False when another worker was faster. Never commits."""
    moved = session.execute(
        update(SearchState).where(SearchState.id == 1, SearchState.reached == before).values(reached=reached)
    )
    if touched(moved):
        return True
    if before == 0 and session.get(SearchState, 1) is None:
        _remember(session, reached=reached, made_with=made_with)
        return True
    return False


def oldest_waiting(session: Session) -> datetime | None:
    """The time of the oldest event in the tree that the index has not seen; None when it has seen all, or cannot."""
    return standing(session)[1] if available(session.connection()) else None


def standing(session: Session) -> tuple[str, datetime | None]:
    """What the index was made with, and the time of the oldest event in the tree that it has not seen; one statement."""
    made_with, reached = (
        select(column).where(SearchState.id == 1).scalar_subquery()
        for column in (SearchState.made_with, SearchState.reached)
    )
    waiting = select(Event.at).where(Event.leaf_index == func.coalesce(reached, 0)).scalar_subquery()
    row = session.execute(select(made_with, waiting)).one()
    return row[0] or "", row[1]


def purge(engine: Engine) -> None:
    """Write SQLite's index anew without what was deleted: until then its old segments still hold the words."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        if not available(connection):
            return
        connection.rollback()
        try:
            begin(connection)
            connection.execute(insert(_COMMAND), [{FTS: "optimize"}])
            connection.commit()
        except OperationalError:
            # Somebody writes for long; the next erasure does it.
            connection.rollback()


def _remember(session: Session, *, reached: int, made_with: str) -> None:
    values = {"reached": reached, "made_with": made_with}
    changed = session.execute(update(SearchState).where(SearchState.id == 1).values(values))
    if not touched(changed):
        session.execute(insert(SearchState), [{"id": 1, **values}])
