"""Drawings of figures: our own SVG, without style, script or anything from outside.

Each drawing is one image with a sentence that says what it shows; its numbers stand on it, and in a table beside it.
Colours come from classes, so that they follow the page into the dark; the third series is told by a hatch too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

# In units of the drawing, which are pixels where it is not shrunk.
_WIDE, _ROW, _BAR, _LETTER = 340, 42, 14, 9
_TALL, _ABOVE, _BELOW = 150, 22, 24
_STEP = 34
_HATCHED = 3
_RECT = Markup('<rect class="cmp-series-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_OVER = Markup('<rect fill="url(#{})" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
_TEXT = Markup('<text class="cmp-{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
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
    parts: list[Markup] = []
    for number, row in enumerate(rows):
        x, y = number * _STEP + 4.0, float(_ABOVE + _TALL)
        for series, value in enumerate(row.values, 1):
            height = _TALL * value / top if top else 0.0
            y -= height
            parts += _piece(name, series, (x, y, _STEP - 8, max(height - 1, 1) if value else 0))
        parts += _ends(x + _STEP / 2 - 4, y, row)
    return _drawing(name, (len(rows) * _STEP, _ABOVE + _TALL + _BELOW), sentence, [_floor(len(rows)), *parts])


def lines(name: str, rows: Sequence[Bar], sentence: str) -> Markup:
    """One line for each series over the rows' labels, its values at their points; a line of noughts lies below."""
    top = max((max(row.values, default=0) for row in rows), default=0)
    parts: list[Markup] = []
    for series in range(max((len(row.values) for row in rows), default=0)):
        points = [
            (number * _STEP + _STEP / 2, _ABOVE + _TALL - (_TALL * row.values[series] / top if top else 0.0))
            for number, row in enumerate(rows)
        ]
        for (x, y), (further, then) in pairwise(points):
            parts.append(
                Markup('<line class="cmp-line-{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
                    series + 1, x, y, further, then
                )
            )
        for row, (x, y) in zip(rows, points, strict=True):
            parts.append(
                Markup('<circle class="cmp-series-{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(
                    series + 1, x, y
                )
            )
            if row.values[series]:
                # The second line's values stand below it, where the first one's do not.
                parts.append(
                    _TEXT.format("count", x, y - 7 if series == 0 else y + 15, "middle", row.values[series])
                )
    labels = [
        _TEXT.format("axis", n * _STEP + _STEP / 2, _ABOVE + _TALL + _BELOW - 6, "middle", row.label)
        for n, row in enumerate(rows)
    ]
    return _drawing(
        name, (len(rows) * _STEP, _ABOVE + _TALL + _BELOW), sentence, [_floor(len(rows)), *parts, *labels]
    )


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


def _ends(x: float, y: float, row: Bar) -> list[Markup]:
    below = _ABOVE + _TALL + _BELOW - 6
    return [
        _TEXT.format("count", x, y - 6, "middle", row.words),
        _TEXT.format("axis", x, below, "middle", row.label),
    ]


def _floor(amount: int) -> Markup:
    y = _ABOVE + _TALL
    return Markup('<line class="cmp-floor" x1="0" y1="{0}" x2="{1}" y2="{0}"/>').format(y, amount * _STEP)


def _drawing(name: str, size: tuple[int, int], sentence: str, parts: Sequence[Markup]) -> Markup:
    inside = Markup("").join(parts)
    hatch = _HATCH.format(f"{name}-hatch") if "-hatch)" in inside else ""
    return _SVG.format(max(size[0], 1), max(size[1], 1), sentence, hatch, inside)
