"""The whole audit: the log and the tables, and what this host holds outside the database against them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import or_, select

from complaints.administration import checkpoints
from complaints.administration.installation import Installation
from complaints.ledger import signing, stamps
from complaints.ledger.audit import audit as examine
from complaints.ledger.audit_report import Report
from complaints.ledger.audit_tree import Progress
from complaints.ledger.proof import Finding
from complaints.ledger.work import Work
from complaints.store.tables import Checkpoint

# Refusals to sign that speak of the log, as against the key, the folder or the settings.
_OF_THE_LOG = frozenset({"smaller", "fork"})


def audit(
    found: Installation,
    work: Work,
    progress: Callable[[int], None] | None = None,
    placing: Progress | None = None,
) -> Report:
    """`ledger.audit`, and beside it what the signing host remembers and what time stamps say; reads only.

    A backup put back whole fits itself: only what lies outside the database tells.
    """
    report = examine(work, progress, placing)
    beside = [*_signed(found), *_stamps(found)]
    report.findings += [replace(each, after=report.agreed) for each in beside]
    return report


def _signed(found: Installation) -> Iterator[Finding]:
    # A session of its own: the audit's may have begun before the newest checkpoint.
    with found.database.reading() as session:
        refused = checkpoints.refusal(found, session)
    if refused is not None and refused.code in _OF_THE_LOG:
        yield Finding(f"signer-{refused.code}", "signer", str(refused))


def _stamps(found: Installation) -> Iterator[Finding]:
    ca_file = found.settings.TSA_CA_FILE
    verified = stamps.installed() and bool(ca_file) and Path(ca_file).is_file()
    with found.database.reading() as session:
        stamped = or_(Checkpoint.stamp_state == signing.DONE, Checkpoint.stamp.is_not(None))
        for size in session.scalars(select(Checkpoint.size).where(stamped).order_by(Checkpoint.size)).all():
            row = session.get_one(Checkpoint, size)
            try:
                if verified and row.stamp:
                    stamps.verify(row.stamp, row.note, ca_file)
                else:
                    stamps.about(row.stamp or b"", row.note)
            except stamps.StampError as error:
                yield Finding(
                    "checkpoint-stamp", f"checkpoint/{size}", f"the time stamp does not hold: {error}"
                )
            session.expunge(row)
