"""The receipt in two documents, so that a complainant can prove the filing to a stranger.

The promise is signed at once and names the leaf that the filing became. The proof follows when the leaf has its place
in the tree, and shows that it is in a signed checkpoint.
"""

from __future__ import annotations

import base64
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from complaints.base.errors import InputError
from complaints.cases.access import filing_hash_of
from complaints.evidence.receipt_check import PROMISE, PROOF
from complaints.ledger import keyring, sequencer
from complaints.ledger.proof import Checkpoint as Said
from complaints.ledger.proof import Note
from complaints.ledger.reading import history
from complaints.ledger.sequencer import LONGEST_DELAY_SECONDS
from complaints.ledger.work import Work
from complaints.store.tables import Checkpoint, Complaint, Event


def promise(work: Work, case: Complaint) -> dict[str, Any]:
    """The signed promise (Ed25519 over RFC 8785 bytes) of one complaint; dates as they were at filing."""
    # From the leaf it names, not from the row: a pause moves the row's dates, and the promise stays.
    first = history(work, case.uid, types=("filed",), opened=False)[0].meta["change"]
    said = {
        "kind": PROMISE,
        "origin": work.origin,
        "number": case.number,
        "filed_at": first["filed_at"][1],
        "leaf": filing_hash_of(work, case.uid).hex(),
        "accept_due": first.get("accept_due", [None, None])[1],
        "result_due": first.get("result_due", [None, None])[1],
        "policy": work.policy_of(case.policy_version).digest,
        "in_tree_within_seconds": LONGEST_DELAY_SECONDS,
    }
    key = Ed25519PrivateKey.from_private_bytes(work.keys.log)
    return {
        "promise": said,
        "key": public_key(work),
        "signature": base64.b64encode(key.sign(rfc8785.dumps(said))).decode(),
    }


def proof(work: Work, case: Complaint, earlier: str = "") -> dict[str, Any] | None:
    """That the filing is in the newest signed checkpoint; None while no checkpoint holds it yet.

    With an `earlier` checkpoint (its note) it also shows that the newer log still begins with that one; raises
    InputError for a file that is none, or is newer.
    """
    event = work.session.execute(
        select(Event.leaf, Event.leaf_index).where(Event.stream == case.uid, Event.seq == 1)
    ).one()
    row = work.session.scalars(select(Checkpoint).order_by(Checkpoint.size.desc()).limit(1)).first()
    if event.leaf_index is None or row is None or row.size <= event.leaf_index:
        return None
    tiles = sequencer.tiles(work.session)
    path = tiles.inclusion(event.leaf_index, row.size)
    made = {
        "kind": PROOF,
        "number": case.number,
        "leaf": event.leaf.decode(),
        "index": event.leaf_index,
        "size": row.size,
        "path": [each.hex() for each in path],
        "checkpoint": row.note,
        # For convenience only: who verifies brings the key from elsewhere.
        "key": public_key(work),
    }
    changes = keyring.changes(work.session, row.size)
    if changes:
        made["keys"] = changes
    if earlier:
        size = _size(earlier)
        if size > row.size:
            raise InputError({"checkpoint": [f"it has {size} events, the newest one here {row.size}"]})
        made["earlier"] = {"size": size, "path": [each.hex() for each in tiles.consistency(size, row.size)]}
    return made


def provable(work: Work, case: Complaint) -> bool:
    """Whether a signed checkpoint holds the filing already; one statement."""
    signed = select(func.max(Checkpoint.size)).scalar_subquery()
    found = select(Event.id).where(Event.stream == case.uid, Event.seq == 1, Event.leaf_index < signed)
    return work.session.scalar(found) is not None


def public_key(work: Work) -> str:
    """The installation's public key (vkey): publish it where the receipts are not."""
    return str(keyring.verifier(work.origin, work.keys.log))


def _size(note: str) -> int:
    try:
        return Said.parse(Note.parse(note).text).size
    except ValueError as error:
        raise InputError({"checkpoint": [str(error)]}) from error
