"""The installation's keys: one per purpose, from files or from the environment."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from complaints.base import durable
from complaints.base.errors import ConfigError

# name → what a thief of this key could do; the docs print the same sentence.
PURPOSES: dict[str, str] = {
    "data": "reads texts, contacts and files of a stolen database, and signs messages to webhooks",
    "lookup": "tries guesses of access codes, addresses and sources against a stolen database",
    "log": "signs receipts and checkpoints in our name",
    "answers": "seals AI answers that were never given; tries guesses of questions against tokens",
}
LENGTH = 32
# The key that signed before: kept until one checkpoint carries the signatures of both.
PREVIOUS = "log_previous"
# Keys that sealed answers before, newest first: kept as long as their seals are to be believed.
FORMER = "answers_previous"


@dataclass(frozen=True)
class Keys:
    """Thirty-two bytes per purpose; never printed."""

    data: bytes = field(repr=False)
    lookup: bytes = field(repr=False)
    log: bytes = field(repr=False)
    answers: bytes = field(repr=False)
    log_previous: bytes | None = field(default=None, repr=False)
    answers_previous: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def sealers(self) -> tuple[bytes, ...]:
        """Every key whose seals of answers are believed, the one that seals now first."""
        return (self.answers, *self.answers_previous)

    @property
    def search(self) -> bytes:
        """What makes the words of the search index; who has it could read the texts anyway."""
        return hmac.digest(self.data, b"search\x00words", "sha256")

    @property
    def searched(self) -> bytes:
        """What seals the words that somebody searches for, in an address."""
        return hmac.digest(self.data, b"search\x00address", "sha256")

    @classmethod
    def random(cls) -> Keys:
        """New keys for a test or a first start; nothing is written."""
        data, lookup, log, answers = (secrets.token_bytes(LENGTH) for _ in PURPOSES)
        return cls(data, lookup, log, answers)


def variable(purpose: str) -> str:
    """The environment variable (or setting) that may hold this key, base64."""
    return f"COMPLAINTS_KEY_{purpose.upper()}"


def load(folder: Path, environment: Mapping[str, str] | None = None) -> Keys:
    """The four keys and former ones; the environment wins over files. Raises ConfigError naming each missing key."""
    environment = os.environ if environment is None else environment
    found: dict[str, bytes] = {}
    missing: list[str] = []
    for purpose in (*PURPOSES, PREVIOUS):
        text = environment.get(variable(purpose)) or _read(path(folder, purpose))
        if text is None:
            if purpose != PREVIOUS:
                missing.append(purpose)
        else:
            found[purpose] = _decode(text, purpose)
    if missing:
        names = ", ".join(missing)
        raise ConfigError(
            f"the keys {names} are missing: run `flask complaints init`, which writes them to {folder}, "
            f"or set {variable(missing[0])} and its like to 32 bytes in base64 on every host"
        )
    former = environment.get(variable(FORMER)) or _read(path(folder, FORMER)) or ""
    # One a line in a file, separated by commas in a variable.
    previous = tuple(_decode(text, FORMER) for text in former.replace(",", " ").split())
    return Keys(**found, answers_previous=previous)


def path(folder: Path, purpose: str) -> Path:
    """The file that may hold this key, such as data.key or log.previous.key."""
    return folder / f"{purpose.replace('_', '.')}.key"


def in_environment(purpose: str, environment: Mapping[str, str]) -> bool:
    """Whether this key comes from the environment or a setting, so that a file of ours would not be read."""
    return bool(environment.get(variable(purpose)))


def mark(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """What changes when a log key is exchanged in this folder: two looks at files, none is read."""
    found: list[tuple[int, int] | None] = []
    for purpose in ("log", PREVIOUS):
        try:
            seen = path(folder, purpose).stat()
            found.append((seen.st_mtime_ns, seen.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


def rotate_file(folder: Path) -> None:
    """Keep the present log key as log.previous.key and write a new one, each whole or not at all."""
    old = _read(path(folder, "log"))
    if old is None:
        raise ConfigError(f"{path(folder, 'log')} is missing: the key to be replaced must be there")
    durable.write(path(folder, PREVIOUS), _encoded(_decode(old, "log")))
    durable.write(path(folder, "log"), _encoded(secrets.token_bytes(LENGTH)))


def forget_previous(folder: Path) -> None:
    """Delete log.previous.key once it has signed for the last time; its absence is no error."""
    path(folder, PREVIOUS).unlink(missing_ok=True)


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
        target = path(folder, purpose)
        temporary = durable.temporary(target, _encoded(secrets.token_bytes(LENGTH)))
        try:
            # A hard link is atomic and fails when another process was first; a rename would overwrite it.
            os.link(temporary, target)
            written.append(purpose)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return tuple(written)


def _encoded(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


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
