"""What was said and done in a case, read from its events for the people who handle it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.base.clock import from_stamp
from complaints.base.translations import gettext as t
from complaints.cases import deciding
from complaints.cases.happenings import happened
from complaints.cases.people import Operator
from complaints.ledger.projection import QUIET
from complaints.ledger.reading import Entry
from complaints.policy.deadlines import words as words_of
from complaints.policy.profile import Policy
from complaints.web import moving
from complaints.web.admin import letters, trouble, words

_SPOKEN = ("message", "supplied", "asked", "replied", "appealed", "rated", "withdrawn")


@dataclass(frozen=True)
class Record:
    """A case's events in words; `names` are colleagues by their reference, `teams` what each is called."""

    entries: Sequence[Entry]
    policy: Policy
    names: Mapping[str, str]
    viewer: Operator
    now: datetime
    lang: str
    teams: Mapping[str, str]

    def talk(self, files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What was written between complainant and operators, oldest first, with answers that went out."""
        found: list[dict[str, Any]] = []
        decision: Entry | None = None
        for entry in self.entries:
            if entry.type in deciding.DECISIONS:
                decision = entry
            elif entry.type == "taken_back":
                decision = None
            if entry.type in _SPOKEN and entry.text("message"):
                found.append(self._spoken(files, entry, entry.text("message")))
            elif entry.type == "released" and decision is not None:
                found.append({**self._spoken(files, decision, decision.text("public")), "side": "ours"})
                decision = None
        return found

    @property
    def notes(self) -> list[dict[str, str]]:
        """Internal notes, oldest first."""
        return [
            {"who": self.who(entry), "when": self.said(entry.at), "text": said}
            for entry in self.entries
            if (said := _noted(entry))
        ]

    def timeline(self, hidden: Collection[int], numbers: Mapping[str, str]) -> list[dict[str, Any]]:
        """Every event but the `hidden` ones, newest first; readings of one person in one hour are one line already.

        `numbers` are those of the other cases it names, by uid.
        """
        rows = []
        for entry in reversed(self.entries):
            if entry.seq in hidden:
                continue
            tone, icon = words.look(entry.type)
            breach = entry.type == "clock" and "late" in entry.meta.get("change", {})
            detail = self._detail(entry)
            clock = entry.type == "clock" and bool(detail)
            if entry.type in {"linked", "unlinked"}:
                detail = numbers[entry.meta["other"]]
            rows.append(
                {
                    "id": f"e{entry.seq}",
                    "when": self.said(entry.at),
                    "iso": entry.at.isoformat(timespec="seconds"),
                    "title": detail if clock else happened(entry.type),
                    "text": "" if clock else detail,
                    "who": self.who(entry),
                    "tone": "bad" if breach else tone,
                    "icon": "late" if breach else "clock" if clock else icon,
                }
            )
        return rows

    def since(self, version: int) -> list[dict[str, str]]:
        """What others did since a form was read: events beyond its version, readings left out."""
        changing = [entry for entry in self.entries if entry.type not in QUIET]
        return [
            {
                "when": self.said(entry.at),
                "who": self.who(entry),
                "what": happened(entry.type),
                "text": entry.text("public") or entry.text("message") or entry.text("note"),
            }
            for entry in changing[max(version, 0) :]
        ]

    def own(self, event: str) -> int:
        """How many events of a type are the viewer's own."""
        return sum(entry.type == event and entry.ref == self.viewer.ref for entry in self.entries)

    def name(self, ref: str | None) -> str:
        """What a colleague is called; the reference itself where the host keeps the names."""
        if ref == self.viewer.ref:
            return self.viewer.name
        return self.names.get(ref or "", ref or "")

    def who(self, entry: Entry) -> str:
        """Whose act an event is."""
        if entry.role == "complainant":
            return t("Complainant")
        return t("System") if entry.role == "system" else self.name(entry.ref)

    def said(self, at: Any) -> str:
        """A moment in words."""
        return words.moment(at, self.now)

    def _spoken(self, files: Sequence[Mapping[str, Any]], entry: Entry, text: str) -> dict[str, Any]:
        theirs = entry.role == "complainant"
        return {
            "who": self.who(entry),
            "when": self.said(entry.at),
            "text": text,
            "side": "theirs" if theirs else "ours",
            "what": "" if entry.type in {"message", "replied"} else happened(entry.type),
            "files": [file for file in files if file["uid"] in _brought(entry)],
        }

    def _detail(self, entry: Entry) -> str:
        meta, change = entry.meta, entry.meta.get("change", {})
        parts: list[str] = []
        match entry.type:
            case kind if kind in _BY_META:
                parts = _BY_META[kind](meta)
            case "assigned" | "transferred":
                parts = [*self._hands(meta, change), entry.text("note")]
            case "reclassified":
                parts = [*self._classes(change), *self._arrives(change)]
            case "action":
                parts = self._measures(meta)
            case "action_done" | "action_failed" | "action_retried" | "retested":
                parts = self._ended(meta)
            case "rescheduled":
                parts = [moving.because(meta), *self._moves(change)]
            case "filed":
                parts = [t("Recorded for the complainant")] if meta.get("recorded_by") else []
            case "rated":
                parts = [t("{n} of 5", n=change["rating"][1])] if "rating" in change else []
            case kind if kind in deciding.DECISIONS and kind != "overturned":
                parts = self._decision(meta)
        return t(" · ").join(filter(None, parts))

    def _handed(self, change: Mapping[str, Any]) -> str:
        old, new = change.get("assignee", (None, None))
        a, b = self.name(old), self.name(new)
        if a and b:
            return t("handed over from {a} to {b}", a=a, b=b)
        return b or t("Nobody")

    def _hands(self, meta: Mapping[str, Any], change: Mapping[str, Any]) -> list[str]:
        """Which team it lies with from now on, and who is in charge."""
        if "team" not in meta:
            return [self._handed(change)]
        person = self.name(meta.get("to"))
        team = meta["team"]
        return [self.teams.get(team, team) or t("No team"), *filter(None, (person,))]

    def _arrives(self, change: Mapping[str, Any]) -> list[str]:
        return self._hands({"team": change["team"][1]}, change) if "team" in change else []

    def _classes(self, change: Mapping[str, Any]) -> list[str]:
        tables = (("type", self.policy.types), ("risk_class", self.policy.risk_classes))
        return [
            table[change[column][1]].label(self.lang)
            for column, table in tables
            if column in change and change[column][1] in table
        ]

    def _moves(self, change: Mapping[str, Any]) -> list[str]:
        columns = (("accept_due", t("Say whether we take it on")), ("result_due", t("Result")))
        return [
            f"{name}: {_day(change[column][0], self.lang)} → {_day(change[column][1], self.lang)}"
            for column, name in columns
            if column in change
        ]

    def _decision(self, meta: Mapping[str, Any]) -> list[str]:
        reasons = {**self.policy.decision_reasons, **self.policy.decline_reasons}
        outcome, reason = (
            self.policy.outcomes.get(meta.get("outcome", "")),
            reasons.get(meta.get("reason", "")),
        )
        return [each.label(self.lang) for each in (outcome, reason) if each] + self._measures(meta)

    def _ended(self, meta: Mapping[str, Any]) -> list[str]:
        """Which measure it was, how it ended, at which try and after how long."""
        retest = {"passed": t("passed"), "failed": t("failed")}.get(meta.get("result", ""), "")
        tried = t("try {n}", n=meta["attempt"]) if "attempt" in meta else ""
        took = f"{meta['duration_ms']} ms" if "duration_ms" in meta else ""
        last = t("given up") if meta.get("final") else ""
        return [
            *filter(
                None,
                (*self._measures({"actions": [meta]}), retest, tried, took, meta.get("failure", ""), last),
            )
        ]

    def _measures(self, meta: Mapping[str, Any]) -> list[str]:
        table = self.policy.actions
        return [
            table[each["action"]].label(self.lang)
            for each in meta.get("actions", ())
            if each["action"] in table
        ]


def _noted(entry: Entry) -> str:
    """An event's internal words: what was found first, then the note."""
    facts = entry.text("facts") if entry.personal.get("facts") else ""
    note = entry.text("note") if entry.personal.get("note") else ""
    return "\n".join(filter(None, (t("Found: {facts}", facts=facts) if facts else "", note)))


def _brought(entry: Entry) -> set[str]:
    return {file["uid"] for file in entry.meta.get("files", ())}


def _day(stamped: str, lang: str) -> str:
    return words_of(from_stamp(stamped), lang)


def _step(step: str) -> str:
    if step.startswith("warn"):
        return t("due soon")
    if step == "due":
        return t("date passed")
    return t("still late") if step.startswith("late") else t("internal target passed")


def _came_due(meta: Mapping[str, Any]) -> list[str]:
    named = words.kinds()
    return [f"{named.get(each['kind'], each['kind'])}: {_step(each['step'])}" for each in meta.get("due", ())]


def _seen(meta: Mapping[str, Any]) -> list[str]:
    shown = {
        "contact": t("Contact shown"),
        "file": t("Picture shown"),
        "stored": t("Stored data opened, with a reason"),
    }
    return [said for key, said in shown.items() if key in meta]


def _letter(meta: Mapping[str, Any]) -> list[str]:
    named = (letters.kind_words(meta["kind"]), letters.ways().get(meta["way"], meta["way"]))
    return [*named, trouble.drop_reasons().get(meta.get("reason", ""), "")]


# Events whose details stand in their meta alone.
_BY_META: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "clock": _came_due,
    "viewed": _seen,
    "erased": words.erasing,
    "erasure_ordered": words.erasing,
    "forwarded": lambda meta: [meta["to"], meta["model"]],
    "forward_failed": lambda meta: [meta["failure"]],
    "message_retried": _letter,
    "message_dropped": _letter,
}
