"""What is done to the tree and its checkpoints is found, and said since which checkpoint."""

from __future__ import annotations

import pytest
from evidence.bundles import checkpoint, sign
from sqlalchemy import delete, insert, select, update
from tampering import unguarded

from complaints.ledger import audit_report
from complaints.ledger.audit import audit
from complaints.ledger.proof import Checkpoint as Said
from complaints.ledger.sequencer import sequence
from complaints.ledger.tree import HASH
from complaints.store import triggers
from complaints.store.tables import Checkpoint, Event, LogState, LogTile


@pytest.fixture
def grown(desk):
    """A log with three checkpoints and an event that waits for its place."""
    filed = desk.file()
    for name in ("accept", "start", "note"):
        checkpoint(desk)
        desk.later(hours=1)
        desk.do(filed, name)
    sequence(desk.installation.database)
    desk.do(filed, "note")
    assert desk.codes() == set()
    return desk


def sql(desk, *statements):
    unguarded(
        desk.installation.database, lambda session: [session.execute(each) and None for each in statements]
    )


def sizes(desk):
    query = select(Checkpoint.size).order_by(Checkpoint.size)
    return desk.read(lambda work: list(work.session.scalars(query)))


def rewritten(desk, place):
    leaf = desk.read(lambda work: work.session.scalar(select(Event.leaf).where(Event.leaf_index == place)))
    return (
        update(Event)
        .where(Event.leaf_index == place)
        .values(leaf=leaf.replace(b'"origin":"', b'"origin":"x'))
    )


def tile(desk, place, hashes):
    return (
        update(LogTile)
        .where(LogTile.level == 0)
        .values(hashes=hashes[: HASH * place] + bytes(HASH) + hashes[HASH * (place + 1) :])
    )


def hashes(desk):
    return desk.read(lambda work: work.session.scalar(select(LogTile.hashes).where(LogTile.level == 0)))


def test_a_whole_log_is_counted(grown):
    report = grown.audit()
    assert (report.placed, report.checkpoints) == (report.events - 1, 3)
    assert report.plain()["sound"]


@pytest.mark.tampered
def test_an_event_changed_after_a_checkpoint_names_the_one_before(grown):
    first, second, _ = sizes(grown)
    sql(grown, rewritten(grown, second - 1))
    found = {finding.code: finding for finding in grown.audit().findings}
    assert {"place-changed", "checkpoint-root"} <= found.keys()
    assert found["place-changed"].where == f"leaf/{second - 1}"
    assert f"checkpoint of {first} events" in found["checkpoint-root"].text


TAMPERED = {
    "an event without a place in the middle": (lambda d: update(Event).where(Event.leaf_index == 1).values(leaf_index=None), {"place-missing"}),
    "an event deleted": (lambda d: delete(Event).where(Event.leaf_index == sizes(d)[1]), {"place-missing"}),
    "a hash of a tile": (lambda d: tile(d, 1, hashes(d)), {"place-changed"}),
    "the tree's size": (lambda d: update(LogState).values(size=LogState.size - 1), {"tree"}),
    "the tree's root": (lambda d: update(LogState).values(root=bytes(HASH)), {"tree"}),
    "a checkpoint's root": (lambda d: update(Checkpoint).where(Checkpoint.size == sizes(d)[0]).values(root=bytes(HASH)), {"checkpoint-note"}),
    "a checkpoint's note": (lambda d: update(Checkpoint).where(Checkpoint.size == sizes(d)[0]).values(note="x"), {"checkpoint-note"}),
    "a checkpoint of more than there is": (
        lambda d: insert(Checkpoint).values(size=9999, root=bytes(HASH), note="x", at=d.clock.now, stamp_state="none"), {"checkpoint-beyond"},
    ),
}  # fmt: skip


@pytest.mark.tampered
@pytest.mark.parametrize("name", TAMPERED)
def test_what_sql_does_to_the_tree_is_found(grown, name):
    statement, codes = TAMPERED[name]
    sql(grown, statement(grown))
    assert codes <= grown.codes()


@pytest.mark.tampered
def test_a_checkpoint_by_another_key_is_found(grown):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    size = sizes(grown)[-1]
    with grown.installation.reading() as work:
        row = work.session.get_one(Checkpoint, size)
        text = Said(work.origin, size, row.root).text()
        note = sign(Ed25519PrivateKey.generate(), work.origin, text)
    sql(grown, update(Checkpoint).where(Checkpoint.size == size).values(note=note))
    assert grown.codes() == {"checkpoint-note"}


@pytest.mark.tampered
def test_a_tail_that_was_cut_is_found_by_the_checkpoint_it_was_signed_in(grown):
    """Events, their places and the tree's state are all set back, as a restored backup does."""
    from complaints.ledger.sequencer import tiles

    first = sizes(grown)[0]
    root = grown.read(lambda work: tiles(work.session).root(first))
    sql(
        grown,
        delete(Event).where(Event.leaf_index >= first),
        delete(Event).where(Event.leaf_index.is_(None)),
        update(LogState).values(size=first, root=root),
    )
    report = grown.audit()
    beyond = [finding for finding in report.findings if finding.code == "checkpoint-beyond"]
    assert len(beyond) == 2
    assert f"checkpoint of {first} events" in beyond[0].text


@pytest.mark.tampered
def test_triggers_that_are_gone_are_a_finding(grown):
    with grown.installation.database.engine.begin() as connection:
        triggers.remove(connection)
    try:
        assert grown.codes() == {"trigger-missing"}
    finally:
        with grown.installation.database.engine.begin() as connection:
            triggers.install(connection)


def test_an_audit_leaves_a_record_that_can_be_read_again(grown):
    from factories import CAROL

    assert grown.read(audit_report.last) is None
    report = grown.audit()
    grown.installation.write(lambda work: audit_report.record(work, report, CAROL))
    last = grown.read(audit_report.last)
    assert (last.meta["findings"], last.meta["codes"], last.actor) == (0, [], str(CAROL))
    assert last.meta["counted"]["placed"] == report.placed
    assert grown.read(audit).sound
