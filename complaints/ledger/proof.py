"""Verify a handling log with nothing but the standard library (RFC 6962 hashing, canonical JSON leaves)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

VERSION = 1
ZERO = bytes(32)
_LEAF = b"\x00"
_TEXTS = ("origin", "stream", "prev", "type", "at", "actor")
_FIELDS: dict[str, type] = {"v": int, "seq": int, "meta": dict, "commits": dict, **dict.fromkeys(_TEXTS, str)}


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: a stable code, where, and a sentence."""

    code: str
    where: str
    text: str


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a leaf: SHA-256 over 0x00 and its bytes (RFC 6962, section 2.1)."""
    return hashlib.sha256(_LEAF + leaf).digest()


def commitment(salt: bytes, field: str, payload: bytes) -> str:
    """What a leaf says of a personal field: HMAC-SHA256(salt, field ‖ 0x00 ‖ payload), hex."""
    return hmac.digest(salt, field.encode() + b"\x00" + payload, "sha256").hex()


class Chains:
    """Checks each stream's order: sequence numbers without a gap, each leaf naming the hash before it."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, bytes]] = {}

    def check(self, leaf: bytes) -> Iterator[Finding]:
        """Findings of one leaf; leaves of a stream come in order."""
        try:
            entry = json.loads(leaf)
        except (ValueError, RecursionError):
            yield Finding("leaf-unreadable", leaf[:40].hex(), "the leaf is not JSON")
            return
        if not _has_form(entry):
            yield Finding("leaf-form", str(entry)[:60], "the leaf does not have the fields of version 1")
            return
        stream, seq, where = entry["stream"], entry["seq"], f"{entry['stream']}/{entry['seq']}"
        if entry["v"] != VERSION:
            yield Finding("leaf-version", where, f"unknown leaf version {entry['v']}")
        at, previous = self._heads.get(stream, (0, ZERO))
        if seq != at + 1:
            yield Finding("sequence", where, f"event {at + 1} of this complaint is missing or out of place")
        if entry["prev"] != previous.hex():
            yield Finding("chain", where, "the event before this one was changed, dropped or replaced")
        self._heads[stream] = (seq, leaf_hash(leaf))

    def head(self, stream: str) -> tuple[int, bytes]:
        """Sequence number and hash of the newest leaf seen of `stream`; (0, zeros) when none was."""
        return self._heads.get(stream, (0, ZERO))

    def streams(self) -> Iterable[str]:
        """The streams seen so far."""
        return self._heads.keys()


def _has_form(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == _FIELDS.keys()
        and all(isinstance(entry[name], kind) for name, kind in _FIELDS.items())
    )
