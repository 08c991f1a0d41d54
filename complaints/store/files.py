"""Attachments' bytes in a local folder, outside any web root; what lies there is encrypted already."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{32}(?:\.view)?")
# A part of an ordered export: its job, its place, and which worker wrote it.
_PART = re.compile(r"[0-9a-f]{32}\.\d{6}\.[0-9a-f]{8}")


class LocalFiles:
    """A folder with one level of fan-out; names are random, a file is never overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, uid: str, data: bytes) -> None:
        """Store durably under a new name; raises FileExistsError for one that exists."""
        path = self._path(uid)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        finally:
            temporary.unlink()

    def get(self, uid: str) -> bytes:
        """The stored bytes; raises FileNotFoundError."""
        return self._path(uid).read_bytes()

    def delete(self, uid: str) -> None:
        """Remove; a missing file is no error."""
        self._path(uid).unlink(missing_ok=True)

    def delete_parts(self, uid: str) -> None:
        """Remove every part of a job's file, also those that no row names."""
        for path in self._path(uid).parent.glob(f"{uid}.*"):
            if _PART.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Every stored name of attachments, for the audit."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.glob("??/*") if _NAME.fullmatch(path.name))

    def _path(self, uid: str) -> Path:
        if not (_NAME.fullmatch(uid) or _PART.fullmatch(uid)):
            raise FileNotFoundError(uid)
        return self.folder / uid[:2] / uid
