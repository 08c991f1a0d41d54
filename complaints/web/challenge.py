"""Proof of work for a source that files a great deal: ALTCHA, made, checked and used once on this server."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from complaints.base.ids import keyed_hash, sha256_hex
from complaints.web import limiting
from complaints.web.frame import installation

FIELD = "altcha"
_LIFE = timedelta(minutes=20)
# About 256 derivations on average: half a second on a desk, a few seconds on a small phone.
_ALGORITHM, _ROUNDS, _PREFIX = "PBKDF2/SHA-256", 5000, "00"
_LONGEST = 10_000


def new() -> str:
    """A fresh challenge as JSON for the widget; needs no database."""
    from altcha import create_challenge  # noqa: PLC0415 - only a flood needs it

    made = create_challenge(
        _ALGORITHM, _ROUNDS, key_prefix=_PREFIX, expires_at=datetime.now(UTC) + _LIFE, hmac_secret=_secret()
    )
    return json.dumps(made.to_dict())


def solved(payload: str) -> bool:
    """Whether a fresh challenge of ours was solved; the same solution does not count twice."""
    from altcha import verify_solution  # noqa: PLC0415 - only a flood needs it

    if not payload or len(payload) > _LONGEST or not verify_solution(payload, _secret()).verified:
        return False
    try:
        signature = str(json.loads(base64.b64decode(payload))["challenge"]["signature"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return False
    return limiting.use_once(sha256_hex(signature.encode()), int(_LIFE.total_seconds()))


def _secret() -> str:
    return keyed_hash(installation().keys.lookup, "challenge", "altcha")
