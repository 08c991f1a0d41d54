"""Long lists of a case page, newest first asked for: a stretch at a time, so that no page outgrows a slow line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from complaints.cases.queries import COUNTED

# A stretch ends with the first of these that is reached: entries, or characters of what was written.
MOST, LONGEST = 30, 4_000
_LISTS = ("talk", "notes", "log", "dates", "joined", "similar", "linked")


@dataclass(frozen=True)
class Stretch:
    """Some of a list, in its order, with the addresses of what came before and after it; empty for none.

    `left` counts what is still earlier; `places` say in which stretch a row with an id is, None for the first.
    """

    rows: Sequence[Any]
    earlier: str
    later: str
    left: int
    places: Mapping[str, int | None]


@dataclass(frozen=True)
class Part:
    """A page of a list that is too long to be read whole: rows `first` to `last` of `total`, which is in words.

    `before` and `after` are the addresses of the pages beside it; empty for none.
    """

    rows: Sequence[Any]
    page: int
    first: int
    last: int
    total: str
    before: str
    after: str


def part(rows: Sequence[Any], name: str, number: str, page: int, total: int, most: int) -> Part:
    """The rows that stand on this page of a list, `most` on each."""
    first = most * (page - 1)
    return Part(
        rows,
        page,
        first + 1,
        first + len(rows),
        f"{total:,}" if total <= COUNTED else f"{COUNTED:,}+",
        _address(number, name, page - 1) if page > 1 else "",
        _address(number, name, page + 1) if first + most < total else "",
    )


def within(name: str, total: int, most: int) -> int:
    """Which page of a list the address asks for, or the last one."""
    return min(asked(name), max(1, -(-total // most)))


def stretch(
    rows: Sequence[Any], name: str, number: str, *, newest_last: bool, length: Callable[[Any], int]
) -> Stretch:
    """The part of a list that the address asks for under `name`; by default the newest."""
    pages = _pages(rows[::-1] if newest_last else rows, length)
    at = min(asked(name), len(pages)) - 1
    shown = pages[at] if pages else []
    return Stretch(
        shown[::-1] if newest_last else shown,
        _address(number, name, at + 2) if at + 1 < len(pages) else "",
        _address(number, name, at) if at > 0 else "",
        sum(len(page) for page in pages[at + 1 :]),
        {row["id"]: n if n > 1 else None for n, page in enumerate(pages, 1) for row in page if "id" in row},
    )


def _pages(rows: Sequence[Any], length: Callable[[Any], int]) -> list[list[Any]]:
    pages: list[list[Any]] = []
    filled = 0
    for row in rows:
        if not pages or len(pages[-1]) == MOST or (pages[-1] and filled + length(row) > LONGEST):
            pages.append([])
            filled = 0
        pages[-1].append(row)
        filled += length(row)
    return pages


def asked(name: str) -> int:
    """Which page of a list the address asks for, whether there is one or not."""
    given = request.args.get(name, "")
    return max(1, int(given)) if given.isdecimal() and len(given) < 4 else 1  # noqa: PLR2004 - no list is that long


def _address(number: str, name: str, page: int) -> str:
    """The case with this list at another stretch; the other lists stay where they are."""
    kept = {each: request.args[each] for each in _LISTS if each != name and each in request.args}
    if page > 1:
        kept[name] = str(page)
    return url_for("complaints.admin.case", number=number, _anchor=name, **kept)  # type: ignore[arg-type]  # strings
