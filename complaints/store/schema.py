"""Bring the tables to the newest revision, beside whatever migrations the host has of its own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from sqlalchemy.engine import Connection

VERSION_TABLE = "complaints_alembic_version"


def upgrade(engine: Engine, scripts: Path) -> None:
    """Run every migration of `scripts` that is missing; safe to repeat. Commits."""
    with engine.begin() as connection:
        command.upgrade(_config(scripts, connection), "head")


def revision(engine: Engine) -> str | None:
    """The revision the database is at; None before the first migration."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def head(scripts: Path) -> str:
    """The newest revision there is."""
    newest = ScriptDirectory(str(scripts)).get_current_head()
    assert newest is not None
    return newest


def has_tables(engine: Engine) -> bool:
    """Whether anything of ours is there at all."""
    return inspect(engine).has_table("complaints_complaint")


def differences(engine: Engine, scripts: Path) -> None:
    """Raise alembic's CommandError when the tables are not what the models say (`db check`)."""
    with engine.connect() as connection:
        command.check(_config(scripts, connection))


def _config(scripts: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
