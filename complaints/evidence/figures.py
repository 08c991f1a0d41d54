"""Figures of a period, recounted from the log: each complaint is made up again from its own events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from complaints.evidence.chosen import Chosen
from complaints.evidence.register import on_time
from complaints.evidence.replay import Clocks, Replayed, pages, promised
from complaints.ledger.work import Work

_PAGE = 200


@dataclass
class Figures:
    """Complaints that came in during the period, without test cases; `tests` counts those apart.

    `promises` maps a kind of date to (kept, missed); a date that still runs is in neither.
    """

    received: int = 0
    tests: int = 0
    answered: int = 0
    appeals: int = 0
    types: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    promises: dict[str, list[int]] = field(default_factory=dict)
    versions: Counter[int] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any], clocks: Clocks) -> None:
        """Count one complaint as its events made it."""
        if row["is_test"]:
            self.tests += 1
            return
        self.received += 1
        self.types[row["type"]] += 1
        self.states[row["state"]] += 1
        self.versions[row["policy_version"]] += 1
        self.appeals += bool(row.get("appeals"))
        if row.get("released_at"):
            self.answered += 1
            self.outcomes[row.get("outcome") or "declined"] += 1
        for kind, held in promised(clocks).items():
            kept = on_time(held)
            if kept is not None:
                self.promises.setdefault(kind, [0, 0])[0 if kept else 1] += 1


def replayed(work: Work, chosen: Chosen) -> Iterator[Replayed]:
    """Each complaint of the period as its events make it, oldest first; in bounded memory."""
    for _, page in pages(work, chosen, page=_PAGE):
        # No transaction stays open while the rows are written and progress is told.
        work.session.rollback()
        yield from page
