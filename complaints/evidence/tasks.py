"""What can be ordered, and how each is made: files of exports, bundles of evidence, audits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, BinaryIO

from sqlalchemy import func, select

from complaints.administration.auditing import audit
from complaints.administration.installation import Installation
from complaints.base.clock import stamp
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.evidence import bundle, export, monthly
from complaints.evidence.bundle_cases import MOST
from complaints.evidence.chosen import AUDIT, BUNDLE, MONTHLY, Chosen, check
from complaints.evidence.counting import count
from complaints.ledger.audit_report import Report, record
from complaints.ledger.sequencer import head
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Job, Stream

EXPORT = "export"
KINDS = (EXPORT, BUNDLE, AUDIT)
# What hands something out, as against the audit, which only looks.
HANDED_OUT = (EXPORT, BUNDLE)
# Findings that are kept with the job, for the page; the report has them all.
SHOWN = 50


@dataclass(frozen=True)
class Done:
    """What is kept with a finished job beside its file, and what is recorded in the same transaction."""

    result: dict[str, Any] = field(default_factory=dict)
    record: Callable[[Work], None] = lambda _: None


def kind_of(chosen: Chosen) -> str:
    """The job's kind."""
    return chosen.kind if chosen.kind in KINDS else EXPORT


def named(work: Work, uid: str) -> str:
    """How events call it: an audit hands nothing out."""
    kind = work.session.scalar(select(Job.kind).where(Job.uid == uid))
    return AUDIT if kind == AUDIT else EXPORT


def order(found: Installation, actor: Actor, chosen: Chosen) -> Chosen:
    """Check an order, record it, and return it with its end; commits. Raises InputError.

    An audit is recorded when it has been made.
    """
    if chosen.kind == AUDIT:
        return export.settle(found, replace(chosen, at=found.now(), by=str(actor)))
    if chosen.kind == BUNDLE:
        with found.reading() as work:
            _coverable(work, replace(chosen, at=work.now))
    return export.order(found, actor, chosen)


def total(work: Work, chosen: Chosen) -> int:
    """How many steps it will take: lines, events, for an audit the chains and the events."""
    if chosen.kind == BUNDLE:
        return bundle.span(work, chosen)
    if chosen.kind == AUDIT:
        return (work.session.scalar(select(func.count()).select_from(Stream)) or 0) + head(work.session).size
    return monthly.steps(work, chosen) if chosen.kind == MONTHLY else count(work, chosen)


def write(
    found: Installation, work: Work, chosen: Chosen, target: BinaryIO, progress: Callable[[int], None]
) -> Done:
    """Make the whole file; `progress` is told how many steps are behind it, often enough to stop soon."""
    font = found.settings.DOCUMENT_FONT
    if chosen.kind == BUNDLE:
        made = bundle.make(work, target, chosen, font, lambda done, _: progress(done))
        return Done({"events": made.events, "manifest": made.digest})
    if chosen.kind == AUDIT:
        return _audited(found, work, chosen, target, progress)
    export.whole(work, chosen, target, font, progress)
    return Done()


def _audited(
    found: Installation, work: Work, chosen: Chosen, target: BinaryIO, progress: Callable[[int], None]
) -> Done:
    streams = 0

    def looked(done: int) -> None:
        nonlocal streams
        streams = done
        progress(done)

    report = audit(found, work, looked, lambda done, _: progress(streams + done))
    target.write(_report(work, chosen, report))
    role, _, ref = chosen.by.partition(":")
    by = Actor(role, ref or role)
    shown = [asdict(each) for each in report.findings[:SHOWN]]
    kept = {"counted": report.counted, "agreed": report.agreed, "findings": len(report.findings)}
    return Done({**kept, "shown": shown}, lambda writing: record(writing, report, by))


def _report(work: Work, chosen: Chosen, report: Report) -> bytes:
    said = {
        "origin": work.origin,
        "ordered_at": stamp(chosen.made),
        "ordered_by": chosen.by,
        **report.plain(),
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode() + b"\n"


def _coverable(work: Work, chosen: Chosen) -> None:
    """Raise InputError for a bundle that cannot be made as things stand, before its order is recorded."""
    check(work, chosen)
    if len(chosen.cases) > MOST:
        raise InputError({"cases": [t("At most {n} complaints fit into one bundle", n=MOST)]})
    try:
        bundle.span(work, chosen)
    except bundle.NothingSignedError as error:
        said = t(
            "No signed checkpoint covers this yet. One is signed every few minutes; if not, see “Health”"
        )
        raise InputError({"number" if chosen.number else "to": [said]}) from error
