"""The report of the last month, once to each operator who wants it, from the first working day of a month on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import func, select

from complaints.administration import operators
from complaints.administration.installation import Installation
from complaints.base.clock import BEIJING, beijing
from complaints.cases.measuring import Span
from complaints.delivery import outbox
from complaints.evidence import export, months
from complaints.ledger.sequencer import head, sequence
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.workdays import Calendar
from complaints.store.tables import Outbox, PolicyVersion

KIND, PREFIX = "monthly", "monthly:"
# When people come to work, Beijing time.
OPENS = time(8)


def queue_reports(installation: Installation, now: datetime) -> int:
    """Queue the report of the last month for those who have not been sent it; commits; returns how many.

    Whichever worker is first queues it, since a report is one cause for each recipient; a scheduler that was down
    catches up, with the last month alone. Of a host's people those who ask for it in its directory get it.
    """
    with installation.reading(now) as work:
        span = due(work.calendar, now)
        if span is None or not _promised(work, span) or not _waiting(work, span):
            return 0
    # The report ends where the log's tree ends: what has happened so far gets its place first.
    sequence(installation.database)
    return installation.write(lambda work: _queue(work, span))


def due(calendar: Calendar, now: datetime) -> Span | None:
    """The last month, once the first working day of this one has begun; None before."""
    first = beijing(now).date().replace(day=1)
    day = calendar.add(first - timedelta(days=1), 1)
    return months.last(now) if now >= datetime.combine(day, OPENS, BEIJING) else None


def _promised(work: Work, span: Span) -> bool:
    """Whether there was anything to report of: a policy was in force before the month ended."""
    since = work.session.scalar(select(func.min(PolicyVersion.published_at)))
    return since is not None and since < span.until


def _waiting(work: Work, span: Span) -> list[str]:
    """Who has not been sent it, as the outbox names them."""
    wanted = {
        f"{_cause(span)}/mail/{PREFIX}{row.ref}": f"{PREFIX}{row.ref}" for row in operators.get_monthly(work)
    }
    known = (
        set(work.session.scalars(select(Outbox.dedupe).where(Outbox.dedupe.in_(wanted)))) if wanted else set()
    )
    return [recipient for dedupe, recipient in wanted.items() if dedupe not in known]


def _queue(work: Work, span: Span) -> int:
    waiting = _waiting(work, span)
    if not waiting:
        return 0
    chosen = months.report(span, "pdf", brief=True, at=work.now, size=head(work.session).size)
    # Queued before it is recorded: of two workers the second waits here, and then has nothing to record.
    queued = sum(
        outbox.queue(work, KIND, recipient, dedupe=_cause(span), details=chosen.plain())
        for recipient in waiting
    )
    if queued:
        # Whoever has the clearance gets it with the restricted types: the log says of both that they left.
        asked = {
            bool(row.restricted) for row in operators.get_monthly(work) if f"{PREFIX}{row.ref}" in waiting
        }
        for restricted in sorted(asked):
            export.record_export(work, SYSTEM, replace(chosen, restricted=restricted))
    return queued


def _cause(span: Span) -> str:
    return f"{KIND}:{months.key(span)}"
