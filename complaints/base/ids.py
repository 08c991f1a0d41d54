"""Identifiers: numbers people read aloud, codes they keep, and random names nobody guesses."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import date

# Without 0/O, 1/I/L: what is read aloud or copied by hand must not be mistaken.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CODE_LENGTH = 20  # 31**20 is about 99 bits; the floor is 80 (globaleaks#823)
_GROUP = 4


def random_uid() -> str:
    """128 random bits as 32 hexadecimal digits: a stream, a file, a row nobody may guess."""
    return secrets.token_hex(16)


def complaint_number(day: date) -> str:
    """A number like TS20261123-7K3M9Q: the Beijing day and six random characters, not countable."""
    tail = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"TS{day:%Y%m%d}-{tail}"


def tidy(text: str) -> str:
    """A number or code as typed by a person, without case, spaces and dashes."""
    return "".join(character for character in text.upper() if character.isalnum())


def tidy_number(text: str) -> str:
    """A complaint's number as stored, from whatever a person typed; returns the input's letters if hopeless."""
    bare = tidy(text)
    return f"{bare[:10]}-{bare[10:]}" if len(bare) == len("TS20261123") + 6 else bare[:32]


def access_code(key: bytes, number: str, secret: str) -> str:
    """The access code of a filing: the same secret gives the same code, so a retry shows it again.

    `secret` is the draft's 128-bit value; the code is a truncated HMAC-SHA256 over number and secret,
    in groups of four. It is never stored.
    """
    rest = int.from_bytes(hmac.digest(key, f"code\x00{number}\x00{secret}".encode(), "sha256"))
    letters = []
    for _ in range(_CODE_LENGTH):
        rest, at = divmod(rest, len(ALPHABET))
        letters.append(ALPHABET[at])
    return "-".join("".join(letters[i : i + _GROUP]) for i in range(0, _CODE_LENGTH, _GROUP))


def keyed_hash(key: bytes, purpose: str, value: str) -> str:
    """A look-up hash (HMAC-SHA256, hex): equal values meet, nobody without the key can try values."""
    return hmac.digest(key, purpose.encode() + b"\x00" + value.encode(), "sha256").hex()


def sha256_hex(data: bytes) -> str:
    """SHA-256 as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
