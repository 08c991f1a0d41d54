"""The only writer of the handling log: one call changes a complaint and records the change.

The stream's row is locked before the complaint is read, so that no two writers build on the same head;
`UNIQUE(stream, seq)` stands behind the lock. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785
from sqlalchemy import insert, select, update

from complaints.base.clock import stamp
from complaints.base.errors import ConflictError, NotFoundError
from complaints.ledger import private as sealing
from complaints.ledger.projection import COLUMNS, fold, plain
from complaints.ledger.proof import VERSION, ZERO, leaf_hash
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint, Event, Milestone, PersonKey, Private, Stream

SYSTEM_STREAM = "system"


@dataclass(frozen=True)
class Personal:
    """One personal field of an event: whose it is and its bytes."""

    person: str
    payload: bytes


@dataclass(frozen=True)
class Clock:
    """One milestone's change: a new one carries `due`, an existing one its new state or due date."""

    cycle: int
    kind: str
    step: str
    revision: int
    values: Mapping[str, Any]

    def plain(self) -> dict[str, Any]:
        """As it stands in a leaf."""
        shown = {("due" if name == "due_at" else name): plain(value) for name, value in self.values.items()}
        return {"cycle": self.cycle, "kind": self.kind, "step": self.step, "rev": self.revision, **shown}


