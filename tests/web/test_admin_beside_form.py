"""What a decision rests on stands beside its form, as on the page of the case."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise

import pytest
from casework import decide, page, release, staffed, types
from factories import WORDS
from office import Forms, words
from PIL import Image

from complaints.cases import conversation, intake
from complaints.cases.attachments import check

ALTERED = intake.Answer(
    "可以一起吃", "葡萄柚和降压药能一起吃吗", mark="altered", notes=("output_altered",), model="模型X"
)
TURNS = (intake.Turn("昨天问过的话", "昨天答过的话"),)
ALL = (
    WORDS,
    "上周三晚上",
    "葡萄柚和降压药能一起吃吗",
    "可以一起吃",
    "不一致 回答与产品当时给出的不同。",
    "昨天问过的话",
    "模型X",
)


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def filing(office, answer=ALTERED):
    """A complaint with all that can come along, and a picture in the conversation."""
    filed = office.desk.file(answer=answer, turns=TURNS, fields={"occurred": "上周三晚上"})
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    office.desk.act(filed, conversation.write, "图", [check("截图.png", data.getvalue(), max_mb=1)])
    return filed


def form_of(html):
    return next(each for each in Forms(html).found if "outcome" in each["data"] or "reason" in each["data"])


def outline(html):
    """The ids of a page, and the levels of its headings."""
    return re.findall(r'\sid="([^"]+)"', html), [int(level) for level in re.findall(r"<h([1-6])[ >]", html)]


@pytest.mark.parametrize("mode", ["decide", "decline", "review"])
def test_whoever_decides_reads_everything_on_one_page(office, mode):
    filed = filing(office)
    if mode == "review":
        decide(office, filed, "second")
        release(office, filed)
        office.desk.do(filed, "appeal")
    answer = office.client("handler").get(f"{page(filed)}/{mode}")
    html = answer.get_data(as_text=True)
    assert [each for each in (*ALL, "截图.png") if each not in words(answer)] == []
    ids, levels = outline(html)
    assert len(ids) == len(set(ids))
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(html.encode()) <= 100_000


def test_a_picture_is_uncovered_beside_what_was_typed(office):
    filed, client = filing(office), office.client("handler")
    html = client.get(f"{page(filed)}/decide").get_data(as_text=True)
    assert "cmp-picture" not in html
    there = re.search(r'form="decision" formaction="([^"#]+)#file-\w+"', html)[1]

    data = {**form_of(html)["data"], "text": "写到一半", "do": "look"}
    shown = client.post(there, data=data)
    html = shown.get_data(as_text=True)
    assert shown.status_code == 200
    assert "cmp-picture" in html
    assert form_of(html)["data"]["text"] == "写到一半"
    assert "decided" not in types(office, filed)

    there = re.search(r'form="decision" formaction="([^"#]+)#file-\w+"', html)[1]
    again = client.post(there, data=data).get_data(as_text=True)
    assert "cmp-picture" not in again


def test_a_long_answer_is_folded_beside_the_form_only(office):
    said = "很长的回答。" * 300
    filed = filing(office, intake.Answer(said, "短问题", mark="verified"))
    client, fold = office.client("handler"), "展开阅读（1,800字）"
    told = [words(client.get(page(filed) + end)) for end in ("", "/decide")]
    assert [fold in each for each in told] == [False, True]
    assert [each.count(said) for each in told] == [1, 1]
