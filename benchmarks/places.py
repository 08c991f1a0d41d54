"""Databases of a run: made for it, dropped after it, each as durable as the others."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url, text

from benchmarks.stats import RESULTS

VARIABLE = "COMPLAINTS_TEST_POSTGRESQL"
DEFAULT = "postgresql+psycopg://postgres@127.0.0.1/postgres"
KINDS = ("sqlite", "postgresql")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on the disk of the checkout: a temporary file system would make durability free."""
    made = RESULTS / f"run-{secrets.token_hex(4)}"
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def server() -> URL:
    return make_url(os.environ.get(VARIABLE) or DEFAULT)


@contextmanager
def database(kind: str, name: str, beside: Path) -> Iterator[URL]:
    """An empty database of one contender."""
    if kind == "sqlite":
        yield URL.create("sqlite", database=str(beside / f"{name}.db"))
        return
    fresh = f"complaints_benchmark_{name}_{secrets.token_hex(4)}"
    engine = create_engine(server(), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if (found := connection.execute(text(f"SHOW {setting}")).scalar()) != "on":
                    raise SystemExit(
                        f"PostgreSQL has {setting} = {found}; durability must be the same for all: on"
                    )
            connection.execute(text(f"CREATE DATABASE {fresh}"))
        yield server().set(database=fresh)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {fresh} WITH (FORCE)"))
    finally:
        engine.dispose()


def rows(url: URL, table: str) -> int:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
    finally:
        engine.dispose()


def check_durable(url: URL) -> None:
    """On SQLite the journal's mode stays with the file; `synchronous` is set per connection by each contender."""
    if url.get_backend_name() != "sqlite":
        return
    engine = create_engine(url)
    with engine.connect() as connection:
        mode = connection.execute(text("PRAGMA journal_mode")).scalar()
    engine.dispose()
    if mode != "wal":
        raise SystemExit(f"{url.database} is in journal mode {mode}, not wal")
