"""The verifier alone: hashing as RFC 6962 has it, chains in order, leaves of strangers refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from complaints.ledger import proof
from complaints.ledger.proof import ZERO, Chains, commitment, leaf_hash

BODY = {
    "v": 1,
    "origin": "ai.example.cn",
    "stream": "a" * 32,
    "seq": 1,
    "prev": ZERO.hex(),
    "type": "filed",
    "at": "2026-11-23T02:00:00.000000Z",
    "actor": "complainant",
    "meta": {},
    "commits": {},
}


def leaf(**changes):
    return rfc8785.dumps({**BODY, **changes})


def chain(*streams):
    """Leaves of these streams in order, each naming the one before it in its stream."""
    heads, leaves = {}, []
    for stream in streams:
        seq, prev = heads.get(stream, (0, ZERO))
        one = leaf(stream=stream, seq=seq + 1, prev=prev.hex())
        heads[stream] = (seq + 1, leaf_hash(one))
        leaves.append(one)
    return leaves


def codes(leaves):
    chains = Chains()
    return [finding.code for one in leaves for finding in chains.take(one)[2]]


def test_hashes_are_those_of_the_rfc():
    # RFC 6962, section 2.1: SHA-256 over a zero byte and the entry; the hash of the empty entry is well known.
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"abc") == hashlib.sha256(b"\x00abc").digest()


def test_a_commitment_binds_salt_field_and_text():
    salt = bytes(32)
    whole = {
        commitment(salt, "details", b"x"),
        commitment(salt, "contact", b"x"),
        commitment(salt, "details", b"y"),
    }
    assert len(whole | {commitment(bytes([1]) * 32, "details", b"x")}) == 4
    # The byte between field and text keeps one pair from reading as another.
    assert commitment(salt, "a", b"bc") != commitment(salt, "ab", b"c")


@pytest.mark.parametrize("streams", [[], ["a"], ["a", "a", "a"], ["a", "b", "a", "c", "b", "a"]])
def test_whole_chains_are_silent_whatever_stands_between_their_leaves(streams):
    assert codes(chain(*streams)) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda leaves: leaves[1:], ["sequence", "chain"]),
        (lambda leaves: [leaves[0], leaves[2], *leaves[3:]], ["sequence", "chain"]),
        (lambda leaves: leaves[:-1], []),
        (lambda leaves: [leaves[1], leaves[0], *leaves[2:]], ["sequence", "chain", "sequence", "chain"]),
        (lambda leaves: [leaves[0], leaves[0], *leaves[1:]], ["sequence", "chain"]),
        (lambda leaves: [leaves[0].replace(b"filed", b"moved"), *leaves[1:]], ["chain"]),
        (lambda leaves: [leaves[0] + b" ", *leaves[1:]], ["leaf-form", "sequence", "chain"]),
    ],
)
def test_what_is_done_to_a_chain_shows(damage, found):
    got = codes(damage(chain("a", "a", "a", "a")))

    assert got[: len(found)] == found
    assert bool(got) == bool(found)


def test_a_head_tells_that_the_end_was_cut_off():
    leaves = chain("a", "a", "a")
    whole, cut = Chains(), Chains()
    for one in leaves:
        whole.take(one)
    for one in leaves[:-1]:
        cut.take(one)

    assert whole.head("a") == (3, leaf_hash(leaves[-1]))
    assert cut.head("a") != whole.head("a")
    assert cut.head("nowhere") == (0, ZERO)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "leaf-version"),
        ({"v": "1"}, "leaf-form"),
        ({"seq": "1"}, "leaf-form"),
        ({"stream": None}, "leaf-form"),
        ({"stream": ["a"]}, "leaf-form"),
        ({"prev": 0}, "leaf-form"),
        ({"meta": []}, "leaf-form"),
        ({"commits": None}, "leaf-form"),
        ({"more": 1}, "leaf-form"),
        ({"prev": "f" * 64}, "chain"),
        ({"seq": 2}, "sequence"),
        ({"seq": 0}, "sequence"),
        ({"seq": -1}, "sequence"),
    ],
)
def test_a_leaf_of_another_form_is_named(change, code):
    assert code in codes([leaf(**change)])


def test_a_field_that_is_missing_is_named():
    for name in BODY:
        body = {key: value for key, value in BODY.items() if key != name}
        assert codes([rfc8785.dumps(body)]) == ["leaf-form"]


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_make_the_verifier_raise(data):
    assert codes([data]) != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(BODY)), JSON, min_size=1))
def test_no_values_make_the_verifier_raise(changes):
    codes([json.dumps({**BODY, **changes}).encode()])


def test_a_leaf_nested_beyond_reason_is_a_finding():
    assert codes([b'{"v":' + b"[" * 100_000]) == ["leaf-unreadable"]


def test_it_needs_nothing_but_the_standard_library():
    path = Path(proof.__file__)
    alone = "import sys, runpy; runpy.run_path(sys.argv[1]); print(sorted(m for m in sys.modules if m in {'flask', 'sqlalchemy', 'cryptography', 'complaints'}))"
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", alone, str(path)], capture_output=True, text=True, check=True
    )

    assert said.stdout.strip() == "[]"
