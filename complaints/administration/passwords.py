"""Passwords of built-in operators: Argon2id, one-time ones in groups that can be read aloud."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from complaints.base.errors import InputError
from complaints.base.ids import ALPHABET
from complaints.base.translations import gettext as t

SHORTEST = 12
LONGEST = 200
_HASHER = PasswordHasher()


def one_time() -> str:
    """Sixteen random characters (79 bits) in groups of four."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def hashed(password: str) -> str:
    """Argon2id with the library's parameters (RFC 9106, second choice: 64 MiB, 3 passes)."""
    return _HASHER.hash(password)


def matches(kept: str, password: str) -> bool:
    """Whether `password` is the one `kept` was made of; an overlong one is compared, and fails, as well."""
    try:
        return _HASHER.verify(kept, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False


@cache
def nobodys() -> str:
    """A hash that answers for unknown names, so that their refusal takes as long as a wrong password's."""
    return hashed(secrets.token_hex(16))


def check(new: str, login: str, old: str) -> None:
    """Raise InputError for a password that is too short, too long, the name or the old one.

    Length alone is asked for, no mixture of characters (NIST SP 800-63B, 5.1.1.2).
    """
    if len(new) < SHORTEST:
        raise InputError({"new": [t("Use at least {n} characters; a short sentence does well", n=SHORTEST)]})
    if len(new) > LONGEST:
        raise InputError({"new": [t("Use at most {n} characters", n=LONGEST)]})
    if new.casefold() == login or new == old or len(set(new)) < SHORTEST // 3:
        raise InputError({"new": [t("This one is too easy to guess, or the one you had; choose another")]})
