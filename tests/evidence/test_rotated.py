"""What an installation hands out after its key has changed, or was stolen, verifies with the key somebody has."""

from __future__ import annotations

import base64
import json
import zipfile
from datetime import timedelta

import pytest

from complaints.administration import checkpoints
from complaints.cases.access import find
from complaints.evidence import bundle, receipt_check, receipts
from complaints.ledger.proof import Files, Verifier, verify_bundle
from complaints.ledger.work import Actor

ADMIN = Actor("admin", "op_carol")


def sign(house):
    house.later(minutes=10)
    return checkpoints.sign(house.installation)


def rotate(house):
    house.later(minutes=10)
    return checkpoints.rotate(house.installation, ADMIN).vkey


def codes(path, *vkeys, older=()):
    steps = verify_bundle(Files(path), [Verifier.parse(vkey) for vkey in vkeys], older)
    return [step.code for step in steps if not step.good]


def period(house, path, since, until):
    house.read(lambda work: bundle.period(work, path, since, until))
    return path


def case(house, path, filed):
    house.read(lambda work: bundle.case(work, path, find(work, filed.number)))
    return path


def proof(house, filed, older=""):
    made = house.read(lambda work: receipts.proof(work, find(work, filed.number), older))
    return json.loads(json.dumps(made))


def receipt_codes(made, *vkeys, older=""):
    return [step.code for step in receipt_check.verify(made, vkeys, older) if not step.good]


def test_a_period_in_which_the_key_changed_twice_holds_for_whoever_has_any_of_the_keys(house, tmp_path):
    filed = house.file()
    first = sign(house)
    since = house.clock.now
    house.file()
    second = rotate(house)
    house.file()
    sign(house)
    third = rotate(house)
    house.file()
    last = sign(house)
    until = house.clock.now
    paths = [
        period(house, tmp_path / "period.zip", since, until),
        period(house, tmp_path / "all.zip", since - timedelta(days=90), until),
        period(house, tmp_path / "early.zip", since - timedelta(days=90), since),
        case(house, tmp_path / "case.zip", filed),
    ]
    for path in paths:
        for vkey in (first.vkey, second, third):
            assert codes(path, vkey) == [], (path, vkey)
        assert codes(path) == ["UNANCHORED"]
    assert json.loads(zipfile.ZipFile(paths[2]).read("manifest.json"))["size"] == first.checkpoint.size
    assert codes(paths[0], first.vkey, older=[first.note, last.note]) == []
    made = proof(house, filed, first.note)
    assert len(made["keys"]) == 2
    for vkey in (first.vkey, second, third):
        assert receipt_codes(made, vkey, older=first.note) == []
    # The bare key, as receipts of the first version named it.
    bare = base64.b64encode(Verifier.parse(first.vkey).key).decode()
    assert receipt_codes(made, bare) == []


def test_a_proof_without_a_change_of_keys_carries_none(house):
    filed = house.file()
    signed = sign(house)
    made = proof(house, filed)
    assert "keys" not in made
    assert receipt_codes(made, signed.vkey) == []


@pytest.mark.tampered
def test_after_a_theft_nothing_rests_on_what_the_stolen_key_signed(house, tmp_path):
    filed = house.file()
    good = sign(house)
    since = house.clock.now + timedelta(minutes=11)
    house.file()
    late = sign(house)
    house.file()
    sign(house)
    checkpoints.revoke(house.installation, ADMIN, good.vkey, good.checkpoint.size, "the file was copied")
    until = house.clock.now + timedelta(days=1)
    for make in (
        lambda: period(house, tmp_path / "x.zip", since, until),
        lambda: case(house, tmp_path / "y.zip", filed),
    ):
        with pytest.raises(bundle.NothingSignedError, match="--rotate"):
            make()
    heir = rotate(house)
    house.file()
    sign(house)
    path = period(house, tmp_path / "period.zip", since, until)
    # Not from the checkpoint before the period, which the stolen key signed too late, but from the last good one.
    assert json.loads(zipfile.ZipFile(path).read("manifest.json"))["first"] == good.checkpoint.size
    assert codes(path, heir) == []
    assert codes(path, heir, older=[good.note, late.note]) == []
    assert "rotation-revoked" in codes(path, good.vkey)
    assert codes(case(house, tmp_path / "case.zip", filed), heir) == []
    made = proof(house, filed, late.note)
    assert receipt_codes(made, heir, older=late.note) == []
    assert "rotation-revoked" in receipt_codes(made, good.vkey)
    steps = verify_bundle(Files(path), [Verifier.parse(good.vkey)])
    said = next(step for step in steps if step.code == "rotation-revoked")
    assert "the file was copied" in said.en
    assert Verifier.parse(heir).id.hex() in said.zh


def test_a_key_that_waits_for_its_first_checkpoint_is_not_shown_as_a_change(house, monkeypatch):
    filed = house.file()
    old = sign(house)
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "sign", lambda *_, **__: old)
        rotate(house)
    made = proof(house, filed)
    assert "keys" not in made
    assert receipt_codes(made, old.vkey) == ["other-key"]
    sign(house)
    assert receipt_codes(proof(house, filed), old.vkey) == []
