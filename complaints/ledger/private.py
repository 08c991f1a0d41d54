"""Seal and open personal data: a data key per person in a case, a salt and a commitment per field.

Not a column type: sealing needs the row's place (stream, sequence, field) as associated data, so that a
sealed text moved to another row does not open (design: no two rows are interchangeable).
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from complaints.base.errors import IntegrityError
from complaints.ledger.proof import commitment

SALT = 32
_NONCE = 12
_KEY_ID = b"\x01"

COMPLAINANT, THIRD_PARTY, OPERATOR = "complainant", "third_party", "operator"


@dataclass(frozen=True)
class Sealed:
    """A field ready for the database: its commitment goes into the leaf, `sealed` beside it."""

    commit: str
    sealed: bytes


def new_data_key() -> bytes:
    """A fresh AES-256 key for one person in one complaint."""
    return AESGCM.generate_key(256)


def wrap(key: bytes, data_key: bytes, stream: str, person: str) -> bytes:
    """The data key, encrypted with the installation's key `key`; a leading byte names the wrapping key."""
    nonce = os.urandom(_NONCE)
    return _KEY_ID + nonce + AESGCM(key).encrypt(nonce, data_key, f"{stream}\x00{person}".encode())


def unwrap(key: bytes, wrapped: bytes, stream: str, person: str) -> bytes:
    """The data key; raises IntegrityError when altered or wrapped by another installation's key."""
    return decrypt(key, wrapped[1:], f"{stream}\x00{person}")


def job_key(key: bytes, uid: str) -> bytes:
    """The key of what one job keeps until it is over, from the installation's key."""
    return hmac.digest(key, f"job\x00{uid}".encode(), "sha256")


def seal(data_key: bytes, stream: str, seq: int, field: str, payload: bytes) -> Sealed:
    """Salt, commit and encrypt one field of one event."""
    salt = os.urandom(SALT)
    return Sealed(
        commitment(salt, field, payload), encrypt(data_key, salt + payload, _place(stream, seq, field))
    )


def open_sealed(data_key: bytes, stream: str, seq: int, field: str, sealed: bytes) -> tuple[bytes, bytes]:
    """Salt and payload of a sealed field; raises IntegrityError when altered or out of place."""
    plain = decrypt(data_key, sealed, _place(stream, seq, field))
    return plain[:SALT], plain[SALT:]


def hand_over(old: bytes, new: bytes, stream: str, seq: int, field: str, sealed: bytes) -> bytes:
    """A sealed field under another person's key; salt and commitment stay. Raises IntegrityError."""
    place = _place(stream, seq, field)
    return encrypt(new, decrypt(old, sealed, place), place)


def encrypt(key: bytes, plain: bytes, place: str) -> bytes:
    """AES-256-GCM: nonce and ciphertext; `place` is bound as associated data."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def decrypt(key: bytes, sealed: bytes, place: str) -> bytes:
    """What `encrypt` sealed at this place; raises IntegrityError otherwise."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise IntegrityError("sealed data does not open: altered, moved, or another key") from error


def _place(stream: str, seq: int, field: str) -> str:
    return f"{stream}\x00{seq}\x00{field}"
