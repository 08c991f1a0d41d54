"""The picture of a complaint's life: SVG for pages, PNG for documents, both from one layout."""

from __future__ import annotations

import math
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from complaints.base.errors import ConfigError
from complaints.policy.flow import HEIGHT, WIDTH, Anchor, Arrow, Point, layout
from complaints.policy.labels import Label
from complaints.policy.states import RESUME, STATES, TRANSITIONS, State, Transition

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_TITLE = Label("投诉举报的办理流程", "How a complaint is handled")
_BACK = Label("原来的状态", "the state before")
_NEW = Label("新投诉", "A new complaint")
_FONTS = (
    "system-ui, 'PingFang SC', 'HarmonyOS Sans SC', MiSans, 'Microsoft YaHei', 'Noto Sans CJK SC', "
    "'Source Han Sans SC', sans-serif"
)
# English words are longer than Chinese ones and as legible a little smaller.
_STATE_SIZE = {"zh": 20, "en": 14}
_TEXT_SIZE = {"zh": 16, "en": 12}
_NOTE_SIZE = {"zh": 14, "en": 12}
_HEAD_LENGTH, _HEAD_WIDTH = 9.0, 7.0
_NOTES_FROM, _NOTE_LINE = 666, 22
_THIN, _THICK, _FRAME = 1.25, 2.5, 1.0
_DASH = (5, 4)


def svg(lang: str) -> str:
    """The picture as one SVG element: classes and presentation attributes only, drawn in currentColor.

    It has no ids that could meet another's, no script and no style, so it can stand inline under a strict
    Content-Security-Policy and follows the colour of the text around it.
    """
    drawing = layout()
    state_size, text_size, note_size = _sizes(lang)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cmp-flow" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label={quoteattr(_TITLE(lang))} '
            f'lang="{"en" if lang == "en" else "zh-Hans"}" fill="none" stroke="none" color="currentColor" '
            f'font-family="{_FONTS}">'
        ),
        f"<title>{escape(_TITLE(lang))}</title>",
        f"<desc>{escape(description(lang))}</desc>",
    ]
    for frame in drawing.frames:
        parts.append(
            f'<rect class="cmp-flow-frame" x="{frame.x}" y="{frame.y}" width="{frame.width}" '
            f'height="{frame.height}" rx="10" fill="currentColor" fill-opacity="0.035" '
            f'stroke="currentColor" stroke-opacity="0.4" stroke-width="{_FRAME}" stroke-dasharray="2 3"/>'
        )
        if frame.caption:
            parts.append(_text(frame.at, frame.caption(lang), frame.anchor, note_size, "cmp-flow-caption"))
    parts += map(_svg_arrow, drawing.arrows)
    x, y = drawing.start
    parts.append(f'<circle class="cmp-flow-start" cx="{x}" cy="{y}" r="7" fill="currentColor"/>')
    for box in drawing.boxes:
        info = STATES[box.state]
        # Frames and lines end at the box, so its tint needs no opaque ground of an unknown page.
        parts.append(
            f'<rect class="cmp-flow-box cmp-flow-{info.tone}" x="{box.x}" y="{box.y}" width="{box.width}" '
            f'height="{box.height}" rx="8" fill="currentColor" '
            f'fill-opacity="{0.1 if box.main else 0.03}" stroke="currentColor" '
            f'stroke-width="{_THICK if box.main else _THIN}"/>'
        )
        middle = (box.x + box.width / 2, box.y + box.height / 2 + state_size * 0.36)
        parts.append(_text(middle, info.label(lang), "middle", state_size, "cmp-flow-state", bold=box.main))
    for caption in drawing.captions:
        words = TRANSITIONS[caption.action].label(lang)
        parts.append(_text((caption.x, caption.y), words, caption.anchor, text_size, "cmp-flow-action"))
    for number, note in enumerate(drawing.notes):
        at = (16, _NOTES_FROM + _NOTE_LINE * number)
        parts.append(_text(at, note(lang), "start", note_size, "cmp-flow-note"))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def description(lang: str) -> str:
    """The picture in words: each step with where it leads, straight from the table of transitions."""
    colon, join, end = (": ", ", ", ".") if lang == "en" else ("：", "、", "。")
    return " ".join(
        f"{_from(row, lang, join)}{colon}{row.label(lang)} → {_where(row, lang)}{end}"
        for row in TRANSITIONS.values()
        if row.moves
    )


