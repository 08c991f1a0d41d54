"""Figures of a period, recounted from the log: each complaint is made up again from its own events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from complaints.evidence.chosen import CASES, EVENTS, Chosen, filed
from complaints.evidence.register import on_time
from complaints.ledger.projection import fold, fold_clocks
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

    def add(self, row: dict[str, Any], clocks: dict[tuple[Any, ...], dict[str, Any]]) -> None:
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


def promised(clocks: dict[tuple[Any, ...], dict[str, Any]]) -> dict[str, str]:
    """The state of each published date of the first round; the newest revision of each counts."""
    found: dict[str, str] = {}
    for (cycle, kind, step, _), held in sorted(clocks.items()):
        if cycle == 0 and step == "due" and held.get("publish"):
            found[kind] = held["state"]
    return found


def replayed(
    work: Work, chosen: Chosen
) -> Iterator[tuple[dict[str, Any], dict[tuple[Any, ...], dict[str, Any]]]]:
    """Each complaint of the period as its events make it, oldest first, with its clocks; in bounded memory.

    Events beyond the order's end are left out.
    """
    connection, after = work.session.connection(), 0
    query = select(CASES.c.id, CASES.c.uid).where(*filed(work, chosen)).order_by(CASES.c.id).limit(_PAGE)
    while True:
        page = connection.execute(query.where(CASES.c.id > after)).all()
        if not page:
            return
        after = page[-1].id
        leaves = connection.execute(
            select(EVENTS.c.stream, EVENTS.c.leaf)
            .where(EVENTS.c.stream.in_([each.uid for each in page]), EVENTS.c.leaf_index < chosen.size)
            .order_by(EVENTS.c.stream, EVENTS.c.seq)
        ).all()
        work.session.rollback()
        rows: dict[str, dict[str, Any]] = {}
        clocks: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        for stream, leaf in leaves:
            body = json.loads(leaf)
            fold(rows.setdefault(stream, {}), body["type"], body["meta"])
            fold_clocks(clocks.setdefault(stream, {}), body["meta"])
        for each in page:
            if each.uid in rows:
                yield rows[each.uid], clocks[each.uid]
        if len(page) < _PAGE:
            return
