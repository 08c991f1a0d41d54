"""What every export shares: the event that records it, safe cells, bounded memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from complaints.base.clock import stamp
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work

# OWASP "CSV injection": a cell that starts so may run as a formula when a spreadsheet opens it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff".encode()
_CHUNK = 500


def record_export(
    work: Work, actor: Actor, kind: str, form: str, period: Sequence[datetime | None] = (None, None)
) -> None:
    """Record an export in the system stream, before anything leaves."""
    since, until = (stamp(moment) if moment else None for moment in period)
    record_system(work, "exported", actor, {"kind": kind, "format": form, "since": since, "until": until})


def cell(value: Any) -> str:
    """A value as a CSV cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return stamp(value)
    text = (
        json.dumps(value, ensure_ascii=False, sort_keys=True)
        if isinstance(value, (dict, list))
        else str(value)
    )
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(rows: Iterable[Mapping[str, Any]], form: str, columns: Sequence[str]) -> Iterator[bytes]:
    """Rows as JSON Lines or CSV (UTF-8 with BOM), in chunks; memory does not grow with the number of rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    if form == "csv":
        yield BOM
        writer.writerow(columns)
    pending = 0
    for row in rows:
        if form == "csv":
            writer.writerow([cell(row[column]) for column in columns])
        else:
            buffer.write(json.dumps(_plain(row), ensure_ascii=False) + "\n")
        pending += 1
        if pending == _CHUNK:
            yield _take(buffer)
            pending = 0
    yield _take(buffer)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stamp(value) if isinstance(value, datetime) else value for name, value in row.items()}


def _take(buffer: io.StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data
