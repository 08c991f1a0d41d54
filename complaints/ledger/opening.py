"""Open a complaint's stream: its first event and all its rows, computed before the transaction begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Table, insert, select

from complaints.ledger import private as sealing
from complaints.ledger.entries import Clock, Personal, leaf_bytes, milestone_row
from complaints.ledger.projection import COLUMNS, fold, plain
from complaints.ledger.proof import ZERO, leaf_hash
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint, Event, Milestone, PersonKey, Private, Stream

# Kept, because SQLAlchemy finds the compiled text of a statement it has seen without walking it again.
_COMPLAINT, _STREAM, _EVENT, _KEY, _PRIVATE, _MILESTONE = (
    insert(cast("Table", table.__table__))
    for table in (Complaint, Stream, Event, PersonKey, Private, Milestone)
)


@dataclass(frozen=True)
class Opening:
    """Rows of a new stream, all computed before the transaction begins; `insert_opening` writes them."""

    stream: str
    complaint: dict[str, Any]
    event: dict[str, Any]
    milestones: tuple[dict[str, Any], ...]
    private: tuple[dict[str, Any], ...]
    keys: tuple[dict[str, Any], ...]
    data_keys: Mapping[str, bytes]
    hash: bytes


def prepare_opening(
    work: Work,
    uid: str,
    event_type: str,
    actor: Actor,
    *,
    row: Mapping[str, Any],
    hashes: Mapping[str, Any],
    meta: Mapping[str, Any],
    clocks: Sequence[Clock],
    personal: Mapping[str, Personal],
    data_keys: Mapping[str, bytes] | None = None,
) -> Opening:
    """Seal and hash the first event of a complaint; touches no database and no file.

    `row` holds the projection's columns, `hashes` the keyed ones. A person's data key is made here unless
    `data_keys` brings it (files sealed beforehand).
    """
    keys = dict(data_keys or {})
    for field in personal.values():
        keys.setdefault(field.person, sealing.new_data_key())
    sealed = {
        name: sealing.seal(keys[field.person], uid, 1, name, field.payload)
        for name, field in personal.items()
    }
    change = {name: [None, plain(row[name])] for name in COLUMNS if row.get(name) is not None}
    leaf = leaf_bytes(
        work,
        (uid, 1, ZERO),
        event_type,
        actor,
        {**meta, "change": change, "clocks": [clock.plain() for clock in clocks]},
        {name: field.commit for name, field in sealed.items()},
    )
    folded: dict[str, Any] = {}
    fold(folded, event_type, {"change": change})
    return Opening(
        stream=uid,
        complaint={**dict.fromkeys(COLUMNS), **folded, **hashes, "uid": uid},
        event={"stream": uid, "seq": 1, "type": event_type, "at": work.now, "leaf": leaf},
        milestones=tuple(milestone_row(clock) for clock in clocks),
        private=tuple(
            {"stream": uid, "seq": 1, "field": name, "person": personal[name].person, "sealed": field.sealed}
            for name, field in sealed.items()
        ),
        keys=tuple(
            {"stream": uid, "person": person, "wrapped": sealing.wrap(work.keys.data, key, uid, person)}
            for person, key in keys.items()
        ),
        data_keys=keys,
        hash=leaf_hash(leaf),
    )


def insert_opening(work: Work, opening: Opening) -> int:
    """Write a prepared opening; returns the complaint's id. Raises IntegrityError on a repeated filing."""
    # Straight on the session's connection: nothing here is an object the session could know.
    connection = work.session.connection(bind_arguments={"clause": Complaint.__table__})
    inserted = connection.execute(_COMPLAINT, [opening.complaint])
    connection.execute(_STREAM, [{"uid": opening.stream, "seq": 1, "head": opening.hash}])
    connection.execute(_EVENT, [opening.event])
    primary_key = inserted.inserted_primary_key
    complaint_id = int(primary_key[0]) if primary_key else _id_of(work, opening.stream)
    if opening.keys:
        connection.execute(_KEY, list(opening.keys))
    if opening.private:
        connection.execute(_PRIVATE, list(opening.private))
    if opening.milestones:
        rows = [{**milestone, "complaint_id": complaint_id} for milestone in opening.milestones]
        connection.execute(_MILESTONE, rows)
    row = opening.complaint
    work.happened(row["number"], opening.event["type"], 1, is_test=row["is_test"])
    return complaint_id


def _id_of(work: Work, uid: str) -> int:
    return work.session.scalars(select(Complaint.id).where(Complaint.uid == uid)).one()
