"""What the host's database must be like: it keeps what it was told, guards the log, and forgets what is erased."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.engine import Connection

from complaints.administration.reach import Gap
from complaints.base.translations import gettext as t
from complaints.store import triggers


def gaps(connection: Connection) -> Iterator[Gap]:
    """What the database behind `connection` lacks; asks only, sets nothing."""
    yield from {"sqlite": _sqlite, "postgresql": _postgresql}.get(connection.dialect.name, _mysql)(connection)
    yield from _guard(connection)


def _guard(connection: Connection) -> Iterator[Gap]:
    """The triggers that keep the log from being changed by mistake."""
    guard = triggers.look(connection)
    for name in guard.missing:
        yield Gap("fail", t("log: trigger {name} is missing", name=name), triggers.remedy(connection))
    for name in guard.altered:
        yield Gap(
            "fail",
            t("log: trigger {name} was changed or switched off", name=name),
            t("drop it, then {remedy}", remedy=triggers.remedy(connection)),
        )
    for name in guard.foreign:
        yield Gap(
            "look",
            t("log: trigger {name} on {table} is not ours", name=name, table=triggers.TABLE),
            t("find out who made it and what for; drop it where nobody knows"),
        )


def _sqlite(connection: Connection) -> Iterator[Gap]:
    asked = {
        name: connection.execute(text(f"PRAGMA {name}")).scalar()
        for name in ("journal_mode", "secure_delete", "synchronous")
    }
    if str(asked["journal_mode"]).lower() != "wal":
        yield Gap(
            "look",
            t("sqlite: journal_mode is {mode}", mode=asked["journal_mode"]),
            t("PRAGMA journal_mode=WAL lets readers and a writer work at once"),
        )
    if asked["secure_delete"] != 1:
        yield Gap(
            "look",
            t("sqlite: secure_delete is not on, erased data stays in the file until it is overwritten"),
            t("PRAGMA secure_delete=ON on each connection"),
        )
    if int(asked["synchronous"] or 0) < 2:  # noqa: PLR2004 - 2 is FULL
        yield Gap(
            "fail",
            t("sqlite: synchronous is not FULL, a power cut may lose an acknowledged complaint"),
            t("PRAGMA synchronous=FULL on each connection"),
        )


def _postgresql(connection: Connection) -> Iterator[Gap]:
    if connection.execute(text("SHOW synchronous_commit")).scalar() == "off":
        yield Gap("fail", t("postgresql: synchronous_commit is off"), t("set it to on"))


def _mysql(connection: Connection) -> Iterator[Gap]:
    if connection.execute(text("SELECT @@innodb_flush_log_at_trx_commit")).scalar() != 1:
        yield Gap("fail", t("mysql: innodb_flush_log_at_trx_commit is not 1"), t("set it to 1"))
    if connection.execute(text("SELECT @@log_bin AND @@binlog_format = 'STATEMENT'")).scalar():
        yield Gap(
            "fail",
            t("mysql: binlog_format is STATEMENT, the server refuses every complaint"),
            t("set it to MIXED or ROW"),
        )
