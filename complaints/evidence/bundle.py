"""The bundle of evidence: a period or a case of the log, with what shows that nothing is missing or changed.

Its verifier is `ledger/proof.py` itself. Names of its files are ours; nothing a complainant wrote names one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import rfc8785
from sqlalchemy import Select, select

from complaints.base.clock import stamp
from complaints.base.errors import ComplaintsError, NotFoundError
from complaints.evidence import bundle_cases, export
from complaints.evidence.archive import Archive, Progress
from complaints.evidence.bundle_words import explanation
from complaints.evidence.chosen import Chosen, refusals, stored_only
from complaints.ledger import keyring, proof
from complaints.ledger import private as sealing
from complaints.ledger.journal import data_key
from complaints.ledger.keyring import Period
from complaints.ledger.proof import BUNDLE, Note, Recount, Tree
from complaints.ledger.sequencer import tiles
from complaints.ledger.work import Work
from complaints.policy import diagram
from complaints.store.tables import Checkpoint, Complaint, Event, PolicyVersion, Private

_PAGE, _FEW = 1000, 50


class NothingSignedError(ComplaintsError):
    """The log has no checkpoint yet that a bundle could end at."""


@dataclass(frozen=True)
class Made:
    """What was written: how many events, of a log of how many, and the manifest's SHA-256 in hex."""

    events: int
    size: int
    digest: str


def make(
    work: Work, target: Path | BinaryIO, chosen: Chosen, font: str = "", progress: Progress | None = None
) -> Made:
    """Write the bundle that was ordered; `font` as in `export.whole`. Raises what `period` and `case` raise."""
    if chosen.number:
        found = work.session.scalar(select(Complaint).where(Complaint.number == chosen.number))
        if found is None or refusals(work, [chosen.number], restricted=chosen.restricted):
            raise NotFoundError(chosen.number)
        return case(work, target, found, progress=progress)
    assert chosen.since is not None
    assert chosen.until is not None
    return period(work, target, chosen.since, chosen.until, progress, chosen=chosen, font=font)


def span(work: Work, chosen: Chosen) -> int:
    """How many events the bundle that was ordered will hold as things stand; raises NothingSignedError."""
    if chosen.number:
        _, signed = _signed(work, select(Complaint.uid).where(Complaint.number == chosen.number))
        return len(signed)
    assert chosen.since is not None
    assert chosen.until is not None
    before, after = _around(work, chosen.since, chosen.until, _keys(work))
    return after.size - (before.size if before else 0)


def period(
    work: Work,
    target: Path | BinaryIO,
    since: datetime,
    until: datetime,
    progress: Progress | None = None,
    *,
    chosen: Chosen | None = None,
    font: str = "",
) -> Made:
    """Write the bundle of every event from `since` up to `until` to a new file; reads only.

    It begins at the last checkpoint signed by `since` and ends at the first one signed at `until` or later,
    or at the newest, and everything in it is of that moment; raises NothingSignedError where there is none.
    `chosen` names the cases that are put in as a whole (NotFoundError for one that may not leave). Memory does
    not grow with the period.
    """
    before, after = _around(work, since, until, _keys(work))
    first, size = before.size if before else 0, after.size
    with closing(Archive(target, work.now, size - first, progress)) as archive:
        counted, tree = Recount(), Tree.grown(first, _peaks(work, first))
        archive.write("log/peaks.json", [_json([each.hex() for each in tree.peaks])])
        archive.write("log/leaves.jsonl", _leaves(work, archive, first, size, counted))
        for name, checkpoint in (("before", before), ("after", after)):
            if checkpoint is not None:
                archive.write(f"log/{name}.note", [checkpoint.note.encode()])
        for name, kind in (("register", "register"), ("handling-log", "log")):
            table = Chosen(kind, "csv", since=since, until=until, at=work.now, size=size, office=True)
            archive.write(f"{name}.csv", export.stream(work, table))
        cases = (
            bundle_cases.add(work, archive, replace(chosen, size=size, at=work.now), font) if chosen else []
        )
        scope = {"kind": "period", "since": stamp(since), "until": stamp(until)}
        policies = _policies(work, archive, since, until)
        return _finish(work, archive, scope, first, after, counted, policies, cases)


