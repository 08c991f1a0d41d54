"""The installation's keys: one per purpose, from files or from the environment."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from complaints.base.errors import ConfigError

# name → what a thief of this key could do; the docs print the same sentence.
PURPOSES: dict[str, str] = {
    "data": "reads texts, contacts and files of a stolen database",
    "lookup": "tries guesses of access codes, addresses and sources against a stolen database",
    "log": "signs receipts and checkpoints in our name",
    "answers": "seals AI answers that were never given",
}
LENGTH = 32


@dataclass(frozen=True)
class Keys:
    """Thirty-two bytes per purpose; never printed."""

    data: bytes = field(repr=False)
    lookup: bytes = field(repr=False)
    log: bytes = field(repr=False)
    answers: bytes = field(repr=False)

    @classmethod
    def random(cls) -> Keys:
        """New keys for a test or a first start; nothing is written."""
        return cls(*(secrets.token_bytes(LENGTH) for _ in PURPOSES))


def variable(purpose: str) -> str:
    """The environment variable (or setting) that may hold this key, base64."""
    return f"COMPLAINTS_KEY_{purpose.upper()}"


def load(folder: Path, environment: Mapping[str, str] | None = None) -> Keys:
    """The four keys; the environment wins over files. Raises ConfigError naming each missing key."""
    environment = os.environ if environment is None else environment
    found: dict[str, bytes] = {}
    missing: list[str] = []
    for purpose in PURPOSES:
        text = environment.get(variable(purpose)) or _read(folder / f"{purpose}.key")
        if text is None:
            missing.append(purpose)
        else:
            found[purpose] = _decode(text, purpose)
    if missing:
        names = ", ".join(missing)
        raise ConfigError(
            f"the keys {names} are missing: run `flask complaints init`, which writes them to {folder}, "
            f"or set {variable(missing[0])} and its like to 32 bytes in base64 on every host"
        )
    return Keys(**found)


def create_missing(folder: Path, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Write each key that neither the environment nor `folder` holds; returns the purposes written.

    Files are created with mode 0600 in a folder of mode 0700 and never overwritten, also when several
    processes start at once.
    """
    environment = os.environ if environment is None else environment
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    for purpose in PURPOSES:
        if environment.get(variable(purpose)):
            continue
        path = folder / f"{purpose}.key"
        content = base64.b64encode(secrets.token_bytes(LENGTH)) + b"\n"
        temporary = path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A hard link is atomic and fails when another process was first; a rename would overwrite it.
            os.link(temporary, path)
            written.append(purpose)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return tuple(written)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); give the process read access to it") from error


def _decode(text: str, purpose: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ConfigError(f"the key {purpose} is not base64; write 32 random bytes in base64") from error
    if len(key) != LENGTH:
        raise ConfigError(f"the key {purpose} has {len(key)} bytes; write 32 random bytes in base64")
    return key
