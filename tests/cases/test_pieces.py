"""Texts as the search sees them: whatever two characters stand together in a text, it is found by them."""

from __future__ import annotations

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import pieces
from complaints.cases.pieces import Maker
from complaints.cases.searching import marked

CHINESE = "的是不了葡萄柚降压药退款客服AI模型回答错误赔偿𠮷々龍"
LETTERS = st.sampled_from(
    [*CHINESE, *"aZé9", "Ａ", "１", "ｶ", "㌔", "，", "。", " ", "\n", "　", "😀", "한", "-"]
)
TEXTS = st.text(LETTERS, max_size=40)
MAKER = Maker(b"k" * 32)


@given(TEXTS)
def test_every_two_characters_of_which_one_is_chinese_find_the_text_they_stand_in(said):
    text = pieces.fold(said).text
    there = pieces.indexed(text)
    for pair in (first + second for first, second in itertools.pairwise(text)):
        if pair.isalnum() and max(pair) >= "\u2e80":
            assert pieces.sought(pair) == {pair}
            assert pair in there


@given(TEXTS, st.data())
def test_whatever_is_cut_out_of_a_text_between_words_finds_it(said, data):
    text = pieces.fold(said).text
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    # A Latin word is found from its beginning.
    while 0 < begin < end and latin(text[begin]) and latin(text[begin - 1]):
        begin += 1
    phrase = text[begin:end].strip()

    assert pieces.sought(phrase) <= pieces.indexed(text)
    for part in pieces.parts(said[: len(said) // 2]):
        assert part == pieces.fold(part).text
    if pieces.sought(phrase):
        assert "".join(part for part, _ in marked([said], [phrase]))


def latin(character):
    return character.isalnum() and character < "\u2e80"


@given(TEXTS)
def test_each_place_names_the_character_it_came_from(said):
    folded = pieces.fold(said)

    assert len(folded.places) == len(folded.text)
    assert list(folded.places) == sorted(folded.places)
    assert pieces.fold(folded.text).text == folded.text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＩ回答", "ai回答"),
        ("葡萄\n柚", "葡萄柚"),
        ("用 GPT 写", "用GPT写"),
        ("two   words\nhere", "TWO WORDS HERE"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_what_copying_changes_does_not_matter(one, other):
    assert pieces.fold(one).text == pieces.fold(other).text


def test_words_say_nothing_without_the_key_and_are_no_words_of_any_language():
    words = MAKER.words({"退款", "grapefruit", "gr"})

    assert all(len(word) == 12 and set(word) <= set(string.ascii_lowercase) for word in words)
    assert words == Maker(b"k" * 32).words({"退款", "grapefruit", "gr"})
    assert words.isdisjoint(Maker(b"x" * 32).words({"退款", "grapefruit", "gr"}))
    assert MAKER.made_with != Maker(b"x" * 32).made_with


def test_texts_alike_have_bands_in_common_and_others_rarely():
    base = "客服机器人在七月三日告诉我葡萄柚可以和降压药一起服用，我照做之后头晕得厉害，差点摔倒"
    near = shingles(base.replace("七月三日", "昨天晚上"))
    far = shingles("我买了一年的会员，系统却一直提示没有权限，打电话也没有人接，请把钱退给我")

    assert pieces.shared(shingles(base), near) > 0.6
    assert MAKER.bands(shingles(base)) & MAKER.bands(near)
    assert pieces.shared(shingles(base), far) < 0.1
    assert not MAKER.bands(shingles(base)) & MAKER.bands(far)
    assert MAKER.bands(shingles("退款退款")) == set()


def shingles(text):
    return pieces.shingles(text)
