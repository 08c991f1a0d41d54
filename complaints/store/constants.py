"""Values of ours that stand in a statement itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, literal_column

# Statements that differ by who looks are kept for so many of them, the last ones that looked. What is kept by the same
# viewer on two floors is found again only while both keep as many.
VIEWERS = 128
_PLAIN = re.compile(r"[a-z_]+")


def number(value: int) -> ColumnElement[int]:
    """A number that is the same whenever the statement is asked, such as a bound."""
    return literal_column(str(int(value)), Integer)


def word(value: str) -> ColumnElement[Any]:
    """A word that is the same whenever the statement is asked, such as a state.

    PostgreSQL plans a statement it has met five times once for all values it may be asked with: of a state it then
    takes each for as full as the next, and of a bound a tenth of the table. Raises ValueError for what is no plain
    word: nothing that anybody typed belongs here.
    """
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"not a word of ours: {value[:40]!r}")
    return literal_column(f"'{value}'", String)


def words(values: Iterable[str]) -> list[ColumnElement[Any]]:
    """As `word`, each."""
    return [word(value) for value in values]
