"""Complaints as their own events make them, up to the end of an order: one moment of the log, whoever writes on."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from complaints.base.clock import from_stamp
from complaints.evidence.chosen import CASES, EVENTS, Chosen, filed, lasting
from complaints.ledger.projection import fold, fold_clocks
from complaints.ledger.work import Work

Clocks = Mapping[tuple[Any, ...], Mapping[str, Any]]


@dataclass(frozen=True)
class Replayed:
    """One complaint: its row and its milestones at the order's end, and beside them its row of today.

    `happened` are its events, the type and the moment of each, in their order; `bodies` what their leaves hold.
    """

    now: Row[Any]
    row: Mapping[str, Any]
    clocks: Clocks
    happened: Sequence[tuple[str, datetime]] = ()
    bodies: Sequence[Mapping[str, Any]] = ()

    @property
    def restricted(self) -> bool:
        """Whether it is of a restricted type, at the order's end or today."""
        return bool(self.row.get("restricted") or self.now.restricted)


def pages(
    work: Work, chosen: Chosen, *, after: int = 0, page: int = 200
) -> Iterator[tuple[int, list[Replayed]]]:
    """Those filed in the period, oldest first, with the last id of each batch; in bounded memory.

    What is not yet in the log's tree at the order's end is left out, and what may change since is held against
    the order as it was then.
    """
    for reached, cases in _rows(work, chosen, after, page):
        # Asked of the session each time, whose rollback then ends it.
        leaves = (
            work.session.connection()
            .execute(
                select(EVENTS.c.stream, EVENTS.c.leaf)
                .where(EVENTS.c.stream.in_([each.uid for each in cases]), EVENTS.c.leaf_index < chosen.size)
                .order_by(EVENTS.c.stream, EVENTS.c.seq)
            )
            .all()
        )
        rows: dict[str, dict[str, Any]] = {}
        clocks: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        happened: dict[str, list[tuple[str, datetime]]] = {}
        bodies: dict[str, list[Mapping[str, Any]]] = {}
        for stream, leaf in leaves:
            body = json.loads(leaf)
            fold(rows.setdefault(stream, {}), body["type"], body["meta"])
            fold_clocks(clocks.setdefault(stream, {}), body["meta"])
            happened.setdefault(stream, []).append((body["type"], from_stamp(body["at"])))
            bodies.setdefault(stream, []).append(body)
        there = [
            Replayed(each, rows[each.uid], clocks[each.uid], happened[each.uid], bodies[each.uid])
            for each in cases
            if each.uid in rows and _wanted(chosen, rows[each.uid])
        ]
        yield reached, there


def _rows(work: Work, chosen: Chosen, after: int, page: int) -> Iterator[tuple[int, Sequence[Row[Any]]]]:
    query = select(CASES).where(*filed(work, chosen)).order_by(CASES.c.id)
    while True:
        connection = work.session.connection()
        if chosen.ids is None:
            cases = connection.execute(query.where(CASES.c.id > after).limit(page)).all()
            looked = [each.id for each in cases]
        else:
            begin = bisect_right(chosen.ids, after)
            looked = list(chosen.ids[begin : begin + page])
            cases = connection.execute(query.where(CASES.c.id.in_(looked))).all() if looked else []
        if not looked:
            return
        after = looked[-1]
        yield after, cases
        if len(looked) < page:
            return


def within(work: Work, chosen: Chosen, streams: Collection[str]) -> set[str]:
    """Those of these streams that are cases of the list."""
    ids = chosen.ids or ()
    rows = work.session.connection().execute(
        select(CASES.c.uid, CASES.c.id).where(CASES.c.uid.in_(streams), *lasting(work, chosen))
    )
    return {uid for uid, row in rows if (at := bisect_left(ids, row)) < len(ids) and ids[at] == row}


def matching(work: Work, chosen: Chosen, streams: Collection[str]) -> set[str]:
    """Those of these complaints whose type and state at the order's end are the ones asked for."""
    rows: dict[str, dict[str, Any]] = {}
    leaves = work.session.connection().execute(
        select(EVENTS.c.stream, EVENTS.c.leaf)
        .where(EVENTS.c.stream.in_(streams), EVENTS.c.leaf_index < chosen.size)
        .order_by(EVENTS.c.stream, EVENTS.c.seq)
    )
    for stream, leaf in leaves:
        body = json.loads(leaf)
        fold(rows.setdefault(stream, {}), body["type"], body["meta"])
    return {stream for stream, row in rows.items() if _wanted(chosen, row)}


def missed(clocks: Clocks) -> list[tuple[str, datetime]]:
    """Each published date that passed unmet, in whichever round, with its moment; oldest first."""
    late = [
        (kind, from_stamp(held["due"]))
        for (_, kind, step, _), held in clocks.items()
        if step == "due" and held.get("publish") and held["state"] == "acted"
    ]
    return sorted(late, key=lambda each: (each[1], each[0]))


def reviews(clocks: Clocks) -> list[str]:
    """The state of the published date of each review, oldest first; the newest revision of each counts."""
    found: dict[int, str] = {}
    for (cycle, kind, step, _), held in sorted(clocks.items()):
        if (kind, step) == ("review", "due") and held.get("publish"):
            found[cycle] = held["state"]
    return list(found.values())


def promised(clocks: Clocks) -> dict[str, str]:
    """The state of each published date of the first round; the newest revision of each counts."""
    found: dict[str, str] = {}
    for (cycle, kind, step, _), held in sorted(clocks.items()):
        if cycle == 0 and step == "due" and held.get("publish"):
            found[kind] = held["state"]
    return found


def _wanted(chosen: Chosen, row: Mapping[str, Any]) -> bool:
    return chosen.type in {"", row["type"]} and chosen.state in {"", row["state"]}
