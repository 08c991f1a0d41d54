"""Measures on the operators' pages: as they are typed, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from complaints.base.clock import BEIJING
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import reports
from complaints.cases.handling import Order
from complaints.cases.reports import Report
from complaints.ledger.measures import Measure, measures
from complaints.ledger.reading import Entry
from complaints.policy.profile import Policy
from complaints.store.tables import Outbox
from complaints.web.admin.caserecord import Record

ROWS, MOST = 2, 12
# A field's name in the form of a decision, beside the row's number.
_TYPED = ("action", "target", "detail", "retest", "authority", "name", "channel", "report_no", "reported")


@dataclass(frozen=True)
class MeasureRow:
    """One measure as it was typed; `reported` is a time in Beijing."""

    action: str = ""
    target: str = ""
    note: str = ""
    retest: str = ""
    authority: str = ""
    name: str = ""
    channel: str = ""
    report_no: str = ""
    reported: str = ""

    @property
    def more(self) -> bool:
        """Whether anything of its folded part is filled."""
        return any((self.retest, self.authority, self.name, self.channel, self.report_no, self.reported))

    @property
    def nameless(self) -> bool:
        """Whether something is filled, and not which measure it is."""
        return not self.action and (self.more or bool(self.target or self.note))

    def order(self) -> Order:
        """What is ordered; what is missing of a report is found when it is checked."""
        given = (self.authority, self.channel, self.report_no, self.reported, self.name)
        at = _moment(self.reported)
        report = Report(self.authority, self.channel, self.report_no, at, self.name) if any(given) else None
        return Order(self.action, self.target, self.note, bool(self.retest), report)


def rows(form: Mapping[str, str]) -> list[MeasureRow]:
    """The numbered rows of a decision's form; empty ones to begin with."""
    found = []
    for at in range(MOST):
        if f"action-{at}" not in form:
            break
        found.append(MeasureRow(*(form.get(f"{name}-{at}", "").strip()[:500] for name in _TYPED)))
    return found or [MeasureRow()] * ROWS


def require_named(rows: Sequence[MeasureRow]) -> None:
    """Raise InputError for rows that are filled without a measure: nothing typed is dropped unsaid."""
    lines = [str(place) for place, row in enumerate(rows, 1) if row.nameless]
    if lines:
        said = t("Measure {lines}: choose which one it is, or empty the line", lines=t(", ").join(lines))
        raise InputError({"actions": [said]})


def require_none(rows: Sequence[MeasureRow]) -> None:
    """Raise InputError for measures where the decision cannot order any."""
    if any(row.action or row.nameless for row in rows):
        said = t(
            "Only a changed answer orders measures. Take the measures away, or choose that the answer is changed"
        )
        raise InputError({"actions": [said]})


def typed(form: Any) -> MeasureRow:
    """The one measure of the case page's form."""
    names = ("action", "target", "note", "authority", "name", "channel", "report_no", "reported")
    given = {name: (form[name].data or "").strip()[:500] for name in names}
    return MeasureRow(**given, retest="y" if form.retest.data else "")


def place(which: str | None) -> tuple[int, int]:
    """The measure that a form names; raises InputError."""
    seq, _, position = (which or "").partition("/")
    if not (seq.isdecimal() and position.isdecimal() and len(seq + position) < 10):  # noqa: PLR2004 - no log is that long
        raise InputError({"which": [t("Choose one of the list")]})
    return int(seq), int(position)


def day(given: str | None) -> date | None:
    """A day as a date field sends it."""
    try:
        return date.fromisoformat(given or "")
    except ValueError:
        return None


def choices(policy: Policy, lang: str) -> dict[str, list[tuple[str, str]]]:
    """Disposal actions by family, for a select."""
    named = {
        "content": t("Content"),
        "model": t("Model"),
        "user": t("User"),
        "record": t("Record and report"),
        "private_law": t("Rights notices"),
    }
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, row in policy.actions.items():
        groups.setdefault(named[row.family], []).append((key, row.label(lang)))
    return groups


