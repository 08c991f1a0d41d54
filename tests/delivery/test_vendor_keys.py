"""Signing keys of vendors as the setting gives them: read, or refused without being quoted."""

from __future__ import annotations

import base64

import pytest

from complaints.base.errors import ConfigError
from complaints.delivery.vendor_keys import vendor_keys


def written(key):
    return "whsec_" + base64.b64encode(key).decode()


GOOD = written(b"s" * 32)


def test_a_vendor_has_a_key_or_two_while_one_is_replaced():
    found = vendor_keys({"甲公司": GOOD, "乙公司": [written(b"n" * 24), written(b"o" * 64)]})
    assert found == {"甲公司": (b"s" * 32,), "乙公司": (b"n" * 24, b"o" * 64)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "must be a key or a list"),
        ([], "must be a key or a list"),
        ([GOOD, 5], "key 2"),
        (GOOD.removeprefix("whsec_"), "key 1"),
        (written(b"s" * 23), "24 to 64 bytes"),
        (written(b"s" * 65), "24 to 64 bytes"),
        (GOOD[:-2], "key 1"),
        ("whsec_密", "key 1"),
    ],
)
def test_what_cannot_sign_is_named_by_its_place_and_never_quoted(given, said):
    with pytest.raises(ConfigError) as caught:
        vendor_keys({"乙公司": GOOD, "甲公司": given})
    assert "COMPLAINTS_VENDOR_KEYS['甲公司']" in str(caught.value)
    assert said in str(caught.value)
    assert "c3Nz" not in str(caught.value)
