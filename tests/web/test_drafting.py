"""The hidden part of a form as a stranger may send it: nothing of it costs more than its own size."""

from __future__ import annotations

import base64
import json
import tracemalloc
import zlib
from types import SimpleNamespace

import pytest

from complaints.web import drafting
from complaints.web.drafting import Kept

MB = 1_000_000


def installed(secret):
    return SimpleNamespace(settings=SimpleNamespace(secret_key=secret))


def forged(data, *, squeezed=True):
    body = zlib.compress(data, 9) if squeezed else data
    return ("." if squeezed else "") + base64.urlsafe_b64encode(body).rstrip(b"=").decode() + ".forged"


@pytest.mark.parametrize("squeezed", [True, False])
def test_half_of_a_character_in_a_forgery_becomes_one_that_can_be_shown(squeezed):
    half = {"output": "\ud800", "prompt": "\udfffb"}
    said = {"type": "\ud800", "values": {"details": "a\ud800"}, "answer": half, "turns": [half]}
    kept = drafting.unseal(installed(b"one"), forged(json.dumps(said).encode(), squeezed=squeezed))
    assert (kept.type, kept.values["details"]) == ("\ufffd", "a\ufffd")
    assert (kept.answer.output, kept.turns[0].prompt) == ("\ufffd", "\ufffdb")
    assert drafting.seal(installed(b"one"), kept)


def test_a_small_forgery_cannot_fill_the_memory():
    text = forged(b'{"type":"' + b"a" * 200 * MB + b'"}')
    assert len(text) < MB
    tracemalloc.start()
    kept = drafting.unseal(installed(b"one"), text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20 * MB
    assert kept.type == ""


def test_a_changed_secret_key_costs_nobody_their_text():
    values = {"details": "发生了什么😀" * 300, "mail": "a@example.com"}
    text = drafting.seal(installed(b"old"), Kept("s" * 32, None, type="other", values=values, draft="d" * 32))
    assert text.startswith("."), "long texts travel squeezed"
    kept = drafting.unseal(installed(b"new"), text)
    assert (kept.type, kept.values) == ("other", values)
    assert kept.secret != "s" * 32
    assert kept.draft == ""


@pytest.mark.parametrize(
    "said", [None, 7, [], "text", {"answer": "x"}, {"answer": {"strange": 1}}, {"values": [1]}, {"files": 3}]
)
def test_a_forgery_of_another_shape_gives_an_empty_form(said):
    kept = drafting.unseal(installed(b"one"), forged(json.dumps(said).encode()))
    assert (kept.values, kept.answer, kept.draft) == ({}, None, "")


@pytest.mark.parametrize("text", ["x", "..", ".a.b", "a.b.c", "." + "a" * 100 + ".q", "[" * 5000 + ".x"])
def test_what_is_no_form_at_all_gives_an_empty_form(text):
    assert drafting.unseal(installed(b"one"), text).values == {}
