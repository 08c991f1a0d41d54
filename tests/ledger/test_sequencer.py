"""Every committed event gets one place, without gaps and forks, whoever comes by."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime

import pytest
from factories import ALICE as ACTOR
from sqlalchemy import func, insert, select

from complaints.cases import handling
from complaints.ledger import sequencer
from complaints.ledger.proof import EMPTY_ROOT, Tree, leaf_hash, root_from_inclusion
from complaints.ledger.sequencer import BATCH, head, oldest_waiting, sequence, tiles
from complaints.store.tables import Event, LogState

MOMENT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def leaves(database):
    with database.reading() as session:
        return session.execute(
            select(Event.leaf_index, Event.leaf, Event.stream, Event.seq)
            .where(Event.leaf_index.is_not(None))
            .order_by(Event.leaf_index)
        ).all()


def check(database):
    """Contiguous places, each stream in its order, and the root that a tree without tiles gives."""
    rows = leaves(database)
    assert [row.leaf_index for row in rows] == list(range(len(rows)))
    last = {}
    tree = Tree()
    for row in rows:
        assert row.seq == last.get(row.stream, 0) + 1
        last[row.stream] = row.seq
        tree.add(leaf_hash(row.leaf))
    with database.reading() as session:
        assert head(session) == sequencer.Head(tree.size, tree.root())
        if rows:
            middle = len(rows) // 2
            path = tiles(session).inclusion(middle, len(rows))
            assert root_from_inclusion(leaf_hash(rows[middle].leaf), middle, len(rows), path) == tree.root()
    return len(rows)


def fill(database, count, stream="9" * 32):
    rows = [
        {"stream": stream, "seq": n + 1, "type": "noted", "at": MOMENT, "leaf": b"%d" % n}
        for n in range(count)
    ]
    database.write(lambda session: session.execute(insert(Event.__table__), rows) and None)


def test_an_empty_log_has_an_empty_tree(installation):
    with installation.reading() as work:
        assert head(work.session) == sequencer.Head(0, EMPTY_ROOT)
        assert oldest_waiting(work.session) is None
    assert sequence(installation.database) == 0
    assert check(installation.database) == 0


def test_events_get_their_places_and_later_ones_follow(desk):
    database = desk.installation.database
    with desk.installation.reading() as work:
        assert oldest_waiting(work.session) is not None
    first = sequence(database)
    assert check(database) == first > 2
    filed = desk.file()
    for name in ("accept", "start", "decide", "release"):
        desk.do(filed, name)
    assert sequence(database) == 5
    assert sequence(database) == 0
    assert check(database) == first + 5
    with desk.installation.reading() as work:
        assert oldest_waiting(work.session) is None


@pytest.mark.tampered
def test_more_than_a_batch_is_taken_batch_by_batch(installation):
    fill(installation.database, 2 * BATCH + 7)
    assert sequence(installation.database, most=BATCH) == BATCH
    assert check(installation.database) == BATCH
    assert sequence(installation.database) == BATCH + 7
    assert check(installation.database) == 2 * BATCH + 7


def test_a_batch_that_fails_leaves_nothing_behind(desk, monkeypatch):
    def broken(*_):
        raise RuntimeError("in the middle of a batch")

    with monkeypatch.context() as patched:
        patched.setattr(sequencer, "_keep", broken)
        with pytest.raises(RuntimeError):
            sequence(desk.installation.database)
    assert leaves(desk.installation.database) == []
    assert sequence(desk.installation.database) == check(desk.installation.database)


def test_writers_and_sequencers_at_once_make_no_gap_and_no_fork(desk):
    """Four writers on complaints of their own and three sequencers, in threads with their own connections."""
    database, filings, failed = desk.installation.database, [desk.file() for _ in range(4)], []
    going = threading.Event()
    going.set()

    def write(filed):
        try:
            for n in range(15):
                desk.act(filed, handling.note, ACTOR, f"第{n}条")
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failed.append(error)

    def place():
        try:
            while going.is_set():
                sequence(database)
        except Exception as error:  # noqa: BLE001 - as above
            failed.append(error)

    placing = [threading.Thread(target=place) for _ in range(3)]
    writing = [threading.Thread(target=write, args=(filed,)) for filed in filings]
    for thread in (*placing, *writing):
        thread.start()
    for thread in writing:
        thread.join()
    going.clear()
    for thread in placing:
        thread.join()
    assert failed == []
    sequence(database)
    with database.reading() as session:
        total = session.scalar(select(func.count(Event.id)))
    assert check(database) == total >= 64


@pytest.mark.tampered
def test_a_sequencer_killed_at_any_moment_leaves_a_whole_tree(installation):
    """Processes that place single batches are killed with -9 until all is placed by the last one."""
    database = installation.database
    fill(database, 6 * BATCH)
    killed = 0
    for n in range(6):
        database.engine.dispose()
        child = os.fork()
        if child == 0:
            try:
                database.engine.dispose(close=False)
                sequence(database)
            finally:
                os._exit(0)
        time.sleep(0.02 * (n + 1))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
    sequence(database)
    assert check(database) == 6 * BATCH
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LogState)) == 1
    print(
        f"{installation.database.engine.dialect.name}: 6 processes, {killed} killed, {6 * BATCH} events placed once"
    )
