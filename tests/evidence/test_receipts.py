"""The signed promise: it verifies as it is, and every change to it shows."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from complaints.administration import checkpoints
from complaints.base.keys import Keys
from complaints.cases import access
from complaints.cli.alone import main
from complaints.evidence import receipt_check, receipts
from complaints.ledger import keyring
from complaints.ledger.proof import Checkpoint, Note, leaf_hash
from complaints.ledger.sequencer import tiles
from complaints.store.tables import Event


@pytest.fixture
def receipt(desk):
    filed = desk.file()
    return json.loads(
        json.dumps(desk.read(lambda work: receipts.promise(work, access.find(work, filed.number))))
    )


def good(receipt, key=None):
    return [step.good for step in receipt_check.verify(receipt, [receipt["key"] if key is None else key])]


def test_a_promise_verifies_with_the_key_from_outside(receipt):
    assert good(receipt) == [True, True, True, True]


def test_without_a_key_from_outside_it_stays_unanchored(receipt):
    assert good(receipt, "") == [True, False, True, True]


CHANGES = [
    ("the number", lambda r: r["promise"].update(number="TS20261123-AAAAAA")),
    ("the date of filing", lambda r: r["promise"].update(filed_at="2026-11-20T00:00:00.000000Z")),
    ("the date of the answer", lambda r: r["promise"].update(result_due="2026-11-24T16:00:00.000000Z")),
    ("the date of acceptance", lambda r: r["promise"].update(accept_due=None)),
    ("the leaf", lambda r: r["promise"].update(leaf="0" * 64)),
    ("the policy", lambda r: r["promise"].update(policy="0" * 64)),
    ("the installation", lambda r: r["promise"].update(origin="evil.example")),
    ("a field more", lambda r: r["promise"].update(more="x")),
    ("a field less", lambda r: r["promise"].pop("leaf")),
    ("the kind", lambda r: r["promise"].update(kind="flask-complaints/proof/v1")),
    ("the signature", lambda r: r.update(signature=r["signature"][::-1])),
    ("no signature", lambda r: r.pop("signature")),
    ("an empty signature", lambda r: r.update(signature="")),
    ("a signature that is no text", lambda r: r.update(signature=[1])),
    ("no promise", lambda r: r.pop("promise")),
    ("a promise that is a list", lambda r: r.update(promise=[])),
    ("the delay", lambda r: r["promise"].update(in_tree_within_seconds=61)),
    ("a delay that is text", lambda r: r["promise"].update(in_tree_within_seconds="60")),
    ("a number that is a number", lambda r: r["promise"].update(number=1.5)),
]


@pytest.mark.parametrize(
    "change", [row[1] for row in CHANGES], ids=[row[0].replace(" ", "_") for row in CHANGES]
)
def test_every_change_to_a_promise_shows(receipt, change):
    damaged = copy.deepcopy(receipt)
    change(damaged)

    assert not all(good(damaged, receipt["key"]))


def test_a_promise_signed_by_somebody_else_shows(desk, receipt):
    filed = desk.file()
    mine = desk.installation.keys
    desk.installation.__dict__["keys"] = replace(mine, log=Keys.random().log)
    forged = desk.read(lambda work: receipts.promise(work, access.find(work, filed.number)))

    assert all(good(forged))
    assert good(forged, receipt["key"]) == [True, False, False, True]


def test_the_promise_keeps_the_dates_of_filing(desk):
    filed = desk.file()
    find = lambda work: receipts.promise(work, access.find(work, filed.number))["promise"]  # noqa: E731
    before = desk.read(find)
    for name in ("ask", "reclassify"):
        desk.do(filed, name)
    desk.later(days=3)
    desk.do(filed, "supply")

    assert desk.read(find) == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = receipt_check._FIELDS[receipt_check.PROMISE]
PROMISE = st.fixed_dictionaries(dict.fromkeys(FIELDS, JSON) | {"kind": st.just(receipt_check.PROMISE)})


@given(JSON | st.fixed_dictionaries({"promise": PROMISE, "key": JSON, "signature": JSON}), st.text())
def test_verifying_never_raises_and_never_believes_what_nobody_signed(content, key):
    steps = receipt_check.verify(content, [key])

    assert steps
    assert not all(step.good for step in steps)


@pytest.mark.parametrize("depth", [100, 5_000])
def test_a_promise_nested_beyond_reason_is_a_finding(depth):
    inner = "x"
    for _ in range(depth):
        inner = [inner]
    said = dict.fromkeys(FIELDS, "x") | {"kind": receipt_check.PROMISE, "origin": inner}

    assert not all(
        step.good for step in receipt_check.verify({"promise": said, "key": "", "signature": ""}, ["k"])
    )


def test_the_command_says_what_holds(receipt, tmp_path, capsys):
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt), encoding="utf-8")

    assert main(["verify", str(path), "--key", receipt["key"]]) == 0
    assert main(["verify", str(path)]) == 1
    assert "UNANCHORED" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"no json", b"\xff\xfe\x00", b"[" * 100_000])
def test_the_command_answers_a_file_that_is_no_receipt(tmp_path, content, capsys):
    path = tmp_path / "receipt.json"
    path.write_bytes(content)

    assert main(["verify", str(path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_promise_of_the_first_version_still_verifies(receipt, desk):
    """What people were given before: the bare key, and no word on the delay."""
    said = {name: value for name, value in receipt["promise"].items() if name != "in_tree_within_seconds"}
    said["kind"] = "flask-complaints/promise/v1"
    key = Ed25519PrivateKey.from_private_bytes(desk.installation.keys.log)
    bare = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    old = {
        "promise": said,
        "key": bare,
        "signature": base64.b64encode(key.sign(rfc8785.dumps(said))).decode(),
    }
    assert all(good(old, bare))
    assert all(good(old, receipt["key"])), "the vkey of today holds the same key"
    old["promise"]["in_tree_within_seconds"] = 60
    assert not all(good(old, bare))


@pytest.fixture
def proved(desk):
    """A complaint among others, its proof, an older checkpoint, and the key."""
    older = checkpoints.sign(desk.installation).note
    filed = desk.file()
    for _ in range(3):
        desk.file()
    desk.later(minutes=5)
    assert desk.read(lambda work: receipts.proof(work, access.find(work, filed.number))) is None
    newer = checkpoints.sign(desk.installation)
    made = desk.read(lambda work: receipts.proof(work, access.find(work, filed.number), older))
    return json.loads(json.dumps(made)), older, newer.vkey


def test_a_proof_shows_the_filing_in_a_signed_checkpoint(proved):
    made, older, key = proved
    assert [step.good for step in receipt_check.verify(made, [key])] == [True] * 6
    assert [step.good for step in receipt_check.verify(made, [key], older)] == [True] * 7
    assert [step.good for step in receipt_check.verify(made, [key], made["checkpoint"])] == [True] * 7
    assert [step.number for step in receipt_check.verify(made, [key])] == [1, 2, 3, 4, 5, 6]


def test_a_proof_without_a_key_from_outside_stays_unanchored(proved):
    made, _, _ = proved
    steps = receipt_check.verify(made)
    assert [step.good for step in steps] == [True, False, True, True, True, True]
    assert steps[1].en.startswith("UNANCHORED")
    assert steps[1].zh.startswith("UNANCHORED")


def shorter(proof):
    proof["path"].pop()


def longer(proof):
    proof["path"].append("00" * 32)


def swapped(proof):
    proof["path"][0], proof["path"][1] = proof["path"][1], proof["path"][0]


PROOFS = [
    ("the number", lambda p: p.update(number="TS20261123-AAAAAA")),
    ("the leaf", lambda p: p.update(leaf=p["leaf"].replace("filed", "noted", 1))),
    ("the time in the leaf", lambda p: p.update(leaf=p["leaf"].replace("T02:", "T01:", 1))),
    ("a leaf that is none", lambda p: p.update(leaf="[]")),
    ("a leaf with a line break", lambda p: p.update(leaf=p["leaf"] + "\n")),
    ("the index", lambda p: p.update(index=p["index"] + 1)),
    ("an index before the first", lambda p: p.update(index=-1)),
    ("an index that is true", lambda p: p.update(index=True)),
    ("an absurd index", lambda p: p.update(index=10**30)),
    ("the size", lambda p: p.update(size=p["size"] + 1)),
    ("an absurd size", lambda p: p.update(size=10**30)),
    ("a shorter path", shorter),
    ("a longer path", longer),
    ("a swapped path", swapped),
    ("an endless path", lambda p: p.update(path=["00" * 32] * 1000)),
    ("a path of other widths", lambda p: p["path"].__setitem__(0, "00")),
    ("a path that is text", lambda p: p.update(path="00")),
    ("the size in the checkpoint", lambda p: p.update(checkpoint=p["checkpoint"].replace("\n", "\n1", 1))),
    ("the origin of the checkpoint", lambda p: p.update(checkpoint="x" + p["checkpoint"])),
    ("no signature", lambda p: p.update(checkpoint=p["checkpoint"].partition("\n\n")[0] + "\n")),
    ("no checkpoint", lambda p: p.update(checkpoint="")),
    ("the key inside", lambda p: p.update(key=p["key"].replace("ai.", "bi."))),
    ("the kind", lambda p: p.update(kind="flask-complaints/proof/v2")),
    ("a field more", lambda p: p.update(more=1)),
    ("a field less", lambda p: p.pop("index")),
]


@pytest.mark.parametrize(
    "change", [row[1] for row in PROOFS], ids=[row[0].replace(" ", "_") for row in PROOFS]
)
def test_every_change_to_a_proof_shows(proved, change):
    made, _, key = proved
    change(made)
    assert not all(step.good for step in receipt_check.verify(made, [key]))


def test_a_proof_made_up_with_a_key_of_ones_own_shows(proved):
    made, _, key = proved
    other = keyring.Signer("ai.example.cn", Keys.random().log)
    leaf = made["leaf"].replace("T02:", "T01:", 1)
    text = Checkpoint("ai.example.cn", 1, leaf_hash(leaf.encode())).text()
    forged = {
        **made,
        "leaf": leaf,
        "index": 0,
        "size": 1,
        "path": [],
        "checkpoint": other.note(text, [other.vkey]),
        "key": other.vkey,
    }
    assert [step.good for step in receipt_check.verify(forged, [key])][:3] == [True, False, False]
    assert not all(step.good for step in receipt_check.verify(forged))
    assert all(step.good for step in receipt_check.verify(forged, [other.vkey])), (
        "but for the key it is well made"
    )
    assert not all(step.good for step in receipt_check.verify({**forged, "key": key}, [key]))


def test_an_event_that_is_no_filing_proves_no_filing(desk, proved):
    made, _, key = proved
    rows = desk.read(
        lambda work: [
            (row.leaf.decode(), row.leaf_index)
            for row in work.session.scalars(select(Event).where(Event.leaf_index < made["size"]))
        ]
    )
    for leaf, index in rows:
        path = desk.read(lambda work, n=index: tiles(work.session).inclusion(n, made["size"]))
        other = {**made, "leaf": leaf, "index": index, "path": [each.hex() for each in path]}
        assert all(step.good for step in receipt_check.verify(other, [key])) is (leaf == made["leaf"])


def test_an_older_checkpoint_that_the_proof_does_not_lead_from_is_a_finding(desk, proved):
    made, older, key = proved
    plain = {name: value for name, value in made.items() if name != "earlier"}
    steps = receipt_check.verify(plain, [key], older)
    assert [step.good for step in steps] == [True, True, True, True, True, False, True]
    assert "flask complaints receipt --checkpoint" in steps[5].en
    assert not all(step.good for step in receipt_check.verify(made, [key], "no note"))
    other = keyring.Signer("ai.example.cn", Keys.random().log)
    foreign = other.note(Note.parse(older).text, [other.vkey])
    assert not all(step.good for step in receipt_check.verify(made, [key], foreign))
    # Signed by us, of another tree: what a log that was rewritten would look like.
    mine = desk.read(keyring.signer)
    said = Checkpoint.parse(Note.parse(older).text)
    rewritten = mine.note(replace(said, root=bytes(32)).text(), [mine.vkey])
    steps = receipt_check.verify(made, [key], rewritten)
    assert [step.good for step in steps] == [True, True, True, True, True, False, True]
    assert "rewritten" in steps[5].en


def test_the_command_knows_promise_and_proof_and_compares_with_an_older_checkpoint(proved, tmp_path, capsys):
    made, older, key = proved
    path, note = tmp_path / "proof.json", tmp_path / "older.txt"
    path.write_text(json.dumps(made), encoding="utf-8")
    note.write_text(older, encoding="utf-8")

    assert main(["verify", str(path), "--key", key, "--checkpoint", str(note)]) == 0
    said = capsys.readouterr().out
    assert "收录证明" in said
    assert "a proof that a filing is in the log" in said
    assert main(["verify", str(path)]) == 1
    assert "UNANCHORED" in capsys.readouterr().out
    assert main(["verify", str(path), "--key", key, "--checkpoint", str(tmp_path / "none")]) == 2


def test_what_a_made_up_receipt_says_does_not_command_the_terminal(receipt, tmp_path, capsys):
    receipt["promise"]["origin"] = "\x1b[2J\ud800"
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt), encoding="utf-8")
    assert main(["verify", str(path), "--key", receipt["key"]]) == 1
    assert "\x1b" not in capsys.readouterr().out


@given(
    JSON
    | st.fixed_dictionaries(
        dict.fromkeys(receipt_check._PROOF_FIELDS, JSON) | {"kind": st.just(receipt_check.PROOF)}
    ),
    st.text(),
    st.text(),
)
def test_verifying_a_proof_never_raises_and_never_believes_what_nobody_signed(content, key, older):
    assert not all(step.good for step in receipt_check.verify(content, [key], older))
