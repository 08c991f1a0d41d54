"""What deleted rows leave behind in a database's own files, and what can be done about it from here."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, text

from complaints.store import search

OWN = "complaints_own"
# One sentence each, for `flask complaints erase`, doctor and the docs.
LEFT: Mapping[str, str] = {
    "sqlite": "SQLite: deleted bytes are overwritten only where secure_delete is on (elsewhere VACUUM writes the file "
    "anew), and the WAL keeps old pages until a checkpoint truncates it.",
    "postgresql": "PostgreSQL: dead rows stay in a table's file until others are written over them; VACUUM frees their "
    "place, only VACUUM FULL writes the file anew. WAL archives and standbys keep them until those are recycled.",
    "mysql": "MySQL/MariaDB: old row versions stay until purge, the redo log keeps them until it is written over, and "
    "the binary log holds what was written until it expires (binlog_expire_logs_seconds).",
    "backups": "Backups: they hold the data until they are rotated out; after restoring one, run "
    "`flask complaints erase --due` before going live.",
}


def sentences(dialect: str) -> list[str]:
    """What remains on this kind of database, and in backups."""
    return [LEFT["mysql" if dialect == "mariadb" else dialect], LEFT["backups"]]


def wipe(engine: Engine) -> bool:
    """Truncate the WAL of an SQLite file of our own, so that no old page stays in it; whether that was done.

    A host's engine is left alone, but for our index: its old words are written over on every SQLite. A reader under
    way makes the WAL wait for the next erasure.
    """
    search.purge(engine)
    if engine.dialect.name != "sqlite" or not engine.get_execution_options().get(OWN):
        return False
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar()
    return busy == 0
