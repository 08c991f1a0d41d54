"""Checkpoints are signed once and for all: never a smaller tree, never another one, never without being remembered."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from notes import readers
from signs import apart, fails, leaves, root, rows, sign, state
from sqlalchemy import func, select

from complaints.administration import checkpoints
from complaints.ledger import sequencer, signing
from complaints.ledger.state import SigningError, StateFolder
from complaints.store.tables import Event


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
        patched.setattr("pathlib.Path.replace", fails)
        assert _code(desk) == "state-unwritable"
    assert json.loads(state(desk).read_text())["note"] == first.note
    assert len(rows(desk)) == 1
    assert [each.name for each in state(desk).parent.iterdir() if each.name.startswith(".")] == []
    assert sign(desk).checkpoint.size > first.checkpoint.size


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
