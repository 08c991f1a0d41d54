"""The log only grows: what the database itself refuses, on each of the three."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
import servers
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from tampering import unguarded

from complaints.administration import engine as engine_advice
from complaints.base.resources import folder
from complaints.base.translations import speaking
from complaints.store import schema, triggers
from complaints.store.tables import Event

MOMENT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


@pytest.fixture
def log(engine):
    rows = [
        {
            "stream": f"{n}" * 32, "seq": 1, "type": "filed", "at": MOMENT, "leaf": b'{"A":1}',
            "leaf_index": 0 if n == 1 else None,
        }
        for n in (1, 2)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(Event.__table__), rows)
    return engine


ROW = Event.stream == "2" * 32
FORBIDDEN = {
    "a leaf": update(Event).where(ROW).values(leaf=b'{"a":1}'),
    "its time": update(Event).where(ROW).values(at=datetime(2020, 1, 1, tzinfo=UTC)),
    "its type": update(Event).where(ROW).values(type="FILED"),
    "its stream": update(Event).where(ROW).values(stream="A" * 32),
    "its number": update(Event).where(ROW).values(seq=2),
    "its id": update(Event).where(ROW).values(id=999),
    "a leaf together with its place": update(Event).where(ROW).values(leaf=b"{}", leaf_index=1),
    "a place once given": update(Event).where(Event.leaf_index == 0).values(leaf_index=5),
    "a place taken away": update(Event).where(Event.leaf_index == 0).values(leaf_index=None),
    "nothing at all": update(Event).where(ROW).values(leaf_index=None),
    "the row": delete(Event).where(ROW),
    "every row": delete(Event),
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=[name.replace(" ", "_") for name in FORBIDDEN])
def test_the_database_refuses_to_change_or_delete_an_event(log, statement):
    before = _rows(log)
    with pytest.raises(DBAPIError, match="append-only"), log.begin() as connection:
        connection.execute(statement)
    assert _rows(log) == before


def test_an_event_gets_its_place_in_the_tree_once(log):
    with log.begin() as connection:
        connection.execute(update(Event).where(ROW).values(leaf_index=1))
    assert sorted(row.leaf_index for row in _rows(log)) == [0, 1]


def test_only_mysql_can_be_told_to_empty_the_table_at_once(log):
    """PostgreSQL has a trigger for it, SQLite has no such statement; what MySQL lets through, the audit finds."""
    said = {"postgresql": "append-only", "sqlite": "syntax error"}.get(log.dialect.name)
    with nullcontext() if said is None else pytest.raises(DBAPIError, match=said), log.begin() as connection:
        connection.execute(text("TRUNCATE TABLE complaints_event"))
    assert len(_rows(log)) == (0 if said is None else 2)


def test_triggers_that_are_gone_are_named_and_come_back(log):
    with log.begin() as connection:
        assert triggers.missing(connection) == ()
        triggers.remove(connection)
    with log.begin() as connection:
        gone = triggers.missing(connection)
        assert {f"{triggers.TABLE}_no_update", f"{triggers.TABLE}_no_delete"} <= set(gone)
    assert [line for line in schema.differences(log) if line.startswith("trigger")] == [
        f"trigger {name} is missing" for name in gone
    ]
    with log.begin() as connection:
        assert triggers.install(connection) == ""
    assert not any(line.startswith("trigger") for line in schema.differences(log))


WEAKENED = {
    "sqlite": "CREATE TRIGGER {name} BEFORE DELETE ON {table} WHEN OLD.seq < 0 BEGIN SELECT RAISE(ABORT, 'x'); END",
    "mysql": "CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW SET @kept = 1",
    "postgresql": "CREATE TRIGGER {name} AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_keep()",
}
FOREIGN = {
    "sqlite": "CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN SELECT 1; END",
    "mysql": "CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW SET @seen = 1",
    "postgresql": "CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_keep()",
}


@pytest.fixture
def own_log(empty_database_url):
    """A database of this test alone: what it does to the triggers stays in it."""
    made = servers.open_engine(empty_database_url)
    schema.upgrade(made, folder("migrations"))
    yield made
    made.dispose()


def test_a_trigger_under_our_name_that_does_something_else_and_anothers_are_told_apart(own_log):
    name, other = f"{triggers.TABLE}_no_delete", "somebodys_trigger"
    on = f" ON {triggers.TABLE}" if own_log.dialect.name == "postgresql" else ""
    kind = "mysql" if own_log.dialect.name == "mariadb" else own_log.dialect.name
    with own_log.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        for statement, called in ((WEAKENED[kind], name), (FOREIGN[kind], other)):
            connection.exec_driver_sql(statement.format(name=called, table=triggers.TABLE))
    with own_log.begin() as connection:
        assert triggers.look(connection) == triggers.Guard((), (name,), (other,))
        with speaking("en"):
            found = [(gap.level, gap.what) for gap in engine_advice.gaps(connection) if "trigger" in gap.what]
    assert found == [
        ("fail", f"log: trigger {name} was changed or switched off"),
        ("look", f"log: trigger {other} on {triggers.TABLE} is not ours"),
    ]
    assert [line for line in schema.differences(own_log) if "trigger" in line] == [
        f"trigger {name} does something else",
        f"trigger {other} is not ours",
    ]
    with own_log.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        connection.exec_driver_sql(f"DROP TRIGGER {other}{on}")
    assert schema.upgrade(own_log, folder("migrations")) == ""
    assert schema.differences(own_log) == []


@pytest.mark.differs("only PostgreSQL can switch a trigger off or give it another function")
def test_on_postgresql_a_disabled_trigger_and_an_emptied_function_are_found(own_log):
    if own_log.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL can do either")
    with own_log.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {triggers.TABLE} DISABLE TRIGGER {triggers.TABLE}_no_update")
        assert triggers.look(connection).altered == (f"{triggers.TABLE}_no_update",)
        connection.exec_driver_sql(f"ALTER TABLE {triggers.TABLE} ENABLE TRIGGER {triggers.TABLE}_no_update")
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {triggers.TABLE}_keep() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$"
        )
        assert len(triggers.look(connection).altered) == 3
    schema.upgrade(own_log, folder("migrations"))
    with own_log.connect() as connection:
        assert triggers.look(connection) == triggers.Guard((), (), ())


def test_without_its_triggers_a_database_changes_what_it_is_told_to(log):
    from complaints.store.transactions import Database

    unguarded(Database(log), lambda session: session.execute(delete(Event).where(ROW)) and None)
    assert len(_rows(log)) == 1


def _rows(engine):
    with engine.connect() as connection:
        return connection.execute(select(Event.__table__).order_by(Event.id)).all()
