"""After a measure was ordered: the host is called, its answer recorded, a retest noted, a failure tried again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update

from complaints.base.clock import beijing
from complaints.base.errors import InputError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases import people
from complaints.cases.people import Operator
from complaints.cases.step import from_operator, tell_operators
from complaints.delivery import outbox
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.store.tables import Complaint, Disposal, Outbox

# How a call is named in the outbox; which measure it is for stands in seq and details.
KIND, CHANNEL, HOST = "measure", "callback", "host"
MAX_RESULT = 2000
RETESTS = ("passed", "failed")


@dataclass(frozen=True)
class Outcome:
    """How one call of the host ended; `said` is its own text, `failure` a class name, `final`: no further try."""

    duration_ms: int
    said: str = ""
    failure: str = ""
    final: bool = False


def call(work: Work, case: Complaint, rows: Iterable[Disposal]) -> None:
    """Queue a call of the host for each measure; the same measure is queued once. Flushes, never commits."""
    for row in rows:
        outbox.queue(
            work,
            KIND,
            HOST,
            dedupe=f"{case.uid}/{row.seq}/{row.position}/{KIND}",
            channel=CHANNEL,
            complaint_id=case.id,
            seq=row.seq,
            not_before=work.now,
            details={"position": row.position},
        )


def stop(work: Work, case: Complaint, seq: int) -> list[int]:
    """Stop the calls of a decision that is being taken back; returns the positions already under way."""
    messages = work.session.scalars(_letters(case, seq).with_for_update()).all()
    running = []
    for message in messages:
        if message.state == "queued":
            message.state = "taken_back"
        elif message.state == "sending":
            running.append(int(message.details["position"]))
    work.session.flush()
    return sorted(running)


def taken_back(work: Work, case: Complaint, seq: int, running: Collection[int]) -> None:
    """Mark what a decision that was taken back had ordered and nobody had begun."""
    _set(work, case, Disposal.seq == seq, Disposal.position.not_in(running), state="taken_back")


def released(work: Work, case: Complaint) -> None:
    """Let the measures of a released decision act: the host is called, others count as done."""
    _set(work, case, Disposal.called.is_(False), state="done")
    waiting = select(Disposal).where(Disposal.complaint_id == case.id, Disposal.state == "pending")
    call(work, case, work.session.scalars(waiting.order_by(Disposal.seq, Disposal.position)))


def found(work: Work, case: Complaint, seq: int, position: int) -> Disposal:
    """One measure of a locked complaint; raises NotFoundError."""
    row = work.session.scalar(
        select(Disposal)
        .where(Disposal.complaint_id == case.id, Disposal.seq == seq, Disposal.position == position)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFoundError("no such measure")
    return row


def answered(work: Work, case: Complaint, row: Disposal, outcome: Outcome) -> Written | None:
    """Record how a call of the host ended; None when the measure has ended already, or the case was erased."""
    if row.state not in {"pending", "failed"} or case.erased_at is not None:
        return None
    meta: dict[str, Any] = {
        **_which(row),
        "attempt": row.attempts + 1,
        "duration_ms": outcome.duration_ms,
    }
    if outcome.failure:
        meta |= {"failure": outcome.failure, "final": outcome.final}
    said = outcome.said.strip()[:MAX_RESULT]
    written = journal.record(
        work,
        case,
        "action_failed" if outcome.failure else "action_done",
        SYSTEM,
        meta=meta,
        personal={"result": from_operator(said)} if said else None,
    )
    row.state = "done" if not outcome.failure else "failed" if outcome.final else "pending"
    row.attempts += 1
    row.result_seq, row.acted_at, row.duration_ms = written.seq, work.now, outcome.duration_ms
    if row.state == "failed":
        tell_operators(work, case, "measure_failed", written.seq)
    work.session.flush()
    return written


def retry(work: Work, case: Complaint, actor: Actor, seq: int, position: int) -> Written:
    """Call the host again for a measure that failed, from the first attempt."""
    row = _touchable(work, case, seq, position)
    if row.state != "failed" or not row.called:
        raise TransitionError("only a measure that failed can be tried again")
    written = journal.record(work, case, "action_retried", actor, meta=_which(row))
    row.state = "pending"
    message = _letter(work, case, row)
    if message is None:
        call(work, case, [row])
    else:
        message.state, message.not_before = "queued", work.now
        message.attempts, message.last_error = 0, None
    work.session.flush()
    return written


def mark_done(work: Work, case: Complaint, actor: Actor, seq: int, position: int, said: str) -> Written:
    """Record that somebody did by hand what the host's callback was to do; its call is stopped."""
    row = _touchable(work, case, seq, position)
    if not row.called or row.state not in {"pending", "failed"}:
        raise TransitionError("this measure waits for nobody")
    if not said.strip():
        raise InputError({"said": [t("Say what was done, and where")]})
    message = _letter(work, case, row)
    if message is not None and message.state == "sending":
        raise TransitionError("the product is being called for it right now")
    if message is None:
        # It waits for the release of its decision, which may still be taken back.
        raise TransitionError("the decision that orders this measure has not gone out yet")
    message.state = "dropped"
    written = journal.record(
        work,
        case,
        "action_done",
        actor,
        meta=_which(row),
        personal={"result": from_operator(said.strip()[:MAX_RESULT])},
    )
    row.state, row.result_seq, row.acted_at, row.duration_ms = "done", written.seq, work.now, None
    work.session.flush()
    return written


