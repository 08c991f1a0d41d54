"""What was signed and is no more in the database: nothing is signed over it, and a note from outside takes it up again."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest
from signs import ADMIN, leaves, refused, rows, sign, state
from sqlalchemy import delete, select, update
from tampering import unguarded

from complaints.administration import checkpoints
from complaints.base.keys import Keys
from complaints.ledger import keyring, sequencer
from complaints.ledger.proof import Note, Tree, leaf_hash
from complaints.ledger.state import SigningError
from complaints.store.tables import Checkpoint, Event, LogState, LogTile, Stream


def copy_of(desk, tmp_path):
    """What a backup holds: on SQLite the file, on a server the size of the log."""
    engine = desk.installation.database.engine
    if engine.dialect.name == "sqlite":
        with sqlite3.connect(engine.url.database) as source, sqlite3.connect(tmp_path / "backup") as target:
            source.backup(target)
        source.close()
        target.close()
    return len(leaves(desk))


def put_back(desk, tmp_path, size):
    engine = desk.installation.database.engine
    if engine.dialect.name == "sqlite":
        engine.dispose()
        with sqlite3.connect(tmp_path / "backup") as source, sqlite3.connect(engine.url.database) as target:
            source.backup(target)
        source.close()
        target.close()
    else:
        cut(desk, size, forget=True)


def cut(desk, size, *, forget):
    """Delete the log's end as somebody who knows its tables; `forget`: and the checkpoints over it."""
    kept = leaves(desk)[:size]

    def act(session):
        session.execute(delete(Event).where(Event.leaf_index >= size))
        session.execute(delete(LogTile))
        tree = Tree()
        hashes = [leaf_hash(leaf) for leaf in kept]
        for each in hashes:
            tree.add(each)
        session.add(LogTile(level=0, place=0, hashes=b"".join(hashes)))
        session.execute(update(LogState).values(size=size, root=tree.root()))
        if forget:
            session.execute(delete(Checkpoint).where(Checkpoint.size > size))
        for stream in session.scalars(select(Stream)):
            last = session.scalars(
                select(Event).where(Event.stream == stream.uid).order_by(Event.seq.desc()).limit(1)
            ).first()
            if last is None:
                session.delete(stream)
            else:
                stream.seq, stream.head = last.seq, leaf_hash(last.leaf)

    unguarded(desk.installation.database, act)


@pytest.mark.tampered
def test_a_restored_backup_is_not_signed(desk, tmp_path):
    sign(desk)
    size = copy_of(desk, tmp_path)
    desk.file()
    sign(desk)
    put_back(desk, tmp_path, size)
    assert refused(desk) == "smaller"
    assert len(rows(desk)) == 1


@pytest.mark.tampered
def test_a_restored_backup_that_grew_beyond_what_was_signed_is_a_fork(desk, tmp_path):
    sign(desk)
    size = copy_of(desk, tmp_path)
    desk.file()
    sign(desk)
    put_back(desk, tmp_path, size)
    for _ in range(3):
        desk.file()
    sequencer.sequence(desk.installation.database)
    assert refused(desk) == "fork"


@pytest.mark.tampered
def test_a_lost_tail_is_not_signed_and_its_checkpoints_accuse(desk):
    sign(desk)
    size = len(leaves(desk))
    desk.file()
    sign(desk)
    cut(desk, size, forget=False)
    assert refused(desk) == "smaller"


@pytest.mark.tampered
def test_a_state_file_put_back_with_the_database_still_meets_the_newer_checkpoint(desk):
    sign(desk)
    old, size = state(desk).read_bytes(), len(leaves(desk))
    desk.file()
    desk.later(minutes=5)
    sign(desk)
    cut(desk, size, forget=False)
    state(desk).write_bytes(old)
    assert refused(desk) == "smaller"


@pytest.mark.tampered
def test_tables_of_the_tree_that_contradict_each_other_are_not_signed(desk):
    sign(desk)
    desk.file()
    sequencer.sequence(desk.installation.database)
    desk.installation.database.write(lambda session: session.execute(update(LogState).values(root=bytes(32))))
    assert refused(desk) == "tree"


DAMAGE = {
    "empty": lambda text: "",
    "cut": lambda text: text[: len(text) // 2],
    "no object": lambda text: "[]",
    "nested": lambda text: "[" * 100_000,
    "another size": lambda text: text.replace('"size": ', '"size": 1'),
    "another root": lambda text: text.replace('"root": "', '"root": "00'),
    "a field less": lambda text: text.replace('"vkey"', '"wkey"'),
    "another text": lambda text: text.replace("\\n\\n—", "\\n1\\n\\n—"),
    "another note": lambda text: text.replace('"note": "ai', '"note": "aj'),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_state_file_signs_nothing(desk, how):
    sign(desk)
    text = state(desk).read_text()
    damaged = DAMAGE[how](text)
    assert damaged != text
    state(desk).write_text(damaged)
    desk.file()
    assert refused(desk) == "state-damaged"
    assert len(rows(desk)) == 1


def test_a_lost_state_folder_is_taken_up_again_from_a_note_outside(desk):
    first = sign(desk)
    desk.file()
    desk.later(minutes=5)
    sign(desk)
    shutil.rmtree(state(desk).parent)
    desk.later(minutes=5)
    desk.file()
    assert refused(desk) == "state-missing"

    said = checkpoints.adopt(desk.installation, first.note, ADMIN)
    assert said == first.checkpoint
    assert sign(desk).checkpoint.size == len(leaves(desk))
    assert len(rows(desk)) == 3
    assert {json.loads(leaf)["type"] for leaf in leaves(desk)} >= {"checkpoint_adopted", "heartbeat"}


def foreign(note):
    other = keyring.Signer("ai.example.cn", Keys.random().log)
    return other.note(Note.parse(note).text, [other.vkey])


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("ai.example.cn\n", "ai.example.cn\n1", 1),
        foreign,
        lambda note: "no note",
        lambda note: note.partition("\n\n")[0] + "\n",
    ],
    ids=["changed", "signed_by_another", "no_note", "unsigned"],
)
def test_what_we_did_not_sign_is_not_adopted(desk, change):
    made = sign(desk)
    state(desk).unlink()
    with pytest.raises(SigningError) as raised:
        checkpoints.adopt(desk.installation, change(made.note), ADMIN)
    assert raised.value.code == "adopt-unsigned"
    assert not state(desk).exists()


@pytest.mark.tampered
def test_a_checkpoint_of_another_history_is_not_adopted(desk):
    sign(desk)
    size = len(leaves(desk))
    desk.file()
    later = sign(desk)
    cut(desk, size, forget=True)
    state(desk).unlink()
    with pytest.raises(SigningError) as raised:
        checkpoints.adopt(desk.installation, later.note, ADMIN)
    assert raised.value.code == "smaller"


def test_nothing_is_adopted_while_the_state_file_is_there(desk):
    made = sign(desk)
    with pytest.raises(SigningError) as raised:
        checkpoints.adopt(desk.installation, made.note, ADMIN)
    assert raised.value.code == "adopt-needless"
