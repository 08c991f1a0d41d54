"""The servers a test may need: where they are, whether they answer, and databases of one's own on them.

Also a small command for .ci/run: `python tests/servers.py answers URL | is-free PORT | free-port | describe`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

VARIABLES = {
    "postgresql": "COMPLAINTS_TEST_POSTGRESQL",
    "mysql": "COMPLAINTS_TEST_MYSQL",
    "redis": "COMPLAINTS_TEST_REDIS",
    "chromium": "COMPLAINTS_TEST_CHROMIUM",
}
DATABASES = ("sqlite", "postgresql", "mysql")
STRICT = "COMPLAINTS_TEST_STRICT"
# A folder name that no release of the package ships, so that leftovers of a killed run are easy to find.
PREFIX = "complaints_test_"


def strict() -> bool:
    """Whether a missing server or browser is a failure, as in .ci/run."""
    return os.environ.get(STRICT, "") not in {"", "0"}


def skip_or_fail(reason: str) -> None:
    """Skip because something outside is missing; where all of it must be there, fail."""
    if strict():
        pytest.fail(f"{reason} (and {STRICT} is set, so nothing may be skipped for that)", pytrace=False)
    pytest.skip(reason)


def address(name: str) -> str:
    """The address of a server from the environment, else skip or fail."""
    found = os.environ.get(VARIABLES[name], "")
    if not found:
        skip_or_fail(f"{VARIABLES[name]} names no server; `bash .ci/run` starts one")
    return found


def chromium() -> str:
    """The path of a Chromium, else skip or fail."""
    named = os.environ.get(VARIABLES["chromium"], "")
    for candidate in filter(None, (named, "chromium", "chromium-browser", "google-chrome")):
        if found := shutil.which(candidate):
            return found
    skip_or_fail("no Chromium was found; install one or name it in COMPLAINTS_TEST_CHROMIUM")
    raise AssertionError("unreachable")


def databases() -> list[object]:
    """Parameters for a test that runs on each database."""
    return [
        pytest.param(name, marks=() if name == "sqlite" else getattr(pytest.mark, name)) for name in DATABASES
    ]


def free_port() -> int:
    """A port nobody listens on just now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What a SQLite file holds once it is migrated, for the process: migrating takes longer than most tests.
_MIGRATED: list[sqlite3.Connection] = []


# Ids of MariaDB go on counting from one test to the next; no test may name one.
# To delete a handful of rows takes a hundredth of what truncating does. MariaDB asks for it where a trigger forbids
# deleting, and where an index of words would remember what is gone.
_TRUNCATED = {"complaints_event", "complaints_search"}
_FROM_ONE = (
    "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relname LIKE 'complaints%'"
)


