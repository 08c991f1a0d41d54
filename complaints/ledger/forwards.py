"""What became of the hand-overs to a model's vendor, by a complaint's events: for pages, papers and the audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from complaints.ledger.reading import Entry

EVENTS = frozenset({"forwarded", "forward_sent", "forward_failed", "vendor_numbered", "vendor_answered"})


@dataclass
class HandedOver:
    """One hand-over as its events left it: queued, sent, answered or failed; texts stand in `entries`."""

    seq: int
    vendor: str
    model: str
    to: str
    way: str
    ordered_at: datetime
    state: str = "queued"
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    answer_seq: int | None = None
    failure: str = ""
    entries: list[Entry] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The vendor's own number, the newest that was given."""
        return next((said for entry in reversed(self.entries) if (said := entry.text("vendor_number"))), "")

    @property
    def answers(self) -> list[Entry]:
        """What the vendor answered, oldest first."""
        return [entry for entry in self.entries if entry.type == "vendor_answered"]

    @property
    def extract(self) -> str:
        """What the vendor was told; empty once erased."""
        return self.entries[0].text("extract")


@dataclass
class Forwards:
    """The hand-overs of one complaint being replayed, by the event that ordered each."""

    rows: dict[int, HandedOver] = field(default_factory=dict)

    def take(self, entry: Entry) -> bool:
        """Apply one event; False when it speaks of a hand-over that never was."""
        if entry.type not in EVENTS:
            return True
        meta = entry.meta
        if entry.type == "forwarded":
            self.rows[entry.seq] = HandedOver(
                seq=entry.seq,
                vendor=meta["vendor"],
                model=meta["model"],
                to=meta["to"],
                way=meta["way"],
                ordered_at=entry.at,
                entries=[entry],
            )
            return True
        row = self.rows.get(meta["of"])
        if row is None:
            return False
        row.entries.append(entry)
        match entry.type:
            case "forward_sent":
                row.state, row.sent_at, row.failure = "sent", entry.at, ""
            case "forward_failed":
                row.state, row.failure = "failed", meta["failure"]
            case "vendor_answered":
                row.state, row.answered_at, row.answer_seq = "answered", entry.at, entry.seq
        return True


def forwards(entries: Iterable[Entry]) -> list[HandedOver]:
    """The hand-overs of a complaint as its events left them, oldest first."""
    found = Forwards()
    for entry in entries:
        found.take(entry)
    return list(found.rows.values())
