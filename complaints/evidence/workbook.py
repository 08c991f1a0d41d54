"""A workbook: text is text and never a formula or a link, a number is one of ours; a new sheet where the rows of one end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, BinaryIO

from complaints.base.errors import MissingError
from complaints.evidence.cells import rows_of

# Excel's own limit of rows in one sheet, the header row among them.
ROWS = 1_048_576
# Below it no cell can be too long, whatever its characters.
_LONG = 16_000
Cell = str | float | None
GO_ON = "{first} ({n})"


class Book:
    """A workbook being written to `target`, a file that can seek, sheet by sheet; `close` ends it.

    Memory does not grow with the rows (XlsxWriter keeps them in a temporary file without a name). Two runs over the
    same rows give the same bytes. Raises ConfigError when XlsxWriter is not installed.
    """

    def __init__(self, target: BinaryIO, title: str, made: datetime) -> None:
        try:
            import xlsxwriter  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            raise MissingError(
                "xlsx", "an XLSX file needs XlsxWriter; install flask-complaints[xlsx]"
            ) from error
        self._book: Any = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties({"created": made.replace(tzinfo=None), "author": "", "title": title})
        self._bold = self._book.add_format({"bold": True, "bg_color": "#E8EBEE", "bottom": 1})

    def sheet(
        self, name: str, columns: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[Cell]]
    ) -> None:
        """A sheet of figures: its header row stays in sight, an empty cell has nothing to say."""
        sheet = self._begun(name, columns, widths)
        for at, cells in enumerate(rows, 1):
            for column, cell in enumerate(cells):
                if isinstance(cell, str):
                    sheet.write_string(at, column, cell)
                elif cell is not None:
                    sheet.write_number(at, column, cell)

    def texts(
        self,
        name: str,
        columns: Sequence[str],
        widths: Sequence[int],
        batches: Iterable[Sequence[Sequence[str]]],
        *,
        limit: int = ROWS,
        go_on: str = GO_ON,
    ) -> int:
        """Sheets of text, `limit` rows each, numbered by their name; returns how many rows of data there are.

        A text longer than a cell goes on in the row below.
        """
        sheet: Any = None
        at, sheets, total = limit, 0, 0
        for batch in batches:
            for cells in batch:
                total += 1
                for row in rows_of(cells, go_on) if max(map(len, cells)) > _LONG else (cells,):
                    if at >= limit:
                        sheets += 1
                        sheet, at = self._begun(f"{name} {sheets}", columns, widths), 1
                    for column, cell in enumerate(row):
                        if cell:
                            sheet.write_string(at, column, cell)
                    at += 1
        if sheet is None:
            self._begun(f"{name} 1", columns, widths)
        return total

    def close(self) -> None:
        """End the workbook."""
        self._book.close()

    def _begun(self, name: str, columns: Sequence[str], widths: Sequence[int]) -> Any:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for column, title in enumerate(columns):
            sheet.write_string(0, column, title, self._bold)
        return sheet


def write(
    target: BinaryIO,
    name: str,
    columns: Sequence[str],
    widths: Sequence[int],
    batches: Iterable[Sequence[Sequence[str]]],
    *,
    made: datetime,
    limit: int = ROWS,
    go_on: str = GO_ON,
) -> int:
    """Write one table to `target`, as `Book.texts`; returns how many rows of data there are."""
    book = Book(target, name, made)
    total = book.texts(name, columns, widths, batches, limit=limit, go_on=go_on)
    book.close()
    return total
