"""What PostgreSQL and MariaDB keep of erased rows, and what ends that: measured, because the docs say it."""

from __future__ import annotations

import time

import pytest
from factories import Desk
from mariadb import administer, running
from marked import ended, filed_with_marks, finish, secrets_of, years
from sqlalchemy import make_url, text

from complaints.administration.installation import Hooks, Installation
from complaints.base.keys import Keys
from complaints.base.settings import Settings
from complaints.store.files import LocalFiles
from complaints.store.tables import Base
from complaints.store.transactions import Database

TABLES = ("complaint", "private", "person_key", "attachment")


@pytest.mark.differs("each database keeps its files in a way of its own")
def test_on_postgresql_dead_rows_stay_until_their_table_is_written_anew(desk):
    engine = desk.installation.database.engine
    if engine.dialect.name != "postgresql":
        pytest.skip("this is about PostgreSQL's files")
    filed = filed_with_marks(desk)
    ended(desk, filed)
    secrets, _ = secrets_of(desk, filed)

    def left(*statements):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in (*statements, "CHECKPOINT"):
                connection.exec_driver_sql(statement)
            read = text("SELECT pg_read_binary_file(pg_relation_filepath(to_regclass(:name)))")
            names = [f"complaints_{name}" for name in TABLES]
            raw = b"".join(bytes(connection.scalar(read, {"name": name})) for name in names)
        return sum(each in raw for each in secrets)

    assert left() == len(secrets)
    years(desk)
    assert finish(desk, filed)

    assert left() > 0
    assert left(*(f"VACUUM FULL complaints_{name}" for name in TABLES)) == 0


@pytest.mark.slow
@pytest.mark.mysql
def test_on_mariadb_purge_empties_the_tables_and_the_binary_log_keeps_what_was_written(tmp_path, clock):
    import servers

    with running() as server:
        administer(server.url, "CREATE DATABASE complaints_residue")
        url = make_url(server.url).set(database="complaints_residue").render_as_string(hide_password=False)
        servers.migrate(url)
        engine = servers.open_engine(url)
        values = {"SECRET_KEY": "x", "COMPLAINTS_BASE_URL": "https://ai.example.cn", "TESTING": True}
        installation = Installation(
            Settings.from_mapping(values, tmp_path), Database(engine), LocalFiles(tmp_path), Hooks(), clock
        )
        installation.__dict__["keys"] = Keys.random()
        desk = Desk(installation, clock)
        neighbour, filed = desk.file("billing"), filed_with_marks(desk)
        ended(desk, filed)
        secrets, _ = secrets_of(desk, filed)
        years(desk)
        assert finish(desk, filed)

        def tables():
            names = ", ".join(table for table in Base.metadata.tables)
            with engine.connect() as connection:
                connection.exec_driver_sql(f"FLUSH TABLES {names} FOR EXPORT")
                files = server.data.joinpath("complaints_residue").glob("*.ibd")
                raw = b"".join(path.read_bytes() for path in files)
                connection.exec_driver_sql("UNLOCK TABLES")
            return sum(each in raw for each in secrets)

        def written():
            raw = b"".join(path.read_bytes() for path in server.data.glob("*-bin.[0-9]*"))
            return sum(each in raw for each in secrets)

        ends = time.monotonic() + 60
        while tables() and time.monotonic() < ends:
            administer(server.url, "SET GLOBAL innodb_max_purge_lag_wait = 0")
        assert tables() == 0
        assert written() > 0
        # A log is kept until a thread of the server has noted that its last transactions are on the disk.
        while written() and time.monotonic() < ends:
            administer(server.url, "FLUSH BINARY LOGS", "PURGE BINARY LOGS BEFORE NOW() + INTERVAL 1 DAY")
        assert written() == 0
        assert desk.case(neighbour).erased_at is None
        assert desk.codes() == set()
        engine.dispose()
