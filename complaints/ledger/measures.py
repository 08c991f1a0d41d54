"""What became of a complaint's measures, by its events: the one definition, for pages, papers and the audit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from complaints.ledger.reading import Entry

# Events that say something of a measure besides those that order one.
EVENTS = frozenset({"taken_back", "released", "action_done", "action_failed", "action_retried", "retested"})
# Ordered outside a decision; all other orders stand in one.
OUTSIDE = "action"


@dataclass
class Measure:
    """One measure as its events left it.

    `called`: a callback of the host carries it out. `state` is pending, done, failed or taken_back; `waits`
    says that a pending one waits for the release of its decision. `retest` is wanted, passed, failed or None.
    """

    seq: int
    position: int
    action: str
    ordered_at: datetime
    immediate: bool
    called: bool
    state: str
    waits: bool
    retest: str | None
    attempts: int = 0
    result_seq: int | None = None
    acted_at: datetime | None = None
    duration_ms: int | None = None

    @property
    def open(self) -> bool:
        """Whether somebody must still look after it: it failed, or its retest is owed or failed."""
        return self.state == "failed" or (self.state != "taken_back" and self.retest in {"wanted", "failed"})


@dataclass
class Measures:
    """The measures of one complaint being replayed; `immediate` are the actions that act at the click."""

    immediate: Collection[str]
    rows: dict[tuple[int, int], Measure] = field(default_factory=dict)
    decided: int = 0

    def take(self, entry: Entry) -> bool:
        """Apply one event; False when it speaks of a measure that was never ordered."""
        if entry.type in EVENTS:
            return self._happened(entry)
        if entry.type != OUTSIDE and "outcome" in entry.meta:
            self.decided = entry.seq
        for position, ordered in enumerate(entry.meta.get("actions", ())):
            self.rows[entry.seq, position] = self._ordered(entry, position, ordered)
        return True

    def _ordered(self, entry: Entry, position: int, ordered: dict[str, object]) -> Measure:
        action, called = str(ordered["action"]), bool(ordered.get("called"))
        waits = entry.type != OUTSIDE and action not in self.immediate
        return Measure(
            seq=entry.seq,
            position=position,
            action=action,
            ordered_at=entry.at,
            immediate=action in self.immediate,
            called=called,
            state="pending" if called or waits else "done",
            waits=waits,
            retest="wanted" if ordered.get("retest") else None,
        )

    def _happened(self, entry: Entry) -> bool:
        match entry.type:
            case "taken_back":
                running = entry.meta.get("running", ())
                for row in self.rows.values():
                    stopped = row.seq == self.decided and row.position not in running
                    if stopped and row.state == "pending":
                        row.state = "taken_back"
            case "released":
                for row in self.rows.values():
                    row.waits = False
                    if row.state == "pending" and not row.called:
                        row.state = "done"
            case _:
                found = self.rows.get((entry.meta["of"], entry.meta["position"]))
                if found is None:
                    return False
                _result(found, entry)
        return True


def measures(entries: Iterable[Entry], immediate: Collection[str]) -> list[Measure]:
    """The measures of a complaint as its events left them, in the order they were ordered."""
    found = Measures(immediate)
    for entry in entries:
        found.take(entry)
    return list(found.rows.values())


def _result(row: Measure, entry: Entry) -> None:
    match entry.type:
        case "retested":
            row.retest = entry.meta["result"]
            return
        case "action_retried":
            row.state = "pending"
            return
        case "action_failed":
            row.state = "failed" if entry.meta.get("final") else "pending"
        case _:
            row.state = "done"
    row.attempts = entry.meta.get("attempt", row.attempts)
    row.result_seq, row.acted_at = entry.seq, entry.at
    row.duration_ms = entry.meta.get("duration_ms")
