"""Keys of the log: changed by a checkpoint that both sign, revoked, and refused when they are others'."""

from __future__ import annotations

import json
import stat
from dataclasses import replace

import pytest
from notes import readers
from signs import ADMIN, fails, leaves, refused, rows, sign

from complaints.administration import checkpoints
from complaints.base.errors import ConfigError
from complaints.base.keys import Keys
from complaints.ledger import keyring, signing
from complaints.ledger.proof import Note, Verifier
from complaints.ledger.state import SigningError


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
        patched.setattr(keyring, "record_rotation", fails)
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
