"""What a table of figures is made of, and how its values are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flask import url_for
from markupsafe import Markup

from complaints.cases.measuring import Promise, Spread
from complaints.cases.narrowing import Filters


@dataclass(frozen=True)
class Part:
    """One table: `rows` begin with their name, `hrefs` says for each value after it where its complaints are listed.

    An empty one: nowhere. `wide`: the drawing takes the whole page, and the table stands below it.
    """

    key: str
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    drawing: Markup | None = None
    legend: Markup | None = None
    wide: bool = False
    hrefs: Sequence[Sequence[str]] = field(default=())
    note: str = ""

    @property
    def lines(self) -> list[list[tuple[str, str]]]:
        """The cells of each row with where they lead: one number by the name of its row, several each by itself."""
        return [
            list(zip(row, (*hrefs, "") if len(hrefs) == 1 else ("", *hrefs), strict=True))
            for row, hrefs in zip(self.rows, self.hrefs, strict=True)
        ]


def flat(tables: Iterable[Part]) -> dict[tuple[str, str, str], str]:
    """Each value by its table, row and column."""
    return {
        (table.title, row[0], column): value
        for table in tables
        for row in table.rows
        for column, value in zip(table.head[1:], row[1:], strict=True)
    }


def listed(n: int, filters: Filters) -> str:
    """The address of a list that is not empty."""
    return url_for("complaints.admin.queue", **filters.address) if n else ""


def share(each: Promise) -> str:
    """How many of those that are over were kept."""
    return "–" if each.rate is None else f"{100 * each.rate:.1f}%"


def hours(each: Spread, seconds: int) -> str:
    """A time in hours; a dash where nothing came so far."""
    return f"{seconds / 3600:,.1f}" if each.count else "–"
