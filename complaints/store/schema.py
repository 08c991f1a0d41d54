"""Bring the tables to the newest revision, beside whatever migrations the host has of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect
from sqlalchemy.engine import Connection

from complaints.store import search, triggers
from complaints.store.tables import FTS, SEARCHED, WAITING, Base

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic is imported where it works: eleven megabytes that no worker needs to serve pages.
VERSION_TABLE = "complaints_alembic_version"
_ONLY = {WAITING: ("postgresql",), SEARCHED: ("postgresql", "mysql", "mariadb")}


def upgrade(engine: Engine, scripts: Path) -> str:
    """Run every migration of `scripts` that is missing; safe to repeat. Commits.

    Returns why the server refused the log's triggers, empty when they stand.
    """
    from alembic import command  # noqa: PLC0415 - see above

    with engine.begin() as connection:
        command.upgrade(_config(scripts, connection), "head")
    # Also where a migration could not make them, and the server lets us by now.
    with engine.begin() as connection:
        search.install(connection)
        return triggers.install(connection)


def revision(engine: Engine) -> str | None:
    """The revision the database is at; None before the first migration."""
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see above

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def head(scripts: Path) -> str:
    """The newest revision there is."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above

    newest = ScriptDirectory(str(scripts)).get_current_head()
    assert newest is not None
    return newest


def has_tables(engine: Engine) -> bool:
    """Whether anything of ours is there at all."""
    return inspect(engine).has_table("complaints_complaint")


def differences(engine: Engine) -> list[str]:
    """How the tables differ from what the models say; empty when they do not."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - see above
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see above

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "compare_type": True,
                # What SQLite's FTS5 makes for itself beside its table is nobody's model.
                "include_name": lambda name, type_, _: (
                    type_ != "table"
                    or ((name or "").startswith("complaints_") and not (name or "").startswith(FTS))
                ),
                # An index that one kind of database needs is made there alone.
                "include_object": lambda _, name, *__: (
                    connection.dialect.name in _ONLY.get(name or "", (connection.dialect.name,))
                ),
            },
        )
        found = [str(each)[:200] for each in compare_metadata(context, Base.metadata)]
        guard = triggers.look(connection)
        found += [f"trigger {name} is missing" for name in guard.missing]
        found += [f"trigger {name} does something else" for name in guard.altered]
        return [*found, *(f"trigger {name} is not ours" for name in guard.foreign)]


def _config(scripts: Path, connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
