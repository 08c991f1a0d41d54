"""Sign the tree: never a smaller one, never another one than was signed before.

The state file is written before the checkpoint's row and before anything leaves. If the process dies in between, the
row is made again from the state file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.ledger import keyring, sequencer
from complaints.ledger.keyring import Signer
from complaints.ledger.proof import Checkpoint, Note, Verifier
from complaints.ledger.sequencer import Head
from complaints.ledger.state import Signed, SigningError, StateFolder
from complaints.store.tables import Checkpoint as Row
from complaints.store.transactions import Database

NONE, PENDING, DONE = "none", "pending", "done"


@dataclass(frozen=True)
class Standing:
    """What may be signed now: the tree, the newest checkpoint signed so far, and the keys (vkey) to sign with."""

    head: Head
    last: Signed | None
    vkeys: tuple[str, ...]


def check(session: Session, folder: StateFolder, signer: Signer) -> Standing:
    """Whether the tree may be signed; reads only, and raises SigningError with what to do where it may not."""
    last, head = folder.read(), sequencer.head(session)
    tiles = sequencer.tiles(session)
    if last is None:
        if session.scalar(select(Row.size).limit(1)) is not None:
            raise SigningError(
                "state-missing",
                f"the database holds checkpoints, and {folder.folder} remembers none, so this host cannot know what "
                "it signed last. Nothing is signed. Put the folder back, or run `flask complaints checkpoint --adopt "
                "OLDER` with the newest checkpoint you can find outside, such as the last mail to a witness",
            )
    else:
        _extends(head, tiles.root, last.checkpoint, "this host signed")
        if last.checkpoint.origin != signer.origin:
            raise SigningError(
                "origin",
                f"this host signed as {last.checkpoint.origin}, and the settings now say {signer.origin}. Nothing is "
                "signed. Set COMPLAINTS_ORIGIN to the name that stands in the log",
            )
        # A state file put back from a copy knows less than the table; one that was adopted knows it.
        row = session.execute(
            select(Row.size, Row.root).where(Row.at > last.at).order_by(Row.size.desc()).limit(1)
        ).first()
        if row is not None:
            _extends(head, tiles.root, Checkpoint(signer.origin, row.size, row.root), "the database holds")
    if tiles.root(head.size) != head.root:
        raise SigningError(
            "tree",
            "the tables of the tree contradict each other. Nothing is signed. Run `flask complaints audit`",
        )
    return Standing(head, last, _vkeys(session, signer, last))


def sign(
    database: Database,
    folder: StateFolder,
    signer: Signer,
    now: datetime,
    *,
    stamped: bool = False,
    beat: Callable[[Head], object] | None = None,
    wait: bool = True,
) -> Signed | None:
    """Sign the tree as it stands and keep the checkpoint; the last one again when nothing was added. Commits.

    `beat` runs once the tree may be signed and before it is, and may add an event. `stamped`: a time stamp is to
    follow. None where another process is signing (and `wait` is off), and for an empty tree. Raises SigningError.
    """
    with folder.locked(wait=wait) as mine:
        if not mine:
            return None
        with database.reading() as session:
            standing = check(session, folder, signer)
        if beat is not None:
            beat(standing.head)
        sequencer.sequence(database)
        with database.reading() as session:
            standing = check(session, folder, signer)
        made = standing.last
        if made is None or made.checkpoint.size < standing.head.size:
            if standing.head.size == 0:
                return None
            text = Checkpoint(signer.origin, standing.head.size, standing.head.root).text()
            made = Signed(signer.note(text, standing.vkeys), now, signer.vkey)
            folder.write(made)
        _keep(database, made, PENDING if stamped else NONE)
        return made


def adopt(database: Database, folder: StateFolder, signer: Signer, note: str, now: datetime) -> Checkpoint:
    """Take up signing again from an older checkpoint of ours; raises SigningError where it is not one.

    Only where nothing is remembered: the folder's file is missing, or was moved away.
    """
    with folder.locked(wait=True), database.reading() as session:
        if folder.read() is not None:
            raise SigningError(
                "adopt-needless",
                f"{folder.folder} remembers what it signed last; there is nothing to adopt. Only if its newer part "
                "of the log is lost for good, move checkpoint.json away first",
            )
        try:
            parsed = Note.parse(note)
            said = Checkpoint.parse(parsed.text)
            good = keyring.trusted(parsed, said.size, keyring.history(session, signer.vkey))
        except ValueError as error:
            raise SigningError("adopt-unsigned", f"this is no checkpoint of ours: {error}") from error
        if not good or said.origin != signer.origin:
            raise SigningError(
                "adopt-unsigned", "this is no checkpoint of ours: no key of this log has signed it"
            )
        _extends(sequencer.head(session), sequencer.tiles(session).root, said, "the file holds")
        keys = [Verifier.parse(each.vkey) for each in keyring.history(session, signer.vkey)]
        folder.write(Signed(note, now, str(parsed.signed_by(keys)[-1])))
    return said


def _extends(head: Head, root_at: Callable[[int], bytes], old: Checkpoint, who: str) -> None:
    lost = (
        "Put the newer database back. If that part of the log is lost for good, move checkpoint.json out of the "
        "state folder and run `flask complaints checkpoint --adopt OLDER` with a checkpoint that the log still "
        "contains; everybody who holds a later one will see the break"
    )
    if old.size > head.size:
        raise SigningError(
            "smaller",
            f"{who} a checkpoint of {old.size} events, and the log now has {head.size}: it went back, as after an "
            f"older backup was restored or its end was deleted. Nothing is signed. {lost}",
        )
    try:
        root = root_at(old.size)
    except LookupError:
        root = b""
    if root != old.root:
        raise SigningError(
            "fork",
            f"{who} another tree over the first {old.size} events than the log now has: an event was changed, "
            f"dropped or exchanged. Nothing is signed. Run `flask complaints audit`. {lost}",
        )


def _vkeys(session: Session, signer: Signer, last: Signed | None) -> tuple[str, ...]:
    """The keys to sign with: ours, and once after a rotation the one before as well."""
    periods = keyring.history(session, last.vkey if last else signer.vkey)
    known = [each.vkey for each in periods]
    if signer.vkey != known[-1] or (last is not None and last.vkey not in known):
        replaced = signer.vkey in known
        raise SigningError(
            "key-replaced" if replaced else "key-changed",
            "this process still holds the key that was replaced. Nothing is signed here. Restart it; where its keys "
            "come from the environment, give it the new one first"
            if replaced
            else f"the key `log` is not the one that signs this log ({known[-1]}), and no event hands over to it. "
            "Nothing is signed. Put the former key back, or keep it as log.previous.key (or "
            "COMPLAINTS_KEY_LOG_PREVIOUS) and run `flask complaints checkpoint --rotate`",
        )
    if periods[-1].revoked_after is not None:
        raise SigningError(
            "key-revoked",
            "the key `log` was revoked. Nothing is signed. Run `flask complaints checkpoint --rotate`",
        )
    if last is None or last.vkey == signer.vkey:
        return (signer.vkey,)
    before = next(each for each in periods if each.vkey == last.vkey)
    if before.revoked_after is not None:
        # What a thief could sign as well vouches for nothing.
        return (signer.vkey,)
    if signer.previous is None or last.vkey != str(keyring.verifier(signer.origin, signer.previous)):
        raise SigningError(
            "key-previous",
            "the key changed, and one checkpoint must carry the signatures of both. Put the former key back as "
            "log.previous.key (or COMPLAINTS_KEY_LOG_PREVIOUS) until it is signed",
        )
    return (last.vkey, signer.vkey)


def _keep(database: Database, made: Signed, stamp_state: str) -> None:
    said = made.checkpoint

    def write(session: Session) -> None:
        if session.get(Row, said.size) is None:
            session.add(
                Row(
                    size=said.size,
                    root=said.root,
                    note=made.note,
                    at=made.at,
                    mailed_at=None,
                    stamp=None,
                    stamp_state=stamp_state,
                    stamp_after=made.at if stamp_state == PENDING else None,
                    stamp_error=None,
                )
            )

    database.write(write)
