"""The handling log, leaf by leaf in the order of the tree: who did what when, without personal data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from complaints.evidence import naming
from complaints.evidence.cells import Guard
from complaints.evidence.chosen import CASES, EVENTS, Chosen, logged
from complaints.evidence.replay import matching, within
from complaints.ledger.proof import leaf_hash
from complaints.ledger.work import Work

COLUMNS = (
    "index",
    "number",
    "test",
    "at",
    "type",
    "actor",
    "seq",
    "stream",
    "meta",
    "commits",
    "prev",
    "hash",
)
WIDTHS = (8, 20, 6, 28, 16, 24, 6, 34, 60, 30, 66, 66)
# RFC 8785 sorts a leaf's names, so that its parts can be cut out; what does not look so is read as JSON.
_LEAF = re.compile(
    r'\{"actor":"([a-z][^"\\]*)","at":"([0-9T:.Z-]+)","commits":(\{[^{}]*\}),"meta":(\{.*\}),"origin":"[^"\\]*",'
    r'"prev":"([0-9a-f]{64})","seq":([0-9]+),"stream":"([0-9a-z]+)","type":"([a-z_]+)","v":[0-9]+\}',
    re.DOTALL,
)
_PAGE = 2000
_KNOWN = 20_000

Row = tuple[int, str, bytes, str, bool]


def batches(work: Work, chosen: Chosen, after: int = -1) -> Iterator[tuple[int, list[Row]]]:
    """Rows (index, stream, leaf, number, test) beyond index `after`, with the last index of each batch.

    Memory does not grow with the number of rows.
    """
    query = (
        select(EVENTS.c.leaf_index, EVENTS.c.stream, EVENTS.c.leaf)
        .where(*logged(work, chosen))
        .order_by(EVENTS.c.leaf_index)
        .limit(_PAGE)
    )
    known = dict[str, tuple[str, bool]]()
    # Other than asked for at the order's end, whatever they are today; or no case of the list.
    left_out = set[str]()
    narrowed = within if chosen.ids is not None else matching if chosen.type or chosen.state else None
    while True:
        # Asked of the session each time: what is read on a connection of one's own, no rollback of the session ends.
        connection = work.session.connection()
        page = connection.execute(query.where(EVENTS.c.leaf_index > after)).all()
        if not page:
            work.session.rollback()
            return
        if len(known) > _KNOWN:
            known.clear()
            left_out.clear()
        fresh = {row[1] for row in page} - known.keys()
        _learn(connection, known, fresh)
        if narrowed is not None:
            left_out -= fresh
            left_out |= fresh - narrowed(work, chosen, fresh)
        hidden = naming.among(connection, page) if chosen.lacking else set[int]()
        after = page[-1][0]
        # No transaction stays open while the rows are written and progress is told.
        work.session.rollback()
        yield (
            after,
            [
                (index, stream, leaf, *known[stream])
                for index, stream, leaf in page
                if stream not in left_out and index not in hidden
            ],
        )
        if len(page) < _PAGE:
            return


def jsonl(rows: Sequence[Row]) -> bytes:
    """JSON Lines: place, hash, number, mark, and last the leaf itself, byte for byte as it was hashed."""
    lines = []
    for index, _, leaf, number, test in rows:
        said = f'"{number}"' if number else "null"
        head = f'{{"index":{index},"hash":"{leaf_hash(leaf).hex()}","number":{said},"test":{"true" if test else "false"},"leaf":'
        lines.append(b"%b%b}\n" % (head.encode(), leaf))
    return b"".join(lines)


def table(rows: Sequence[Row], guard: Guard) -> list[Sequence[str]]:
    """The same as cells, in the order of COLUMNS; no cell holds a control character (RFC 8785 escapes them)."""
    found: list[Sequence[str]] = []
    for index, _, leaf, number, test in rows:
        parts = _LEAF.fullmatch(text := leaf.decode())
        if parts is None:
            found.append(_slowly(index, leaf, number, test, guard))
            continue
        actor, at, commits, meta, prev, seq, stream, kind = parts.groups()
        # The other cells begin with a letter, a digit or a brace; only this one can hold a foreign separator.
        if ";" in text:
            actor, meta = guard(actor), guard(meta)
        found.append(
            (
                str(index),
                number,
                "yes" if test else "no",
                at,
                kind,
                actor,
                seq,
                stream,
                meta,
                commits,
                prev,
                leaf_hash(leaf).hex(),
            )
        )
    return found


def _slowly(index: int, leaf: bytes, number: str, test: bool, guard: Guard) -> list[str]:
    body = json.loads(leaf)
    texts = {
        name: value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        for name, value in body.items()
    }
    texts |= {
        "index": str(index),
        "number": number,
        "test": "yes" if test else "no",
        "hash": leaf_hash(leaf).hex(),
    }
    return [guard(texts[name]) for name in COLUMNS]


def _learn(connection: Any, known: dict[str, tuple[str, bool]], streams: set[str]) -> None:
    known.update(dict.fromkeys(streams, ("", False)))
    rows = connection.execute(
        select(CASES.c.uid, CASES.c.number, CASES.c.is_test).where(CASES.c.uid.in_(streams))
    )
    known.update({uid: (number, bool(test)) for uid, number, test in rows})
