"""Sealing: what was sealed in one place opens there and nowhere else, with the right key and no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.errors import IntegrityError
from complaints.ledger import private
from complaints.ledger.proof import commitment

KEY, OTHER = private.new_data_key(), private.new_data_key()


@given(st.binary(max_size=500))
def test_what_was_sealed_opens_and_is_what_was_committed_to(payload):
    sealed = private.seal(KEY, "stream", 3, "details", payload)
    salt, opened = private.open_sealed(KEY, "stream", 3, "details", sealed.sealed)

    assert opened == payload
    assert commitment(salt, "details", payload) == sealed.commit
    assert len(payload) < 8 or payload not in sealed.sealed


@pytest.mark.parametrize(
    ("key", "stream", "seq", "field"),
    [
        (OTHER, "stream", 3, "details"),
        (KEY, "other", 3, "details"),
        (KEY, "stream", 4, "details"),
        (KEY, "stream", 3, "contact"),
        (KEY, "stream\x003", 3, "details"),
    ],
    ids=["another key", "another stream", "another event", "another field", "a stream that runs on"],
)
def test_it_opens_in_no_other_place_and_with_no_other_key(key, stream, seq, field):
    sealed = private.seal(KEY, "stream", 3, "details", b"x").sealed

    with pytest.raises(IntegrityError):
        private.open_sealed(key, stream, seq, field, sealed)


@given(st.data())
def test_a_changed_byte_anywhere_keeps_it_shut(data):
    sealed = bytearray(private.seal(KEY, "s", 1, "f", b"payload").sealed)
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(IntegrityError):
        private.open_sealed(KEY, "s", 1, "f", bytes(sealed))


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_else(data):
    with pytest.raises(IntegrityError):
        private.open_sealed(KEY, "s", 1, "f", data)
    with pytest.raises(IntegrityError):
        private.unwrap(KEY, data, "s", "complainant")


def test_the_same_text_never_looks_the_same_twice():
    one, two = (private.seal(KEY, "s", 1, "f", b"same") for _ in range(2))

    assert one.commit != two.commit
    assert one.sealed != two.sealed


def test_a_data_key_opens_for_its_own_person_and_stream_only():
    wrapped = private.wrap(KEY, OTHER, "s", "complainant")

    assert private.unwrap(KEY, wrapped, "s", "complainant") == OTHER
    for key, stream, person in (
        (OTHER, "s", "complainant"),
        (KEY, "t", "complainant"),
        (KEY, "s", "operator"),
    ):
        with pytest.raises(IntegrityError):
            private.unwrap(key, wrapped, stream, person)
