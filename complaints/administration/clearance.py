"""Who was given sight of restricted types, when and by whom, read from the installation's own events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from complaints.administration import api_keys, roster
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.ledger.work import Work

_TYPES = ("operator_added", "operator_changed", "api_key_created")


@dataclass(frozen=True)
class Cleared:
    """Somebody who may see restricted types, or a key; and the event of the system's stream that gave it.

    Of a host's users nothing is known but the name: `seq` is 0 then.
    """

    name: str
    key: bool = False
    seq: int = 0
    at: datetime | None = None
    by: str = ""


def cleared(work: Work) -> list[Cleared]:
    """Everybody who may see restricted types now, people first; events are found by the index of their type."""
    here, given = roster.read(work), _given(work)
    people = [(one.ref, one.name, False) for one in here.staff if one.restricted]
    keys = [
        (row.ref, row.name, True)
        for row in api_keys.everything(work)
        if row.restricted and api_keys.state(work, row) == "active"
    ]
    found = []
    for ref, name, key in (*people, *keys):
        seq, at, by = given.get(ref, (0, None, ""))
        found.append(Cleared(name, key, seq, at, here.names.get(by, by)))
    return found


def _given(work: Work) -> Mapping[str, tuple[int, datetime, str]]:
    found: dict[str, tuple[int, datetime, str]] = {}
    for entry in history(work, SYSTEM_STREAM, types=_TYPES, opened=False):
        ref = entry.meta.get("operator") or entry.meta["key"]
        if not entry.meta["restricted"]:
            found.pop(ref, None)
        else:
            # It has held since the first of an unbroken row.
            found.setdefault(ref, (entry.seq, entry.at, entry.ref))
    return found
