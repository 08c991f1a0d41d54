"""Call the host for a measure: outside any transaction, in an app context of its own, for a bounded time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

from complaints.administration.installation import Installation
from complaints.base.errors import CallbackRefused
from complaints.cases import disposal
from complaints.cases.commission import Commission
from complaints.cases.disposal import Outcome
from complaints.delivery.sending import DeliveryError, OutboxView, is_last
from complaints.ledger import journal
from complaints.ledger.reading import history
from complaints.ledger.work import Work
from complaints.store.tables import Complaint

# A callback that does not come back must keep no date waiting: it is left behind, and called again later.
SECONDS = 30
_log = logging.getLogger(__name__)


def call(installation: Installation, message: OutboxView) -> None:
    """Call what the host registered for a measure and record how it ended; returns once it was carried out.

    Raises DeliveryError: postpone while nothing is registered, retry or dead when it failed. A worker that dies
    in between leaves the call to the next one, with the same event id. Needs an app context.
    """
    commission = _commission(installation, message)
    callback = installation.hooks.disposals.get(commission.action)
    if callback is None:
        raise DeliveryError("NoDisposalCallback", "postpone")
    attempt = _Attempt(current_app._get_current_object(), callback, commission)  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's way
    outcome = attempt.outcome(last=is_last(message))
    _record(installation, message, outcome)
    if outcome.failure:
        raise DeliveryError(outcome.failure, "dead" if outcome.final else "retry")


def _commission(installation: Installation, message: OutboxView) -> Commission:
    """What the host gets; raises DeliveryError (drop) for what is settled, taken back or gone."""
    with installation.reading() as work:
        case = work.session.get(Complaint, message.complaint_id)
        if case is None or case.erased_at is not None:
            raise DeliveryError("Erased" if case is not None else "NoComplaint", "drop")
        seq, position = int(message.seq or 0), int(message.details["position"])
        row = disposal.found(work, case, seq, position)
        if row.state not in {"pending", "failed"}:
            raise DeliveryError("Settled", "drop")
        entries = {entry.seq: entry for entry in history(work, case.uid) if entry.seq in {1, seq}}
        answer = entries[1].data("answer")
        target, _, note = entries[seq].text(f"action:{position}").partition("\n")
        return Commission(
            event_id=message.message_id.strip("<>").partition("@")[0],
            action=row.action,
            number=case.number,
            uid=case.uid,
            target=target,
            note=note,
            answer_id=str(answer.get("answer_id") or ""),
            answer_mark=case.answer_mark,
            model=str(answer.get("model") or ""),
            is_test=case.is_test,
            attempt=row.attempts + 1,
            ordered_at=entries[seq].at,
        )


def _record(installation: Installation, message: OutboxView, outcome: Outcome) -> None:
    def write(work: Work) -> None:
        uid = work.session.get_one(Complaint, message.complaint_id).uid
        case = journal.lock(work, uid)
        row = disposal.found(work, case, int(message.seq or 0), int(message.details["position"]))
        disposal.answered(work, case, row, outcome)

    installation.write(write)


class _Attempt:
    """One call of the host's callback, and what became of it."""

    def __init__(self, app: Flask, callback: Callable[..., Any], commission: Commission) -> None:
        self.app, self.callback, self.commission = app, callback, commission
        self.said: object = None
        self.error: BaseException | None = None

    def outcome(self, *, last: bool) -> Outcome:
        """Call it, and wait no longer than `SECONDS`."""
        began = time.monotonic()
        thread = threading.Thread(target=self._run, name="complaints-callback", daemon=True)
        thread.start()
        thread.join(SECONDS)
        took = round((time.monotonic() - began) * 1000)
        if thread.is_alive():
            _log.error("the callback for %s did not come back in time", self.commission.action)
            return Outcome(took, failure="CallbackTimeout", final=last)
        if isinstance(self.error, CallbackRefused):
            return Outcome(took, str(self.error), "CallbackRefused", final=True)
        if self.error is not None:
            _log.error("the callback for %s failed: %s", self.commission.action, type(self.error).__name__)
            return Outcome(took, failure=type(self.error).__name__[:60], final=last)
        return Outcome(took, self.said if isinstance(self.said, str) else "")

    def _run(self) -> None:
        try:
            # Its own context: a host's session is bound to it, and is closed with it.
            with self.app.app_context():
                self.said = self.callback(self.commission)
        except BaseException as error:  # noqa: BLE001 - whatever a host raises, also to end the process, is no success
            self.error = error
