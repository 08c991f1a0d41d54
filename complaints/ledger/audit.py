"""Audit: check every chain, replay every event, and compare the result with the tables of today.

A valid chain proves nothing about a complaint's row; so the rows are rebuilt from the leaves and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from complaints.base.clock import from_stamp, stamp
from complaints.base.errors import IntegrityError
from complaints.ledger import audit_acts, audit_promises, audit_tree
from complaints.ledger import private as sealing
from complaints.ledger.audit_office import Office
from complaints.ledger.audit_report import Report
from complaints.ledger.journal import SYSTEM_STREAM, data_key
from complaints.ledger.persons import Persons, file_place, place
from complaints.ledger.projection import COLUMNS, fold, fold_clocks, plain
from complaints.ledger.proof import Chains, Finding, commitment
from complaints.ledger.reading import Entry, parsed, pauses
from complaints.ledger.work import Work
from complaints.store.tables import (
    Attachment,
    Complaint,
    Event,
    Milestone,
    PersonKey,
    Private,
    Stream,
)

_PAGE = 1000
_TRIES = 5


@dataclass
class _Replay:
    """One stream being replayed."""

    row: dict[str, Any] = field(default_factory=dict)
    clocks: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    commits: dict[tuple[int, str], str] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    acts: list[Entry] = field(default_factory=list)
    pausing: list[Entry] = field(default_factory=list)
    persons: Persons = field(default_factory=Persons)
    office: Office = field(default_factory=Office)


def audit(
    work: Work,
    progress: Callable[[int], None] | None = None,
    placing: audit_tree.Progress | None = None,
) -> Report:
    """Check the whole log against itself, against the tables and against what was signed; reads only.

    `progress` is called with the number of streams done, then `placing` with the events folded into the tree, of
    how many. Memory grows with the largest stream, not the log.
    """
    report = Report()
    after = ""
    while True:
        heads = work.session.scalars(
            select(Stream).where(Stream.uid > after).order_by(Stream.uid).limit(200)
        ).all()
        if not heads:
            break
        after = heads[-1].uid
        for uid in [head.uid for head in heads]:
            _add(report, _at_rest(work, uid))
        work.session.expunge_all()
        if progress:
            progress(report.streams)
    report.findings += _strays(work)
    report.findings += audit_promises.examine(work)
    placed = audit_tree.Placed()
    report.findings += audit_tree.examine(work, placed, placing)
    report.place(placed)
    return report


def _at_rest(work: Work, uid: str) -> Report:
    """One stream's report, of a moment in which nobody wrote to it.

    Every change of a complaint moves its head: what was found while it moved may be half of an event that was
    being written, and is looked at again.
    """
    for _ in range(_TRIES):
        report = Report(streams=1)
        work.session.expunge_all()
        head = work.session.get_one(Stream, uid)
        began = head.seq
        report.findings += _stream(work, head, report)
        if not report.findings or work.session.scalar(select(Stream.seq).where(Stream.uid == uid)) == began:
            break
    return report


def _add(total: Report, one: Report) -> None:
    total.streams += one.streams
    total.events += one.events
    total.private += one.private
    total.files += one.files
    total.findings += one.findings


def _stream(work: Work, head: Stream, report: Report) -> Iterator[Finding]:
    chains, replay = Chains(), _Replay()
    events = work.session.execute(
        select(Event.seq, Event.type, Event.at, Event.leaf)
        .where(Event.stream == head.uid)
        .order_by(Event.seq)
    ).all()
    for event in events:
        report.events += 1
        body, _, broken = chains.take(event.leaf)
        yield from broken
        if any(finding.code.startswith("leaf") for finding in broken):
            continue
        where = f"{head.uid}/{event.seq}"
        if (body["stream"], body["seq"], body["type"]) != (head.uid, event.seq, event.type):
            yield Finding("event-row", where, "the row says something else than its leaf")
        try:
            if from_stamp(body["at"]) != event.at:
                yield Finding("event-time", where, "the row's time is not the leaf's")
            yield from _apply(replay, body, where)
        except (AttributeError, KeyError, TypeError, ValueError):
            # Whoever damages one leaf must not hide the rest of the log behind an audit that ends early.
            yield Finding("leaf-content", where, "the leaf says nothing an event could say")
    if chains.head(head.uid) != (head.seq, head.head):
        yield Finding("head", head.uid, "events at the end are missing, or the head was changed")
    yield from _commitments(work, head.uid, replay, report)
    case = work.session.scalar(select(Complaint).where(Complaint.uid == head.uid))
    if case is not None:
        yield from _row(case, replay)
        yield from _pauses(case, replay)
        yield from _milestones(work, case, replay)
        yield from audit_acts.examine(work, case, replay.acts)
        yield from _attachments(work, head.uid, replay, report)
    elif head.uid == SYSTEM_STREAM:
        yield from replay.office.compare(work)
    elif replay.row:
        yield Finding("complaint-missing", head.uid, "the log knows a complaint that the table does not")


def _apply(replay: _Replay, body: dict[str, Any], where: str) -> Iterator[Finding]:
    meta = body["meta"]
    if body["stream"] == SYSTEM_STREAM:
        replay.office.take(body["type"], meta)
    else:
        for column in fold(replay.row, body["type"], meta):
            yield Finding("replay", where, f"the event changes {column} from a value it did not have")
    for clock in fold_clocks(replay.clocks, meta):
        yield Finding("replay-clock", where, f"the event changes a milestone that was never set: {clock}")
    entry = parsed(body, {})
    if "paused_at" in meta.get("change", {}):
        replay.pausing.append(entry)
    if audit_acts.concerns(entry):
        replay.acts.append(entry)
    for name, commit in body["commits"].items():
        replay.commits[body["seq"], name] = commit
    for file in meta.get("files", ()):
        replay.files[file["uid"]] = file
    replay.persons.apply(body)


def _commitments(work: Work, uid: str, replay: _Replay, report: Report) -> Iterator[Finding]:
    rows = work.session.scalars(select(Private).where(Private.stream == uid)).all()
    keys: dict[str, bytes | None] = {}
    for person in sorted({row.person for row in rows}):
        try:
            keys[person] = data_key(work, uid, person)
        except IntegrityError:
            yield Finding(
                "key-unreadable", f"{uid}/{person}", "a person's key does not open: altered, or another's"
            )
    report.private += len(rows)
    for row in rows:
        if row.person in keys:
            yield from _field(row, keys[row.person], replay)
    yield from _keys_kept(work, uid, replay)
    for seq, name in sorted(replay.commits.keys() - {(row.seq, row.field) for row in rows}):
        if not replay.persons.gone(place(seq, name)):
            yield Finding(
                "private-missing", f"{uid}/{seq}/{name}", "personal data is gone without an erasure"
            )


def _keys_kept(work: Work, uid: str, replay: _Replay) -> Iterator[Finding]:
    held = set(work.session.scalars(select(PersonKey.person).where(PersonKey.stream == uid)))
    for person in sorted(each for each in held if replay.persons.keyless(each)):
        yield Finding("key-kept", f"{uid}/{person}", "a person was erased and their key is still there")


def _field(row: Private, key: bytes | None, replay: _Replay) -> Iterator[Finding]:
    where, commit = f"{row.stream}/{row.seq}/{row.field}", replay.commits.get((row.seq, row.field))
    if commit is None:
        yield Finding("private-stray", where, "personal data that no event speaks of")
    elif replay.persons.gone(place(row.seq, row.field)):
        yield Finding("private-kept", where, "personal data was erased by the log and is still there")
    elif row.person != replay.persons.of(place(row.seq, row.field)):
        yield Finding("private-person", where, "personal data is filed under another person than the log's")
    elif key is None:
        yield Finding("key-missing", where, "a person's key is gone without an erasure in the log")
    else:
        try:
            salt, payload = sealing.open_sealed(key, row.stream, row.seq, row.field, row.sealed)
        except IntegrityError:
            yield Finding("private-unreadable", where, "personal data does not open: altered or moved")
            return
        if commitment(salt, row.field, payload) != commit:
            yield Finding("private-changed", where, "personal data is not what the event committed to")


def _row(case: Complaint, replay: _Replay) -> Iterator[Finding]:
    for column in (*COLUMNS, "version", "due_next"):
        now, said = getattr(case, column), replay.row.get(column)
        if plain(now) != plain(said):
            yield Finding(
                "complaint-row", f"{case.uid}/{column}", f"the table says {now!r}, the log {said!r}"
            )


def _pauses(case: Complaint, replay: _Replay) -> Iterator[Finding]:
    """The clocks stand still exactly while the complainant is waited for, from the moment the log says."""
    found = pauses(replay.pausing)
    lasting = found[-1][0] if found and found[-1][1] is None else None
    if lasting != case.paused_at or (lasting is not None) != (case.state == "awaiting_complainant"):
        yield Finding("pause-row", case.uid, "the complaint's pause is not the one its events add up to")
    began = {each.at for each in replay.pausing}
    for begin, end in found:
        if begin not in began or (end is not None and end < begin):
            yield Finding("pause-time", case.uid, f"a pause from {stamp(begin)} that no event began")


def _milestones(work: Work, case: Complaint, replay: _Replay) -> Iterator[Finding]:
    left, stands = dict(replay.clocks), case.paused_at is not None
    for row in work.session.scalars(select(Milestone).where(Milestone.complaint_id == case.id)):
        key = (row.cycle, row.kind, row.step, row.revision)
        said, where = left.pop(key, None), f"{case.uid}/{'/'.join(map(str, key))}"
        if said is None:
            yield Finding("milestone-stray", where, "a milestone that no event speaks of")
        elif (row.state, stamp(row.due_at), row.publish) != (
            said.get("state"),
            said.get("due"),
            said.get("publish"),
        ):
            yield Finding("milestone-row", where, "the milestone is not as the log says")
        elif (row.state == "paused") > stands or (row.state == "pending") > (not stands):
            yield Finding(
                "milestone-pause", where, "the milestone runs in a pause, or stands still outside one"
            )
    for key in left:
        yield Finding("milestone-missing", f"{case.uid}/{'/'.join(map(str, key))}", "a milestone is gone")


def _attachments(work: Work, uid: str, replay: _Replay, report: Report) -> Iterator[Finding]:
    left = dict(replay.files)
    for row in work.session.scalars(select(Attachment).where(Attachment.stream == uid)):
        report.files += 1
        said, where = left.pop(row.uid, None), f"{uid}/file/{row.uid}"
        if said is None:
            yield Finding("file-stray", where, "an attachment that no event speaks of")
        elif (said.get("size"), said.get("media_type")) != (row.size, row.media_type):
            yield Finding("file-row", where, "size or type is not as the log says")
        elif replay.persons.gone(file_place(row.uid)):
            if row.sealed or _bytes_there(work, row.uid):
                yield Finding("file-kept", where, "an attachment was erased by the log and is still there")
        elif not _file_holds(work, row, said):
            yield Finding("file-changed", where, "the stored file is missing or not the one that was filed")
    for missing in left:
        if not replay.persons.gone(file_place(missing)):
            yield Finding("file-missing", f"{uid}/file/{missing}", "an attachment is gone without an erasure")


def _bytes_there(work: Work, uid: str) -> bool:
    for name in (uid, f"{uid}.view"):
        try:
            work.files.get(name)
        except FileNotFoundError:
            continue
        return True
    return False


def _file_holds(work: Work, row: Attachment, said: dict[str, Any]) -> bool:
    try:
        key = data_key(work, row.stream or "", row.person)
        if key is None:
            return False
        inner = json.loads(sealing.decrypt(key, row.sealed, f"attachment\x00{row.stream}\x00{row.uid}"))
        stored = work.files.get(row.uid)
        data = sealing.decrypt(bytes.fromhex(inner["key"]), stored, f"file\x00{row.uid}")
    except (IntegrityError, OSError):
        return False
    digest = hashlib.sha256(data).digest()
    return commitment(bytes.fromhex(inner["salt"]), "file", digest) == said.get("commit")


def _strays(work: Work) -> Iterator[Finding]:
    if work.session.get(Stream, SYSTEM_STREAM) is None:
        yield from Office().compare(work)
    for table, code in ((Event, "event-stray"), (Private, "private-stray"), (PersonKey, "key-stray")):
        unknown = select(table.stream).where(table.stream.not_in(select(Stream.uid))).distinct().limit(20)
        for uid in work.session.scalars(unknown):
            yield Finding(code, uid, f"rows of {table.__tablename__} without their stream")
    for uid in work.session.scalars(select(Complaint.uid).where(Complaint.uid.not_in(select(Stream.uid)))):
        yield Finding("stream-missing", uid, "a complaint without its chain of events")
    orphaned = work.session.scalar(
        select(func.count()).select_from(Milestone).where(Milestone.complaint_id.not_in(select(Complaint.id)))
    )
    if orphaned:
        yield Finding("milestone-orphan", str(orphaned), "milestones without a complaint")
    yield from audit_acts.orphans(work)
