"""Checkpoints are signed once and for all: never a smaller tree, never another one, never without being remembered."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from notes import readers
from sqlalchemy import delete, func, select, update
from tampering import unguarded

from complaints.administration import checkpoints
from complaints.base.errors import ConfigError
from complaints.base.keys import Keys
from complaints.ledger import keyring, sequencer, signing
from complaints.ledger.proof import Note, Tree, Verifier, leaf_hash
from complaints.ledger.state import FILE, SigningError, StateFolder
from complaints.ledger.work import Actor
from complaints.store.tables import Checkpoint, Event, LogState, LogTile, Stream

ADMIN = Actor("admin", "op_carol")


def sign(desk):
    return checkpoints.sign(desk.installation)


def rows(desk):
    return desk.read(lambda work: list(work.session.scalars(select(Checkpoint).order_by(Checkpoint.size))))


def state(desk):
    return desk.installation.settings.state_folder / FILE


def refused(desk):
    with pytest.raises(SigningError) as raised:
        sign(desk)
    error = desk.read(lambda work: checkpoints.refusal(desk.installation, work.session))
    assert error is not None
    assert error.code == raised.value.code
    return raised.value.code


def leaves(desk):
    query = select(Event.leaf).where(Event.leaf_index.is_not(None)).order_by(Event.leaf_index)
    return desk.read(lambda work: list(work.session.scalars(query)))


def root(desk, size):
    tree = Tree()
    for leaf in leaves(desk)[:size]:
        tree.add(leaf_hash(leaf))
    return tree.root()


def apart(desk, act):
    """Do `act` in a process of its own that never comes back into this test; returns how it ended."""
    desk.installation.database.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("read", readers())
def test_a_checkpoint_is_read_and_verified_by_code_that_is_not_ours(desk, read):
    desk.file()
    made = sign(desk)
    size = len(leaves(desk))
    assert read(made.note, made.vkey) == ("ai.example.cn", size, root(desk, size))
    with pytest.raises(Exception):  # noqa: B017 - whatever a stranger's reader raises
        read(made.note.replace(f"\n{size}\n", f"\n{size + 1}\n"), made.vkey)


def test_what_is_signed_is_kept_in_the_table_and_in_a_file_only_we_can_read(desk):
    made = sign(desk)
    (row,) = rows(desk)
    assert (row.note, row.size, row.root) == (made.note, made.checkpoint.size, made.checkpoint.root)
    assert stat.S_IMODE(state(desk).stat().st_mode) == 0o600
    assert stat.S_IMODE(state(desk).parent.stat().st_mode) == 0o700
    said = json.loads(state(desk).read_text())
    assert (said["origin"], said["size"], said["root"]) == ("ai.example.cn", row.size, row.root.hex())
    assert said["vkey"] == made.vkey


def test_a_tree_that_did_not_grow_is_not_signed_again(desk):
    first = sign(desk)
    desk.later(minutes=30)
    assert sign(desk) == first
    assert len(rows(desk)) == 1


def test_one_heartbeat_a_beijing_day_whatever_is_signed(desk):
    sign(desk)
    beats = lambda: desk.read(  # noqa: E731 - asked three times
        lambda work: work.session.scalar(select(func.count()).where(Event.type == "heartbeat"))
    )
    assert beats() == 1
    desk.file()
    sign(desk)
    assert beats() == 1
    # 10:00 in Beijing; fourteen hours later the next day has begun, in UTC it has not.
    desk.later(hours=14)
    assert checkpoints.due(desk.installation, 0, desk.clock.now)
    sign(desk)
    assert beats() == 2
    assert not checkpoints.due(desk.installation, 0, desk.clock.now)


def test_a_log_that_grows_is_signed_every_few_minutes(desk):
    size = sign(desk).checkpoint.size
    for minutes, wanted in ((4, False), (1, True)):
        desk.later(minutes=minutes)
        assert checkpoints.due(desk.installation, size + 1, desk.clock.now) is wanted
    assert not checkpoints.due(desk.installation, size, desk.clock.now)


def test_a_signer_killed_between_state_and_row_makes_the_same_row_again(desk):
    sign(desk)
    desk.file()

    def child():
        signing._keep = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        sign(desk)

    assert os.WTERMSIG(apart(desk, child)) == signal.SIGKILL
    before = json.loads(state(desk).read_text())
    assert before["size"] == len(leaves(desk))
    assert [row.size for row in rows(desk)] != [before["size"]]
    assert len(rows(desk)) == 1

    again = sign(desk)
    assert again.note == before["note"]
    assert rows(desk)[-1].note == before["note"]


def test_a_state_file_that_cannot_be_replaced_leaves_the_old_one_and_signs_nothing(desk, monkeypatch):
    first = sign(desk)
    desk.file()
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", _fails)
        assert _code(desk) == "state-unwritable"
    assert json.loads(state(desk).read_text())["note"] == first.note
    assert len(rows(desk)) == 1
    assert [each.name for each in state(desk).parent.iterdir() if each.name.startswith(".")] == []
    assert sign(desk).checkpoint.size > first.checkpoint.size


def _fails(*_):
    raise OSError(5, "input/output error")


def _code(desk):
    with pytest.raises(SigningError) as raised:
        sign(desk)
    return raised.value.code


def test_a_full_disk_signs_nothing(desk):
    first = sign(desk)
    desk.file()
    sequencer.sequence(desk.installation.database)
    write = StateFolder.write

    def when_full(folder, signed):
        # No file may grow any more: what a full disk does.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        write(folder, signed)

    def child():
        StateFolder.write = when_full
        with pytest.raises(SigningError) as raised:
            sign(desk)
        os._exit(42 if raised.value.code == "state-unwritable" else 2)

    assert os.waitstatus_to_exitcode(apart(desk, child)) == 42
    assert json.loads(state(desk).read_text())["note"] == first.note
    assert len(rows(desk)) == 1


def test_a_folder_that_cannot_be_written_signs_nothing(desk):
    settings = desk.installation.settings
    desk.installation.settings = replace(settings, STATE_DIR="/proc/self")
    assert _code(desk) == "state-unwritable"
    desk.installation.settings = settings
    assert rows(desk) == []


def test_a_host_without_the_folder_signs_nothing_and_is_no_alarm(desk):
    desk.installation.settings = replace(desk.installation.settings, relaxed=False)
    assert _code(desk) == "no-state"
    assert desk.read(lambda work: checkpoints.refusal(desk.installation, work.session)) is None
    assert not checkpoints.due(desk.installation, 5, desk.clock.now)


def test_processes_with_one_state_folder_never_fork(desk):
    """Three processes sign as fast as they can while complaints come in."""
    sign(desk)
    desk.installation.database.engine.dispose()
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            code = 0
            try:
                for _ in range(8):
                    desk.file()
                    sign(desk)
            except BaseException:  # noqa: BLE001 - told by the exit code
                code = 1
            os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    found = rows(desk)
    assert [row.root for row in found] == [root(desk, row.size) for row in found]
    assert json.loads(state(desk).read_text())["size"] == found[-1].size
    print(f"3 processes, 24 filings, {len(found)} checkpoints, no fork")


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


@pytest.mark.tampered
def test_another_key_without_an_event_signs_nothing(desk):
    sign(desk)
    desk.file()
    desk.installation.__dict__["keys"] = replace(desk.installation.keys, log=Keys.random().log)
    assert refused(desk) == "key-changed"


@pytest.mark.tampered
def test_another_name_signs_nothing(desk):
    sign(desk)
    desk.file()
    desk.installation.settings = replace(desk.installation.settings, ORIGIN="other.example")
    assert refused(desk) == "origin"


def test_a_new_key_begins_with_a_checkpoint_that_both_signed(house):
    old = sign(house)
    desk_keys = house.installation.keys
    made = checkpoints.rotate(house.installation, ADMIN)
    new = checkpoints.signer(house.installation).vkey
    assert new != old.vkey
    for read in readers():
        for vkey in (old.vkey, new):
            assert read(made.note, vkey)[1] == made.checkpoint.size
    place = house.installation.settings.keys_folder
    assert not (place / "log.previous.key").exists()
    assert stat.S_IMODE((place / "log.key").stat().st_mode) == 0o600

    house.later(minutes=5)
    house.file()
    alone = Note.parse(sign(house).note)
    assert [str(key) for key in alone.signed_by([Verifier.parse(old.vkey), Verifier.parse(new)])] == [new]
    periods = house.read(lambda work: checkpoints.periods(house.installation, work.session))
    at = next(n for n, leaf in enumerate(leaves(house)) if json.loads(leaf)["type"] == "key_rotated")
    assert periods == [keyring.Period(old.vkey, 0, at), keyring.Period(new, at + 1)]
    assert keyring.in_force(periods).vkey == new
    # A worker that has its keys from the environment and was not restarted.
    house.installation._key_files = None
    house.installation.__dict__["keys"] = desk_keys
    assert refused(house) == "key-replaced"


def test_a_change_of_keys_that_was_cut_short_goes_on(house, monkeypatch):
    old = sign(house)
    with monkeypatch.context() as patched:
        patched.setattr(keyring, "record_rotation", _fails)
        with pytest.raises(OSError):
            checkpoints.rotate(house.installation, ADMIN)
    house.file()
    assert refused(house) == "key-changed"
    made = checkpoints.rotate(house.installation, ADMIN)
    assert len(Note.parse(made.note).signatures) == 2
    assert house.read(lambda work: len(checkpoints.periods(house.installation, work.session))) == 2
    assert made.vkey != old.vkey


def test_a_checkpoint_of_both_that_lost_its_row_carries_both_again(house, monkeypatch):
    sign(house)
    keep = signing._keep

    def fail_for_two(database, made, stamp_state):
        if len(Note.parse(made.note).signatures) > 1:
            raise OSError(5, "input/output error")
        keep(database, made, stamp_state)

    with monkeypatch.context() as patched:
        patched.setattr(signing, "_keep", fail_for_two)
        with pytest.raises(OSError):
            checkpoints.rotate(house.installation, ADMIN)
    assert len(rows(house)) == 1
    assert len(Note.parse(sign(house).note).signatures) == 2
    assert len(Note.parse(rows(house)[-1].note).signatures) == 2


def test_keys_from_the_environment_are_changed_by_hand(house):
    place, installed = house.installation.settings.keys_folder, house.installation
    first, second = ((place / name).read_text().strip() for name in ("log.key", "answers.key"))

    def give(**values):
        installed.settings = replace(installed.settings, key_settings=values)
        installed.read_keys_again()

    give(COMPLAINTS_KEY_LOG=first)
    sign(house)
    with pytest.raises(ConfigError, match="COMPLAINTS_KEY_LOG_PREVIOUS"):
        checkpoints.rotate(installed, ADMIN)
    give(COMPLAINTS_KEY_LOG=second)
    with pytest.raises(SigningError) as raised:
        checkpoints.rotate(installed, ADMIN)
    assert raised.value.code == "key-previous"
    give(COMPLAINTS_KEY_LOG=second, COMPLAINTS_KEY_LOG_PREVIOUS=first)
    assert len(Note.parse(checkpoints.rotate(installed, ADMIN).note).signatures) == 2


@pytest.mark.tampered
def test_a_revoked_key_signs_no_more_and_its_later_signatures_do_not_count(house):
    good = sign(house)
    house.later(minutes=5)
    house.file()
    later = sign(house)
    size = good.checkpoint.size
    checkpoints.revoke(house.installation, ADMIN, good.vkey, size, "the file was copied")
    house.later(minutes=5)
    assert refused(house) == "key-revoked"
    periods = house.read(lambda work: checkpoints.periods(house.installation, work.session))
    assert periods[-1].revoked_after == size
    for made, counts in ((good, True), (later, False)):
        assert keyring.trusted(Note.parse(made.note), made.checkpoint.size, periods) is counts

    made = checkpoints.rotate(house.installation, ADMIN)
    assert [name for name, _, _ in Note.parse(made.note).signatures] == ["ai.example.cn"]
    assert made.vkey != good.vkey
    periods = house.read(lambda work: checkpoints.periods(house.installation, work.session))
    assert keyring.trusted(Note.parse(made.note), made.checkpoint.size, periods)
    with pytest.raises(SigningError):
        checkpoints.revoke(house.installation, ADMIN, "unknown", 0, "x")


def test_signing_waits_for_nobody_in_a_tick(desk):
    place = checkpoints.folder(desk.installation)
    sign(desk)
    desk.file()
    with place.locked(wait=True):
        assert checkpoints.sign(desk.installation, wait=False) is None
    assert checkpoints.sign(desk.installation, wait=False) is not None


def test_the_clock_of_the_last_signature_is_its_own(desk):
    first = sign(desk)
    assert rows(desk)[0].at == first.at == desk.clock.now
    desk.later(seconds=1)
    assert desk.clock.now - first.at == timedelta(seconds=1)
