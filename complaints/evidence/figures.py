"""Figures of a period, recounted from the log: each complaint is made up again from its own events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from complaints.base.clock import beijing
from complaints.cases.measuring import (
    PROMISES,
    REACHED,
    Measured,
    Only,
    Point,
    Promise,
    Span,
    Told,
    Took,
    changed_on_review,
    owed,
)
from complaints.evidence.chosen import Chosen
from complaints.evidence.register import on_time
from complaints.evidence.replay import Replayed, missed, pages, promised, reviews
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.policy.workdays import Calendar

_PAGE = 200
_RUNNING = ("pending", "paused")


@dataclass
class Figures:
    """Complaints that came in during the period, without test cases or of those alone; `tests` counts the others.

    `promises` maps a kind of date to (kept, missed, still running): the first round's, and of reviews each one;
    a date that no longer applied is in none of them; `results` has those of the result by what tells complaints apart.
    What the figures mean stands at `measuring.Measured`.
    """

    calendar: Calendar
    of_tests: bool = False
    tests: int = 0
    numbers: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    risks: Counter[str] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    promises: dict[str, list[int]] = field(default_factory=dict)
    versions: Counter[int] = field(default_factory=Counter)
    results: dict[Told, list[int]] = field(default_factory=dict)
    took: Took = field(default_factory=Took)
    arrived: dict[str, list[int]] = field(default_factory=dict)

    def add(self, each: Replayed, point: str = "") -> None:
        """Count one complaint as its events made it, under this point of the trend."""
        row = each.row
        if row["is_test"] != self.of_tests:
            self.tests += 1
            return
        answered, late = bool(row.get("released_at")), bool(missed(each.clocks))
        outcome = row.get("outcome") or "declined"
        met = {
            "received": True,
            "accepted": bool(row.get("accepted_at")),
            "answered": answered,
            "closed": row["state"] == State.CLOSED,
            "withdrawn": row["state"] == State.WITHDRAWN,
            "merged": row["state"] == State.MERGED,
            "declined": answered and outcome == "declined",
            "appeals": bool(row.get("appeals")),
            "changed": changed_on_review(kind for kind, _ in each.happened),
            "open": owed(row["state"], answered=answered),
            "late": late,
        }
        self.numbers.update(name for name, holds in met.items() if holds)
        self.types[row["type"]] += 1
        self.risks[row.get("risk_class") or ""] += 1
        self.severities[row["severity"]] += 1
        self.states[row["state"]] += 1
        self.versions[row["policy_version"]] += 1
        if answered:
            self.outcomes[outcome] += 1
        counted = self.arrived.setdefault(point, [0, 0, 0])
        for place, holds in enumerate((True, answered, late)):
            counted[place] += holds
        told = (row["type"], row.get("risk_class") or "", outcome if answered else "")
        self._promises(each, told)
        self._times(each, told)

    def measured(self, span: Span) -> Measured:
        """The same figures in the shape that the database's have."""
        return Measured(
            **{name: self.numbers[name] for name in self.numbers},
            promises={kind: Promise(*self.promises[kind]) for kind in PROMISES if kind in self.promises},
            times=self.took.times(),
            types=self.types,
            risks=self.risks,
            outcomes=self.outcomes,
            severities=self.severities,
            trend=[Point(name, *self.arrived.get(name, (0, 0, 0))) for name in span.names()],
            apart=self.took.apart({told: Promise(*each) for told, each in self.results.items()}),
        )

    def _promises(self, each: Replayed, told: Told) -> None:
        held = [*promised(each.clocks).items(), *(("review", state) for state in reviews(each.clocks))]
        for kind, state in held:
            kept = on_time(state)
            if kept is None and state not in _RUNNING:
                continue
            place = 2 if kept is None else 0 if kept else 1
            self.promises.setdefault(kind, [0, 0, 0])[place] += 1
            if kind == "result":
                self.results.setdefault(told, [0, 0, 0])[place] += 1

    def _times(self, each: Replayed, told: Told) -> None:
        came = each.row["filed_at"]
        for name, types in REACHED.items():
            at = next((at for kind, at in each.happened if kind in types), None)
            if at is not None:
                seconds = int(at.timestamp()) - int(came.timestamp())
                days = self.calendar.count(beijing(came).date(), beijing(at).date())
                self.took.add(told, name, seconds, days)


def replayed(work: Work, chosen: Chosen) -> Iterator[Replayed]:
    """Each complaint of the period as its events make it, oldest first; in bounded memory."""
    for _, page in pages(work, chosen, page=_PAGE):
        # No transaction stays open while the rows are written and progress is told.
        work.session.rollback()
        yield from page


def recount(work: Work, chosen: Chosen, span: Span, only: Only) -> Measured:
    """The figures of `span` from the log as it stood at the order's end, of what the order's reader may see."""
    found = Figures(work.calendar, only.tests)
    for each in replayed(work, chosen):
        if _seen(each.row, chosen, only):
            found.add(each, span.name(beijing(each.row["filed_at"]).date()))
    return found.measured(span)


def _seen(row: Mapping[str, object], chosen: Chosen, only: Only) -> bool:
    wanted = {"type": only.type, "risk_class": only.risk, "channel": only.channel}
    narrow = all(not value or row.get(column) == value for column, value in wanted.items())
    return narrow and (chosen.restricted or not row["restricted"])
