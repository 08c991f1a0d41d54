"""Read a stream back: its events, and their personal fields where the key still exists."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from complaints.base.clock import from_stamp
from complaints.ledger import private as sealing
from complaints.ledger.work import Work
from complaints.store.tables import Event, PersonKey, Private


@dataclass(frozen=True)
class Entry:
    """One event as people read it; a personal field is None when erased."""

    seq: int
    type: str
    at: datetime
    actor: str
    meta: dict[str, Any]
    personal: dict[str, bytes | None]

    def text(self, field: str) -> str:
        """A personal field as text; empty when absent or erased."""
        return (self.personal.get(field) or b"").decode()

    def data(self, field: str) -> dict[str, Any]:
        """A personal field that holds JSON; empty when absent or erased."""
        held = self.personal.get(field)
        return json.loads(held) if held else {}

    @property
    def role(self) -> str:
        """The actor's role, such as complainant, handler or system."""
        return self.actor.partition(":")[0]

    @property
    def ref(self) -> str:
        """The actor's pseudonym."""
        return self.actor.partition(":")[2] or self.actor


def history(
    work: Work, uid: str, *, types: Collection[str] | None = None, opened: bool = True
) -> list[Entry]:
    """A complaint's events in order, with their personal fields opened unless `opened` is False."""
    query = select(Event.seq, Event.leaf).where(Event.stream == uid).order_by(Event.seq)
    if types is not None:
        query = query.where(Event.type.in_(types))
    if not opened:
        return [entry(leaf, {}) for _, leaf in work.session.execute(query)]
    of_event = (Private.stream == Event.stream) & (Private.seq == Event.seq)
    rows = work.session.execute(
        query.add_columns(Private.field, Private.person, Private.sealed, PersonKey.wrapped)
        .outerjoin(Private, of_event)
        .outerjoin(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
    )
    leaves, fields = dict[int, bytes](), dict[int, dict[str, bytes | None]]()
    keys: dict[str, bytes | None] = {}
    for seq, leaf, field, person, sealed, wrapped in rows:
        leaves[seq] = leaf
        if field is None:
            continue
        if person not in keys:
            keys[person] = sealing.unwrap(work.keys.data, wrapped, uid, person) if wrapped else None
        key = keys[person]
        said = None if key is None else sealing.open_sealed(key, uid, seq, field, sealed)[1]
        fields.setdefault(seq, {})[field] = said
    return [entry(leaf, fields.get(seq, {})) for seq, leaf in leaves.items()]


def entry(leaf: bytes, personal: dict[str, bytes | None]) -> Entry:
    """An event from its leaf bytes; fields that are committed to but not given read as erased."""
    return parsed(json.loads(leaf), personal)


def parsed(body: Mapping[str, Any], personal: Mapping[str, bytes | None]) -> Entry:
    """An event from its leaf's content."""
    return Entry(
        seq=body["seq"],
        type=body["type"],
        at=from_stamp(body["at"]),
        actor=body["actor"],
        meta=body["meta"],
        personal={name: personal.get(name) for name in body["commits"]},
    )


def pauses(entries: Iterable[Entry]) -> tuple[tuple[datetime, datetime | None], ...]:
    """When the clocks stood still, rebuilt from a complaint's events in order; a pause that lasts has no end."""
    found: list[tuple[datetime, datetime | None]] = []
    for each in entries:
        _, paused_at = each.meta.get("change", {}).get("paused_at", (None, ""))
        if paused_at:
            found.append((from_stamp(paused_at), None))
        elif paused_at is None and found:
            found[-1] = (found[-1][0], each.at)
    return tuple(found)


def first_metas(work: Work, uids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the first event of several complaints says in the clear, by uid."""
    rows = work.session.execute(
        select(Event.stream, Event.leaf).where(Event.stream.in_(uids), Event.seq == 1)
    )
    return {stream: json.loads(leaf)["meta"] for stream, leaf in rows}


# Every page of a list asks this: built once.
_BEGUN = (
    select(Event.stream, Event.leaf, Private.person, Private.sealed, PersonKey.wrapped)
    .outerjoin(
        Private,
        (Private.stream == Event.stream) & (Private.seq == 1) & (Private.field == bindparam("field")),
    )
    .outerjoin(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
    .where(Event.stream.in_(bindparam("uids", expanding=True)), Event.seq == 1)
)


@dataclass(frozen=True)
class Begun:
    """The first event of a complaint: its leaf, and one field of it, None where it is erased or was not to be opened."""

    leaf: bytes
    payload: bytes | None

    def says(self, name: str) -> bool:
        """Whether it says something under `name` in the clear."""
        # A leaf is long, and hardly one says it: only those that hold the word at all are read.
        return json.dumps(name).encode() in self.leaf and name in json.loads(self.leaf)["meta"]


def begun(work: Work, uids: Collection[str], field: str, opened: Collection[str]) -> dict[str, Begun]:
    """The first events of several complaints by uid, with one field of those in `opened`; one statement."""
    found = {}
    for stream, leaf, person, sealed, wrapped in work.session.execute(
        _BEGUN, {"uids": list(uids), "field": field}
    ):
        payload = None
        if wrapped is not None and stream in opened:
            key = sealing.unwrap(work.keys.data, wrapped, stream, person)
            payload = sealing.open_sealed(key, stream, 1, field, sealed)[1]
        found[stream] = Begun(leaf, payload)
    return found


def open_first(work: Work, uids: Collection[str], field: str) -> dict[str, bytes]:
    """One field of the first event of several complaints, by uid; erased ones are left out."""
    rows = work.session.execute(
        select(Private.stream, Private.person, Private.sealed, PersonKey.wrapped)
        .join(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
        .where(Private.stream.in_(uids), Private.seq == 1, Private.field == field)
    )
    found = {}
    for stream, person, sealed, wrapped in rows:
        key = sealing.unwrap(work.keys.data, wrapped, stream, person)
        found[stream] = sealing.open_sealed(key, stream, 1, field, sealed)[1]
    return found


def with_first(
    work: Work, query: Select[Any], uid: InstrumentedAttribute[str], field: str
) -> list[tuple[Any, bytes]]:
    """What `query` finds, each with one field of the first event of its complaint, in one statement.

    `uid` is the query's column that names the complaint; of whom the field is erased is left out.
    """
    rows = work.session.execute(
        query.add_columns(uid, Private.person, Private.sealed, PersonKey.wrapped)
        .join(Private, (Private.stream == uid) & (Private.seq == 1) & (Private.field == field))
        .join(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
    )
    found = []
    for what, stream, person, sealed, wrapped in rows:
        key = sealing.unwrap(work.keys.data, wrapped, stream, person)
        found.append((what, sealing.open_sealed(key, stream, 1, field, sealed)[1]))
    return found


def open_fields(
    work: Work, uids: Collection[str], fields: Collection[str]
) -> dict[tuple[str, int, str], bytes]:
    """Some fields of several complaints, by uid, sequence number and name, in their order; erased ones are left out."""
    rows = work.session.execute(
        select(Private.stream, Private.seq, Private.field, Private.person, Private.sealed, PersonKey.wrapped)
        .join(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
        .where(Private.stream.in_(uids), Private.field.in_(fields))
    )
    found, keys = {}, dict[tuple[str, str], bytes]()
    for row in sorted(rows, key=lambda each: (each.stream, each.seq, each.field)):
        person = (row.stream, row.person)
        if person not in keys:
            keys[person] = sealing.unwrap(work.keys.data, row.wrapped, *person)
        payload = sealing.open_sealed(keys[person], row.stream, row.seq, row.field, row.sealed)[1]
        found[row.stream, row.seq, row.field] = payload
    return found


def newest_texts(
    work: Work, uids: Collection[str], event_type: str, field: str
) -> dict[str, tuple[datetime, str]]:
    """When the newest event of a type came to several complaints, and what one field of it says, by uid.

    Erased words read as empty.
    """
    if not uids:
        return {}
    heads = (
        select(Event.stream, func.max(Event.seq).label("seq"))
        .where(Event.stream.in_(uids), Event.type == event_type)
        .group_by(Event.stream)
        .subquery()
    )
    query = (
        select(Event.stream, Event.seq, Event.at, Private.person, Private.sealed, PersonKey.wrapped)
        .join(heads, (heads.c.stream == Event.stream) & (heads.c.seq == Event.seq))
        .outerjoin(
            Private,
            (Private.stream == Event.stream) & (Private.seq == Event.seq) & (Private.field == field),
        )
        .outerjoin(PersonKey, (PersonKey.stream == Private.stream) & (PersonKey.person == Private.person))
    )
    found = {}
    for stream, seq, at, person, sealed, wrapped in work.session.execute(query):
        text = b""
        if wrapped is not None:
            key = sealing.unwrap(work.keys.data, wrapped, stream, person)
            text = sealing.open_sealed(key, stream, seq, field, sealed)[1]
        found[stream] = (at, text.decode())
    return found
