"""Chosen cases in a period's bundle: each as a whole, masked, with the proof that its events are in the log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select

from complaints.base.errors import NotFoundError
from complaints.evidence import export
from complaints.evidence.archive import Archive
from complaints.evidence.chosen import CASES, PAPERS, Chosen, refusals
from complaints.ledger.sequencer import tiles
from complaints.ledger.tree import Tiles
from complaints.ledger.work import Work
from complaints.store.tables import Event

# What one bundle takes; each is a document, and somebody reads it.
MOST = 100


def add(work: Work, archive: Archive, chosen: Chosen, font: str) -> list[dict[str, Any]]:
    """Put each of `chosen.cases` in, as the log has it at `chosen.size`; returns their lines of the manifest.

    The rules of the order hold again: raises NotFoundError with the number of a case that may not leave, for one
    may have been restricted since. Members are named by their place in the order.
    """
    found = []
    for place, number in enumerate(chosen.cases, 1):
        row = work.session.execute(
            select(CASES.c.uid, CASES.c.is_test).where(CASES.c.number == number)
        ).first()
        if row is None or refusals(work, [number], restricted=False):
            raise NotFoundError(number)
        signed = leaves(work, select(CASES.c.uid).where(CASES.c.number == number), chosen.size)
        if not signed:
            raise NotFoundError(number)
        folder = f"cases/{place}"
        events(archive, tiles(work.session), signed, chosen.size, folder)
        form = chosen.paper or PAPERS[0]
        paper = replace(chosen, kind="case", form=form, number=number, cases=(), restricted=False)
        archive.write(f"{folder}/case.{form}", export.stream(work, paper, font))
        said = {"number": number, "stream": row.uid, "events": len(signed), "test": bool(row.is_test)}
        found.append({**said, "folder": folder})
    return found


def leaves(work: Work, uid: Select[Any], size: int) -> Sequence[Any]:
    """The events (leaf_index, leaf, seq) of the complaint that `uid` selects which a tree of `size` holds."""
    query = (
        select(Event.leaf_index, Event.leaf, Event.seq)
        .where(Event.stream.in_(uid), Event.leaf_index < size)
        .order_by(Event.seq)
    )
    found: Sequence[Any] = work.session.execute(query).all()
    return found


def events(archive: Archive, tree: Tiles, rows: Sequence[Any], size: int, folder: str) -> None:
    """Write a case's leaves, and the path from each to the root over `size` leaves."""
    archive.write(f"{folder}/leaves.jsonl", (row.leaf + b"\n" for row in rows))
    paths = (
        {"index": row.leaf_index, "path": [each.hex() for each in tree.inclusion(row.leaf_index, size)]}
        for row in rows
    )
    archive.write(
        f"{folder}/paths.jsonl", (json.dumps(each, sort_keys=True).encode() + b"\n" for each in paths)
    )
