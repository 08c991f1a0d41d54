"""Take into the search index what was written since: the log is followed in the order of its tree, a batch at a time.

A filing never waits for it. Any worker may do it, several at once: a complaint is written under its lock, from texts
that are complete at that moment.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from complaints.administration.installation import Installation
from complaints.cases import searchable, searching
from complaints.cases.pieces import Maker
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.store import search
from complaints.store.tables import Complaint, Event, Stream

BATCH, CHUNK = 500, 20
# So long one tick goes on; what is left waits for the next.
SECONDS = 10.0
# What makes a complaint findable or takes it out, beside new texts.
_DECIDING = frozenset({"restricted", "stored_only_at", "erased_at"})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Indexed:
    """What one run did: events looked at, complaints written anew; `finished` when nothing is left, or nothing can be."""

    events: int = 0
    cases: int = 0
    finished: bool = True


def index(
    installation: Installation, *, seconds: float = SECONDS, progress: Callable[[int], None] | None = None
) -> Indexed:
    """Go on for about `seconds`; commits in batches. `progress` is called with the number of events of each."""
    ends, done = time.monotonic() + seconds, Indexed()
    maker = Maker(installation.keys.search)
    while True:
        with installation.reading() as work:
            if searching.lacking(work, maker):
                return done
            reached, _ = search.state(work.session)
            upto, cases = _next(work, reached)
        if upto == reached:
            return done
        for at in range(0, len(cases), CHUNK):
            _chunk(installation, maker, cases[at : at + CHUNK])
        installation.database.write(
            lambda session, before=reached, after=upto: search.advance(  # type: ignore[misc]  # bound now
                session, before, after, maker.made_with
            )
        )
        done = Indexed(done.events + upto - reached, done.cases + len(cases), finished=False)
        if progress is not None:
            progress(upto - reached)
        if time.monotonic() >= ends:
            return done


def rebuild(installation: Installation, progress: Callable[[int], None] | None = None) -> Indexed:
    """Throw the index away and build it anew from the first event on; commits in batches."""
    maker = Maker(installation.keys.search)
    installation.database.write(lambda session: search.clear(session, maker.made_with))
    return index(installation, seconds=float("inf"), progress=progress)


def _next(work: Work, reached: int) -> tuple[int, list[str]]:
    """How far the next batch of events goes, and the complaints that must be written anew for it."""
    rows = work.session.execute(
        select(Event.stream, Event.seq, Event.type, Event.leaf, Event.leaf_index)
        .where(Event.leaf_index >= reached)
        .order_by(Event.leaf_index)
        .limit(BATCH)
    ).all()
    newest = {
        row.stream: row.seq for row in rows if row.stream != journal.SYSTEM_STREAM and _matters(row.leaf)
    }
    if not newest:
        return reached + len(rows), []
    known = work.session.execute(select(Complaint.id, Complaint.uid).where(Complaint.uid.in_(newest))).all()
    built = search.seqs(work.session, [row.id for row in known])
    return reached + len(rows), sorted(row.uid for row in known if built.get(row.id, 0) < newest[row.uid])


def _matters(leaf: bytes) -> bool:
    """Whether an event brings words, takes some away, or changes who may find them."""
    body = json.loads(leaf)
    if body["type"] == "erased" or not body["commits"].keys().isdisjoint(searchable.FIELDS):
        return True
    return not _DECIDING.isdisjoint(body["meta"].get("change", {}))


def _chunk(installation: Installation, maker: Maker, uids: Sequence[str]) -> None:
    """Index some complaints in one transaction; where it fails each has one of its own, so that one stops no other."""
    try:
        with installation.reading() as work:
            rules, ready = work, _ready(work, maker, uids)
        installation.write_under(rules, lambda work: _write(work, maker, uids, ready))
    except Exception as error:  # noqa: BLE001 - the other complaints must go on
        if len(uids) == 1:
            # The error's text may quote a complaint: only its class is told.
            _log.error("a complaint could not be indexed: %s", type(error).__name__)
            return
        for uid in uids:
            _chunk(installation, maker, [uid])


def _ready(work: Work, maker: Maker, uids: Sequence[str]) -> dict[str, tuple[int, set[str]]]:
    """The words of each complaint and the event they go up to, made outside any write."""
    # First how far the streams go: what comes while their texts are read is seen by the lock.
    rows = work.session.execute(select(Stream.uid, Stream.seq).where(Stream.uid.in_(uids)))
    heads = {row.uid: row.seq for row in rows}
    cases = list(work.session.scalars(select(Complaint).where(Complaint.uid.in_(uids))))
    texts, filed = searchable.texts(work, cases), searchable.filed_text(work, cases)
    return {
        uid: (heads[uid], searching.words_of(maker, each.said, filed.get(uid, "")))
        for uid, each in texts.items()
    }


def _write(work: Work, maker: Maker, uids: Sequence[str], ready: dict[str, tuple[int, set[str]]]) -> None:
    rows, hidden = [], []
    for locked in journal.lock_all(work.session, uids):
        case, seq = locked.case, locked.head.seq
        if not searchable.may_be_found(case):
            hidden.append(case.id)
            continue
        made = ready.get(case.uid)
        if made is None or made[0] != seq:
            # Written to since: under its lock nothing can come in between.
            made = _ready(work, maker, [case.uid])[case.uid]
        rows.append((case.id, seq, made[1]))
    search.forget(work.session, hidden)
    search.put(work.session, rows)
