"""The policy: what a provider promises, read from TOML, kept and compared as canonical JSON."""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import rfc8785

from complaints.base.errors import PolicyError, Problem
from complaints.policy import loading
from complaints.policy.checking import Caution, check, weigh
from complaints.policy.labels import Label
from complaints.policy.missing import Missing, find
from complaints.policy.model import Promises
from complaints.policy.reading import Reader
from complaints.policy.writing import dump

__all__ = ["Caution", "Label", "Missing", "Policy", "load"]


@dataclass(frozen=True)
class Policy(Promises):
    """Everything promised, with its canonical bytes; equal policies have equal digests."""

    def resolved(self) -> dict[str, Any]:
        """The whole policy as JSON-able data without floats; keyed tables are lists that keep their order."""
        whole: dict[str, Any] = dump(self)
        return whole

    @classmethod
    def from_resolved(cls, whole: Mapping[str, Any]) -> Self:
        """The policy that `resolved` wrote, checked again; raises PolicyError."""
        return cls._read(dict(whole), Reader("published policy"))

    @classmethod
    def _read(cls, whole: Mapping[str, Any], reader: Reader) -> Self:
        reader.duty = "24x7" if whole.get("duty") == "24x7" else "office"
        read = reader.record(cls, whole, "") if whole else None
        if read is not None:
            check(read, reader)
        if read is None or reader.problems:
            raise PolicyError(reader.problems)
        return read

    @cached_property
    def bytes(self) -> builtins.bytes:
        """Canonical JSON (RFC 8785) of `resolved()`; this is what is published and hashed."""
        return rfc8785.dumps(self.resolved())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `bytes`, in hex."""
        return hashlib.sha256(self.bytes).hexdigest()

    def missing(self) -> tuple[Missing, ...]:
        """What only the provider can say and has not said yet; never invented, shown to operators."""
        return find(self)

    def cautions(self) -> tuple[Caution, ...]:
        """What is allowed but deserves a second look, such as a target later than the promise."""
        return weigh(self)

    def __hash__(self) -> int:
        """Equal policies hash alike."""
        return hash(self.digest)


def load(path: Path | None = None) -> Policy:
    """The policy in the file at `path`, or the shipped `cn-genai`; raises PolicyError with every problem found."""
    reader = Reader(str(path) if path else f"{loading.DEFAULT}.toml")
    place = Path(path) if path else None
    try:
        return Policy._read(loading.tables(place, reader), reader)  # noqa: SLF001 - its own loader
    except PolicyError as error:
        if place is None:
            raise
        raise PolicyError((*error.problems, *_behind(place, reader))) from None


def _behind(path: Path, reader: Reader) -> list[Problem]:
    """Faults that the cross-checks find once what could not be read is taken out of the file."""
    keys = [one.key for one in reader.problems]
    # A table that was taken out is missed by whatever refers to it; that is no fault of the file.
    cut = {f"“{name}”" for key in keys for name in key.partition("[")[0].split(".")}
    again = Reader(reader.file)
    whole = loading.tables(path, again, keys)
    read = again.record(Policy, whole, "") if whole and not again.problems else None
    if read is None:
        return []
    check(read, again)
    return [
        one for one in again.problems if one.key not in keys and not any(name in one.problem for name in cut)
    ]
