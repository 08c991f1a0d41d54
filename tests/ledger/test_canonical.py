"""Canonical JSON: the quick way and the library's give the same bytes, or the same refusal."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from complaints.ledger import canonical

ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
VALUES = st.recursive(
    ATOMS, lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def _outcome(write, value):
    try:
        return write(value)
    except (ValueError, TypeError) as error:
        return type(error)


@given(VALUES)
def test_both_ways_write_the_same_bytes_or_refuse_alike(value):
    assert _outcome(canonical.dumps, value) == _outcome(rfc8785.dumps, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, -0]}, '{"a":[true,null,0],"b":1}'),
        (
            {"text": '"\\\x00\x1f\x7f\b\t\n\f\r/<>&\u2028'},
            '{"text":"\\"\\\\\\u0000\\u001f\x7f\\b\\t\\n\\f\\r/<>&\u2028"}',
        ),
        ({"text": "投诉😀𠮷"}, '{"text":"投诉😀𠮷"}'),
        ({"\U0001f600": 1, "\ufb01": 2}, '{"\U0001f600":1,"\ufb01":2}'),
        ({"n": 1.0}, '{"n":1}'),
    ],
)
def test_bytes_are_those_of_the_standard(value, text):
    assert canonical.dumps(value).decode() == text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 2**53, {"n": [2**60]}, {1: 2}, {"t": "\ud800"}, {"t": b""}]
)
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        canonical.dumps(value)