def case(
    work: Work,
    target: Path | BinaryIO,
    found: Complaint,
    *,
    disclose: Sequence[str] = (),
    progress: Progress | None = None,
) -> Made:
    """Write the bundle of one complaint; reads only. Raises NothingSignedError until its events are signed.

    `disclose` names the persons whose texts are put in, each with its salt so that the commitment in the log
    can be checked; by default nobody's are, and nobody's of a case that is only stored (NotFoundError).
    """
    if disclose and found.stored_only_at is not None:
        raise NotFoundError(stored_only())
    newest, signed = _signed(work, select(Complaint.uid).where(Complaint.uid == found.uid))
    counted = Recount()
    for row in signed:
        counted.take(json.loads(row.leaf))
    with closing(Archive(target, work.now, len(signed), progress)) as archive:
        bundle_cases.events(archive, tiles(work.session), signed, newest.size, "log")
        archive.done = len(signed)
        archive.write("log/after.note", [newest.note.encode()])
        if disclose:
            last = signed[-1].seq
            archive.write("disclosed.jsonl", _disclosed(work, found.uid, disclose, last))
        scope = {"kind": "case", "number": found.number, "stream": found.uid, "events": len(signed)}
        version = work.session.get_one(PolicyVersion, found.policy_version) if found.policy_version else None
        policies = [_policy(archive, version)] if version else []
        return _finish(work, archive, scope, 0, newest, counted, policies)


def _finish(
    work: Work,
    archive: Archive,
    scope: Mapping[str, Any],
    first: int,
    after: Checkpoint,
    counted: Recount,
    policies: Sequence[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]] = (),
) -> Made:
    events = sum(counted.events.values())
    archive.write("figures.json", [_json(counted.figures())])
    archive.write("log/earlier.jsonl", _earlier(work, after.size))
    _stamps(work, archive, first, after.size)
    signer = keyring.signer(work)
    archive.write("keys.json", [_json([asdict(each) for each in _keys(work)])])
    archive.write("log/keys.jsonl", (_json(each) for each in keyring.changes(work.session, after.size)))
    for lang in ("zh", "en"):
        archive.write(f"flow.{lang}.svg", [diagram.svg(lang).encode()])
    archive.write("核验说明.txt", [explanation(scope, signer.vkey, cases).encode()])
    archive.write("verify.py", [Path(proof.__file__).read_bytes()])
    manifest = rfc8785.dumps(
        {
            "kind": BUNDLE,
            "origin": work.origin,
            "made_at": stamp(work.now),
            "scope": dict(scope),
            "first": first,
            "size": after.size,
            "policies": [dict(each) for each in policies],
            "cases": [dict(each) for each in cases],
            "files": archive.files,
        }
    )
    digest = hashlib.sha256(manifest).hexdigest()
    signed = signer.note(f"{BUNDLE}\n{work.origin}\n{digest}\n", [signer.vkey])
    archive.write("manifest.json", [manifest], listed=False)
    archive.write("manifest.note", [signed.encode()], listed=False)
    return Made(events, after.size, digest)


def _keys(work: Work) -> list[Period]:
    """Every key that signed this log; raises NothingSignedError while the one in force is revoked."""
    periods = keyring.history(work.session, keyring.signer(work).vkey)
    if keyring.in_force(periods).revoked_after is not None:
        raise NothingSignedError(
            "the key `log` was revoked, and what it signs proves nothing: run `flask complaints checkpoint --rotate`"
        )
    return periods


def _counting(work: Work, rows: Select[Checkpoint], periods: Sequence[Period]) -> Iterator[Checkpoint]:
    """Those of these checkpoints that a key has signed which counts at their size."""
    seen = 0
    while page := work.session.scalars(rows.limit(_FEW).offset(seen)).all():
        yield from (row for row in page if keyring.trusted(Note.parse(row.note), row.size, periods))
        seen += len(page)


