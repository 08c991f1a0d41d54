"""Whose each sealed field and file is, and what of it was erased when, as the log tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from complaints.ledger.private import COMPLAINANT, OPERATOR, THIRD_PARTY

NAMED, ERASED = "third_party", "erased"
# What a vendor is told quotes the matter it is about.
_THEIRS = frozenset({"details", "contact", "answer", "context", "extract"})


def owner(role: str, name: str) -> str:
    """Whose the field `name` of an event by `role` is, until an operator names a third party."""
    said = name == "message" and role == COMPLAINANT
    return COMPLAINANT if said or name in _THEIRS else OPERATOR


def place(seq: int, name: str) -> str:
    """A sealed field as events name it: sequence number and field."""
    return f"{seq}/{name}"


def file_place(uid: str) -> str:
    """An attachment as events name it."""
    return f"file/{uid}"


@dataclass
class Persons:
    """The owners of a stream's fields and files, folded event by event."""

    owners: dict[str, tuple[str, int]] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    also: set[str] = field(default_factory=set)

    def apply(self, body: Mapping[str, Any]) -> None:
        """Take one leaf in; raises KeyError or TypeError where it says nothing an event could say."""
        seq, role, meta = body["seq"], body["actor"].partition(":")[0], body["meta"]
        for name in body["commits"]:
            self.owners[place(seq, name)] = (owner(role, name), seq)
        theirs = COMPLAINANT if body["type"] != "replied" else OPERATOR
        for each in meta.get("files", ()):
            self.owners[file_place(each["uid"])] = (theirs, seq)
        if body["type"] == NAMED:
            for name in meta["fields"]:
                self.owners[name] = (THIRD_PARTY, seq)
        elif body["type"] == ERASED:
            self.erased |= dict.fromkeys(meta["persons"], seq)
            self.also.update(meta.get("also", ()))

    def of(self, name: str) -> str:
        """Whose a field or file is; empty for one that no event speaks of."""
        return self.owners.get(name, ("", 0))[0]

    def gone(self, name: str) -> bool:
        """Whether an erasure in the log covers this field or file; one written later it does not."""
        person, since = self.owners.get(name, ("", 0))
        return name in self.also or self.erased.get(person, 0) > since

    def keyless(self, person: str) -> bool:
        """Whether this person's key must be gone: erased, and nothing of theirs has come since."""
        last = max((since for who, since in self.owners.values() if who == person), default=0)
        return self.erased.get(person, 0) > last