def retest(
    work: Work,
    case: Complaint,
    actor: Actor,
    seq: int,
    position: int,
    *,
    result: str,
    reference: str,
    day: date | None,
    note: str = "",
) -> Written:
    """Record how the retest that a measure demands ended; one that failed stays open and may be recorded again."""
    row = _touchable(work, case, seq, position)
    if row.retest not in {"wanted", "failed"}:
        raise TransitionError("no retest is owed for this measure")
    if row.state != "done":
        raise TransitionError("the measure itself is not done yet")
    faults: dict[str, list[str]] = {}
    if result not in RETESTS:
        faults["result"] = [t("Choose how the retest ended")]
    if not reference.strip():
        faults["reference"] = [t("Name the test: its number, or where its record lies")]
    if day is None or day > beijing(work.now).date():
        faults["day"] = [t("Enter the day of the retest, not a later one than today")]
    if faults or day is None:
        raise InputError(faults)
    kept = {"reference": reference.strip(), "note": note.strip()}
    written = journal.record(
        work,
        case,
        "retested",
        actor,
        meta={**_which(row), "result": result, "on": day.isoformat()},
        personal={"retest": from_operator(json.dumps(kept, ensure_ascii=False))},
    )
    row.retest = result
    work.session.flush()
    return written


def failing() -> ColumnElement[bool]:
    """Measures the host did not carry out."""
    return Disposal.state == "failed"


def unfinished() -> ColumnElement[bool]:
    """Measures somebody must look after: they failed, or their retest is owed or failed."""
    owed = Disposal.retest.in_(("wanted", "failed")) & (Disposal.state != "taken_back")
    return or_(failing(), owed)


def counted(work: Work, viewer: Operator) -> tuple[int, int]:
    """How many measures failed and how many retests are owed, in the cases that `viewer` may know of."""
    seen = select(Complaint.id).where(Complaint.erased_at.is_(None))
    seen = seen.where(*people.visible(viewer))
    query = select(Disposal.state, func.count()).where(unfinished(), Disposal.complaint_id.in_(seen))
    counts = {row[0]: row[1] for row in work.session.execute(query.group_by(Disposal.state))}
    failed = counts.pop("failed", 0)
    return failed, sum(counts.values())


def _touchable(work: Work, case: Complaint, seq: int, position: int) -> Disposal:
    if case.erased_at is not None:
        raise TransitionError("the personal data of this case has been erased; nothing can be done to it")
    return found(work, case, seq, position)


def _which(row: Disposal) -> dict[str, Any]:
    return {"of": row.seq, "position": row.position, "action": row.action}


def _letters(case: Complaint, seq: int) -> Any:
    return select(Outbox).where(Outbox.complaint_id == case.id, Outbox.channel == CHANNEL, Outbox.seq == seq)


def _letter(work: Work, case: Complaint, row: Disposal) -> Outbox | None:
    messages = work.session.scalars(_letters(case, row.seq).with_for_update())
    return next((each for each in messages if each.details["position"] == row.position), None)


def _set(work: Work, case: Complaint, *wanted: ColumnElement[bool], state: str) -> None:
    work.session.execute(
        update(Disposal)
        .where(Disposal.complaint_id == case.id, Disposal.state == "pending", *wanted)
        .values(state=state)
        .execution_options(synchronize_session="fetch")
    )
