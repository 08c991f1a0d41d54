"""What an audit saw and found, and the event that says it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from complaints.ledger.journal import record_system
from complaints.ledger.proof import Finding
from complaints.ledger.reading import Entry, entry
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Event

AUDITED = "audited"


@dataclass
class Report:
    """What an audit saw and what it found."""

    streams: int = 0
    events: int = 0
    private: int = 0
    files: int = 0
    placed: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def plain(self) -> dict[str, Any]:
        """As JSON: the counts, and each finding with its code, its place and a sentence."""
        return {**asdict(self), "sound": self.sound}


def record(work: Work, report: Report, actor: Actor) -> None:
    """Write down that an audit was made, and what came of it: counts and codes. Flushes, never commits."""
    counted = {name: value for name, value in asdict(report).items() if isinstance(value, int)}
    codes = sorted({finding.code for finding in report.findings})
    record_system(
        work, AUDITED, actor, {"counted": counted, "findings": len(report.findings), "codes": codes}
    )


def last(work: Work) -> Entry | None:
    """The newest audit on record."""
    newest = (
        select(Event.leaf).where(Event.type == AUDITED).order_by(Event.at.desc(), Event.id.desc()).limit(1)
    )
    leaf = work.session.scalar(newest)
    return entry(leaf, {}) if leaf is not None else None
