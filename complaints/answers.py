"""Sealed AI answers: a compact token by which the product vouches for what its model said.

The token holds digests, not texts, so its size does not grow with the answer; the reporter's page sends the
text, and the server says whether it is what was sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from complaints.base.errors import IntegrityError

Mark = Literal["verified", "altered", "unverified"]
_VERSION = "a1"
_MAX_TOKEN = 2000


@dataclass(frozen=True)
class Sealed:
    """What a genuine token says."""

    output_digest: str
    prompt_digest: str
    model: str
    answer_id: str
    filing_no: str
    at: str


def seal(
    key: bytes,
    audience: str,
    *,
    output: str,
    prompt: str = "",
    model: str = "",
    answer_id: str = "",
    filing_no: str = "",
    at: datetime | None = None,
) -> str:
    """A URL-safe token over the digests of prompt and output, HMAC-SHA256 with the answers' own key.

    `audience` is the installation's origin; `at` defaults to now.
    """
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    body = json.dumps(
        [
            audience,
            _digest(output),
            _digest(prompt),
            model[:80],
            answer_id[:80],
            filing_no[:80],
            moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    return f"{_VERSION}.{_encode(body)}.{_encode(_sign(key, body))}"


def read(key: bytes, audience: str, token: str) -> Sealed:
    """What the token says; raises IntegrityError when forged, foreign or damaged."""
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != _VERSION or len(token) > _MAX_TOKEN:  # noqa: PLR2004 - version, body, seal
        raise IntegrityError("this is not a sealed answer")
    try:
        body, signature = _decode(parts[1]), _decode(parts[2])
        if not hmac.compare_digest(signature, _sign(key, body)):
            raise IntegrityError("the seal was not made by this product")
        values: Any = json.loads(body)
        sealed_for, *said = values
        found = Sealed(*map(str, said))
    except (binascii.Error, ValueError, TypeError) as error:
        raise IntegrityError("this is not a sealed answer") from error
    if sealed_for != audience:
        raise IntegrityError("the seal was made for another installation")
    return found


def check(
    key: bytes, audience: str, token: str, *, output: str, prompt: str = ""
) -> tuple[Mark, Sealed | None]:
    """Compare texts with their token: verified, altered, or unverified where there is no genuine token."""
    if not token:
        return "unverified", None
    try:
        sealed = read(key, audience, token)
    except IntegrityError:
        return "unverified", None
    same = hmac.compare_digest(sealed.output_digest, _digest(output)) and (
        not prompt or hmac.compare_digest(sealed.prompt_digest, _digest(prompt))
    )
    return ("verified" if same else "altered"), sealed


def _digest(text: str) -> str:
    # A form field travels with CRLF line ends; the same text must give the same digest.
    unified = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _encode(hashlib.sha256(unified.encode("utf-8", "surrogatepass")).digest())


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"answer\x00" + body, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
