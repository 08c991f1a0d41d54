"""What was passed on to a model's vendor, as the case page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.ledger.forwards import HandedOver, forwards
from complaints.ledger.reading import Entry
from complaints.web.admin.caserecord import Record


def listed(entries: Sequence[Entry], record: Record, now: datetime) -> list[dict[str, Any]]:
    """Every hand-over of a case with what came back, oldest first."""
    return [_shown(each, record, now) for each in forwards(entries)]


def _shown(row: HandedOver, record: Record, now: datetime) -> dict[str, Any]:
    silent = (beijing(now).date() - beijing(row.sent_at).date()).days if row.sent_at else 0
    said, tone, icon = {
        "queued": (t("About to go out"), "neutral", "clock"),
        "sent": (t("Waits for their answer"), "info", "waiting"),
        "answered": (t("Vendor answered"), "ok", "tick"),
        "failed": (t("Could not be delivered"), "bad", "late"),
    }[row.state]
    return {
        "seq": row.seq,
        "to": row.to,
        "model": row.model,
        "way": {"hand": t("By hand"), "webhook": t("By webhook")}.get(row.way, t("By mail")),
        "when": record.said(row.ordered_at),
        "who": record.who(row.entries[0]),
        "said": said,
        "tone": tone,
        "icon": icon,
        "failure": row.failure if row.state == "failed" else "",
        "extract": row.extract,
        "number": row.number,
        "answers": [
            {"who": record.who(each), "when": record.said(each.at), "text": each.text("vendor_answer")}
            for each in row.answers
        ],
        "can_answer": row.state in {"sent", "answered"},
        "silent": _age(silent) if row.state == "sent" else "",
    }


def _age(days: int) -> str:
    if days == 0:
        return t("Passed on today")
    return t("No answer for 1 day") if days == 1 else t("No answer for {n} days", n=days)
