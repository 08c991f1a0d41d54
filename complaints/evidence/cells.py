"""Values as cells of a table: text that no spreadsheet runs, no reader stumbles over and nobody has to guess."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from complaints.base.clock import stamp

# What a cell's text goes through: `guarded` for CSV, `shown` where every value is text anyway.
Guard = Callable[[str], str]
# OWASP "CSV injection": what begins so may run as a formula, also behind a separator of another locale.
_FORMULA = re.compile("((?:^|[;\n\r])[ \u3000]*)(?=[=+\\-@\t\r＝＋－＠])")
# Tab and newline are part of texts; every other control character is shown by its own picture or number, and so
# is one that turns the direction of what follows it.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_PICTURES, _DELETE, _SPACE = 0x2400, "\x7f", 0x20
# What one cell of a workbook holds, in UTF-16 units; a character beyond the BMP takes two.
_CELL_UNITS = 32_767
_PIECE = 16_000


def plain(value: Any) -> str:
    """A value as text, exactly as it is."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def shown(text: str) -> str:
    """A text whose control characters can be seen: ␀ for NUL, <U+0085> where there is no picture."""
    return text if text.isprintable() else _CONTROL.sub(_picture, text)


def guarded(text: str) -> str:
    """A text as a CSV cell that no spreadsheet takes for a formula: an apostrophe stands before what may run."""
    return _FORMULA.sub(r"\1'", shown(text))


def pieces(text: str) -> list[str]:
    """A text in parts that each fit into one cell of a workbook."""
    if len(text) <= _PIECE or (len(text) <= _CELL_UNITS and len(text.encode("utf-16-le")) <= 2 * _CELL_UNITS):
        return [text]
    return [text[first : first + _PIECE] for first in range(0, len(text), _PIECE)]


def rows_of(cells: Iterable[str], go_on: str) -> list[list[str]]:
    """A row, and below it what did not fit: its first cell says of which row, by `go_on` with `{first}`."""
    split = [pieces(cell) for cell in cells]
    height = max(map(len, split))
    first = split[0][0]
    return [
        [
            go_on.format(first=first, n=line + 1)
            if line and column == 0
            else (parts[line] if line < len(parts) else "")
            for column, parts in enumerate(split)
        ]
        for line in range(height)
    ]


def _picture(found: re.Match[str]) -> str:
    character = found[0]
    if character == _DELETE:
        return "␡"
    code = ord(character)
    return chr(_PICTURES + code) if code < _SPACE else f"<U+{code:04X}>"
