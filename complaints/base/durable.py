"""Files that are there whole after a power cut, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def temporary(target: Path, content: bytes) -> Path:
    """A file beside `target` with this content and mode 0600, on the disk when this returns; raises OSError."""
    made = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        made.unlink(missing_ok=True)
        raise
    return made


def write(target: Path, content: bytes) -> None:
    """Put `content` in the place of `target` in one step, mode 0600, and see it on the disk; raises OSError."""
    made = temporary(target, content)
    try:
        made.replace(target)
    except OSError:
        made.unlink(missing_ok=True)
        raise
    # The name is an entry of the folder: without this a power cut may bring the older file back.
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold `path` against every other process; yields False, at once, where `wait` is off and another has it."""
    import fcntl  # noqa: PLC0415 - POSIX only; elsewhere nothing is signed, and everything else works

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        # Closing gives the lock back, as does the death of the process.
        os.close(handle)