class Server:
    """One database server for one test process: hands out databases of its own, and drops them at the end.

    A database is migrated once and emptied between tests, because creating one takes far longer than a test.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._url = make_url("sqlite://") if name == "sqlite" else make_url(address(name))
        self._made: list[str] = []
        self._free: dict[bool, list[str]] = {True: [], False: []}
        self._rulers: dict[str, Engine] = {}

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The address of an empty database, with our tables or without any."""
        if self.name == "sqlite":
            yield f"sqlite:///{self._sqlite_file(migrated=migrated)}"
            return
        free = self._free[migrated]
        database = free.pop() if free else self._create(migrated=migrated)
        yield self._address(database)
        # Only after a test that ended well enough to get here; others' databases are dropped at the end.
        if migrated:
            self._empty(database)
            free.append(database)

    def close(self) -> None:
        """Drop every database made here."""
        if self.name == "sqlite":
            return
        for engine in self._rulers.values():
            engine.dispose()
        with self._administration() as connection:
            for database in self._made:
                force = " WITH (FORCE)" if self.name == "postgresql" else ""
                connection.execute(text(f"DROP DATABASE IF EXISTS {database}{force}"))

    def _sqlite_file(self, *, migrated: bool) -> Path:
        new = self._folder / f"{secrets.token_hex(6)}.db"
        if not migrated:
            return new
        master = self._folder / "master.db"
        if not master.exists():
            migrate(f"sqlite:///{master}")
        shutil.copyfile(master, new)
        return new

    def _create(self, *, migrated: bool) -> str:
        database = f"{PREFIX}{secrets.token_hex(5)}"
        with self._administration() as connection:
            connection.execute(text(f"CREATE DATABASE {database}"))
        self._made.append(database)
        if migrated:
            migrate(self._address(database))
        return database

    def _address(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def _empty(self, database: str) -> None:
        with self._ruling(database).connect() as connection:
            # A host's tables that a test made beside ours must go; ours stay and are emptied.
            names = inspect(connection).get_table_names()
            ours = [
                name
                for name in names
                if name.startswith("complaints_") and not name.endswith("alembic_version")
            ]
            filled = " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in ours
            )
            dirty = list(connection.scalars(text(filled)))
            strangers = [name for name in names if not name.startswith("complaints_")]
            if self.name == "postgresql":
                # The log refuses to be emptied; only whoever rules the database gets past that.
                connection.execute(text("SET session_replication_role = replica"))
                for name in dirty:
                    connection.execute(text(f"DELETE FROM {name}"))
                connection.execute(text(_FROM_ONE))
                for name in strangers:
                    connection.execute(text(f'DROP TABLE "{name}" CASCADE'))
                return
            connection.execute(text("SET foreign_key_checks = 0"))
            for name in dirty:
                how = "TRUNCATE" if name in _TRUNCATED else "DELETE FROM"
                connection.execute(text(f"{how} {name}"))
            for name in strangers:
                connection.execute(text(f"DROP TABLE `{name}`"))

    def _ruling(self, database: str) -> Engine:
        """A connection that is kept: making one takes as long as emptying a database does."""
        if database not in self._rulers:
            url = self._url.set(database=database)
            self._rulers[database] = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        return self._rulers[database]

    def _administration(self) -> object:
        return self._connection(self._url)

    @staticmethod
    @contextmanager
    def _connection(url: object) -> Iterator[object]:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def migrate(url: str) -> None:
    """Give a database our tables by the migrations that are shipped."""
    from complaints.base.resources import folder
    from complaints.store import schema

    engine = open_engine(url)
    schema.upgrade(engine, folder("migrations"))
    engine.dispose()


def furnish(engine: Engine) -> None:
    """Our tables on a database that has none yet: by the migrations once, for each further SQLite file by copying."""
    from complaints.base.resources import folder
    from complaints.store import schema

    if schema.has_tables(engine):
        return
    if engine.dialect.name != "sqlite":
        schema.upgrade(engine, folder("migrations"))
        return
    with engine.connect() as connection:
        here = connection.connection.dbapi_connection
        if _MIGRATED:
            _MIGRATED[0].backup(here)
            return
    schema.upgrade(engine, folder("migrations"))
    master = sqlite3.connect(":memory:", check_same_thread=False)
    with engine.connect() as connection:
        connection.connection.dbapi_connection.backup(master)
    _MIGRATED.append(master)


def open_engine(url: str) -> Engine:
    """An engine as a careful host would make it."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: object, record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.close()


def answers(url: str) -> bool:
    """Whether a server lets us in at that address."""
    if url.startswith("redis"):
        import redis

        with closing(redis.Redis.from_url(url, socket_connect_timeout=3)) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
    engine = create_engine(url, connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()
    return True


def _describe() -> None:
    """One line about what the suite runs against."""
    said = []
    for name in ("postgresql", "mysql"):
        engine = create_engine(os.environ[VARIABLES[name]])
        with engine.connect() as connection:
            said.append(f"{name} {connection.scalar(text('SELECT version()')).split(' (')[0]}")
        engine.dispose()
    print(f".ci/run: {'; '.join(said)}; chromium {chromium()}")


def main(arguments: list[str]) -> int:
    match arguments:
        case ["answers", url]:
            return 0 if answers(url) else 1
        case ["is-free", port]:
            with closing(socket.socket()) as probe:
                return 1 if probe.connect_ex(("127.0.0.1", int(port))) == 0 else 0
        case ["free-port"]:
            print(free_port())
        case ["describe"]:
            _describe()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
