"""The ZIP a bundle is written to: it knows the digest of each of its files, and tells how far it is."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from complaints.base.clock import beijing

Progress = Callable[[int, int], None]


class Archive:
    """A ZIP that remembers each file's size and digest.

    After each piece it tells how many of `total` events are in it, so that long work can be watched and stopped.
    """

    def __init__(
        self, target: Path | BinaryIO, at: datetime, total: int, progress: Progress | None = None
    ) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self._moment = beijing(at).timetuple()[:6]
        self._progress = progress
        self.done, self.total = 0, total
        self.files: list[dict[str, Any]] = []

    def write(self, name: str, chunks: Iterable[bytes], *, listed: bool = True) -> None:
        """Add one file; what is not `listed` is left out of `files`."""
        info = zipfile.ZipInfo(name, self._moment)
        info.compress_type = zipfile.ZIP_DEFLATED
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
                if self._progress:
                    self._progress(self.done, self.total)
        if listed:
            self.files.append({"name": name, "size": size, "sha256": digest.hexdigest()})

    def close(self) -> None:
        """Write the archive's end."""
        self._zip.close()
