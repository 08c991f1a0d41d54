"""How events make up a complaint's row: the one definition, used by the writer and by the audit."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from complaints.base.clock import from_stamp, stamp

# The columns of complaints_complaint that follow from the log; the others are keyed hashes.
COLUMNS: dict[str, type] = {
    "number": str,
    "state": str,
    "resume_state": str,
    "type": str,
    "filed_type": str,
    "risk_class": str,
    "severity": str,
    "restricted": bool,
    "is_test": bool,
    "channel": str,
    "lang": str,
    "policy_version": int,
    "answer_mark": str,
    "filed_at": datetime,
    "cycle": int,
    "accept_due": datetime,
    "result_due": datetime,
    "provisional": bool,
    "accepted_at": datetime,
    "late": bool,
    "paused_at": datetime,
    "reply_due": datetime,
    "assignee": str,
    "team": str,
    "outcome": str,
    "reason": str,
    "decided_at": datetime,
    "decided_by": str,
    "release_due": datetime,
    "released_at": datetime,
    "appeal_until": datetime,
    "appeals": int,
    "closed_at": datetime,
    "merged_into": str,
    "reach": str,
    "contact_verified": bool,
    "rating": int,
    "erased_at": datetime,
    "stored_only_at": datetime,
    "erase_at": datetime,
    "held_at": datetime,
    "files": int,
    "unread": bool,
}
# Reading a case is an event, and so are what the host did in the background, what became of a message and a link to
# another case: none of them makes an open form stale.
QUIET = frozenset(
    {"viewed", "downloaded", "disclosed", "clock", "action_done", "action_failed", "forward_sent"}
    | {"forward_failed", "message_retried", "message_dropped", "linked", "unlinked"}
)


def plain(value: Any) -> Any:
    """A column's value as it stands in a leaf."""
    return stamp(value) if isinstance(value, datetime) else value


def parse(column: str, value: Any) -> Any:
    """A leaf's value as it stands in the column."""
    return from_stamp(value) if value is not None and COLUMNS[column] is datetime else value


def fold(row: MutableMapping[str, Any], event_type: str, meta: Mapping[str, Any]) -> list[str]:
    """Apply one event to `row` in place; returns the columns whose old value the event did not meet."""
    wrong = []
    for column, (old, new) in meta.get("change", {}).items():
        if column not in COLUMNS or plain(row.get(column)) != old:
            wrong.append(column)
        row[column] = parse(column, new) if column in COLUMNS else new
    row["version"] = row.get("version", 0) + (event_type not in QUIET)
    row["due_next"] = due_next(row)
    return wrong


def due_next(row: Mapping[str, Any]) -> datetime | None:
    """What the queue is ordered by: the moment by which somebody must act next, if any."""
    match row.get("state"):
        case "submitted":
            return row.get("accept_due")
        # Joined to another, a complaint keeps its own date, and somebody must see it come.
        case "accepted" | "processing" | "under_review" | "merged":
            return row.get("result_due")
        case "awaiting_complainant":
            return row.get("reply_due")
        case _:
            return None


def fold_clocks(
    clocks: MutableMapping[tuple[Any, ...], dict[str, Any]], meta: Mapping[str, Any]
) -> list[str]:
    """Apply an event's milestone changes to `clocks` in place; returns those that name no known milestone."""
    wrong = []
    for entry in meta.get("clocks", ()):
        key = (entry["cycle"], entry["kind"], entry["step"], entry["rev"])
        if key in clocks:
            clocks[key].update(entry)
        elif "due" in entry:
            clocks[key] = dict(entry)
        else:
            wrong.append("/".join(map(str, key)))
    return wrong
