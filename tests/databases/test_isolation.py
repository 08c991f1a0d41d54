"""The database fixtures themselves: a test gets our tables, empty, whatever ran before it."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select, text

from complaints.base.resources import folder
from complaints.store import schema
from complaints.store.tables import Base, Stream


@pytest.mark.parametrize("round_", [1, 2])
def test_a_test_never_sees_rows_or_tables_of_another(engine, round_):
    with engine.begin() as connection:
        for table in Base.metadata.tables.values():
            assert connection.execute(select(table).limit(1)).all() == []
        connection.execute(Stream.__table__.insert().values(**_row(Stream)))
        connection.execute(text(f"CREATE TABLE left_by_round_{round_} (id INTEGER)"))
    assert not inspect(engine).has_table("left_by_round_1") or round_ == 1


def test_the_tables_are_the_ones_the_models_describe(engine):
    assert schema.revision(engine) == schema.head(folder("migrations"))
    assert schema.differences(engine) == []


def test_an_empty_database_becomes_a_full_one_and_upgrading_twice_changes_nothing(empty_database_url):
    from servers import open_engine

    engine = open_engine(empty_database_url)
    assert not schema.has_tables(engine)
    for _ in range(2):
        schema.upgrade(engine, folder("migrations"))
    assert schema.differences(engine) == []
    engine.dispose()


def _row(model):
    made = {}
    for column in model.__table__.columns:
        if column.nullable or column.default is not None or column.autoincrement is True:
            continue
        kind = column.type.python_type
        made[column.name] = {str: "x", int: 1, bytes: b"x" * 32}.get(kind) or kind()
    return made
