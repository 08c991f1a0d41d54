"""What doctor says of the host's database itself."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, event

from complaints.administration.engine import gaps
from complaints.base.resources import folder
from complaints.base.translations import speaking
from complaints.store import schema

WELL = {"journal_mode": "WAL", "synchronous": "FULL", "secure_delete": "ON"}


def said_of(path, **pragmas):
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def set_up(connection, record):
        for name, value in {**WELL, **pragmas}.items():
            connection.execute(f"PRAGMA {name}={value}")

    schema.upgrade(engine, folder("migrations"))
    with engine.connect() as connection, speaking("en"):
        found = [(gap.level, gap.what.partition(",")[0], gap.remedy) for gap in gaps(connection)]
    engine.dispose()
    return found


@pytest.mark.parametrize("value", ["OFF", "FAST"])
def test_an_sqlite_of_the_host_that_does_not_overwrite_what_is_erased_deserves_a_look(tmp_path, value):
    assert said_of(tmp_path / "host.db", secure_delete=value) == [
        ("look", "sqlite: secure_delete is not on", "PRAGMA secure_delete=ON on each connection")
    ]


def test_an_sqlite_that_may_lose_a_complaint_fails_and_one_set_well_gets_no_advice(tmp_path):
    assert said_of(tmp_path / "well.db") == []
    assert [
        level for level, *_ in said_of(tmp_path / "fast.db", synchronous="NORMAL", journal_mode="DELETE")
    ] == [
        "look",
        "fail",
    ]


def test_a_database_set_up_as_the_suite_does_has_its_triggers_and_no_stranger(engine):
    with engine.connect() as connection:
        assert [gap.what for gap in gaps(connection) if "trigger" in gap.what or "触发器" in gap.what] == []
