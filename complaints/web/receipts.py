"""What a browser may see again for half an hour after filing: number and secret, in its own session."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import session

from complaints.cases.intake import Filed

MINUTES = 30
_NAME = "complaints_receipts"
# A cookie holds four kilobytes; nobody files more often on one device in half an hour.
_MOST = 5


@dataclass(frozen=True)
class Opened:
    """A receipt this browser may open; `discreet` belongs to a sensitive type."""

    number: str
    secret: str
    discreet: bool


def keep(filed: Filed, secret: str, *, discreet: bool) -> None:
    """Let this browser open the receipt for half an hour."""
    kept = [row for row in _rows() if row[0] != filed.number]
    session[_NAME] = [*kept, [filed.number, secret, int(time.time()), discreet]][-_MOST:]


def opened(number: str) -> Opened | None:
    """The receipt of this number, if this browser may still open it."""
    for row in _rows():
        if row[0] == number:
            return Opened(str(row[0]), str(row[1]), bool(row[3]))
    return None


def forget() -> None:
    """Close every receipt on this device."""
    session.pop(_NAME, None)


def _rows() -> list[list[object]]:
    since = time.time() - MINUTES * 60
    return [row for row in session.get(_NAME, []) if row[2] > since]
