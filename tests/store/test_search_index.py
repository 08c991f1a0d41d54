"""The index's tables on the three databases: made, taken away, compared; and an SQLite that cannot search."""

from __future__ import annotations

import pytest
import servers
from alembic import command
from factories import Desk
from searching import listing, take_in
from sqlalchemy import inspect, text

from complaints.administration import search_gaps
from complaints.base.resources import folder
from complaints.jobs.indexing import index
from complaints.ledger import sequencer
from complaints.store import schema, search


@pytest.fixture
def desk(installation, clock):
    return Desk(installation, clock)


def test_the_migration_can_be_taken_back_and_made_again(empty_database_url):
    engine = servers.open_engine(empty_database_url)
    schema.upgrade(engine, folder("migrations"))
    assert schema.differences(engine) == []

    with engine.begin() as connection:
        command.downgrade(schema._config(folder("migrations"), connection), "0007")
    assert not [name for name in inspect(engine).get_table_names() if name.startswith("complaints_search")]
    schema.upgrade(engine, folder("migrations"))
    assert schema.differences(engine) == []
    with engine.connect() as connection:
        assert search.available(connection)
    engine.dispose()


def test_an_index_that_is_built_anew_finds_the_same(desk):
    from complaints.jobs.indexing import rebuild

    filed = [desk.file(fields={"details": f"第{n}次退款"}) for n in range(3)]
    take_in(desk.installation)
    before = listing(desk, "退款").found.hits
    seen = []
    done = rebuild(desk.installation, seen.append)

    assert (done.cases, sum(seen)) == (len(filed), len(filed))
    assert listing(desk, "退款").found.hits == before
    assert index(desk.installation).cases == 0


def test_words_written_between_reading_and_writing_are_not_lost(desk, monkeypatch):
    from complaints.jobs import indexing

    filed = desk.file()
    sequencer.sequence(desk.installation.database)
    ready, again = indexing._ready, []

    def slowly(work, maker, uids):
        made = ready(work, maker, uids)
        if not again:
            again.append(uids)
            work.session.rollback()
            desk.do(filed, "note")
        return made

    monkeypatch.setattr(indexing, "_ready", slowly)
    index(desk.installation)

    assert [row.case.number for row in listing(desk, "内部备注").rows] == [filed.number]


def test_one_complaint_that_cannot_be_read_keeps_no_other_from_being_found(desk, monkeypatch):
    from complaints.cases import searchable

    broken, sound = desk.file(fields={"details": "坏的退款"}), desk.file(fields={"details": "好的退款"})
    texts = searchable.texts

    def some(work, cases):
        if any(case.uid == broken.uid for case in cases):
            raise ValueError("damaged")
        return texts(work, cases)

    monkeypatch.setattr(searchable, "texts", some)
    take_in(desk.installation)
    monkeypatch.setattr(searchable, "texts", texts)

    assert [row.case.number for row in listing(desk, "退款").rows] == [sound.number]


@pytest.mark.differs("only an SQLite can be built without its search")
def test_an_sqlite_without_fts5_is_upgraded_and_says_that_it_cannot_search(desk):
    engine = desk.installation.database.engine
    if engine.dialect.name != "sqlite":
        pytest.skip("this is about SQLite")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE complaints_search_fts"))
    desk.file()
    take_in(desk.installation)

    assert listing(desk, "不对").found.why == "unavailable"
    assert desk.read(lambda work: [gap.level for gap in search_gaps.gaps(work)]) == ["look"]
    assert desk.read(lambda work: search.oldest_waiting(work.session)) is None
    assert schema.differences(engine) == []
    # A library with FTS5 later: the next upgrade makes the table, and the clock fills it.
    schema.upgrade(engine, folder("migrations"))
    take_in(desk.installation)
    assert len(listing(desk, "不对").rows) == 1
