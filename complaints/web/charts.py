"""Drawings of figures: our own SVG, without style, script or anything from outside.

Each drawing is one image with a sentence that says what it shows; its numbers stand on it, and in a table beside it.
Colours come from classes, so that they follow the page into the dark; the third series is told by a hatch too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

# In units of the drawing, which are pixels where it is not shrunk.
_WIDE, _ROW, _BAR, _LETTER = 340, 42, 14, 8
_TALL, _ABOVE, _BELOW = 150, 22, 24
_LETTER_WIDE, _LEAST, _GAP = 14, 26, 8
_ASIAN = 0x2E80
_HATCHED = 3
_RECT = Markup('<rect class="cmp-series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_OVER = Markup('<rect fill="url(#{})" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_TEXT = Markup('<text class="cmp-{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
_LINE = Markup('<polyline class="cmp-line-{}" points="{}"/>')
# Every point a stroke of no length, whose round ends are the dot.
_DOTS = Markup('<path class="cmp-dots-{}" d="{}"/>')
_WORDS = Markup('<g class="cmp-{}" text-anchor="middle">{}</g>')
_WORD = Markup('<text x="{:g}" y="{:.1f}">{}</text>')
_FLOOR = Markup('<line class="cmp-floor" x1="0" y1="{0}" x2="{1}" y2="{0}"/>')
_HATCH = Markup(
    '<defs><pattern id="{}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line class="cmp-hatch" x1="0" y1="0" x2="0" y2="6" stroke-width="3"/></pattern></defs>'
)
_SVG = Markup(
    '<svg class="cmp-drawing" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}" '
    'focusable="false">{3}{4}</svg>'
)


@dataclass(frozen=True)
class Bar:
    """One row or column: its label, the value of each series one after the other, and the words beside it.

    Without `said` the values stand there, with a stroke between them.
    """

    label: str
    values: Sequence[int]
    said: str = ""

    @property
    def words(self) -> str:
        """What stands at its end."""
        return self.said or " / ".join(f"{value:,}" for value in self.values)


def bars(name: str, rows: Sequence[Bar], sentence: str) -> Markup:
    """Rows one below the other, each with its label above it; `name` is the drawing's own on its page."""
    top = max((sum(row.values) for row in rows), default=0)
    longest = max((len(row.words) for row in rows), default=1)
    room = _WIDE - longest * _LETTER - 8
    parts: list[Markup] = []
    for number, row in enumerate(rows):
        y, x = number * _ROW + 20.0, 0.0
        parts.append(_TEXT.format("axis", 0, y - 6, "start", row.label))
        for series, value in enumerate(row.values, 1):
            width = room * value / top if top else 0.0
            parts += _piece(name, series, (x, y, max(width - 1, 1) if value else 0, _BAR))
            x += width
        parts.append(_TEXT.format("count", x + 5, y + _BAR - 2, "start", row.words))
    return _drawing(name, (_WIDE, len(rows) * _ROW), sentence, parts)


def columns(name: str, rows: Sequence[Bar], sentence: str) -> Markup:
    """Columns side by side, the values of a row stacked, its words above it and its label below."""
    top = max((sum(row.values) for row in rows), default=0)
    step, parts = _step(rows), list[Markup]()
    for number, row in enumerate(rows):
        x, y = number * step + _GAP / 2, float(_ABOVE + _TALL)
        for series, value in enumerate(row.values, 1):
            height = _TALL * value / top if top else 0.0
            y -= height
            parts += _piece(name, series, (x, y, step - _GAP, max(height - 1, 1) if value else 0))
        parts.append(_TEXT.format("count", (number + 0.5) * step, y - 6, "middle", row.words))
    return _standing(name, rows, sentence, parts)


def lines(name: str, rows: Sequence[Bar], sentence: str) -> Markup:
    """One line for each series over the rows' labels, its values at their points."""
    top = max((max(row.values, default=0) for row in rows), default=0)
    step, parts = _step(rows), list[Markup]()
    for series in range(max((len(row.values) for row in rows), default=0)):
        points = [
            ((number + 0.5) * step, _ABOVE + _TALL - (_TALL * row.values[series] / top if top else 0.0))
            for number, row in enumerate(rows)
        ]
        parts.append(_LINE.format(series + 1, " ".join(f"{x:g},{y:.1f}" for x, y in points)))
        parts.append(_DOTS.format(series + 1, "".join(f"M{x:g} {y:.1f}h0" for x, y in points)))
        # The second line's values stand below it, where the first one's do not.
        off = -7 if series == 0 else 15
        parts.append(
            _written(
                "count",
                [
                    (x, y + off, f"{row.values[series]:,}")
                    for row, (x, y) in zip(rows, points, strict=True)
                    if row.values[series]
                ],
            )
        )
    return _standing(name, rows, sentence, parts)


def legend(series: Sequence[str]) -> Markup:
    """What each series is, in the order of the values."""
    rows = [
        Markup(
            '<li><svg viewBox="0 0 10 10" width="14" height="14" aria-hidden="true" focusable="false">{}{}</svg>{}</li>'
        ).format(
            _RECT.format(number, 0, 0, 10, 10),
            Markup('<path class="cmp-hatch" stroke-width="2" d="M0 10L10 0"/>') if number == _HATCHED else "",
            words,
        )
        for number, words in enumerate(series, 1)
    ]
    return Markup('<ul class="cmp-legend">{}</ul>').format(Markup("").join(rows))


def _piece(name: str, series: int, place: tuple[float, float, float, float]) -> list[Markup]:
    drawn = [_RECT.format(series, *place)]
    return [*drawn, _OVER.format(f"{name}-hatch", *place)] if series == _HATCHED else drawn


def _step(rows: Sequence[Bar]) -> int:
    """How far rows stand apart, so that none of what is written there touches its neighbour."""
    written = [text for row in rows for text in (row.label, row.words)]
    wide = max(
        (sum(_LETTER_WIDE if ord(c) >= _ASIAN else _LETTER for c in text) for text in written), default=0
    )
    return max(_LEAST, wide + _GAP // 2)


def _standing(name: str, rows: Sequence[Bar], sentence: str, parts: Sequence[Markup]) -> Markup:
    step, bottom = _step(rows), _ABOVE + _TALL + _BELOW
    floor = _FLOOR.format(_ABOVE + _TALL, len(rows) * step)
    labels = [((number + 0.5) * step, bottom - 6.0, row.label) for number, row in enumerate(rows)]
    return _drawing(name, (len(rows) * step, bottom), sentence, [floor, *parts, _written("axis", labels)])


def _written(what: str, words: Sequence[tuple[float, float, str]]) -> Markup:
    """Words each centred at its place."""
    return _WORDS.format(what, Markup("").join(_WORD.format(*each) for each in words))


def _drawing(name: str, size: tuple[int, int], sentence: str, parts: Sequence[Markup]) -> Markup:
    inside = Markup("").join(parts)
    hatch = _HATCH.format(f"{name}-hatch") if "-hatch)" in inside else ""
    return _SVG.format(max(size[0], 1), max(size[1], 1), sentence, hatch, inside)
