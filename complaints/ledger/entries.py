"""The parts of an event: its leaf's bytes, its personal fields, its milestone changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from complaints.base.clock import stamp
from complaints.ledger import canonical
from complaints.ledger.projection import plain
from complaints.ledger.proof import VERSION
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Milestone


@dataclass(frozen=True)
class Personal:
    """One personal field of an event: whose it is and its bytes."""

    person: str
    payload: bytes


@dataclass(frozen=True)
class Clock:
    """One milestone's change: a new one carries `due`, an existing one its new state or due date.

    `row` is the existing milestone where whoever changes it has read it already.
    """

    cycle: int
    kind: str
    step: str
    revision: int
    values: Mapping[str, Any]
    row: Milestone | None = field(default=None, compare=False, repr=False)

    def plain(self) -> dict[str, Any]:
        """As it stands in a leaf."""
        shown = {("due" if name == "due_at" else name): plain(value) for name, value in self.values.items()}
        return {"cycle": self.cycle, "kind": self.kind, "step": self.step, "rev": self.revision, **shown}


@dataclass(frozen=True)
class Written:
    """What became of an event: its place in the stream and its leaf's hash."""

    seq: int
    leaf: bytes
    hash: bytes


def milestone_row(clock: Clock) -> dict[str, Any]:
    """A new milestone as a row, but for its complaint."""
    return {
        "cycle": clock.cycle,
        "kind": clock.kind,
        "step": clock.step,
        "revision": clock.revision,
        "acted_at": None,
        **clock.values,
    }


def leaf_bytes(
    work: Work,
    place: tuple[str, int, bytes],
    event_type: str,
    actor: Actor,
    meta: Mapping[str, Any],
    commits: Mapping[str, str],
) -> bytes:
    """Canonical JSON (RFC 8785) of one event; `place` is stream, sequence number and the hash before it."""
    stream, seq, previous = place
    return canonical.dumps(
        {
            "v": VERSION,
            "origin": work.origin,
            "stream": stream,
            "seq": seq,
            "prev": previous.hex(),
            "type": event_type,
            "at": stamp(work.now),
            "actor": str(actor),
            "meta": dict(meta),
            "commits": dict(commits),
        }
    )
