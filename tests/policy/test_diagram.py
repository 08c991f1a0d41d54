from __future__ import annotations

import re
from io import BytesIO
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from complaints.base.errors import ConfigError
from complaints.policy import diagram, flow
from complaints.policy.states import RESUME, STATES, TRANSITIONS, State, resume_targets

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
MOVES = [row for row in TRANSITIONS.values() if row.moves]
SVG = "{http://www.w3.org/2000/svg}"
LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


def goals(row):
    if row.target == RESUME:
        return set().union(*(resume_targets(state) for state in row.sources))
    return {row.target}


def texts(lang):
    for node in ET.fromstring(diagram.svg(lang)).iter(SVG + "text"):
        size, words = float(node.get("font-size")), node.text
        # A Chinese character is as wide as it is high; the widest usual Latin font needs about half of that.
        width = sum(size if ord(each) > 0x2E7F else size * 0.53 for each in words)
        left = float(node.get("x")) - {"start": 0, "middle": width / 2, "end": width}[node.get("text-anchor")]
        base = float(node.get("y"))
        yield node.get("class"), words, (left, base - size * 0.8, left + width, base + size * 0.1)


def overlap(one, other, slack=1.5):
    return (
        min(one[2], other[2]) - max(one[0], other[0]) > slack
        and min(one[3], other[3]) - max(one[1], other[1]) > slack
    )


@pytest.mark.parametrize("row", MOVES, ids=lambda row: row.action)
def test_every_change_of_state_is_an_arrow_from_all_its_states(row):
    arrows = [arrow for arrow in flow.layout().arrows if row.action in arrow.actions]
    sources, targets = (
        set().union(*(getattr(arrow, side) for arrow in arrows)) for side in ("sources", "targets")
    )
    if any(len(arrow.actions) > 1 for arrow in arrows):
        assert row.sources <= sources
        assert goals(row) <= targets
    else:
        assert row.sources == sources
        assert goals(row) == targets


def test_no_arrow_shows_what_the_table_does_not_know():
    known = {row.action for row in MOVES}
    assert {action for arrow in flow.layout().arrows for action in arrow.actions} == known
    assert {caption.action for caption in flow.layout().captions} == known
    assert {box.state for box in flow.layout().boxes} == set(State)


@LANGUAGES
def test_every_state_and_action_is_written_in_the_picture(lang):
    words = {text for _, text, _ in texts(lang)}
    assert {info.label(lang) for info in STATES.values()} <= words
    assert {row.label(lang) for row in MOVES} <= words


@LANGUAGES
def test_no_word_lies_on_a_box_on_another_word_or_outside(lang):
    found = list(texts(lang))
    boxes = {
        STATES[box.state].label(lang): (box.x, box.y, box.x + box.width, box.y + box.height)
        for box in flow.layout().boxes
    }
    for name, words, place in found:
        assert place[0] >= 0
        assert place[2] <= flow.WIDTH, words
        assert place[3] <= flow.HEIGHT, words
        for state, box in boxes.items():
            if name == "cmp-flow-state" and state == words:
                assert box[0] + 4 <= place[0], words
                assert place[2] <= box[2] - 4, words
            else:
                assert not overlap(place, box), (words, state)
    for (_, one, here), (_, other, there) in combinations(found, 2):
        assert not overlap(here, there), (one, other)


@LANGUAGES
def test_no_line_runs_through_a_word_or_a_box(lang):
    places = [(words, place) for name, words, place in texts(lang) if name == "cmp-flow-action"]
    places += [
        (box.state, (box.x + 1, box.y + 1, box.x + box.width - 1, box.y + box.height - 1))
        for box in flow.layout().boxes
    ]
    for arrow in flow.layout().arrows:
        for (x1, y1), (x2, y2) in pairwise(arrow.points):
            assert x1 == x2 or y1 == y2, "lines are level or upright"
            line = (min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1)
            for words, place in places:
                assert not overlap(line, place), (arrow.actions, words)


@LANGUAGES
def test_the_svg_can_stand_inline_under_a_strict_policy(lang):
    text = diagram.svg(lang)
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.find(SVG + "title").text
    assert root.find(SVG + "desc").text == diagram.description(lang)
    for node in root.iter():
        assert node.tag.removeprefix(SVG) in {
            "svg",
            "title",
            "desc",
            "g",
            "rect",
            "circle",
            "text",
            "polyline",
            "polygon",
        }
        assert not {"style", "id", "href"} & set(node.attrib)
        assert not any(name.startswith("on") for name in node.attrib)
        assert not any("#" in value or "url(" in value for value in node.attrib.values())
    # Only the colour of the text around it, so that one picture serves light, dark and print.
    assert set(re.findall(r'(?:fill|stroke|color)="([^"]+)"', text)) == {"none", "currentColor"}
    assert len(text.encode()) < 20_000


@LANGUAGES
def test_the_picture_says_the_same_in_words(lang):
    told = diagram.description(lang)
    for row in MOVES:
        assert f"{row.label(lang)} → " in told
    assert told == diagram.description(lang)


def test_an_unknown_language_reads_chinese():
    assert diagram.svg("fr") == diagram.svg("zh")


@pytest.mark.skipif(not FONT.exists(), reason="fonts-wqy-microhei is not installed")
@LANGUAGES
def test_the_png_is_drawn_for_print(lang):
    image = Image.open(BytesIO(diagram.png(FONT, lang, scale=2)))
    assert image.size == (flow.WIDTH * 2, flow.HEIGHT * 2)
    assert image.getpixel((2, 2)) == (255, 255, 255)
    box = flow.layout().boxes[0]
    inside = image.crop(
        tuple(int(2 * each) for each in (box.x + 6, box.y + 6, box.x + box.width - 6, box.y + box.height - 6))
    )
    assert inside.getcolors(maxcolors=1024), "words stand on one plain ground"
    assert min(inside.convert("L").tobytes()) < 40, "the state's name is written"


@pytest.mark.parametrize("font", ["/no/such/font.ttc", __file__])
def test_a_missing_font_is_named(font):
    with pytest.raises(ConfigError, match=re.escape(repr(font))):
        diagram.png(font, "zh")
