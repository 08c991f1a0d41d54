"""Triggers that let the handling log only grow: no DELETE of an event, and one change alone, its place in the tree.

They stop a slip and a careless script, not an administrator of the database, who can drop them; the audit notices
that they are gone. MySQL's TRUNCATE passes by any trigger.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

TABLE = "complaints_event"
_SAID = "the handling log is append-only"
_KEPT = ("id", "stream", "seq", "type", "at", "leaf")
_NAMES = {
    "sqlite": (f"{TABLE}_no_update", f"{TABLE}_no_delete"),
    "postgresql": (f"{TABLE}_no_update", f"{TABLE}_no_delete", f"{TABLE}_no_truncate"),
    "mysql": (f"{TABLE}_no_update", f"{TABLE}_no_delete"),
}


def install(connection: Connection) -> str:
    """Make the triggers that are missing; returns why the server refused, empty when it did not.

    A MySQL or MariaDB server with its binary log on lets only SUPER make them, or anybody once
    log_bin_trust_function_creators is 1. Commits nothing of its own, though MySQL commits with each of them.
    """
    wanted = missing(connection)
    try:
        for name, statement in _statements(_kind(connection)):
            if name is None or name in wanted:
                connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return f"{type(error.orig).__name__}: {error.orig}"[:300]
    return ""


def remove(connection: Connection) -> None:
    """Drop the triggers; for the one way down a migration has, and for tests that tamper."""
    for name in set(_NAMES[_kind(connection)]) - set(missing(connection)):
        on = f" ON {TABLE}" if _kind(connection) == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def missing(connection: Connection) -> tuple[str, ...]:
    """The names of triggers that ought to be there and are not."""
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(:table) AND tgenabled IN ('O', 'A')",
        "mysql": "SELECT trigger_name FROM information_schema.triggers "
        "WHERE event_object_schema = DATABASE() AND event_object_table = :table",
    }
    kind = _kind(connection)
    there = set(connection.scalars(text(queries[kind]), {"table": TABLE}))
    return tuple(name for name in _NAMES[kind] if name not in there)


def _kind(connection: Connection) -> str:
    name = connection.dialect.name
    return "mysql" if name == "mariadb" else name


def _statements(kind: str) -> Iterator[tuple[str | None, str]]:
    """Each trigger's name and what makes it; without a name: what must stand before."""
    update, delete, *_ = _NAMES[kind]
    if kind == "sqlite":
        same = " AND ".join(f"OLD.{name} IS NEW.{name}" for name in _KEPT)
        raised = f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        allowed = f"OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND {same}"
        yield update, f"CREATE TRIGGER {update} BEFORE UPDATE ON {TABLE} WHEN NOT ({allowed}) {raised}"
        yield delete, f"CREATE TRIGGER {delete} BEFORE DELETE ON {TABLE} {raised}"
    elif kind == "postgresql":
        same = " AND ".join(f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in _KEPT)
        allowed = f"OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND {same}"
        yield (
            None,
            f"""CREATE OR REPLACE FUNCTION {TABLE}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF TG_OP = 'UPDATE' AND {allowed} THEN RETURN NEW; END IF;
                RAISE EXCEPTION '{_SAID}'; END $$""",
        )
        for name, operation, each in (
            (update, "UPDATE", "ROW"),
            (delete, "DELETE", "ROW"),
            (f"{TABLE}_no_truncate", "TRUNCATE", "STATEMENT"),
        ):
            yield (
                name,
                f"""CREATE TRIGGER {name} BEFORE {operation} ON {TABLE}
                FOR EACH {each} EXECUTE FUNCTION {TABLE}_keep()""",
            )
    else:
        same = " AND ".join(f"BINARY OLD.`{name}` <=> BINARY NEW.`{name}`" for name in _KEPT)
        allowed = f"OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND {same}"
        raised = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{_SAID}'"
        yield (
            update,
            f"""CREATE TRIGGER {update} BEFORE UPDATE ON {TABLE} FOR EACH ROW
            BEGIN IF NOT ({allowed}) THEN {raised}; END IF; END""",
        )
        yield delete, f"CREATE TRIGGER {delete} BEFORE DELETE ON {TABLE} FOR EACH ROW {raised}"
