"""The only writer of the handling log: one call changes a complaint and records the change.

The stream's row is locked before the complaint is read, so that no two writers build on the same head;
`UNIQUE(stream, seq)` stands behind the lock. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from complaints.base.errors import ConflictError, NotFoundError
from complaints.ledger import private as sealing
from complaints.ledger.entries import Clock, Personal, Written, leaf_bytes, milestone_row
from complaints.ledger.projection import COLUMNS, fold, plain
from complaints.ledger.proof import ZERO, leaf_hash
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint, Event, Milestone, PersonKey, Private, Stream
from complaints.store.transactions import can_skip_locked

SYSTEM_STREAM = "system"

__all__ = [
    "Clock",
    "Personal",
    "Written",
    "apply_clocks",
    "data_key",
    "lock",
    "lock_all",
    "record",
    "record_system",
    "settle",
]


def lock(work: Work, uid: str, *, version: int | None = None) -> Complaint:
    """Lock a complaint's stream, then read the complaint afresh.

    Raises NotFoundError for an unknown uid and ConflictError when `version` is not the present one.
    """
    locked = lock_all(work.session, [uid])
    if not locked:
        raise NotFoundError("no such complaint")
    case = locked[0].case
    if version is not None and case.version != version:
        raise ConflictError("somebody else changed this complaint in the meantime; nothing was written")
    return case


@dataclass(frozen=True)
class Locked:
    """A complaint and the head of its stream, which must be kept: the session itself forgets what nobody holds."""

    head: Stream
    case: Complaint


def lock_all(session: Session, uids: Sequence[str], *, skip: bool = False) -> list[Locked]:
    """Lock several complaints' streams in one order, then read the complaints afresh: two statements for all.

    `skip` leaves out what another writer has locked, where the database can do that; an unknown uid is left out.
    """
    heads = session.scalars(
        select(Stream)
        .where(Stream.uid.in_(uids))
        .order_by(Stream.uid)
        .with_for_update(skip_locked=skip and can_skip_locked(session.connection()))
        .execution_options(populate_existing=True)
    ).all()
    cases = session.scalars(
        select(Complaint)
        .where(Complaint.uid.in_([head.uid for head in heads]))
        .execution_options(populate_existing=True)
    )
    by_uid = {case.uid: case for case in cases}
    return [Locked(head, by_uid[head.uid]) for head in heads if head.uid in by_uid]


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
    `clocks` are new or changed milestones, `personal` goes sealed beside the leaf. Changed rows wait in the session
    until something is read or the caller commits; in a chunk the event waits for `settle`, which its owner calls.
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
    _store_private(work, case.uid, seq, personal or {}, sealed)
    apply_clocks(work, case.id, clocks)
    work.happened(case.number, event_type, written.seq, is_test=case.is_test)
    return written


def settle(work: Work) -> None:
    """Write the events of a chunk in one statement; does nothing outside one. Never commits."""
    if work.chunk is not None and work.chunk.events:
        _insert_events(work, work.chunk.events)
        work.chunk.events.clear()


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
            fresh.append({**milestone_row(clock), "complaint_id": complaint_id})
            continue
        # A row that was read elsewhere would change without reaching the database.
        read = clock.row is not None and clock.row in work.session
        row = clock.row if read and clock.row else _milestone(work, complaint_id, clock)
        for name, value in clock.values.items():
            setattr(row, name, value)
    if fresh:
        if work.chunk is not None:
            work.chunk.running.pop(complaint_id, None)
        work.session.execute(insert(Milestone.__table__), fresh)  # type: ignore[arg-type]  # Table


def _milestone(work: Work, complaint_id: int, clock: Clock) -> Milestone:
    return work.session.scalars(
        select(Milestone).where(
            Milestone.complaint_id == complaint_id,
            Milestone.cycle == clock.cycle,
            Milestone.kind == clock.kind,
            Milestone.step == clock.step,
            Milestone.revision == clock.revision,
        )
    ).one()


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


def _insert_events(work: Work, rows: Sequence[Mapping[str, Any]]) -> None:
    # By the table: as objects they would go one by one where a database numbers them itself.
    work.session.execute(insert(Event.__table__), rows)  # type: ignore[arg-type]  # Table


def _append(
    work: Work,
    head: Stream,
    event_type: str,
    actor: Actor,
    meta: Mapping[str, Any],
    commits: Mapping[str, str],
) -> Written:
    leaf = leaf_bytes(work, (head.uid, head.seq + 1, head.head), event_type, actor, meta, commits)
    head.seq += 1
    head.head = leaf_hash(leaf)
    row = {"stream": head.uid, "seq": head.seq, "type": event_type, "at": work.now, "leaf": leaf}
    if work.chunk is not None:
        work.chunk.events.append(row)
    else:
        _insert_events(work, [row])
    return Written(head.seq, leaf, head.head)