def report_choices(policy: Policy) -> dict[str, list[tuple[str, str]]]:
    """What the fields of a report offer."""
    none = ("", t("Choose"))
    return {
        "authorities": [none, *reports.authorities(policy).items()],
        "report_ways": [none, *reports.ways().items()],
    }


def listed(
    entries: Sequence[Entry], policy: Policy, record: Record, calls: Sequence[Outbox]
) -> list[dict[str, Any]]:
    """Every measure of a case with what became of it, oldest first; `calls` are those not yet made."""
    by_seq = {entry.seq: entry for entry in entries}
    immediate = [key for key, each in policy.actions.items() if each.immediate]
    ordered = measures(entries, immediate)
    waiting = {(row.seq or 0, row.details["position"]): row.last_error for row in calls}
    return [
        _shown(each, by_seq, policy, record, waiting.get((each.seq, each.position)) or "") for each in ordered
    ]


def failure_words(reason: str) -> str:
    """Why a call of the host came to nothing."""
    return {
        "NoDisposalCallback": t("the product has registered nothing for it"),
        "CallbackTimeout": t("the product did not answer in time"),
        "CallbackRefused": t("the product refused"),
    }.get(reason, reason)


def _shown(
    row: Measure, by_seq: Mapping[int, Entry], policy: Policy, record: Record, waits_for: str
) -> dict[str, Any]:
    ordered = by_seq[row.seq]
    target, _, note = ordered.text(f"action:{row.position}").partition("\n")
    result = by_seq.get(row.result_seq or 0)
    action = policy.actions.get(row.action)
    said, tone, icon = _state(row)
    failure = str(result.meta.get("failure") or "") if result and row.state != "done" else ""
    report = reports.shown(
        policy, ordered.meta["actions"][row.position], ordered.data(f"report:{row.position}")
    )
    if report.get("at"):
        report["at"] = record.said(report["at"])
    asked = [each for each in by_seq.values() if each.type == "retested" and _of(each) == _place(row)]
    return {
        "which": f"{row.seq}/{row.position}",
        "label": action.label(language()) if action else row.action,
        "target": target,
        "note": note,
        "who": record.who(ordered),
        "when": record.said(row.ordered_at),
        "state": row.state,
        "said": said,
        "tone": tone,
        "icon": icon,
        "called": row.called,
        "attempts": row.attempts,
        "duration": row.duration_ms,
        "ended": record.said(row.acted_at) if row.acted_at else "",
        "by": record.who(result) if result and row.state == "done" else "",
        "result": result.text("result") if result else "",
        "why": failure_words(waits_for or failure),
        "report": report,
        "retest": row.retest or "",
        "retests": [_retest(each, record) for each in asked],
        "can_retry": row.called and row.state == "failed",
        "can_mark": row.called and not row.waits and row.state in {"pending", "failed"},
        "can_retest": row.retest in {"wanted", "failed"} and row.state == "done",
        "open": row.open,
    }


def _state(row: Measure) -> tuple[str, str, str]:
    if row.state == "done":
        return t("Done"), "ok", "tick"
    if row.state == "failed":
        return t("Failed"), "bad", "late"
    if row.state == "taken_back":
        return t("Taken back"), "neutral", "withdrawn"
    if row.waits:
        return t("Waits until the answer goes out"), "neutral", "clock"
    return t("Under way"), "info", "processing"


def _retest(entry: Entry, record: Record) -> dict[str, str]:
    kept = entry.data("retest")
    return {
        "said": t("passed") if entry.meta["result"] == "passed" else t("failed"),
        "day": entry.meta["on"],
        "reference": kept.get("reference", ""),
        "note": kept.get("note", ""),
        "who": record.who(entry),
    }


def _of(entry: Entry) -> tuple[int, int]:
    return entry.meta["of"], entry.meta["position"]


def _place(row: Measure) -> tuple[int, int]:
    return row.seq, row.position


def _moment(given: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
