"""Reading is an event too: one per operator, case and hour, written before anything is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from complaints.ledger import journal
from complaints.ledger.journal import SYSTEM_STREAM, Personal
from complaints.ledger.private import OPERATOR
from complaints.ledger.reading import Entry
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Event

HOUR = timedelta(hours=1)
# Every list and case page asks this: built once.
_SINCE = select(Event.leaf).where(
    Event.stream == bindparam("stream"), Event.type == bindparam("type"), Event.at >= bindparam("since")
)


def looked(work: Work, stream: str, actor: Actor, event_type: str, **what: Any) -> bool:
    """Whether this reading stands in the log within this hour; `what` is compared with the event's meta."""
    asked = {"stream": stream, "type": event_type, "since": _hour(work.now)}
    leaves = work.session.scalars(_SINCE, asked)
    return any(_same(json.loads(leaf), actor, what) for leaf in leaves)


def stands(entries: Sequence[Entry], actor: Actor, now: datetime, **what: Any) -> bool:
    """As `looked`, of a case's opening, from events that have been read already."""
    return any(
        entry.type == "viewed"
        and entry.at >= _hour(now)
        and _same({"actor": entry.actor, "meta": entry.meta}, actor, what)
        for entry in reversed(entries)
    )


def view(work: Work, uid: str, actor: Actor, **what: Any) -> None:
    """Record that an operator opens a case, or with `what` a part of it (contact, file), once an hour."""
    if not looked(work, uid, actor, "viewed", **what):
        journal.record(work, journal.lock(work, uid), "viewed", actor, meta=what)


def open_stored(work: Work, uid: str, actor: Actor, reason: str) -> None:
    """Record why an operator reads, for this hour, a case that is only stored."""
    if not looked(work, uid, actor, "viewed", stored=True):
        personal = {"note": Personal(OPERATOR, reason.encode())}
        case = journal.lock(work, uid)
        journal.record(work, case, "viewed", actor, meta={"stored": True}, personal=personal)


def download(work: Work, uid: str, actor: Actor, file: str) -> None:
    """Record that an operator takes an original away; each time."""
    journal.record(work, journal.lock(work, uid), "downloaded", actor, meta={"file": file})


def browse(work: Work, actor: Actor, what: str = "queue") -> None:
    """Record that an operator reads excerpts in a list, or searches, once an hour; never the words searched for.

    In the system's own stream.
    """
    if not browsed(work, actor, what):
        journal.record_system(work, "browsed", actor, {"what": what})


def browsed(work: Work, actor: Actor, what: str = "queue") -> bool:
    """Whether that stands in the log within this hour."""
    return looked(work, SYSTEM_STREAM, actor, "browsed", what=what)


def others(entries: list[Entry], actor: Actor, now: datetime) -> list[tuple[str, datetime]]:
    """Who else opened the case within the last hour, and when: reference and time, newest first."""
    found: dict[str, datetime] = {}
    for entry in reversed(entries):
        if now - entry.at > HOUR:
            break
        if entry.type == "viewed" and entry.ref != actor.ref:
            found.setdefault(entry.ref, entry.at)
    return list(found.items())


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _same(leaf: Mapping[str, Any], actor: Actor, what: Mapping[str, Any]) -> bool:
    return bool(
        leaf["actor"] == str(actor)
        and all(leaf["meta"].get(key) == value for key, value in what.items())
        and (what or not {"contact", "file", "stored"} & leaf["meta"].keys())
    )
