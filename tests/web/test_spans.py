"""Spans of time as the desk says them."""

from __future__ import annotations

import pytest

from complaints.base.translations import speaking
from complaints.web.admin import choosing, words


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "None", "无"),
        (1, "1 second", "1秒"),
        (119, "119 seconds", "119秒"),
        (120, "2 minutes", "2分钟"),
        (7199, "119 minutes", "119分钟"),
        (7200, "2 hours", "2小时"),
    ],
)
def test_an_age_is_said_in_the_unit_that_says_most_and_one_is_one(seconds, english, chinese):
    for lang, said in (("en", english), ("zh", chinese)):
        with speaking(lang):
            assert words.age(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "at once"),
        (45, "after 45 seconds"),
        (60, "after 60 seconds"),
        (90, "after 90 seconds"),
        (120, "after 2 minutes"),
    ],
)
def test_the_time_to_take_an_answer_back_is_said_in_whole_minutes_where_it_is(seconds, said):
    with speaking("en"):
        assert said in choosing.undo(seconds)
