"""Audit of who may come in and who is told: accounts, teams, keys and webhooks, rebuilt from the installation's own events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from complaints.base.clock import stamp
from complaints.ledger.proof import Finding
from complaints.ledger.work import Work
from complaints.store.tables import ApiKey, Operator, Team, Webhook

_WHAT = {
    "operator-row": "an account",
    "team-row": "a team",
    "api-key-row": "a key of the JSON interface",
    "webhook-row": "a webhook",
}


@dataclass
class Office:
    """Accounts, teams, keys and webhooks as their events left them."""

    operators: dict[str, dict[str, Any]] = field(default_factory=dict)
    teams: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, event: str, meta: Mapping[str, Any]) -> None:
        """Apply one event of the installation's stream; most say nothing of these. Raises KeyError."""
        if event.startswith("team_"):
            self._team(event, meta)
        match event:
            case "operator_added":
                self.operators[meta["operator"]] = {"monthly": False, **_rights(meta), "active": True}
            case "operator_changed":
                self.operators[meta["operator"]] |= _rights(meta)
            case "operator_disabled" | "operator_enabled":
                self.operators[meta["operator"]]["active"] = event == "operator_enabled"
            case "api_key_created":
                kept = {"scopes": meta["scopes"], "restricted": meta["restricted"]}
                self.keys[meta["key"]] = {**kept, "expires": meta.get("expires"), "revoked": False}
            case "api_key_revoked":
                self.keys[meta["key"]]["revoked"] = True
            case "webhook_added":
                kept = {"host": meta["host"], "events": meta["events"]}
                self.webhooks[meta["webhook"]] = {**kept, "active": True}
            case "webhook_paused" | "webhook_resumed":
                self.webhooks[meta["webhook"]]["active"] = event == "webhook_resumed"
            case "webhook_removed":
                del self.webhooks[meta["webhook"]]

    def _team(self, event: str, meta: Mapping[str, Any]) -> None:
        if event == "team_added":
            self.teams[meta["team"]] = {"removed": False}
        kept = self.teams[meta["team"]]
        kept["name"] = meta.get("name", kept.get("name"))
        kept["removed"] = event == "team_removed"

    def compare(self, work: Work) -> Iterator[Finding]:
        """What stands in the tables otherwise than in the log."""
        operators = {
            row.ref: {
                "roles": row.roles,
                "restricted": row.restricted,
                "teams": row.teams,
                "monthly": bool(row.monthly),
                "active": row.active,
            }
            for row in work.session.scalars(select(Operator))
        }
        teams = {
            row.key: {"name": row.name, "removed": row.removed_at is not None}
            for row in work.session.scalars(select(Team))
        }
        keys = {
            row.ref: {
                "scopes": row.scopes,
                "restricted": row.restricted,
                "expires": stamp(row.expires_at) if row.expires_at else None,
                "revoked": row.revoked_at is not None,
            }
            for row in work.session.scalars(select(ApiKey))
        }
        webhooks = {
            row.uid: {"host": urlsplit(row.url).hostname, "events": row.events, "active": row.active}
            for row in work.session.scalars(select(Webhook))
        }
        yield from _compare("operator-row", operators, self.operators)
        yield from _compare("team-row", teams, self.teams)
        yield from _compare("api-key-row", keys, self.keys)
        yield from _compare("webhook-row", webhooks, self.webhooks)


def _rights(meta: Mapping[str, Any]) -> dict[str, Any]:
    # An event from before there were teams means none; older ones do not speak of the monthly report: it stays.
    kept = {"roles": meta["roles"], "restricted": meta["restricted"], "teams": meta.get("teams", [])}
    return {**kept, "monthly": meta["monthly"]} if "monthly" in meta else kept


def _compare(
    code: str, kept: Mapping[str, Mapping[str, Any]], said: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    for name in sorted(kept.keys() | said.keys()):
        row, event = kept.get(name), said.get(name)
        where = f"system/{name}"
        if row is None or event is None:
            fate = "is gone without an event" if row is None else "was opened by no event"
            yield Finding(code, where, f"{_WHAT[code]} {fate}")
        elif row != event:
            wrong = ", ".join(each for each in row if row[each] != event[each])
            yield Finding(code, where, f"{_WHAT[code]} is not as the log says: {wrong}")
