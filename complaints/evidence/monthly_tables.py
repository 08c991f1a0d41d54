"""The tables and sentences of a month's report, once for paper, workbook and mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from complaints.base.translations import gettext as t
from complaints.cases.measuring import PROMISES, REACHED
from complaints.evidence.monthly import Monthly
from complaints.evidence.monthly_words import percent
from complaints.evidence.papers import counted, day, due, label, outcome_words, promise_words, state
from complaints.evidence.workbook import Cell
from complaints.ledger.work import Work

_HOUR = 3600


@dataclass(frozen=True)
class Table:
    """A title, a head and rows; `widths` are millimetres on paper. `long`: only where there is room for it.

    `paired` are columns that share one with their right neighbour on paper, with its head there: of many narrow
    columns the words of each head would be broken.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int]
    long: bool = False
    paired: Mapping[int, str] = field(default_factory=dict)

    def on_paper(self) -> tuple[list[str], list[list[str]], list[int]]:
        """Head, rows and widths of a document."""
        columns = [at for at in range(len(self.head)) if at - 1 not in self.paired]
        head = [self.paired.get(at, self.head[at]) for at in columns]
        widths = [sum(self.widths[at : at + 1 + (at in self.paired)]) for at in columns]
        return head, [[self._shown(row, at) for at in columns] for row in self.rows], widths

    def _shown(self, row: Sequence[Cell], at: int) -> str:
        cells = row[at : at + 1 + (at in self.paired)]
        if all(cell is None for cell in cells):
            return "—"
        return " / ".join("—" if cell is None else str(cell) for cell in cells)


def tables(work: Work, found: Monthly) -> list[Table]:
    """Every table of figures; those with nothing in them are left out."""
    every = [
        _summary(found),
        _promises(found),
        _times(found),
        *_parts(work, found),
        *_apart(work, found),
        _measures(work, found),
        _months(found),
        _days(found),
    ]
    return [table for table in every if table.rows]


def late(work: Work, found: Monthly) -> Table:
    """The complaints of the month with a date that passed unmet."""
    named = promise_words()
    rows = [
        (
            each.number,
            label(work.policy.types, each.type),
            state(each.state),
            day(each.filed_at),
            t("; ").join(f"{named.get(kind, kind)} {due(at)}" for kind, at in each.missed) or "—",
            day(each.answered_at),
        )
        for each in found.late
    ]
    head = (t("Number"), t("Type"), t("State"), t("Came in"), t("Date that passed unmet"), t("Answered"))
    return Table(t("Late complaints"), head, rows, (40, 28, 18, 20, 34, 20))


def _summary(found: Monthly) -> Table:
    named = {
        "received": t("Complaints received"),
        "accepted": t("Taken on"),
        "declined": t("Not taken on"),
        "answered": t("Answered"),
        "closed": t("Closed"),
        "withdrawn": t("Withdrawn"),
        "merged": t("Joined to another one"),
        "open": t("Still being handled"),
        "late": t("With a date that passed unmet"),
        "appeals": t("Asked for a review"),
        "changed": t("Answer changed on review"),
    }
    rows: list[Sequence[Cell]] = [
        (word, getattr(found.now, name), getattr(found.before, name), _difference(found, name))
        for name, word in named.items()
    ]
    return Table(
        t("Figures"),
        (t("What"), t("This month"), t("Month before"), t("Difference")),
        rows,
        (70, 30, 30, 30),
    )


def _difference(found: Monthly, name: str) -> str:
    return f"{getattr(found.now, name) - getattr(found.before, name):+d}".replace("+0", "0").replace("-", "−")


def _promises(found: Monthly) -> Table:
    named = promise_words()
    rows: list[Sequence[Cell]] = []
    for kind in PROMISES:
        held, earlier = found.now.promises.get(kind), found.before.promises.get(kind)
        if held is not None:
            was = percent(earlier.rate) if earlier else None
            rows.append((named[kind], held.kept, held.missed, held.running, percent(held.rate), was))
    head = (
        t("What for"),
        t("Kept"),
        t("Missed"),
        t("Still running"),
        t("In time (%)"),
        t("Month before (%)"),
    )
    return Table(t("Dates promised and kept"), head, rows, (50, 20, 20, 22, 22, 26))


def _times(found: Monthly) -> Table:
    named = {
        "accept": t("Until taken on"),
        "first_action": t("Until the first step"),
        "answer": t("Until answered"),
    }
    rows: list[Sequence[Cell]] = []
    for name in REACHED:
        took, earlier = found.now.times.get(name), found.before.times.get(name)
        if took is None or not took.count:
            continue
        rows.append(
            (
                named[name],
                took.count,
                took.median_days,
                took.ninety_days,
                round(took.median / _HOUR, 1),
                round(took.ninety / _HOUR, 1),
                earlier.median_days if earlier and earlier.count else None,
            )
        )
    head = (
        t("What for"),
        t("Complaints"),
        t("Median, working days"),
        t("90th percentile, working days"),
        t("Median, hours"),
        t("90th percentile, hours"),
        t("Month before: median, working days"),
    )
    paired = {
        2: t("Working days: median / 90th percentile"),
        4: t("Hours: median / 90th percentile"),
    }
    return Table(t("Times"), head, rows, (30, 26, 18, 20, 18, 20, 28), paired=paired)


