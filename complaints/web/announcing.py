"""What a webhook is told: which event, of which complaint, its state and its dates; nothing that names a person."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from complaints.base.clock import stamp
from complaints.cases import views
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.delivery.webhooks import TEST
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Event

# What is still told of a case that is only stored, or whose data has been erased.
_LAST = frozenset({"restricted", "unrestricted", "erased"})
_DATES = ("accept_due", "result_due", "reply_due")


def announcement(work: Work, message: OutboxView) -> bytes:
    """The body of one message: type, timestamp and data, as the Standard Webhooks specification has it.

    `timestamp` is the event's moment; state and dates are those of now, as the complainant sees them. Of a
    restricted type only number and type are told. Raises DeliveryError (drop) where nothing may be said.
    """
    if message.kind == TEST:
        return _json("test", stamp(message.created_at), {"test": True})
    case = work.session.get(Complaint, message.complaint_id) if message.complaint_id else None
    if case is None:
        raise DeliveryError("NoComplaint", "drop")
    if message.kind not in _LAST and (case.erased_at is not None or case.stored_only_at is not None):
        raise DeliveryError("StoredOnly", "drop")
    at = work.session.scalar(select(Event.at).where(Event.stream == case.uid, Event.seq == message.seq))
    return _json(f"complaint.{message.kind}", stamp(at or message.created_at), _data(case, message.kind))


def _data(case: Complaint, kind: str) -> dict[str, Any]:
    told: dict[str, Any] = {"number": case.number, "test": case.is_test}
    if kind in _LAST:
        return told
    told["complaint_type"] = case.type
    if case.restricted:
        return told
    dates = {name: getattr(case, name) for name in _DATES}
    return {
        **told,
        "state": views.visible_state(case).value,
        "late": case.late,
        "provisional": case.provisional,
        **{name: stamp(due) if due is not None else None for name, due in dates.items()},
    }


def _json(kind: str, at: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "timestamp": at, "data": data}, ensure_ascii=False).encode()
