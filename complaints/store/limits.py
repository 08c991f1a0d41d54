"""Counters of the `limits` library in the host's database: one count over all workers.

On a connection and in a transaction of its own: a counter must stand also when what it counts is rolled back,
and a filing must not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from limits.storage import Storage
from sqlalchemy import Engine, bindparam, case, delete, select, true, union_all
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from complaints.store.tables import Limit
from complaints.store.transactions import begin

_TABLE: Any = Limit.__table__


class DatabaseStorage(Storage):
    """A fixed window per key in the table `complaints_limit`; keys hold keyed hashes, no addresses."""

    STORAGE_SCHEME = None

    def __init__(self, engine: Callable[[], Engine]) -> None:
        super().__init__()
        self._engine = engine

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failing storage raises."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return it; a window that has passed starts anew. Commits."""
        return self.incr_all([(key, expiry)], amount)[0]

    def incr_all(self, keys: Sequence[tuple[str, int]], amount: int = 1) -> list[int]:
        """Add to several counters at once; `keys` come with their windows in seconds. Commits."""
        now = datetime.now(UTC)
        # In one order everywhere, so that two workers cannot wait for each other.
        ends = {key: now + timedelta(seconds=expiry) for key, expiry in sorted(keys)}
        given: dict[str, Any] = {"by": amount, "now": now}
        for n, (key, end) in enumerate(ends.items()):
            given |= {f"key{n}": key, f"end{n}": end}
        with self._writing() as connection:
            counting, reading = _statements(connection.dialect.name, len(ends))
            rows = connection.execute(counting, given)
            if reading is not None:
                rows = connection.execute(reading, given)
            counted = {row["key"]: row["count"] for row in rows.mappings()}
        return [counted[key] for key, _ in keys]

    def get(self, key: str) -> int:
        """The counter as it stands."""
        with self._engine().connect() as connection:
            query = select(_TABLE.c.count).where(_TABLE.c.key == key, _TABLE.c.expires_at > datetime.now(UTC))
            return int(connection.scalar(query) or 0)

    def get_expiry(self, key: str) -> float:
        """When the counter's window ends, in seconds since 1970."""
        with self._engine().connect() as connection:
            end: datetime | None = connection.scalar(select(_TABLE.c.expires_at).where(_TABLE.c.key == key))
            return (end or datetime.now(UTC)).timestamp()

    def check(self) -> bool:
        """Whether counting is possible."""
        try:
            self.get("")
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int | None:
        """Forget every counter. Commits."""
        with self._writing() as connection:
            return connection.execute(delete(_TABLE)).rowcount

    def clear(self, key: str) -> None:
        """Forget one counter. Commits."""
        with self._writing() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.key == key))

    def use_once(self, key: str, expiry: int) -> bool:
        """Whether `key` is used for the first time within `expiry` seconds; the second user gets False. Commits."""
        return self.incr(key, expiry) == 1

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine().connect() as connection, _lightly(connection):
            if connection.dialect.name == "postgresql":
                # A single statement needs no BEGIN and no COMMIT, each a way to the server and back.
                connection.execution_options(isolation_level="AUTOCOMMIT")
            begin(connection)
            yield connection
            connection.commit()


@contextmanager
def _lightly(connection: Connection) -> Iterator[None]:
    """On SQLite in WAL mode a counter need not be forced to the disk: losing the last ones costs nothing."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name != "sqlite" or raw.in_transaction:
        yield
        return
    before = raw.execute("PRAGMA synchronous").fetchone()[0]
    raw.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        if raw.in_transaction:
            raw.rollback()
        raw.execute(f"PRAGMA synchronous={int(before)}")


@cache
def _statements(name: str, size: int) -> tuple[Any, Any]:
    """Count, and read where counting does not answer; built once, because building takes longer than running.

    The rows come as a query, because SQLAlchemy compiles an INSERT of several VALUES anew each time.
    """
    moment, by = _TABLE.c.expires_at.type, bindparam("by", type_=_TABLE.c.count.type)
    keys = [bindparam(f"key{n}", type_=_TABLE.c.key.type) for n in range(size)]
    ends = [bindparam(f"end{n}", type_=moment) for n in range(size)]
    # Without WHERE, SQLite would read ON CONFLICT as part of a join.
    rows = union_all(*(select(key, by, end).where(true()) for key, end in zip(keys, ends, strict=True)))
    over = _TABLE.c.expires_at <= bindparam("now", type_=moment)

    def changes(offered: Any) -> dict[str, Any]:
        # The counter first: MySQL assigns from left to right, and both look at the old end of the window.
        return {
            "count": case((over, by), else_=_TABLE.c.count + by),
            "expires_at": case((over, offered.expires_at), else_=_TABLE.c.expires_at),
        }

    columns = ["key", "count", "expires_at"]
    if name in {"mysql", "mariadb"}:
        counting = mysql.insert(_TABLE)
        update = list(changes(counting.inserted).items())
        reading = select(_TABLE.c.key, _TABLE.c.count).where(_TABLE.c.key.in_(keys))
        return counting.from_select(columns, rows).on_duplicate_key_update(update), reading
    dialect: Any = postgresql if name == "postgresql" else sqlite
    offered = dialect.insert(_TABLE)
    upsert = offered.from_select(columns, rows).on_conflict_do_update(
        index_elements=["key"], set_=changes(offered.excluded)
    )
    return upsert.returning(_TABLE.c.key, _TABLE.c.count), None
