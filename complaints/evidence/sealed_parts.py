"""The parts of an ordered file in the file store, each sealed under a key of its job."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator

from complaints.administration.installation import Installation
from complaints.ledger import private as sealing


def put(found: Installation, name: str, data: bytes) -> str:
    """Store one part under `name`, which begins with its job's uid; returns the name."""
    found.files.put(name, sealing.encrypt(_key(found, name.partition(".")[0]), data, name))
    return name


def read(found: Installation, uid: str, names: Iterable[str]) -> Iterator[bytes]:
    """The parts of job `uid` in the order of `names`; raises IntegrityError for one changed or swapped."""
    for name in names:
        yield sealing.decrypt(_key(found, uid), found.files.get(name), name)


def _key(found: Installation, uid: str) -> bytes:
    return hmac.digest(found.keys.data, f"job\x00{uid}".encode(), "sha256")
