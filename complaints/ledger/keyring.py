"""The key that signs the log, and its predecessors: which key counts for which sizes of the tree, by the log itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.ledger import sequencer
from complaints.ledger.journal import SYSTEM_STREAM, record_system
from complaints.ledger.proof import REVOKED, ROTATED, Note, Verifier, signature_line
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Checkpoint, Event

_ABOUT_KEYS = (Event.stream == SYSTEM_STREAM, Event.type.in_((ROTATED, REVOKED)))


@dataclass(frozen=True)
class Period:
    """For which trees a key's signature counts: sizes from `valid_from_size` to `valid_to_size` (None: until now).

    `revoked_after` is the last size at which a revoked key is believed. A key whose rotation has no place in the
    tree yet counts from nowhere: both sizes are None and it is not the present one.
    """

    vkey: str
    valid_from_size: int | None
    valid_to_size: int | None = None
    revoked_after: int | None = None


@dataclass(frozen=True)
class Signer:
    """Signs in the name of one installation; `previous` is the key before, while it is kept."""

    origin: str
    key: bytes
    previous: bytes | None = None

    @property
    def vkey(self) -> str:
        """The public key as people hand it on."""
        return str(verifier(self.origin, self.key))

    def note(self, text: str, vkeys: Sequence[str]) -> str:
        """The signed note over `text`, with a signature of each of these keys; raises LookupError for one not held."""
        held = {str(verifier(self.origin, key)): key for key in (self.key, self.previous) if key is not None}
        lines = []
        for vkey in vkeys:
            signature = Ed25519PrivateKey.from_private_bytes(held[vkey]).sign(text.encode())
            lines.append(signature_line(Verifier.parse(vkey), signature))
        return f"{text}\n{''.join(lines)}"


def signer(work: Work) -> Signer:
    """The signer of an installation."""
    return Signer(work.origin, work.keys.log, work.keys.log_previous)


def verifier(origin: str, key: bytes) -> Verifier:
    """The public half of a log key under the installation's name."""
    public = Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
    # A key's name may hold no space and no plus sign (C2SP signed-note).
    return Verifier("".join("-" if each == "+" or each.isspace() else each for each in origin), public)


def history(session: Session, present: str) -> list[Period]:
    """Every key that ever signed this log, oldest first, read from the system stream.

    `present` is the key of an installation that never changed it; where a rotation is in the log, the log rules.
    """
    rows = session.execute(
        select(Event.type, Event.leaf, Event.leaf_index).where(*_ABOUT_KEYS).order_by(Event.seq)
    ).all()
    told = [(row.type, json.loads(row.leaf)["meta"], row.leaf_index) for row in rows]
    # A revocation may come before the first handing over, which names the first key.
    periods = [Period(next((meta["old"] for kind, meta, _ in told if kind == ROTATED), present), 0)]
    for kind, meta, index in told:
        if kind == REVOKED:
            # The narrowest counts: nobody gives trust back by a second one.
            good = meta["last_good_size"]
            narrow = (
                good if each.revoked_after is None else min(good, each.revoked_after) for each in periods
            )
            periods = [
                replace(each, revoked_after=most) if each.vkey == meta["vkey"] else each
                for each, most in zip(periods, narrow, strict=True)
            ]
            continue
        if index is not None:
            # A tree of `index` leaves ends before the rotation: the last one the old key vouches for alone.
            periods[-1] = replace(periods[-1], valid_to_size=index)
        periods.append(Period(meta["new"], None if index is None else index + 1))
    return periods


def changes(session: Session, size: int) -> list[dict[str, Any]]:
    """Each event about keys with the first checkpoint over it, as `proof.KeyChange` reads them, oldest first.

    `growth` leads between that checkpoint and the tree of `size`. What no checkpoint covers yet is left out.
    """
    rows = session.execute(
        select(Event.leaf, Event.leaf_index)
        .where(*_ABOUT_KEYS, Event.leaf_index.is_not(None))
        .order_by(Event.leaf_index)
    ).all()
    tiles, found = sequencer.tiles(session), list[dict[str, Any]]()
    for row in rows:
        over = session.execute(
            select(Checkpoint.size, Checkpoint.note)
            .where(Checkpoint.size > row.leaf_index)
            .order_by(Checkpoint.size)
            .limit(1)
        ).first()
        if over is None:
            break
        found.append(
            {
                "leaf": row.leaf.decode(),
                "index": row.leaf_index,
                "checkpoint": over.note,
                "path": [each.hex() for each in tiles.inclusion(row.leaf_index, over.size)],
                "growth": [each.hex() for each in tiles.consistency(*sorted((over.size, size)))],
            }
        )
    return found


def in_force(periods: Sequence[Period]) -> Period:
    """The key that signs now: the newest one whose rotation has its place in the tree."""
    return [each for each in periods if each.valid_from_size is not None][-1]


def counts(period: Period, size: int) -> bool:
    """Whether this key's signature below a checkpoint of `size` is to be believed."""
    if period.valid_from_size is None or size < period.valid_from_size:
        return False
    ends = [each for each in (period.valid_to_size, period.revoked_after) if each is not None]
    return all(size <= end for end in ends)


def trusted(note: Note, size: int, periods: Sequence[Period]) -> bool:
    """Whether a note over a tree of `size` carries a signature that counts; raises ValueError for a bad one."""
    keys = {Verifier.parse(each.vkey): each for each in periods}
    return any(counts(keys[key], size) for key in note.signed_by(keys))


def record_rotation(work: Work, by: Actor, old: str, new: str) -> None:
    """Write the event that hands over from one key to the next. Flushes, never commits."""
    record_system(work, ROTATED, by, {"old": old, "new": new})


def record_revocation(work: Work, by: Actor, vkey: str, last_good_size: int, reason: str) -> None:
    """Write the event that takes a key's later signatures back. Flushes, never commits."""
    record_system(work, REVOKED, by, {"vkey": vkey, "last_good_size": last_good_size, "reason": reason[:200]})
