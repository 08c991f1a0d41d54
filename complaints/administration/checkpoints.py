"""Signed checkpoints of one installation: sign on its behalf, change its key, say why nothing is signed."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.administration import refusals
from complaints.administration.installation import Installation
from complaints.base import durable
from complaints.base import keys as key_files
from complaints.base.clock import beijing
from complaints.base.errors import ConfigError
from complaints.delivery import outbox
from complaints.delivery.people import witnesses
from complaints.ledger import keyring, sequencer, signing
from complaints.ledger.journal import SYSTEM_STREAM, record_system
from complaints.ledger.keyring import Period, Signer
from complaints.ledger.proof import Checkpoint, Note
from complaints.ledger.sequencer import Head
from complaints.ledger.state import Signed, SigningError, StateFolder
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.store.tables import Checkpoint as Row
from complaints.store.tables import Event, Outbox

HEARTBEAT, ADOPTED, KIND = "heartbeat", "checkpoint_adopted", "checkpoint"


def folder(found: Installation) -> StateFolder:
    """Where this host remembers what it signed; made by itself with debug or TESTING only."""
    made = StateFolder(found.settings.state_folder)
    if found.settings.relaxed and not made.exists:
        made.create()
    return made


def signer(found: Installation) -> Signer:
    """Who signs here, with the key that is in its place now."""
    found.notice_new_key()
    return Signer(found.settings.origin, found.keys.log, found.keys.log_previous)


def sign(found: Installation, *, wait: bool = True) -> Signed | None:
    """Sign the tree as it stands, with the day's heartbeat; the last checkpoint again when nothing was added.

    Commits. None for an empty tree, and where another process is signing and `wait` is off. Raises SigningError,
    also where this host has no state folder.
    """
    place = folder(found)
    if not place.exists:
        raise SigningError(
            "no-state",
            f"no checkpoint is signed by this host: {place.folder} does not exist. Run `flask complaints init` on "
            "the one host that is to sign",
        )
    made = signing.sign(
        found.database,
        place,
        signer(found),
        found.now(),
        stamped=bool(found.settings.TSA_URL),
        beat=lambda head: _beat(found, head),
        wait=wait,
    )
    if made is None:
        return None
    refusals.signed(found)
    overlap = len(Note.parse(made.note).signatures) > 1
    if overlap:
        # The old key has signed for the last time.
        key_files.forget_previous(found.settings.keys_folder)
    _hand_out(found, made, at_once=overlap)
    return made


def due(found: Installation, size: int, now: datetime) -> bool:
    """Whether this host should sign now: the tree has grown for long enough, or a new Beijing day has begun."""
    place = folder(found)
    if not place.exists:
        return False
    try:
        last = place.read()
    except SigningError:
        # Whoever tries to sign meets it, and tells.
        return True
    if last is None:
        return size > 0
    if beijing(last.at).date() < beijing(now).date():
        return True
    waited = (now - last.at).total_seconds()
    return size > last.checkpoint.size and waited >= found.settings.CHECKPOINT_MINUTES * 60


def refusal(found: Installation, session: Session) -> SigningError | None:
    """Why this host refuses to sign; None where it signs, or is not the one that does. Reads only."""
    place = folder(found)
    if not place.exists:
        return None
    try:
        signing.check(session, place, signer(found))
    except SigningError as error:
        return error
    met = refusals.last(session, found.now())
    if met is not None and met.code == "state-unwritable":
        # Only who tries to write meets it.
        return SigningError(met.code, f"{place.folder} could not be written when it was last tried")
    return None


def waits(found: Installation) -> bool:
    """Whether a refusal is to be waited out before the next try; one statement."""
    with found.database.reading() as session:
        met = refusals.last(session, found.now())
    return met is not None and met.again > found.now()


def newest(session: Session) -> Row | None:
    """The newest checkpoint; None before the first."""
    return session.scalars(select(Row).order_by(Row.size.desc()).limit(1)).first()


def unstamped(session: Session, before: datetime) -> tuple[int, str]:
    """How many checkpoints signed before then still wait for their time stamp, and what the authority said last."""
    owed = (Row.stamp_state == signing.PENDING, Row.at < before)
    count = session.scalar(select(func.count()).select_from(Row).where(*owed)) or 0
    said = session.scalar(select(Row.stamp_error).where(*owed).order_by(Row.size.desc()).limit(1))
    return count, said or ""


def left(session: Session) -> datetime | None:
    """When a checkpoint last left the machine: accepted by a witness's mail server, or stamped by an authority."""
    return last(session)[1]


def last(session: Session) -> tuple[datetime | None, datetime | None]:
    """When the newest checkpoint was signed, and when one last left the machine as `left` has it; one statement."""
    sent = select(func.max(Outbox.sent_at)).where(Outbox.kind == KIND, Outbox.state == "sent")
    stamped = select(func.max(Row.at)).where(Row.stamp_state == signing.DONE)
    newest_at = select(Row.at).order_by(Row.size.desc()).limit(1)
    at, *moments = session.execute(
        select(newest_at.scalar_subquery(), sent.scalar_subquery(), stamped.scalar_subquery())
    ).one()
    return at, max((each for each in moments if each is not None), default=None)