@dataclass(frozen=True)
class Written:
    """What became of an event: its place in the stream and its leaf's hash."""

    seq: int
    leaf: bytes
    hash: bytes


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
    leaf = _leaf(
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
        milestones=tuple(_milestone_row(clock) for clock in clocks),
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
    session = work.session
    inserted = session.execute(insert(Complaint.__table__), [opening.complaint])  # type: ignore[arg-type]  # Table
    session.execute(insert(Stream.__table__), [{"uid": opening.stream, "seq": 1, "head": opening.hash}])  # type: ignore[arg-type]  # Table
    session.execute(insert(Event.__table__), [opening.event])  # type: ignore[arg-type]  # Table
    primary_key = inserted.inserted_primary_key  # type: ignore[attr-defined]  # an INSERT's CursorResult has it
    complaint_id = int(primary_key[0]) if primary_key else _id_of(work, opening.stream)
    if opening.keys:
        session.execute(insert(PersonKey.__table__), list(opening.keys))  # type: ignore[arg-type]  # Table
    if opening.private:
        session.execute(insert(Private.__table__), list(opening.private))  # type: ignore[arg-type]  # Table
    if opening.milestones:
        session.execute(
            insert(Milestone.__table__),  # type: ignore[arg-type]  # Table
            [{**milestone, "complaint_id": complaint_id} for milestone in opening.milestones],
        )
    return complaint_id


def lock(work: Work, uid: str, *, version: int | None = None) -> Complaint:
    """Lock a complaint's stream, then read the complaint afresh.

    Raises NotFoundError for an unknown uid and ConflictError when `version` is not the present one.
    """
    head = work.session.scalar(
        select(Stream).where(Stream.uid == uid).with_for_update().execution_options(populate_existing=True)
    )
    case = work.session.scalar(
        select(Complaint).where(Complaint.uid == uid).execution_options(populate_existing=True)
    )
    if head is None or case is None:
        raise NotFoundError("no such complaint")
    if version is not None and case.version != version:
        raise ConflictError("somebody else changed this complaint in the meantime; nothing was written")
    return case


def record(
    work: Work,
    case: Complaint,
    event_type: str,
    actor: Actor,
    *,
    change: Mapping[str, Any] | None = None,
    meta: Mapping[str, Any] | None = None,
    clocks: Sequence[Clock] = (),
    personal: Mapping[str, Personal] | None = None,
) -> Written:
    """Write one event of a locked complaint and apply it to the complaint's row and milestones.

    `change` maps a projection column to its new value; unchanged values are left out of the leaf.
    `clocks` are new or changed milestones, `personal` goes sealed beside the leaf. Flushes, never commits.
    """
    session = work.session
    head = session.get_one(Stream, case.uid)
    seq = head.seq + 1
    changed = {
        name: [plain(getattr(case, name)), plain(value)]
        for name, value in (change or {}).items()
        if getattr(case, name) != value
    }
    body: dict[str, Any] = dict(meta or {})
    if changed:
        body["change"] = changed
    if clocks:
        body["clocks"] = [clock.plain() for clock in clocks]
    sealed = _seal(work, case.uid, seq, personal or {})
    written = _append(
        work, head, event_type, actor, body, {name: item.commit for name, item in sealed.items()}
    )
    row = {name: getattr(case, name) for name in (*COLUMNS, "version")}
    fold(row, event_type, body)
    for name in (*changed, "version", "due_next"):
        setattr(case, name, row[name])
    session.flush()
    _store_private(work, case.uid, seq, personal or {}, sealed)
    apply_clocks(work, case.id, clocks)
    return written


def record_system(work: Work, event_type: str, actor: Actor, meta: Mapping[str, Any]) -> Written:
    """Write one event of the installation's own stream: policy, calendar, keys, exports, heartbeats."""
    session = work.session
    head = session.scalar(
        select(Stream)
        .where(Stream.uid == SYSTEM_STREAM)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if head is None:
        head = Stream(uid=SYSTEM_STREAM, seq=0, head=ZERO)
        session.add(head)
    written = _append(work, head, event_type, actor, dict(meta), {})
    session.flush()
    return written


def apply_clocks(work: Work, complaint_id: int, clocks: Iterable[Clock]) -> None:
    """Write milestone changes that an event has just recorded."""
    fresh = []
    for clock in clocks:
        if "publish" in clock.values:
            fresh.append({**_milestone_row(clock), "complaint_id": complaint_id})
            continue
        work.session.execute(
            update(Milestone)
            .where(
                Milestone.complaint_id == complaint_id,
                Milestone.cycle == clock.cycle,
                Milestone.kind == clock.kind,
                Milestone.step == clock.step,
                Milestone.revision == clock.revision,
            )
            .values(**clock.values)
            .execution_options(synchronize_session="fetch")
        )
    if fresh:
        work.session.execute(insert(Milestone.__table__), fresh)  # type: ignore[arg-type]  # Table


def data_key(work: Work, uid: str, person: str, *, create: bool = False) -> bytes | None:
    """The unwrapped data key of one person in one complaint; None once erased (or never made)."""
    row = work.session.get(PersonKey, (uid, person))
    if row is not None:
        return sealing.unwrap(work.keys.data, row.wrapped, uid, person)
    if not create:
        return None
    key = sealing.new_data_key()
    work.session.add(
        PersonKey(stream=uid, person=person, wrapped=sealing.wrap(work.keys.data, key, uid, person))
    )
    work.session.flush()
    return key


def _id_of(work: Work, uid: str) -> int:
    return work.session.scalars(select(Complaint.id).where(Complaint.uid == uid)).one()


def _milestone_row(clock: Clock) -> dict[str, Any]:
    return {
        "cycle": clock.cycle,
        "kind": clock.kind,
        "step": clock.step,
        "revision": clock.revision,
        "acted_at": None,
        **clock.values,
    }


def _seal(work: Work, uid: str, seq: int, personal: Mapping[str, Personal]) -> dict[str, sealing.Sealed]:
    sealed = {}
    for name, field in personal.items():
        key = data_key(work, uid, field.person, create=True)
        assert key is not None
        sealed[name] = sealing.seal(key, uid, seq, name, field.payload)
    return sealed


def _store_private(
    work: Work, uid: str, seq: int, personal: Mapping[str, Personal], sealed: Mapping[str, sealing.Sealed]
) -> None:
    if not personal:
        return
    rows = [
        {"stream": uid, "seq": seq, "field": name, "person": field.person, "sealed": sealed[name].sealed}
        for name, field in personal.items()
    ]
    work.session.execute(insert(Private.__table__), rows)  # type: ignore[arg-type]  # Table


def _append(
    work: Work,
    head: Stream,
    event_type: str,
    actor: Actor,
    meta: Mapping[str, Any],
    commits: Mapping[str, str],
) -> Written:
    leaf = _leaf(work, (head.uid, head.seq + 1, head.head), event_type, actor, meta, commits)
    head.seq += 1
    head.head = leaf_hash(leaf)
    work.session.add(
        Event(stream=head.uid, seq=head.seq, type=event_type, at=work.now, leaf=leaf, leaf_index=None)
    )
    return Written(head.seq, leaf, head.head)


def _leaf(
    work: Work,
    place: tuple[str, int, bytes],
    event_type: str,
    actor: Actor,
    meta: Mapping[str, Any],
    commits: Mapping[str, str],
) -> bytes:
    stream, seq, previous = place
    return rfc8785.dumps(
        {
            "v": VERSION,
            "origin": work.origin,
            "stream": stream,
            "seq": seq,
            "prev": previous.hex(),
            "type": event_type,
            "at": stamp(work.now),
            "actor": str(actor),
            "meta": dict(meta),
            "commits": dict(commits),
        }
    )
