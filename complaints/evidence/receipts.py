"""The receipt's promise: signed at once, so that a complainant can prove the filing to a stranger.

It names the leaf that the filing became; that the leaf is in the log is proved later by the proof.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from complaints.cases.access import filing_hash_of
from complaints.ledger.reading import history
from complaints.ledger.work import Work
from complaints.store.tables import Complaint

KIND = "flask-complaints/promise/v1"
_FIELDS = frozenset({"kind", "origin", "number", "filed_at", "leaf", "accept_due", "result_due", "policy"})


@dataclass(frozen=True)
class Step:
    """One numbered step of a verification."""

    number: int
    good: bool
    text: str


def promise(work: Work, case: Complaint) -> dict[str, Any]:
    """The signed promise (Ed25519 over RFC 8785 bytes) of one complaint; dates as they were at filing."""
    # From the leaf it names, not from the row: a pause moves the row's dates, and the promise stays.
    first = history(work, case.uid, types=("filed",), opened=False)[0].meta["change"]
    said = {
        "kind": KIND,
        "origin": work.origin,
        "number": case.number,
        "filed_at": first["filed_at"][1],
        "leaf": filing_hash_of(work, case.uid).hex(),
        "accept_due": first.get("accept_due", [None, None])[1],
        "result_due": first.get("result_due", [None, None])[1],
        "policy": work.policy_of(case.policy_version).digest,
    }
    key = Ed25519PrivateKey.from_private_bytes(work.keys.log)
    return {
        "promise": said,
        "key": public_key(work),
        "signature": base64.b64encode(key.sign(rfc8785.dumps(said))).decode(),
    }


def public_key(work: Work) -> str:
    """The installation's public key, base64: publish it where the receipts are not."""
    key = Ed25519PrivateKey.from_private_bytes(work.keys.log)
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def verify(receipt: Any, key: str = "") -> list[Step]:
    """Numbered steps over an untrusted receipt; without `key` from outside it stays unanchored.

    Never raises: whatever the receipt holds, the answer is a list of steps.
    """
    said = receipt.get("promise") if isinstance(receipt, Mapping) else None
    form = isinstance(said, Mapping) and set(said) == _FIELDS and said["kind"] == KIND and _plain(said)
    steps = [
        Step(1, form, "the file is a promise of filing" if form else "the file is not a promise of filing")
    ]
    if not form or not isinstance(said, Mapping) or not isinstance(receipt, Mapping):
        return steps
    inside = str(receipt.get("key", ""))
    if not key:
        steps.append(
            Step(
                2,
                good=False,
                text="UNANCHORED: give the installation's key with --key, from its public page or a letter",
            )
        )
    else:
        same = key.strip() == inside
        text = (
            "the key is the one you gave" if same else "the receipt names another key than the one you gave"
        )
        steps.append(Step(2, same, text))
    signed = _signed(said, str(receipt.get("signature", "")), key.strip() or inside)
    text = (
        "the signature holds" if signed else "the signature does not hold: the receipt was changed or made up"
    )
    steps.append(Step(3, signed, text))
    steps.append(
        Step(
            4,
            good=True,
            text=f"it says: {said['origin']} took in {said['number']} at {said['filed_at']}, answer by {said['result_due']}",
        )
    )
    return steps


def _plain(said: Mapping[str, Any]) -> bool:
    """Whether every field is text; a date may be missing."""
    return all(
        isinstance(value, str) or (value is None and name.endswith("_due")) for name, value in said.items()
    )


def _signed(said: Mapping[str, Any], signature: str, key: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        public.verify(base64.b64decode(signature, validate=True), rfc8785.dumps(dict(said)))
    except (InvalidSignature, ValueError, binascii.Error, rfc8785.CanonicalizationError):
        return False
    return True
