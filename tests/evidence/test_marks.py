"""What comparing a reported answer gave, in the register and in documents."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pytest
from factories import ALICE

from complaints.cases.reported import Answer, Turn
from complaints.evidence import export
from complaints.evidence.chosen import Chosen

ALTERED = Answer(
    "改过的回答", "原来的问题", mark="altered", notes=("output_altered", "other_user"), token="a2.x"
)


@pytest.fixture
def reported(desk):
    """One altered answer with a turn before it, one genuine, one pasted; beside those without any."""
    desk.file("inaccurate", answer=Answer("真的", mark="verified"))
    desk.file("inaccurate", answer=Answer("贴的", notes=("unsealed",)))
    return desk.file(
        "inaccurate", answer=ALTERED, turns=[Turn("电话13812345678是谁", "不知道", notes=("unsealed",))]
    )


def made(desk, kind, form, **values):
    chosen = export.order(desk.installation, ALICE, Chosen(kind, form, **values))
    return desk.read(lambda work: b"".join(export.stream(work, chosen)))


def text_of(document):
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return re.sub("<[^>]*>", "", archive.read("word/document.xml").decode())


def test_the_register_says_of_each_complaint_what_its_seal_gave(desk, reported):
    rows = [json.loads(line) for line in made(desk, "register", "jsonl").splitlines()]
    found = {(row["answer_mark"], row["answer_notes"]) for row in rows}
    assert found == {
        ("none", ""),
        ("verified", ""),
        ("unverified", "unsealed"),
        ("altered", "output_altered other_user"),
    }
    mine = next(row for row in rows if row["number"] == reported.number)
    assert mine["answer_mark"] == "altered"


def test_a_case_paper_says_it_in_words_and_masks_the_turns(desk, reported):
    text = text_of(made(desk, "case", "docx", number=reported.number))
    assert "回答与产品当时给出的不同。" in text
    assert "另一位用户" in text
    assert "此前对话之1" in text
    assert "138****5678" in text
    assert "13812345678" not in text


def test_the_register_of_a_period_names_each_mark(desk, reported):
    text = text_of(made(desk, "period", "docx"))
    for words in ("核对一致", "不一致", "未核对"):
        assert words in text
