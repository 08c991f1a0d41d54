"""Time stamps of checkpoints (RFC 3161): ask an authority, keep its answer as it came, verify it offline."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from complaints.base.errors import ComplaintsError

TIMEOUT_SECONDS = 10
_LARGEST = 1_000_000
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_GRANTED = (0, 1)


class StampError(ComplaintsError):
    """No usable stamp; the text is a class and a code, fit for a table."""


@dataclass(frozen=True)
class Stamp:
    """An authority's answer, DER; `at` is its time, None where this library cannot read what openssl can."""

    raw: bytes
    at: datetime | None
    note: str = ""


def ask(url: str, note: str, ca_file: str = "") -> Stamp:
    """Have a note's SHA-256 stamped; waits ten seconds at most for each answer of the network. Raises StampError.

    With `ca_file` the answer is verified against it, else only read.
    """
    client = _client()
    wanted = (
        client.TimestampRequestBuilder()
        .data(note.encode())
        .hash_algorithm(client.HashAlgorithm.SHA256)
        .build()
    )
    raw = _post(url, wanted.as_bytes())
    try:
        answer = client.decode_timestamp_response(raw)
    except ValueError:
        return _unread(raw, note)
    if answer.status not in _GRANTED:
        raise StampError(f"refused with status {answer.status}")
    try:
        info = answer.tst_info
        if info.message_imprint.message != _digest(note) or info.nonce != wanted.nonce:
            raise StampError("the answer is to another question")
    except ValueError:
        return _unread(raw, note)
    if not ca_file:
        return Stamp(raw, info.gen_time)
    return verify(raw, note, ca_file)


def verify(raw: bytes, note: str, ca_file: str) -> Stamp:
    """Verify a stored answer against an authority's certificate, without any network. Raises StampError.

    Where the library refuses the encoding that openssl reads, the stamp comes back with a note that says so.
    """
    client = _client()
    try:
        roots = x509.load_pem_x509_certificates(Path(ca_file).read_bytes())
    except (OSError, ValueError) as error:
        raise StampError(f"the authority's file cannot be read ({type(error).__name__})") from error
    try:
        answer = client.decode_timestamp_response(raw)
        info = answer.tst_info
    except ValueError:
        return _unread(raw, note)
    if info.message_imprint.message != _digest(note):
        raise StampError("the stamp is over another text")
    builder = client.VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(answer, note.encode())
    except client.VerificationError as error:
        if "InvalidSetOrdering" in str(error):
            return _unread(raw, note)
        raise StampError(f"the stamp does not verify ({error})"[:200]) from error
    return Stamp(raw, info.gen_time)


def about(raw: bytes, note: str) -> None:
    """Raise StampError unless an answer names this text; whose it is, nobody has verified then."""
    if _digest(note) not in raw:
        raise StampError("it is gone, damaged, or over another text")


def command(folder: str, ca_file: str) -> str:
    """The line with which openssl verifies a saved checkpoint's stamp."""
    ca = ca_file or "AUTHORITY.pem"
    return f"openssl ts -verify -in {folder}/checkpoint.tsr -data {folder}/checkpoint.txt -CAfile {ca}"


def installed() -> bool:
    """Whether the extra `tsa` is installed."""
    try:
        _client()
    except StampError:
        return False
    return True


def _unread(raw: bytes, note: str) -> Stamp:
    """An answer this library cannot read: kept when it is about our text, since openssl may read it."""
    if _digest(note) not in raw:
        raise StampError("the answer is no time stamp of this text")
    return Stamp(raw, None, "kept as it came; rfc3161-client cannot read it, verify it with openssl")


def _digest(note: str) -> bytes:
    return hashlib.sha256(note.encode()).digest()


def _post(url: str, query: bytes) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise StampError("the address is no web address")
    request = urllib.request.Request(url, query, {"Content-Type": _QUERY, "Accept": _REPLY})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - checked above
            raw: bytes = response.read(_LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise StampError(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise StampError(type(error).__name__) from error
    if len(raw) > _LARGEST:
        raise StampError("the answer is too long")
    return raw


def _client() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra; without it everything but time stamps works
    except ImportError as error:
        raise StampError("install flask-complaints[tsa]") from error
    return rfc3161_client