def adopt(found: Installation, note: str, by: Actor) -> Checkpoint:
    """Take up signing again from an older note of ours; commits an event that says so. Raises SigningError."""
    place = folder(found)
    place.create()
    said = signing.adopt(found.database, place, signer(found), note, found.now())
    found.write(lambda work: record_system(work, ADOPTED, by, {"size": said.size, "root": said.root.hex()}))
    return said


def rotate(found: Installation, by: Actor) -> Signed | None:
    """Hand over to a new log key and sign once with both; begun twice, it goes on where it stopped. Commits.

    Key files are changed here. Keys from the environment must have been changed by hand: ConfigError says how.
    """
    place = folder(found)
    if not place.exists:
        raise SigningError("no-state", "this host signs no checkpoint; change the key on the one that does")
    with durable.locked(place.folder / "rotation"):
        present = _present(found, place)
        if signer(found).vkey == present.vkey:
            _new_key(found, present)
        previous = found.keys.log_previous
        held = previous is not None and str(keyring.verifier(found.settings.origin, previous)) == present.vkey
        if not held and present.revoked_after is None:
            raise SigningError(
                "key-previous",
                "the key that signs this log now must be kept as log.previous.key (or "
                "COMPLAINTS_KEY_LOG_PREVIOUS), since one checkpoint must carry the signatures of both",
            )
        new = signer(found).vkey
        found.write(lambda work: keyring.record_rotation(work, by, present.vkey, new))
        return sign(found)


def revoke(found: Installation, by: Actor, vkey: str, last_good_size: int, reason: str) -> None:
    """Believe a key's signatures only up to a size of the tree; an event. Commits. Raises SigningError."""
    present = _present(found, folder(found)).vkey
    with found.reading() as work:
        known = {each.vkey for each in keyring.history(work.session, present)}
        size = sequencer.head(work.session).size
    if vkey not in known:
        raise SigningError("key-unknown", "this key never signed this log; see `flask complaints checkpoint`")
    if not 0 <= last_good_size <= size:
        raise SigningError("size", f"the last good size lies between 0 and {size}")
    found.write(lambda work: keyring.record_revocation(work, by, vkey, last_good_size, reason))
    sequencer.sequence(found.database)


def periods(found: Installation, session: Session) -> list[Period]:
    """Every key that signed this log, oldest first."""
    return keyring.history(session, signer(found).vkey)


def _new_key(found: Installation, present: Period) -> None:
    settings = found.settings
    if key_files.in_environment("log", {**os.environ, **settings.key_settings}):
        raise ConfigError(
            "the log key comes from the environment. Set COMPLAINTS_KEY_LOG_PREVIOUS to the present value of "
            "COMPLAINTS_KEY_LOG, and COMPLAINTS_KEY_LOG to 32 new random bytes in base64 (python -c 'import "
            "base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())'), on every host; then "
            "run this again"
        )
    if present.revoked_after is None:
        # What the old key still owes: its own last checkpoint, or its predecessor's handing over.
        sign(found)
    key_files.rotate_file(settings.keys_folder)
    found.read_keys_again()


def _present(found: Installation, place: StateFolder) -> Period:
    """The key in force by the log; before any rotation the one that signed last, or ours."""
    last = place.read()
    with found.reading() as work:
        return keyring.history(work.session, last.vkey if last else signer(found).vkey)[-1]


def _beat(found: Installation, head: Head) -> None:
    """One event a Beijing day, so that a day without a complaint is told from a day without a log."""

    def write(work: Work) -> None:
        known = select(Event.id).where(
            Event.type == HEARTBEAT, Event.at >= _midnight(work.now), Event.stream == SYSTEM_STREAM
        )
        if work.session.scalar(known.limit(1)) is None:
            record_system(work, HEARTBEAT, SYSTEM, {"size": head.size, "root": head.root.hex()})

    found.write(write)


def _hand_out(found: Installation, made: Signed, *, at_once: bool) -> None:
    """Queue what witnesses are to get: each day's last checkpoint, once the day is over, and one after a rotation."""
    people = witnesses(found.settings.WITNESSES)
    if not people:
        return
    over = (
        select(Row).where(Row.at < _midnight(found.now())).order_by(Row.at.desc(), Row.size.desc()).limit(1)
    )

    def write(work: Work) -> None:
        rows = [work.session.scalars(over).first()]
        if at_once:
            rows.append(work.session.get(Row, made.checkpoint.size))
        for row in rows:
            if row is None or row.mailed_at is not None:
                continue
            row.mailed_at = work.now
            for recipient in people:
                outbox.queue(work, KIND, recipient, dedupe=f"{KIND}/{row.size}", details={"size": row.size})

    with found.reading() as work:
        last = work.session.scalars(over).first()
    if at_once or (last is not None and last.mailed_at is None):
        found.write(write)


def _midnight(now: datetime) -> datetime:
    return beijing(now).replace(hour=0, minute=0, second=0, microsecond=0)
