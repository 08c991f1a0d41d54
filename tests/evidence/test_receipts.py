"""The signed promise: it verifies as it is, and every change to it shows."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.keys import Keys
from complaints.cases import access
from complaints.cli.alone import main
from complaints.evidence import receipts


@pytest.fixture
def receipt(desk):
    filed = desk.file()
    return json.loads(
        json.dumps(desk.read(lambda work: receipts.promise(work, access.find(work, filed.number))))
    )


def good(receipt, key=None):
    return [step.good for step in receipts.verify(receipt, receipt["key"] if key is None else key)]


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
    desk.installation.__dict__["keys"] = Keys(mine.data, mine.lookup, Keys.random().log, mine.answers)
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
FIELD = st.sampled_from(sorted(receipts._FIELDS))
PROMISE = st.fixed_dictionaries(dict.fromkeys(receipts._FIELDS, JSON) | {"kind": st.just(receipts.KIND)})


@given(JSON | st.fixed_dictionaries({"promise": PROMISE, "key": JSON, "signature": JSON}), st.text())
def test_verifying_never_raises_and_never_believes_what_nobody_signed(content, key):
    steps = receipts.verify(content, key)

    assert steps
    assert not all(step.good for step in steps)


@pytest.mark.parametrize("depth", [100, 5_000])
def test_a_promise_nested_beyond_reason_is_a_finding(depth):
    inner = "x"
    for _ in range(depth):
        inner = [inner]
    said = dict.fromkeys(receipts._FIELDS, "x") | {"kind": receipts.KIND, "origin": inner}

    assert not all(step.good for step in receipts.verify({"promise": said, "key": "", "signature": ""}, "k"))


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