def _named(work: Work, found: Monthly) -> dict[str, Callable[[str], str]]:
    """What a type, a risk class and an outcome are called."""
    policy = work.policy
    outcomes = outcome_words(policy, [*found.now.outcomes, *found.before.outcomes])
    return {
        "type": lambda key: label(policy.types, key),
        "risk": lambda key: f"{key} {label(policy.risk_classes, key)}" if key else t("None"),
        "outcome": lambda key: outcomes.get(key, key),
    }


def _parts(work: Work, found: Monthly) -> list[Table]:
    named, now, before = _named(work, found), found.now, found.before
    severities = {"urgent": t("Urgent"), "high": t("High"), "normal": t("Normal")}
    parts: list[tuple[str, str, Callable[[str], str], Mapping[str, int], Mapping[str, int]]] = [
        (t("By type"), t("Type"), named["type"], now.types, before.types),
        (t("By risk class"), t("Risk class"), named["risk"], now.risks, before.risks),
        (
            t("By severity"),
            t("Severity"),
            lambda key: severities.get(key, key),
            now.severities,
            before.severities,
        ),
        (t("By outcome"), t("Outcome"), named["outcome"], now.outcomes, before.outcomes),
    ]
    made = []
    for over, head, word, here, there in parts:
        rows = [(word(key), number, there.get(key, 0)) for key, number in counted(here)]
        rows += [(word(key), 0, number) for key, number in counted(there) if not here.get(key)]
        made.append(Table(over, (head, t("This month"), t("Month before")), rows, (100, 30, 30)))
    return made


def _apart(work: Work, found: Monthly) -> list[Table]:
    """What was promised and how long it took, of each type, risk class and outcome of this month."""
    named, made = _named(work, found), []
    over = {
        "type": (t("Dates and times, by type"), t("Type")),
        "risk": (t("Dates and times, by risk class"), t("Risk class")),
        "outcome": (t("Dates and times, by outcome"), t("Outcome")),
    }
    for name, (title, head) in over.items():
        rows: list[Sequence[Cell]] = []
        for key, each in sorted(found.now.apart[name].items()):
            taken, begun, answered = (each.times[reached] for reached in ("accept", "first_action", "answer"))
            rows.append(
                (
                    named[name](key),
                    each.results.kept,
                    each.results.missed,
                    percent(each.results.rate),
                    round(taken.median / _HOUR, 1) if taken.count else None,
                    round(taken.ninety / _HOUR, 1) if taken.count else None,
                    round(begun.median / _HOUR, 1) if begun.count else None,
                    round(begun.ninety / _HOUR, 1) if begun.count else None,
                    answered.median_days if answered.count else None,
                    answered.ninety_days if answered.count else None,
                )
            )
        heads = (
            head,
            t("Results in time"),
            t("Results late"),
            t("In time (%)"),
            t("Taken on: median, hours"),
            t("Taken on: 90th percentile, hours"),
            t("First step: median, hours"),
            t("First step: 90th percentile, hours"),
            t("Answered: median, working days"),
            t("Answered: 90th percentile, working days"),
        )
        paired = {
            4: t("Taken on, hours: median / 90th percentile"),
            6: t("First step, hours: median / 90th percentile"),
            8: t("Answered, working days: median / 90th percentile"),
        }
        made.append(Table(title, heads, rows, (28, 16, 16, 16, 14, 14, 14, 14, 14, 14), paired=paired))
    return made


def _measures(work: Work, found: Monthly) -> Table:
    totals: dict[str, int] = {}
    for (action, _), number in found.measures.items():
        totals[action] = totals.get(action, 0) + number
    states = ("done", "pending", "failed", "taken_back")
    rows: list[Sequence[Cell]] = [
        (
            label(work.policy.actions, action),
            number,
            *(found.measures.get((action, each), 0) for each in states),
        )
        for action, number in counted(totals)
    ]
    head = (
        t("Measure"),
        t("Ordered"),
        t("Done"),
        t("Still to be done"),
        t("Failed"),
        t("Taken back"),
    )
    return Table(t("Measures"), head, rows, (60, 20, 20, 20, 20, 20))


def _months(found: Monthly) -> Table:
    rows: list[Sequence[Cell]] = []
    for name, each in found.trend.items():
        held = each.promises.get("result")
        took = each.times.get("answer")
        middle = took.median_days if took and took.count else None
        rate = percent(held.rate) if held else None
        rows.append((name, each.received, each.answered, each.late, rate, middle))
    head = (
        t("Month"),
        t("Complaints received"),
        t("Answered"),
        t("With a date that passed unmet"),
        t("Results in time (%)"),
        t("Until answered: median, working days"),
    )
    return Table(t("The last months"), head, rows, (24, 26, 24, 28, 26, 32))


def _days(found: Monthly) -> Table:
    rows = [(each.name, each.received, each.answered, each.late) for each in found.now.trend]
    head = (t("Day"), t("Complaints received"), t("Answered"), t("With a date that passed unmet"))
    return Table(t("Day by day"), head, rows, (40, 40, 40, 40), long=True)