def png(font: Path | str, lang: str, scale: int = 3) -> bytes:
    """The picture as PNG, black on white, for documents; `scale` pixels per unit, 640 units wide.

    `font` is a file with Chinese glyphs. Raises ConfigError when it is missing or is no font, or when
    Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise ConfigError("drawing a PNG needs Pillow; install flask-complaints[docx]") from error
    state_size, text_size, note_size = _sizes(lang)
    try:
        fonts = {
            size: ImageFont.truetype(str(font), size * scale) for size in {state_size, text_size, note_size}
        }
    except OSError as error:
        raise ConfigError(
            f"no font can be read from {str(font)!r}; name a TrueType or OpenType file with Chinese glyphs"
        ) from error
    drawing = layout()
    image = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), "white")
    pen = ImageDraw.Draw(image)

    def write(at: Point, words: str, anchor: Anchor, size: int, fill: str = "black") -> None:
        where = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
        pen.text((at[0] * scale, at[1] * scale), words, font=fonts[size], fill=fill, anchor=where)

    for frame in drawing.frames:
        corners = _corners(frame.x, frame.y, frame.width, frame.height, scale)
        pen.rounded_rectangle(corners, 10 * scale, "#F6F7F8", "#A9B0B8", scale)
        if frame.caption:
            write(frame.at, frame.caption(lang), frame.anchor, note_size, "#3F4956")
    for arrow in drawing.arrows:
        _png_arrow(pen, arrow, scale)
    x, y = drawing.start
    pen.ellipse(((x - 7) * scale, (y - 7) * scale, (x + 7) * scale, (y + 7) * scale), "black")
    for box in drawing.boxes:
        corners = _corners(box.x, box.y, box.width, box.height, scale)
        edge = round((_THICK if box.main else _THIN) * scale)
        pen.rounded_rectangle(corners, 8 * scale, "#E4E7EA" if box.main else "white", "black", edge)
        middle = (box.x + box.width / 2, box.y + box.height / 2 + state_size * 0.36)
        write(middle, STATES[box.state].label(lang), "middle", state_size)
    for caption in drawing.captions:
        write((caption.x, caption.y), TRANSITIONS[caption.action].label(lang), caption.anchor, text_size)
    for number, note in enumerate(drawing.notes):
        write((16, _NOTES_FROM + _NOTE_LINE * number), note(lang), "start", note_size, "#3F4956")
    out = BytesIO()
    image.save(out, "PNG", optimize=True, dpi=(96 * scale, 96 * scale))
    return out.getvalue()


def _sizes(lang: str) -> tuple[int, int, int]:
    spoken = "en" if lang == "en" else "zh"
    return _STATE_SIZE[spoken], _TEXT_SIZE[spoken], _NOTE_SIZE[spoken]


def _text(at: Point, words: str, anchor: Anchor, size: int, name: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text class="{name}" x="{at[0]:g}" y="{at[1]:g}" font-size="{size}" text-anchor="{anchor}"{weight} '
        f'fill="currentColor">{escape(words)}</text>'
    )


def _svg_arrow(arrow: Arrow) -> str:
    width = _THICK if arrow.main else _THIN
    line = " ".join(f"{x:g},{y:g}" for x, y in _shortened(arrow))
    dash = f' stroke-dasharray="{_DASH[0]} {_DASH[1]}"' if arrow.dashed else ""
    heads = "".join(
        '<polygon points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in head) + '" fill="currentColor"/>'
        for head in _heads(arrow)
    )
    actions = " ".join(arrow.actions)
    return (
        f'<g class="cmp-flow-arrow" data-actions="{actions}"><polyline points="{line}" stroke="currentColor" '
        f'stroke-width="{width}" stroke-linejoin="round"{dash}/>{heads}</g>'
    )


def _png_arrow(pen: ImageDraw, arrow: Arrow, scale: int) -> None:
    width = round((_THICK if arrow.main else _THIN) * scale)
    points = [(x * scale, y * scale) for x, y in _shortened(arrow)]
    for start, end in pairwise(points):
        if arrow.dashed:
            length, direction = math.dist(start, end), _direction(start, end)
            on, period = _DASH[0] * scale, sum(_DASH) * scale
            for begin in range(0, int(length), period):
                pen.line(
                    (_along(start, direction, begin), _along(start, direction, min(begin + on, length))),
                    "black",
                    width,
                )
        else:
            pen.line((start, end), "black", width)
    if not arrow.dashed:
        for x, y in points[1:-1]:
            half = width / 2
            pen.ellipse((x - half, y - half, x + half, y + half), "black")
    for head in _heads(arrow):
        pen.polygon([(x * scale, y * scale) for x, y in head], "black")


def _shortened(arrow: Arrow) -> list[Point]:
    """The line without the part its heads cover, so that no blunt end shows before a tip."""
    points = list(arrow.points)
    if arrow.head:
        points[-1] = _along(points[-1], _direction(points[-1], points[-2]), _HEAD_LENGTH - 1)
    if arrow.both:
        points[0] = _along(points[0], _direction(points[0], points[1]), _HEAD_LENGTH - 1)
    return points


def _heads(arrow: Arrow) -> list[tuple[Point, Point, Point]]:
    ends = []
    if arrow.head:
        ends.append((arrow.points[-2], arrow.points[-1]))
    if arrow.both:
        ends.append((arrow.points[1], arrow.points[0]))
    heads = []
    for before, tip in ends:
        back = _direction(tip, before)
        base = _along(tip, back, _HEAD_LENGTH)
        side = (-back[1], back[0])
        heads.append((tip, _along(base, side, _HEAD_WIDTH / 2), _along(base, side, -_HEAD_WIDTH / 2)))
    return heads


def _direction(start: Point, end: Point) -> Point:
    length = math.dist(start, end)
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length)


def _along(start: Point, direction: Point, length: float) -> Point:
    return (start[0] + direction[0] * length, start[1] + direction[1] * length)


def _corners(
    x: float, y: float, width: float, height: float, scale: int
) -> tuple[float, float, float, float]:
    return (x * scale, y * scale, (x + width) * scale, (y + height) * scale)


def _from(row: Transition, lang: str, join: str) -> str:
    # In the order of the states, not of a set, so that one version has one text.
    named = [state.label(lang) for state in State if state in row.sources]
    return join.join(named) or _NEW(lang)


def _where(row: Transition, lang: str) -> str:
    if row.target is None or row.target == RESUME:
        return _BACK(lang)
    return State(row.target).label(lang)
