"""A workbook of text: no formula, no link, no number; a new sheet where the rows of one end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from complaints.base.errors import ConfigError
from complaints.evidence.cells import rows_of

# Excel's own limit of rows in one sheet, the header row among them.
ROWS = 1_048_576
# Below it no cell can be too long, whatever its characters.
_LONG = 16_000


def write(
    target: BinaryIO,
    name: str,
    columns: Sequence[str],
    widths: Sequence[int],
    batches: Iterable[Sequence[Sequence[str]]],
    *,
    made: datetime,
    limit: int = ROWS,
    go_on: str = "{first} ({n})",
) -> int:
    """Write the rows to `target`, a file that can seek; returns how many rows of data there are.

    Every value is text and its sheet's header row stays in sight; a text longer than a cell goes on in the row
    below. Memory does not grow with the rows (XlsxWriter keeps them in a temporary file without a name). Two
    runs over the same rows give the same bytes. Raises ConfigError when XlsxWriter is not installed.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an optional dependency
    except ImportError as error:
        raise ConfigError("an XLSX file needs XlsxWriter; install flask-complaints[xlsx]") from error
    book: Any = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"created": made.replace(tzinfo=None), "author": "", "title": name})
    bold = book.add_format({"bold": True, "bg_color": "#E8EBEE", "bottom": 1})
    sheet: Any = None
    at, sheets, total = limit, 0, 0
    for batch in batches:
        for cells in batch:
            total += 1
            for row in rows_of(cells, go_on) if max(map(len, cells)) > _LONG else (cells,):
                if at >= limit:
                    sheets += 1
                    sheet, at = _sheet(book, f"{name} {sheets}", columns, widths, bold), 1
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(at, column, cell)
                at += 1
    if sheet is None:
        _sheet(book, f"{name} 1", columns, widths, bold)
    book.close()
    return total


def _sheet(book: Any, name: str, columns: Sequence[str], widths: Sequence[int], bold: Any) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    for column, title in enumerate(columns):
        sheet.write_string(0, column, title, bold)
    return sheet
