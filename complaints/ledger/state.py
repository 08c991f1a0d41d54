"""What the signing host remembers outside the database: the newest checkpoint it ever signed.

A log must sign nothing that contradicts what it signed before (c2sp.org/tlog-witness). The database cannot be
asked: it is what may have been put back to an older state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from complaints.base import durable
from complaints.base.clock import from_stamp, stamp
from complaints.base.errors import ComplaintsError
from complaints.ledger.proof import Checkpoint, Note, Verifier

FILE, LOCK = "checkpoint.json", "lock"
_FIELDS = {"origin", "size", "root", "time", "vkey", "note"}


class SigningError(ComplaintsError):
    """No checkpoint was signed, on purpose; `code` names why, the text says what happened and what to do."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True)
class Signed:
    """The newest checkpoint this host signed: the note, when, and by which key (vkey)."""

    note: str
    at: datetime
    vkey: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(Note.parse(self.note).text)


class StateFolder:
    """The folder of the state file; whoever has it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether this host signs at all."""
        return self.folder.is_dir()

    def create(self) -> None:
        """Make the folder, mode 0700; one that is there is no error."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[bool]:
        """Hold the folder against every other process and host; raises SigningError where it cannot be written."""
        with ExitStack() as stack:
            try:
                mine = stack.enter_context(durable.locked(self.folder / LOCK, wait=wait))
            except OSError as error:
                raise _unwritable(self.folder, error) from error
            yield mine

    def read(self) -> Signed | None:
        """What was signed last; None before the first time. Raises SigningError for a file that is damaged."""
        path = self.folder / FILE
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _damaged(path) from error
        try:
            return _signed(json.loads(text))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise _damaged(path) from error

    def write(self, signed: Signed) -> None:
        """Remember a checkpoint; on the disk when this returns. Raises SigningError where that fails."""
        said = signed.checkpoint
        content = {
            "origin": said.origin,
            "size": said.size,
            "root": said.root.hex(),
            "time": stamp(signed.at),
            "vkey": signed.vkey,
            "note": signed.note,
        }
        try:
            durable.write(
                self.folder / FILE, json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"
            )
        except OSError as error:
            raise _unwritable(self.folder, error) from error


def _signed(content: dict[str, object]) -> Signed:
    if content.keys() != _FIELDS:
        raise ValueError("other fields than we write")
    made = Signed(str(content["note"]), from_stamp(str(content["time"])), str(content["vkey"]))
    said = made.checkpoint
    if (said.origin, said.size, said.root.hex()) != (content["origin"], content["size"], content["root"]):
        raise ValueError("the fields contradict the note")
    if not Note.parse(made.note).signed_by([Verifier.parse(made.vkey)]):
        raise ValueError("the note is not signed by the key it names")
    return made


def _damaged(path: Path) -> SigningError:
    return SigningError(
        "state-damaged",
        f"{path} is damaged, so this host no longer knows what it signed last. Nothing is signed. Move the file "
        "away and run `flask complaints checkpoint --adopt OLDER` with the newest checkpoint you can find outside, "
        "such as the last mail to a witness",
    )


def _unwritable(folder: Path, error: OSError) -> SigningError:
    return SigningError(
        "state-unwritable",
        f"{folder} cannot be written ({type(error).__name__} {error.errno}), and what cannot be remembered is not "
        "signed. Give the process write access to it, or make room on its disk",
    )
