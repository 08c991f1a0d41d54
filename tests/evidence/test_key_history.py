"""A key counts by a chain from one that came from outside; each way to cheat with it is refused under its own code."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field

import pytest
from keylog import K1, K2, K3, NUMBER, ORIGIN, THIEF, Key, Log, note

from complaints.cli.alone import main
from complaints.evidence import receipt_check
from complaints.ledger.proof import Checkpoint, Files, KeyChange, KeyRing, Note, verify_bundle


@dataclass
class Story:
    """A log, the checkpoint that is shown, who made the bundle, and what the verifier has from outside."""

    log: Log
    after: str
    by: Key
    older: list = field(default_factory=list)
    told: list | None = None

    @property
    def size(self):
        return Checkpoint.parse(Note.parse(self.after).text).size

    def changes(self):
        return self.log.told(self.size) if self.told is None else self.told


def begun():
    return Log().add("heartbeat", "system").file(NUMBER, "B")


def handed_over():
    """K1 signs, hands over to K2, which goes on."""
    log = begun()
    before = log.sign(K1)
    log.rotate(K1, K2).file("C")
    return Story(log, log.sign(K2), K2, [before])


def twice():
    log = begun().rotate(K1, K2).file("C").rotate(K2, K3).file("D")
    return Story(log, log.sign(K3), K3)


def shown_early():
    """Made by K2 today, of a time when K1 signed."""
    log = begun()
    after = log.sign(K1)
    log.file("C").rotate(K1, K2)
    return Story(log, after, K2)


def at_the_hand_over():
    log = begun().rotate(K1, K2)
    return Story(log, log.changes[-1][1], K2)


def revoked_later():
    """K1 was lost long after it had handed over: what it signed up to then stands."""
    log = begun().rotate(K1, K2).file("C", "D").revoke(K1, 4, by=[K2])
    return Story(log, log.sign(K2), K2)


def stolen():
    """K1 is revoked as of three events, and K2 takes over without its signature."""
    log = begun()
    before = log.sign(K1)
    log.file("C").revoke(K1, 3).rotate(K1, K2, K2).file("D")
    return Story(log, log.sign(K2), K2, [before])


def a_true_beginning_signed_after_the_theft():
    log = begun().file("C")
    older = log.sign(K1)
    log.revoke(K1, 3).rotate(K1, K2, K2)
    return Story(log, log.sign(K2), K2, [older])


HOLDS = {
    "the first key leads to the second": (handed_over, [K1]),
    "the second key vouches for what was signed before it": (handed_over, [K2]),
    "both": (handed_over, [K2, K1]),
    "the first of three": (twice, [K1]),
    "the middle one of three": (twice, [K2]),
    "the last of three": (twice, [K3]),
    "a checkpoint before the change, with the new key": (shown_early, [K2]),
    "a checkpoint before the change, with the old key": (shown_early, [K1]),
    "the checkpoint of both, with the old key": (at_the_hand_over, [K1]),
    "the checkpoint of both, with the new key": (at_the_hand_over, [K2]),
    "a key revoked long after it handed over": (revoked_later, [K1]),
    "the key after one that was stolen": (stolen, [K2]),
    "a true beginning that a revoked key signed": (a_true_beginning_signed_after_the_theft, [K2]),
}


def edited(change, *, at=0, make=handed_over):
    def act():
        story = make()
        story.told = story.log.told(story.size)
        change(story.told[at])
        return story

    return act


def without(at, make):
    def act():
        story = make()
        story.told = story.log.told(story.size)
        del story.told[at]
        return story

    return act


def forged_alone():
    """A thief of the database writes a change of keys, and signs with his own."""
    log = begun().rotate(K1, THIEF, THIEF)
    return Story(log, log.sign(THIEF), THIEF)


def forged_with_another_signature():
    log = begun()
    signed = log.sign(K1)
    log.rotate(K1, THIEF, THIEF)
    index, own = log.changes[0]
    lines = [line for line in signed.split("\n\n")[1].splitlines() if line]
    log.changes[0] = (index, own + "".join(f"{line}\n" for line in lines))
    return Story(log, log.sign(THIEF), THIEF)


def not_taken_by_the_new_key():
    log = begun().rotate(K1, K2, K1)
    return Story(log, log.sign(K2), K2)


def in_a_complaint():
    log = begun().rotate(K1, THIEF, stream=NUMBER)
    return Story(log, log.sign(THIEF), THIEF)


def stranger_inside():
    log = begun()
    return Story(log, log.sign(THIEF), THIEF)


def thief_rotates_after_revocation():
    log = begun().revoke(K1, 3).rotate(K1, THIEF, K1, THIEF).file("D")
    return Story(log, log.sign(THIEF), THIEF)


def thief_rotates_again():
    log = begun().rotate(K1, K2).file("C").rotate(K1, THIEF)
    return Story(log, log.sign(THIEF), THIEF)


def back_to_the_old_key():
    log = begun().rotate(K1, K2).file("C").rotate(K2, K1)
    return Story(log, log.sign(K1), K1)


def old_key_goes_on():
    log = begun().rotate(K1, K2).file("C")
    return Story(log, log.sign(K1), K1)


def new_key_too_early():
    log = begun()
    after = log.sign(K2)
    log.file("C").rotate(K1, K2)
    return Story(log, after, K2)


def signed_by_a_revoked_key():
    log = begun().rotate(K1, K2).file("C").revoke(K2, 4, by=[K2])
    return Story(log, log.sign(K2), K2)


def believed_beyond_its_place():
    log = begun().rotate(K1, K2).revoke(K2, 1000, by=[K2])
    return Story(log, log.sign(K2), K2)


def a_size_that_is_none():
    log = begun().rotate(K1, K2)
    log.revoke(K2, last_good=True, by=[K2])
    return Story(log, log.sign(K2), K2)


def back_dated_revocation():
    """The operator disowns a checkpoint he gave out, and writes its events anew."""
    older = begun().file("inconvenient").sign(K1)
    log = begun().file("convenient").revoke(K1, 2).rotate(K1, K2, K2)
    return Story(log, log.sign(K2), K2, [older])


def signed_by_the_thief_after_the_theft():
    older = begun().file("made up", "as well").sign(K1)
    story = stolen()
    return Story(story.log, story.after, K2, [older])


def rewritten_under_the_new_key():
    older = begun().file("true").rotate(K1, K2).sign(K2)
    log = begun().file("made up").rotate(K1, K2)
    return Story(log, log.sign(K2), K2, [older])


def change_of_another_log():
    story = handed_over()
    other = begun().file("other").rotate(K1, K2).file("C", "D")
    story.told = other.told(story.size)
    return story


def out_of_order():
    story = twice()
    story.told = story.log.told(story.size)[::-1]
    return story


def turned(text):
    return text.replace(str(K2), str(THIEF))


# who cheats how, with which keys from outside it is verified, and the code it meets
CHEATS = {
    "a forged change, signed by the new key alone": (forged_alone, [K1], "rotation"),
    "a forged change, with an old signature of the old key": (forged_with_another_signature, [K1], "rotation"),
    "a change that the new key did not sign": (not_taken_by_the_new_key, [K1], "rotation"),
    "a change in a complaint's stream": (in_a_complaint, [K1], "keys"),
    "a key that merely lies in the bundle": (stranger_inside, [K1], "UNANCHORED"),
    "a key from outside that has nothing to do with it": (handed_over, [THIEF], "UNANCHORED"),
    "no key from outside": (handed_over, [], "UNANCHORED"),
    "the change left out": (without(0, handed_over), [K1], "UNANCHORED"),
    "the change in the middle left out": (without(1, lambda: Story(
        (log := begun().rotate(K1, K2).rotate(K2, K3).rotate(K3, THIEF)), log.sign(THIEF), THIEF)), [K1], "keys"),
    "the changes out of order": (out_of_order, [K1], "keys"),
    "another key written into the change": (edited(lambda one: one.update(leaf=turned(one["leaf"]))), [K1], "keys"),
    "another place": (edited(lambda one: one.update(index=one["index"] + 1)), [K1], "keys|unreadable"),
    "a place that is true": (edited(lambda one: one.update(index=True)), [K1], "keys|unreadable"),
    "a path too short": (edited(lambda one: one["path"].pop()), [K1], "keys|unreadable"),
    "growth too short": (edited(lambda one: one["growth"].pop()), [K1], "keys"),
    "growth too long": (edited(lambda one: one["growth"].append("00" * 32)), [K1], "keys"),
    "a change that is none": (edited(lambda one: one.clear()), [K1], "keys|unreadable"),
    "a checkpoint with the ends of lines of Windows": (
        edited(lambda one: one.update(checkpoint=one["checkpoint"].replace("\n", "\r\n"))), [K1], "keys|unreadable"),
    "the change of another log": (change_of_another_log, [K1], "keys"),
    "a change after the revocation, by the thief": (thief_rotates_after_revocation, [K1], "rotation-revoked"),
    "the honest change after a theft, with the stolen key": (stolen, [K1], "rotation-revoked"),
    "a second change by a key that had handed over": (thief_rotates_again, [K1], "rotation"),
    "the same, with the true key": (thief_rotates_again, [K2], "rotation"),
    "back to a key that had handed over": (back_to_the_old_key, [K1], "rotation"),
    "the old key goes on signing": (old_key_goes_on, [K1], "retired"),
    "the new key signs what was before it": (new_key_too_early, [K2], "retired"),
    "signed by a revoked key": (signed_by_a_revoked_key, [K1], "revoked"),
    "signed by a revoked key, given from outside": (signed_by_a_revoked_key, [K2], "revoked"),
    "a revocation that believes its key for ever": (believed_beyond_its_place, [K1], "revocation"),
    "a revocation as of a size that is none": (a_size_that_is_none, [K1], "revocation"),
    "a back-dated revocation, against what was given out": (back_dated_revocation, [K2], "disowned"),
    "the thief's own checkpoint": (signed_by_the_thief_after_the_theft, [K2], "disowned"),
    "history rewritten, against the new key's checkpoint": (rewritten_under_the_new_key, [K1], "fork"),
}  # fmt: skip


def earlier(story):
    return Checkpoint.parse(Note.parse(story.older[0]).text).size if story.older else 0


def by_bundle(story, keys, tmp_path):
    path = story.log.bundle(
        tmp_path / "b.zip", story.after, story.changes(), story.by, earlier=earlier(story)
    )
    steps = verify_bundle(Files(path), [key.public for key in keys], story.older)
    assert all(step.zh and step.en for step in steps)
    return {step.code for step in steps if not step.good}


def by_receipt(story, keys):
    made = story.log.receipt(story.after, story.changes(), story.by, earlier=earlier(story))
    steps = receipt_check.verify(made, [str(key) for key in keys], story.older[0] if story.older else "")
    assert all(step.zh and step.en for step in steps)
    return {step.code for step in steps if not step.good}


@pytest.mark.parametrize("name", HOLDS)
def test_a_chain_from_the_key_that_was_given_holds(name, tmp_path):
    make, keys = HOLDS[name]
    assert by_bundle(make(), keys, tmp_path) == set()
    assert by_receipt(make(), keys) == set()


@pytest.mark.parametrize("name", CHEATS)
def test_each_way_to_cheat_with_keys_meets_its_code(name, tmp_path):
    make, keys, expected = CHEATS[name]
    for found in (by_bundle(make(), keys, tmp_path), by_receipt(make(), keys)):
        assert set(expected.split("|")) & found, found


def test_a_bundle_whose_log_changes_keys_says_so_even_where_no_signature_needs_it(tmp_path):
    story = handed_over()
    story.told = []
    assert "keys" in by_bundle(story, [K2], tmp_path)


def test_what_the_thief_of_the_old_key_writes_is_exposed_by_anything_newer_from_outside(tmp_path):
    """The old key alone cannot tell two of its heirs apart; docs/evidence.md says so."""
    true = handed_over()
    log = begun().file("made up").rotate(K1, THIEF)
    false = Story(log, log.sign(THIEF), THIEF)
    assert by_bundle(false, [K1], tmp_path) == set(), "the limit"
    assert "UNANCHORED" in by_bundle(false, [K2], tmp_path), "the newer key"
    assert by_bundle(false, [K2, K1], tmp_path) == set(), "an old key beside it only adds trust"
    # A newer checkpoint from outside, signed by the true heir: its key is no heir here.
    assert by_bundle(Story(log, false.after, THIEF, [true.after]), [K1], tmp_path) & {"signer", "UNANCHORED"}
    # One signed before the theft and longer than where the histories part.
    longer = begun().file("true").sign(K1)
    assert "fork" in by_bundle(Story(log, false.after, THIEF, [longer]), [K1], tmp_path)


def test_two_keys_with_one_number_do_not_hide_each_other():
    """Four bytes of a hash meet again after some eighty thousand tries."""
    one, two = Key(39723), Key(81397)
    assert one.public.id == two.public.id
    assert one.public != two.public
    text = Checkpoint(ORIGIN, 1, bytes(32)).text()
    for mine, other in ((one, two), (two, one)):
        signed = Note.parse(note(text, mine))
        assert signed.signed_by([mine.public, other.public]) == (mine.public,)
        assert signed.signed_by([other.public, mine.public]) == (mine.public,)
        with pytest.raises(ValueError, match="does not hold"):
            signed.signed_by([other.public])
    assert set(Note.parse(note(text, one, two)).signed_by([one.public, two.public])) == {
        one.public,
        two.public,
    }


def test_the_history_of_keys_says_who_counts_when():
    log = begun().rotate(K1, K2).file("C").revoke(K2, 4, by=[K2])
    changes = [KeyChange.read(each) for each in log.told(len(log.leaves))]
    ring = KeyRing([K1.public], changes)
    told = {
        (name, size): ring.verdict(key.public, size)
        for name, key in (("K1", K1), ("K2", K2), ("K3", K3))
        for size in (0, 3, 4, 5)
    }
    assert told == {
        ("K1", 0): "", ("K1", 3): "", ("K1", 4): "retired", ("K1", 5): "retired",
        ("K2", 0): "retired", ("K2", 3): "retired", ("K2", 4): "", ("K2", 5): "revoked",
        ("K3", 0): "UNANCHORED", ("K3", 3): "UNANCHORED", ("K3", 4): "UNANCHORED", ("K3", 5): "UNANCHORED",
    }  # fmt: skip


def test_the_command_takes_every_key_one_has_and_says_which_one_it_needs(tmp_path, capsys):
    story, path = handed_over(), tmp_path / "proof.json"
    path.write_text(json.dumps(story.log.receipt(story.after, story.changes(), K2)), encoding="utf-8")
    assert main(["verify", str(path), "--key", str(K1)]) == 0
    assert "换钥记录" in capsys.readouterr().out
    assert main(["verify", str(path), "--key", str(K3), "--key", str(K2)]) == 0
    # An older proof, from before the change: it knows of none.
    alone = story.log.receipt(story.older[0], [], K1)
    path.write_text(json.dumps(alone), encoding="utf-8")
    assert main(["verify", str(path), "--key", str(K2)]) == 1
    said = capsys.readouterr().out
    assert f"another key than the one you gave: {K1.public.id.hex()}" in said
    assert "[NO other-key]" in said
    assert main(["verify", str(path), "--key", str(K2), "--key", str(K1)]) == 0


def test_the_command_verifies_a_bundle_as_its_own_verifier_does(tmp_path, capsys):
    story = handed_over()
    path, older = tmp_path / "b.zip", tmp_path / "older.txt"
    story.log.bundle(path, story.after, story.changes(), K2, earlier=earlier(story))
    # As Notepad saves it.
    older.write_bytes(b"\xef\xbb\xbf" + story.older[0].replace("\n", "\r\n").encode())
    assert main(["verify", str(path), "--key", str(K1), "--checkpoint", str(older)]) == 0
    assert "核验通过" in capsys.readouterr().out
    assert main(["verify", str(path), "--key", str(THIEF)]) == 1
    assert main(["verify", str(path), "--key", "nonsense"]) == 2


@pytest.mark.parametrize(
    "keys", [None, 1, "x", {}, [None], [[]], [{"leaf": 1}], [{}] * 3, [copy.deepcopy({"leaf": "[" * 10_000})]]
)
def test_changes_of_keys_that_are_none_are_a_finding(keys):
    story = handed_over()
    made = {**story.log.receipt(story.after, [], K2), "keys": keys}
    assert {step.code for step in receipt_check.verify(made, [str(K2)]) if not step.good} in (set(), {"keys"})
    assert keys in ({}, None) or not all(step.good for step in receipt_check.verify(made, [str(K2)]))