def _around(
    work: Work, since: datetime, until: datetime, periods: Sequence[Period]
) -> tuple[Checkpoint | None, Checkpoint]:
    rows = select(Checkpoint)
    latest = rows.order_by(Checkpoint.size.desc())
    before = next(_counting(work, latest.where(Checkpoint.at <= since), periods), None)
    after = next(
        _counting(work, rows.where(Checkpoint.at >= until).order_by(Checkpoint.size), periods),
        next(_counting(work, latest, periods), None),
    )
    if after is None:
        raise NothingSignedError(_unsigned())
    return before, after


def _unsigned() -> str:
    return "no checkpoint covers this yet: run `flask complaints checkpoint` on the host that holds the state folder"


def _peaks(work: Work, size: int) -> list[bytes]:
    tree, found, start = tiles(work.session), list[bytes](), 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            found.append(tree.subtree(bit, start >> bit))
            start += 1 << bit
    return found


def _signed(work: Work, uid: Select[Any]) -> tuple[Checkpoint, Sequence[Any]]:
    """The newest checkpoint and the events of one complaint that it covers; raises NothingSignedError."""
    newest = next(_counting(work, select(Checkpoint).order_by(Checkpoint.size.desc()), _keys(work)), None)
    if newest is None:
        raise NothingSignedError(_unsigned())
    signed = bundle_cases.leaves(work, uid, newest.size)
    if not signed:
        raise NothingSignedError(_unsigned())
    return newest, signed


def _leaves(work: Work, archive: Archive, first: int, size: int, counted: Recount) -> Iterator[bytes]:
    place = first
    while place < size:
        rows = work.session.execute(
            select(Event.leaf)
            .where(Event.leaf_index >= place, Event.leaf_index < min(size, place + _PAGE))
            .order_by(Event.leaf_index)
        ).all()
        for row in rows:
            counted.take(json.loads(row.leaf))
        place += _PAGE
        archive.done = min(place, size) - first
        yield b"".join(row.leaf + b"\n" for row in rows)


def _earlier(work: Work, size: int) -> Iterator[bytes]:
    """How the log grew out of each checkpoint that left the house before."""
    tree = tiles(work.session)
    sizes = select(Checkpoint.size).where(Checkpoint.size <= size).order_by(Checkpoint.size)
    for one in work.session.scalars(sizes).all():
        yield _json({"size": one, "proof": _hex(tree.consistency(one, size))})


def _stamps(work: Work, archive: Archive, first: int, size: int) -> None:
    stamped = select(Checkpoint).where(
        Checkpoint.stamp.is_not(None), Checkpoint.size >= first, Checkpoint.size <= size
    )
    for each in _counting(work, stamped.order_by(Checkpoint.size), _keys(work)):
        archive.write(f"stamps/{each.size}.note", [each.note.encode()])
        archive.write(f"stamps/{each.size}.tsr", [each.stamp or b""])


def _policies(work: Work, archive: Archive, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
    """Each version that ruled at some moment of the period."""
    rows = work.session.scalars(
        select(PolicyVersion).where(PolicyVersion.published_at < until).order_by(PolicyVersion.version)
    ).all()
    ended = [row.published_at for row in rows[1:]]
    ruling = [row for row, end in zip(rows, [*ended, until], strict=False) if end > since]
    return [_policy(archive, row) for row in ruling]


def _policy(archive: Archive, row: PolicyVersion) -> Mapping[str, Any]:
    name = f"policy/{row.version}.json"
    archive.write(name, [row.resolved])
    for lang, page in (("zh", row.page_zh), ("en", row.page_en)):
        archive.write(f"policy/{row.version}.{lang}.html", [page.encode()])
    return {"version": row.version, "digest": row.digest, "name": name}


def _disclosed(work: Work, uid: str, persons: Sequence[str], last: int) -> Iterator[bytes]:
    rows = work.session.scalars(
        select(Private)
        .where(Private.stream == uid, Private.person.in_(persons), Private.seq <= last)
        .order_by(Private.seq, Private.field)
    ).all()
    keys = {person: data_key(work, uid, person) for person in persons}
    for row in rows:
        key = keys[row.person]
        if key is not None:
            salt, payload = sealing.open_sealed(key, uid, row.seq, row.field, row.sealed)
            shown = base64.b64encode(payload).decode()
            yield _json({"seq": row.seq, "field": row.field, "salt": salt.hex(), "payload": shown})


def _hex(hashes: Iterable[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"
