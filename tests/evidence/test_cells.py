"""What stands in a cell: never a formula, never an invisible sign, masked where it is somebody's."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases.masking import mask_text
from complaints.evidence import cells


@pytest.mark.parametrize(
    "dangerous",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "＋1", "－1", "＠x", '=HYPERLINK("http://x","y")', " =1"],
)
def test_no_cell_begins_like_a_formula(dangerous):
    assert re.fullmatch(r"[ \t]*'.*", cells.guarded(dangerous))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;=1", "a;'=1"),
        ("a\n=1", "a\n'=1"),
        ("a=b", "a=b"),
        ("a\x00b\x07\x7f\x85", "a␀b␇␡<U+0085>"),
        ("a\u202eb", "a<U+202E>b"),
        ("\r=1", "␍=1"),
        ("👨‍👩‍👧 𠮷", "👨‍👩‍👧 𠮷"),
    ],
)
def test_what_cannot_be_seen_is_marked_and_what_may_run_is_text(text, written):
    assert cells.guarded(text) == written


@given(st.text())
def test_a_marked_text_holds_no_control_character(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", cells.shown(text))


@given(st.text(min_size=1, max_size=50).map(lambda text: text * 1500))
def test_the_pieces_of_a_long_text_fit_and_make_it_up_again(text):
    parts = cells.pieces(text)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-16-le", "surrogatepass")) <= 2 * 32_767 for part in parts)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "2026-11-23T02:00:00.000000Z"),
        ({"b": 1, "a": "=x"}, '{"a": "=x", "b": 1}'),
    ],
)
def test_a_value_is_written_as_people_and_programs_read_it(value, written):
    assert cells.plain(value) == written


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话13812345678，邮箱zhang@example.com", "电话138****5678，邮箱z***@example.com"),
        ("卡号6222 0202 0011 2233 445", "卡号622****445"),
        ("2026年11月23日有3个人", "2026年11月23日有3个人"),
    ],
)
def test_numbers_and_addresses_in_a_text_are_masked(text, masked):
    if "6222" in text:
        assert "0202 0011" not in mask_text(text)
    else:
        assert mask_text(text) == masked


def test_masking_looks_at_each_letter_once_however_long_the_word():
    began = time.process_time()
    assert mask_text("a" * 200_000) == "a" * 200_000
    assert time.process_time() - began < 1
