"""Open complaints in bulk, and one sweep over them; each runs in a process of its own.

`python -m benchmarks.sweeping fill OPEN ROUNDS` and `… measure FIRST ROUNDS`, with the
environment of `servers.environment`. What is filled in is true: each complaint has its stream, its first event and
the milestones that the policy plans, so that an audit of it finds nothing.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, func, insert, select

from benchmarks.host import create_app
from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.base.ids import complaint_number, random_uid
from complaints.cases import overdue
from complaints.cases.intake import KINDS
from complaints.jobs.ticks import tick
from complaints.ledger.audit import audit
from complaints.ledger.entries import Clock
from complaints.ledger.opening import Opening, prepare_opening
from complaints.ledger.sequencer import sequence
from complaints.ledger.work import COMPLAINANT, Work
from complaints.policy.deadlines import plan
from complaints.sla import milestones
from complaints.sla.sweep import sweep
from complaints.store.tables import Complaint, Event, Milestone, Outbox, Stream

# A Saturday: the alarm after 24 hours is the only milestone that comes due before Monday.
ARRIVED = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
_PLANNED: dict[datetime, list[Clock]] = {}
TYPE, DUE, BATCH = "minor", 100, 1000


def rounds_at(number: int) -> datetime:
    """The moment at which the complaints of one round have come due, and no others."""
    return ARRIVED + timedelta(hours=24, minutes=number, seconds=30)


def planned_at(work: Work, arrived: datetime) -> list[Clock]:
    """The milestones of whatever arrives at that moment, reckoned once."""
    if arrived not in _PLANNED:
        terms = work.policy.deadlines_of(TYPE).terms
        _PLANNED[arrived] = milestones.clocks_for(
            plan(work.policy, terms, arrived, work.calendar, kinds=KINDS), 0, arrived
        )
    return _PLANNED[arrived]


def opened(work: Work, arrived: datetime) -> Opening:
    """One complaint as filing writes it, without words and files."""
    kind, policy = work.policy.types[TYPE], work.policy
    clocks = planned_at(work, arrived)
    uid, number = random_uid(), f"{complaint_number(beijing(arrived).date())}{random_uid()[:4]}"
    row: dict[str, Any] = {
        "number": number, "state": "submitted", "type": TYPE, "filed_type": TYPE, "severity": kind.severity,
        "restricted": kind.restricted, "is_test": False, "channel": "web", "lang": "zh",
        "policy_version": work.policy_version, "answer_mark": "none", "filed_at": arrived, "cycle": 0,
        "accept_due": milestones.due_of(clocks, "accept"), "result_due": milestones.due_of(clocks, "result"),
        "provisional": False, "late": False, "appeals": 0, "reach": "mail", "contact_verified": False,
        "files": 0, "unread": False,
    }  # fmt: skip
    hashes = dict.fromkeys(("mail_hash", "owner_hash", "answer_hash", "text_hash", "source_hash"))
    return prepare_opening(
        work,
        uid,
        "filed",
        COMPLAINANT,
        row=row,
        hashes={"filing_hash": uid, "code_hash": uid, **hashes},
        meta={"policy": policy.digest},
        clocks=clocks,
        personal={},
        data_keys={},
    )


def arrivals(open_: int, rounds: int) -> Iterator[datetime]:
    """A hundred for each round, a minute apart, and the rest half a day later."""
    for number in range(rounds):
        yield from (ARRIVED + timedelta(minutes=number) for _ in range(DUE))
    yield from (ARRIVED + timedelta(hours=12, seconds=n % 60) for n in range(open_ - DUE * rounds))


def fill(found: Installation, open_: int, rounds: int) -> None:
    found.now = lambda: ARRIVED
    with found.reading() as work:
        pending: list[Opening] = []
        for at, arrived in enumerate(arrivals(open_, rounds), 1):
            pending.append(opened(work, arrived))
            if len(pending) == BATCH or at == open_:
                _write(found, at - len(pending), pending)
                pending = []


def _write(found: Installation, before: int, openings: list[Opening]) -> None:
    tables: list[tuple[Any, list[dict[str, Any]]]] = [
        (Complaint, [{**each.complaint, "id": before + n} for n, each in enumerate(openings, 1)]),
        (Stream, [{"uid": each.stream, "seq": 1, "head": each.hash} for each in openings]),
        (Event, [dict(each.event) for each in openings]),
        (Milestone, [{**row, "complaint_id": before + n} for n, each in enumerate(openings, 1) for row in each.milestones]),
    ]  # fmt: skip
    with found.database.engine.begin() as connection:
        for model, rows in tables:
            connection.execute(insert(model.__table__), rows)


def measure(found: Installation, first: int, rounds: int) -> dict[str, Any]:
    """Time and statements of each round's sweep, from round `first`; a small log is audited whole afterwards."""
    statements: list[str] = []
    event.listen(
        found.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2].split()[0])
    )
    seconds, counted = [], []
    for number in range(first, first + rounds):
        found.now = lambda number=number: rounds_at(number)  # type: ignore[misc]  # bound early
        with found.reading() as rules:
            pass
        statements.clear()
        begin = time.perf_counter()
        swept = sweep(found.database, rules.on, rules.now, overdue.act)
        seconds.append(time.perf_counter() - begin)
        counted.append(len(statements))
        if (swept.acted, swept.failed) != (DUE, ()):
            raise SystemExit(f"a round acted on {swept.acted} milestones and failed on {len(swept.failed)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    with found.database.reading() as session:
        queued = session.scalar(
            select(func.count()).select_from(Outbox).where(Outbox.milestone_id.is_not(None))
        )
    # The filled events came all at once: they get their places before anything counts as idle.
    while sequence(found.database):
        pass
    # The first tick sends what the rounds queued and cleans; the second has nothing to do.
    tick(found, people=lambda _: [], post=None, alone=True)
    statements.clear()
    tick(found, people=lambda _: [], post=None, alone=True)
    idle = len(statements)
    with found.reading() as work:
        findings = [] if _many(work) else audit(work).findings
    if findings:
        raise SystemExit(f"the audit found {findings[:3]}")
    return {"seconds": seconds, "statements": counted, "idle": idle, "peak_mb": peak, "queued": queued}


def _many(work: Work) -> bool:
    """An audit of every stream of a large database would take longer than everything else."""
    return (work.session.scalar(select(func.count()).select_from(Stream)) or 0) > 10 * BATCH


def main(arguments: list[str]) -> None:
    app = create_app()
    with app.app_context():
        found: Installation = app.extensions["complaints"]
        match arguments:
            case ["fill", open_, rounds]:
                fill(found, int(open_), int(rounds))
            case ["measure", first, rounds]:
                print(json.dumps(measure(found, int(first), int(rounds))))


if __name__ == "__main__":
    main(sys.argv[1:])
