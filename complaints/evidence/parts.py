"""The parts of an ordered file in the file store, each sealed under a key of its job."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from complaints.ledger import private as sealing
from complaints.ledger.work import Files

SIZE = 4_000_000


def put(files: Files, master: bytes, uid: str, number: int, token: str, data: bytes) -> str:
    """Seal and store one part; returns its name, which `token` keeps apart from another worker's."""
    name = f"{uid}.{number:06d}.{token}"
    files.put(name, sealing.encrypt(sealing.job_key(master, uid), data, name))
    return name


def read(files: Files, master: bytes, uid: str, names: Sequence[str]) -> Iterator[bytes]:
    """The file again, part by part; raises IntegrityError for one that was changed or moved."""
    for name in names:
        yield sealing.decrypt(sealing.job_key(master, uid), files.get(name), name)


def digest(files: Files, master: bytes, uid: str, names: Sequence[str]) -> tuple[str, int]:
    """SHA-256 (hex) and size of the whole file, from what is stored."""
    found, size = hashlib.sha256(), 0
    for block in read(files, master, uid, names):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size
