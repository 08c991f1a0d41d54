"""What an address says, as another one may say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# As many digits as a number of any of our columns has; more would overflow the database, or Python's own bound.
_DIGITS = 18


def plain(asked: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What is set, for `url_for`: without what that would read for itself, such as `_scheme` or `endpoint`."""
    given = asked.items() if isinstance(asked, Mapping) else asked
    return {name: said for name, said in given if said and name != "endpoint" and not name.startswith("_")}


def number(text: str) -> int | None:
    """A number that an address names; None for anything else, and for one no row can have."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
