"""Triggers that let the handling log only grow: no DELETE of an event, and one change alone, its place in the tree.

They stop a slip and a careless script, not an administrator of the database, who can drop them; the audit notices
that they are gone. MySQL's TRUNCATE passes by any trigger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from complaints.base.translations import gettext as t

TABLE = "complaints_event"
_SAID = "the handling log is append-only"
_KEPT = ("id", "stream", "seq", "type", "at", "leaf")
_NAMES = {
    "sqlite": (f"{TABLE}_no_update", f"{TABLE}_no_delete"),
    "postgresql": (f"{TABLE}_no_update", f"{TABLE}_no_delete", f"{TABLE}_no_truncate"),
    "mysql": (f"{TABLE}_no_update", f"{TABLE}_no_delete"),
}
# Each trigger as the server would make it again; on PostgreSQL with the words of its function, off when disabled.
_STANDING = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table",
    "postgresql": "SELECT tgname, CASE WHEN tgenabled IN ('O', 'A') "
    "THEN pg_get_triggerdef(pg_trigger.oid, true) || ' ' || prosrc ELSE 'off' END "
    "FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal",
    "mysql": "SELECT trigger_name, CONCAT('CREATE TRIGGER ', trigger_name, ' ', action_timing, ' ', event_manipulation, "
    "' ON ', event_object_table, ' FOR EACH ROW ', action_statement) FROM information_schema.triggers "
    "WHERE event_object_schema = DATABASE() AND event_object_table = :table",
}
_SAME = " AND ".join(f"OLD.{name} IS NOT DISTINCT FROM NEW.{name}" for name in _KEPT)
_BODY = f""" BEGIN
    IF TG_OP = 'UPDATE' AND OLD.leaf_index IS NULL AND NEW.leaf_index IS NOT NULL AND {_SAME} THEN
    RETURN NEW; END IF; RAISE EXCEPTION '{_SAID}'; END """


@dataclass(frozen=True)
class Guard:
    """The names of triggers: ours that are missing, ours that do something else, and others' on the log's table."""

    missing: tuple[str, ...]
    altered: tuple[str, ...]
    foreign: tuple[str, ...]


def install(connection: Connection) -> str:
    """Make the triggers that are missing; returns why the server refused, empty when it did not.

    A MySQL or MariaDB server with its binary log on lets only SUPER make them, or anybody once
    log_bin_trust_function_creators is 1. Commits nothing of its own, though MySQL commits with each of them.
    """
    wanted = missing(connection)
    # After a refusal PostgreSQL would refuse the rest of the transaction too; MySQL's DDL ends any savepoint.
    apart = connection.begin_nested() if _kind(connection) == "postgresql" else nullcontext()
    try:
        with apart:
            for name, statement in _statements(_kind(connection)):
                if name is None or name in wanted:
                    connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return f"{type(error.orig).__name__}: {error.orig}".strip()[:300]
    return ""


def remove(connection: Connection) -> None:
    """Drop the triggers; for the one way down a migration has, and for tests that tamper."""
    for name in set(_NAMES[_kind(connection)]) - set(missing(connection)):
        on = f" ON {TABLE}" if _kind(connection) == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def missing(connection: Connection) -> tuple[str, ...]:
    """The names of triggers that ought to be there and are not."""
    return look(connection).missing


def look(connection: Connection) -> Guard:
    """Compare the triggers that stand on the log's table with ours, word for word."""
    kind = _kind(connection)
    there = {name: _plain(said) for name, said in connection.execute(text(_STANDING[kind]), {"table": TABLE})}
    ours = {name: _plain(statement) for name, statement in _statements(kind) if name is not None}
    if kind == "postgresql":
        ours = {name: f"{said} {_plain(_BODY)}" for name, said in ours.items()}
    return Guard(
        missing=tuple(name for name in ours if name not in there),
        altered=tuple(name for name, said in ours.items() if there.get(name, said) != said),
        foreign=tuple(sorted(there.keys() - ours.keys())),
    )


def remedy(connection: Connection) -> str:
    """What to do so that the missing triggers can be made, on this server and under its settings."""
    kind = _kind(connection)
    if kind == "sqlite":
        return t("run `flask complaints db upgrade`")
    if kind == "postgresql":
        return t(
            "run `flask complaints db upgrade` as the owner of the tables, who needs USAGE on the language plpgsql"
        )
    if connection.exec_driver_sql("SELECT @@log_bin AND NOT @@log_bin_trust_function_creators").scalar():
        return t(
            "with its binary log on, the server needs log_bin_trust_function_creators = 1: set it, run `flask complaints db upgrade`; afterwards it may go back to 0"
        )
    return t(
        "run `flask complaints db upgrade` under an account that has the TRIGGER privilege on this database"
    )


def _kind(connection: Connection) -> str:
    name = connection.dialect.name
    return "mysql" if name == "mariadb" else name


def _plain(statement: str) -> str:
    return " ".join(statement.split())


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
        yield (
            None,
            f"CREATE OR REPLACE FUNCTION {TABLE}_keep() RETURNS trigger LANGUAGE plpgsql AS $${_BODY}$$",
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
