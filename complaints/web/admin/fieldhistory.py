"""What each field of a case was, since when and by whom: rebuilt from what its events changed, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints.base.clock import from_stamp
from complaints.base.translations import gettext as t
from complaints.cases.happenings import happened
from complaints.ledger.reading import Entry
from complaints.policy.profile import Policy
from complaints.policy.states import STATES
from complaints.web.admin import words
from complaints.web.admin.caserecord import Record


@dataclass(frozen=True)
class Words:
    """What values are called; `teams` by their key, `numbers` of other cases by their uid."""

    policy: Policy
    record: Record
    lang: str
    teams: Mapping[str, str]
    numbers: Mapping[str, str]

    def say(self, column: str, value: Any) -> str:
        """A value of a column for people; a key that is no longer known reads as unknown, never raw."""
        if value is None or value == "":
            return t("None")
        return self._sayers[_KINDS[column]](value)

    @property
    def _sayers(self) -> Mapping[str, Callable[[Any], str]]:
        policy = self.policy
        reasons = {**policy.decision_reasons, **policy.decline_reasons}
        severities = {"urgent": t("Urgent"), "high": t("High"), "normal": t("Normal")}
        reach = {
            "mail": t("by mail"),
            "phone": t("by phone"),
            "mail+phone": t("by mail and phone"),
            "none": t("not at all"),
        }
        return {
            "state": lambda value: STATES[value].label(self.lang) if value in STATES else t("Unknown"),
            "type": self._labelled(policy.types),
            "risk": self._labelled(policy.risk_classes),
            "outcome": self._labelled(policy.outcomes),
            "reason": self._labelled(reasons),
            "severity": lambda value: severities.get(value, t("Unknown")),
            "person": self.record.name,
            "team": lambda value: self.teams.get(value, t("Unknown")),
            "case": lambda value: self.numbers.get(value, t("another complaint")),
            "yes": lambda value: t("Yes") if value else t("No"),
            "time": lambda value: words.moment(from_stamp(value), self.record.now),
            "number": str,
            "reach": lambda value: reach.get(value, t("Unknown")),
        }

    def _labelled(self, table: Mapping[str, Any]) -> Callable[[Any], str]:
        return lambda value: table[value].label(self.lang) if value in table else t("Unknown")


# How each column's values are said, in the order in which the page shows them. What says nothing to a person is left
# out: where a state returns to, whether a message is unread, how many files there are.
_KINDS: Mapping[str, str] = {
    "state": "state",
    "type": "type",
    "risk_class": "risk",
    "severity": "severity",
    "restricted": "yes",
    "assignee": "person",
    "team": "team",
    "accept_due": "time",
    "result_due": "time",
    "reply_due": "time",
    "provisional": "yes",
    "late": "yes",
    "accepted_at": "time",
    "paused_at": "time",
    "outcome": "outcome",
    "reason": "reason",
    "decided_at": "time",
    "decided_by": "person",
    "release_due": "time",
    "released_at": "time",
    "appeal_until": "time",
    "appeals": "number",
    "closed_at": "time",
    "merged_into": "case",
    "reach": "reach",
    "contact_verified": "yes",
    "rating": "number",
    "stored_only_at": "time",
    "held_at": "time",
    "erase_at": "time",
    "erased_at": "time",
}


def titles() -> dict[str, str]:
    """What each field is called."""
    return {
        "state": t("State"),
        "type": t("Type"),
        "risk_class": t("Risk class"),
        "severity": t("Severity"),
        "restricted": t("Restricted"),
        "assignee": t("In charge"),
        "team": t("Team"),
        "accept_due": t("Date to say whether we take it on"),
        "result_due": t("Date of the result"),
        "reply_due": t("Date of the complainant's reply"),
        "provisional": t("Dates provisional"),
        "late": t("A date was missed"),
        "accepted_at": t("Taken on at"),
        "paused_at": t("Clock paused since"),
        "outcome": t("Outcome"),
        "reason": t("Reason"),
        "decided_at": t("Decided at"),
        "decided_by": t("Decided by"),
        "release_due": t("Goes out at"),
        "released_at": t("Went out at"),
        "appeal_until": t("Review can be asked for until"),
        "appeals": t("Reviews asked for"),
        "closed_at": t("Closed at"),
        "merged_into": t("Joined with"),
        "reach": t("How they can be told"),
        "contact_verified": t("Mail address confirmed"),
        "rating": t("Rating"),
        "stored_only_at": t("Only stored since"),
        "held_at": t("Held back from deletion since"),
        "erase_at": t("Deleted by itself on"),
        "erased_at": t("Personal data deleted at"),
    }


def fields(entries: Sequence[Entry], said: Words) -> list[dict[str, Any]]:
    """Each field that has changed since the filing, with its changes from the newest to the oldest."""
    changes: dict[str, list[dict[str, str]]] = {}
    for entry in entries[1:]:
        for column, (old, new) in entry.meta.get("change", {}).items():
            if column in _KINDS:
                changes.setdefault(column, []).append(_change(entry, column, old, new, said))
    named = titles()
    return [
        {"name": named[column], "changes": changes[column][::-1]} for column in _KINDS if column in changes
    ]


def mentioned(entries: Sequence[Entry]) -> set[str]:
    """The other cases these events name, by uid."""
    found = {entry.meta["other"] for entry in entries if "other" in entry.meta}
    for entry in entries:
        found.update(filter(None, entry.meta.get("change", {}).get("merged_into", ())))
    return found


def _change(entry: Entry, column: str, old: Any, new: Any, said: Words) -> dict[str, str]:
    return {
        "old": said.say(column, old),
        "new": said.say(column, new),
        "who": said.record.who(entry),
        "when": said.record.said(entry.at),
        "what": happened(entry.type),
        "seq": str(entry.seq),
    }
