"""The log's own work in a tick: places for new events, a checkpoint where one is due, time stamps that are owed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from complaints.administration import checkpoints, refusals
from complaints.administration.installation import Installation
from complaints.jobs.due import Outlook
from complaints.ledger import sequencer, signing, stamps
from complaints.ledger.stamps import Stamp, StampError
from complaints.ledger.state import SigningError
from complaints.store.tables import Checkpoint
from complaints.store.transactions import touched

# A worker that dies while it asks leaves the stamp to whoever comes after this.
_LEASE = timedelta(minutes=5)
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=1)
_STAMPS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tended:
    """What became of the log: events placed in the tree, the size signed, stamps received; why nothing is signed."""

    placed: int = 0
    signed: int | None = None
    stamped: int = 0
    refused: str = ""


def waits(installation: Installation, seen: Outlook, now: datetime) -> bool:
    """Whether the log needs anything."""
    owed = seen.stamp is not None and bool(installation.settings.TSA_URL)
    if seen.unplaced is not None or owed:
        return True
    return checkpoints.due(installation, seen.size or 0, now) and not checkpoints.waits(installation)


def tend(installation: Installation) -> Tended:
    """Place what waits, sign where it is due, ask for stamps; commits step by step, and never fails for a refusal."""
    placed = sequencer.sequence(installation.database)
    signed, refused = None, ""
    now = installation.now()
    with installation.database.reading() as session:
        size = sequencer.head(session).size
        known = checkpoints.refusal(installation, session) if checkpoints.waits(installation) else None
    if known is not None:
        # It still stands, was told, and is tried again later; the alarm on the health page does not wait.
        refused = known.code
    elif checkpoints.due(installation, size, now):
        try:
            made = checkpoints.sign(installation, wait=False)
            signed = made.checkpoint.size if made else None
        except SigningError as error:
            refused = error.code
            pause = refusals.remember(installation, error)
            _log.error("no checkpoint was signed, next try in %s: %s", pause, error)
    stamped = _stamp(installation) if installation.settings.TSA_URL else 0
    return Tended(placed, signed, stamped, refused)


def _stamp(installation: Installation) -> int:
    """Ask for the stamps that are owed, newest first; the first failure ends it, since the next would fail too."""
    done = 0
    for _ in range(_STAMPS):
        claimed = installation.database.write(partial(_claim, now=installation.now()))
        if claimed is None:
            break
        settings = installation.settings
        try:
            # Outside any transaction: the authority may take its time.
            got: Stamp | StampError = stamps.ask(settings.TSA_URL, claimed.note, settings.TSA_CA_FILE)
        except StampError as error:
            got = error
        installation.database.write(partial(_mark, claimed=claimed, got=got, now=installation.now()))
        if isinstance(got, StampError):
            _log.warning("a checkpoint was not stamped: %s", got)
            break
        done += 1
    return done


@dataclass(frozen=True)
class _Claimed:
    size: int
    note: str
    since: datetime


def _claim(session: Session, now: datetime) -> _Claimed | None:
    owed = (Checkpoint.stamp_state == signing.PENDING, Checkpoint.stamp_after <= now)
    row = session.execute(
        select(Checkpoint.size, Checkpoint.note, Checkpoint.at)
        .where(*owed)
        .order_by(Checkpoint.size.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    won = session.execute(
        update(Checkpoint).where(Checkpoint.size == row.size, *owed).values(stamp_after=now + _LEASE)
    )
    return _Claimed(row.size, row.note, row.at) if touched(won) else None


def _mark(session: Session, claimed: _Claimed, got: Stamp | StampError, now: datetime) -> None:
    if isinstance(got, StampError):
        # As long again as it has waited so far.
        pause = min(max(now - claimed.since, _SHORTEST), _LONGEST)
        values = {"stamp_after": now + pause, "stamp_error": str(got)[:200]}
    else:
        values = {
            "stamp": got.raw,
            "stamp_state": signing.DONE,
            "stamp_after": None,
            "stamp_error": got.note[:200] or None,
        }
    session.execute(
        update(Checkpoint)
        .where(Checkpoint.size == claimed.size, Checkpoint.stamp_state == signing.PENDING)
        .values(**values)
    )
