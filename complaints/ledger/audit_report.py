"""What an audit saw and found, and the event that says it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlalchemy import select

from complaints.ledger.audit_tree import Placed
from complaints.ledger.journal import record_system
from complaints.ledger.proof import Finding
from complaints.ledger.reading import Entry, entry
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Event

AUDITED = "audited"


@dataclass
class Report:
    """What an audit saw and what it found; `agreed` is the size of the last checkpoint that the log agrees with."""

    streams: int = 0
    events: int = 0
    private: int = 0
    files: int = 0
    placed: int = 0
    checkpoints: int = 0
    agreed: int | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def counted(self) -> dict[str, int]:
        """How much was looked at."""
        names = ("streams", "events", "private", "files", "placed", "checkpoints")
        return {name: getattr(self, name) for name in names}

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def place(self, placed: Placed) -> None:
        """Take in what the tree showed; a finding elsewhere is dated by the last checkpoint that holds."""
        self.placed, self.checkpoints, self.agreed = placed.events, placed.checkpoints, placed.agreed
        self.findings = [
            each if each.after is not None else replace(each, after=self.agreed) for each in self.findings
        ]

    def plain(self) -> dict[str, Any]:
        """As JSON: the counts, and each finding with its code, its place and a sentence."""
        return {**asdict(self), "sound": self.sound}


def record(work: Work, report: Report, actor: Actor) -> None:
    """Write down that an audit was made, and what came of it: counts and codes. Flushes, never commits."""
    codes = sorted({finding.code for finding in report.findings})
    said = {"counted": report.counted, "findings": len(report.findings), "codes": codes}
    record_system(work, AUDITED, actor, said)


def last(work: Work) -> Entry | None:
    """The newest audit on record."""
    newest = (
        select(Event.leaf).where(Event.type == AUDITED).order_by(Event.at.desc(), Event.id.desc()).limit(1)
    )
    leaf = work.session.scalar(newest)
    return entry(leaf, {}) if leaf is not None else None
