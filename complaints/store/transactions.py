"""Our own sessions on the host's engine: reads that hold nothing, writes that begin as they must."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Engine, Result
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

T = TypeVar("T")

ATTEMPTS = 6
# SQLite "locked"/"busy"; MySQL 1205 lock wait, 1213 deadlock; PostgreSQL serialization failure and deadlock.
_MYSQL_RETRY = frozenset({1020, 1205, 1213})
_POSTGRESQL_RETRY = frozenset({"40001", "40P01"})
_NOTED = "complaints_noted"


class Database:
    """Opens sessions on one engine; our commit never takes a host's pending objects along.

    `committed` gets what was noted in a session (`note`), after the commit and outside any transaction.
    """

    def __init__(
        self,
        engine: Engine | Callable[[], Engine],
        committed: Callable[[Sequence[Any]], None] | None = None,
    ) -> None:
        self._engine = engine
        self._committed = committed

    @cached_property
    def engine(self) -> Engine:
        """The engine, asked for at first use: a host may configure its database after mounting us."""
        return self._engine if isinstance(self._engine, Engine) else self._engine()

    @cached_property
    def pages(self) -> Engine:
        """The same engine for the reads of one page.

        On PostgreSQL without BEGIN and ROLLBACK around them, each a way to the server and back; its default
        isolation shows every statement what is committed, in a transaction or not.
        """
        if self.engine.dialect.name != "postgresql":
            return self.engine
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading; whatever it changed is rolled back."""
        with self.engine.connect() as connection, Session(connection, autoflush=False) as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work(session)` in one transaction and commit it; on a lock conflict run it again.

        `work` must be safe to repeat: everything it did is rolled back first. A unique-key collision is
        repeated once, because the other writer has committed by then and `work` can see its row.
        """
        result, noted = self._write(work)
        if noted and self._committed is not None:
            self._committed(noted)
        return result

    def _write(self, work: Callable[[Session], T]) -> tuple[T, Sequence[Any]]:
        collisions = 0
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.engine.connect() as connection:
                    begin(connection)
                    with Session(connection, expire_on_commit=False) as session:
                        result = work(session)
                        session.commit()
                    # The session joined our transaction: only this commit reaches the database.
                    connection.commit()
                    return result, take_noted(session)
            except IntegrityError:
                collisions += 1
                if collisions > 1 or attempt == ATTEMPTS:
                    raise
            except DBAPIError as error:
                if attempt == ATTEMPTS or not is_conflict(error):
                    raise
                time.sleep(random.uniform(0.005, 0.03) * 2**attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")


def note(session: Session, what: object) -> None:
    """Keep something for after this session's commit; what is rolled back is forgotten with its session."""
    session.info.setdefault(_NOTED, []).append(what)


def take_noted(session: Session) -> Sequence[Any]:
    """What was noted so far; it is forgotten here."""
    found: list[Any] = session.info.pop(_NOTED, [])
    return found


def begin(connection: Connection) -> None:
    """Begin a write as each database needs it.

    SQLite with BEGIN IMMEDIATE, so that it waits for its turn instead of failing later; MySQL and MariaDB
    reading what is committed now, as PostgreSQL does.
    """
    if connection.dialect.name in {"mysql", "mariadb"}:
        # By default InnoDB keeps reading what was there at the first read: after waiting for a lock the
        # writer would build on a complaint that is no longer so. Holds for this one transaction.
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    if connection.dialect.name != "sqlite":
        return
    raw = connection.connection.dbapi_connection
    # A host that follows SQLAlchemy's BEGIN recipe has begun already, as a reader; begin again as a writer.
    if raw is not None and getattr(raw, "in_transaction", False):
        connection.exec_driver_sql("ROLLBACK")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def can_skip_locked(connection: Connection) -> bool:
    """Whether a query may leave out rows that another writer holds; an optimisation, never what safety rests on."""
    dialect = connection.dialect
    if dialect.name == "postgresql":
        return True
    if dialect.name not in {"mysql", "mariadb"}:
        return False
    found: tuple[int, ...] = getattr(dialect, "server_version_info", None) or ()
    return found >= ((10, 6) if getattr(dialect, "is_mariadb", False) else (8, 0, 1))


def is_conflict(error: DBAPIError) -> bool:
    """Whether another writer was in the way, so that the same work may succeed on a second try."""
    original = error.orig
    if getattr(original, "sqlstate", None) in _POSTGRESQL_RETRY:
        return True
    arguments = getattr(original, "args", ())
    if arguments and arguments[0] in _MYSQL_RETRY:
        return True
    return "database is locked" in str(original) or "database table is locked" in str(original)


def touched(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE met; the session's type does not tell that its result is of that kind."""
    return cast("CursorResult[Any]", result).rowcount
