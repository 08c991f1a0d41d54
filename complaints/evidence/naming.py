"""Which events name a complaint of a restricted type besides their own: whoever may not know of it reads none of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from complaints.evidence.chosen import CASES, EVENTS
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.work import Work

# What can name another: orders of files, links, and whatever joins a complaint to another or ends that.
_TYPES = ("exported", "linked", "unlinked", "merged", "unmerged", "withdrawn")
_PAGE = 2000


def among(connection: Connection, rows: Sequence[Any]) -> set[int]:
    """Of rows (place, stream, leaf) the places of those that name one."""
    named: dict[int, set[str]] = {}
    for place, stream, leaf in rows:
        if stream == SYSTEM_STREAM and b'"type":"exported"' in leaf:
            meta = json.loads(leaf)["meta"]
            named[place] = {*meta.get("cases", ()), meta.get("number", "")}
        elif b'"other":"' in leaf or b'"merged_into":[' in leaf:
            meta = json.loads(leaf)["meta"]
            named[place] = {meta.get("other", ""), *meta.get("change", {}).get("merged_into", ())} - {None}
    said = set[str]().union(*named.values())
    restricted = select(CASES.c.number, CASES.c.uid).where(
        or_(CASES.c.number.in_(said), CASES.c.uid.in_(said)), CASES.c.restricted
    )
    hidden = {word for row in connection.execute(restricted) for word in row} if said else set[str]()
    return {place for place, words in named.items() if words & hidden}


def count(work: Work, wanted: Sequence[ColumnElement[bool]]) -> int:
    """How many events that meet this name one; read by pages, and few are of a type that can."""
    query = (
        select(EVENTS.c.id, EVENTS.c.stream, EVENTS.c.leaf)
        .where(*wanted, EVENTS.c.type.in_(_TYPES))
        .order_by(EVENTS.c.id)
        .limit(_PAGE)
    )
    number, after, connection = 0, 0, work.session.connection()
    while True:
        page = connection.execute(query.where(EVENTS.c.id > after)).all()
        number += len(among(connection, page))
        if len(page) < _PAGE:
            return number
        after = page[-1][0]
