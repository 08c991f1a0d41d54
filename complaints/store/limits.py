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
from sqlalchemy import Engine, bindparam, case, delete, select
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
        """Add to several counters in one transaction; `keys` come with their windows in seconds. Commits."""
        now = datetime.now(UTC)
        with self._writing() as connection:
            # In one order everywhere, so that two workers cannot wait for each other.
            counted = {key: _count(connection, key, now, expiry, amount) for key, expiry in sorted(keys)}
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


def _count(connection: Connection, key: str, now: datetime, expiry: int, amount: int) -> int:
    given = {"at": key, "by": amount, "end": now + timedelta(seconds=expiry), "now": now}
    counting, reading = _statements(connection.dialect.name)
    counted = connection.execute(counting, given)
    return int((counted if reading is None else connection.execute(reading, {"at": key})).scalar() or 0)


@cache
def _statements(name: str) -> tuple[Any, Any]:
    """Count, and read where counting does not answer; built once, because building takes longer than running."""
    end, now = (bindparam(each, type_=_TABLE.c.expires_at.type) for each in ("end", "now"))
    by: Any = bindparam("by", type_=_TABLE.c.count.type)
    row = {"key": bindparam("at"), "count": by, "expires_at": end}
    over = _TABLE.c.expires_at <= now
    # The counter first: MySQL assigns from left to right, and both look at the old end of the window.
    changes = [
        ("count", case((over, by), else_=_TABLE.c.count + by)),
        ("expires_at", case((over, end), else_=_TABLE.c.expires_at)),
    ]
    if name in {"mysql", "mariadb"}:
        reading = select(_TABLE.c.count).where(_TABLE.c.key == bindparam("at"))
        return mysql.insert(_TABLE).values(row).on_duplicate_key_update(changes), reading
    dialect: Any = postgresql if name == "postgresql" else sqlite
    statement = dialect.insert(_TABLE).values(row)
    statement = statement.on_conflict_do_update(index_elements=["key"], set_=dict(changes))
    return statement.returning(_TABLE.c.count), None
