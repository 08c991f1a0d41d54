"""Figures as a reader sees them: tables with their drawings, and where each number's complaints are listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.counted import EVER
from complaints.cases.happenings import channels
from complaints.cases.measuring import NUMBERS, Measured, Point, Promise, Span, Spread
from complaints.cases.narrowing import ANSWERED, CHANNELS
from complaints.ledger.work import Work
from complaints.policy.deadlines import words as long_day
from complaints.policy.terms import Kind
from complaints.web import charts
from complaints.web.admin import words
from complaints.web.admin.figure_parts import Part, hours, listed, share
from complaints.web.admin.figures_apart import apart, counted
from complaints.web.admin.periods import Asked
from complaints.web.charts import Bar

# The kind of promise behind each time, whose unit says whether working days count.
_BEHIND: Mapping[str, Kind] = {"accept": "accept", "first_action": "first_action", "answer": "result"}
# A column of the trend has room for so many; beyond, lines say more.
_COLUMNS, _BESIDE = 24, 6


def parts(work: Work, asked: Asked, found: Measured) -> list[Part]:
    """Every table of a period, in the order of the page."""
    lang, policy = language(), work.policy
    types = {key: kind.label(lang) for key, kind in policy.types.items()}
    risks = {key: row.label(lang) for key, row in policy.risk_classes.items()} | {"": t("Not classified")}
    outcomes = {key: each.label(lang) for key, each in policy.outcomes.items()} | {
        "declined": t("Not taken on")
    }
    severities = {"urgent": t("Urgent"), "high": t("High"), "normal": t("Normal")}
    return [
        _numbers(asked, found),
        _trend(asked, found),
        _promises(asked, found.promises),
        _times(work, asked, found.times),
        counted(asked, "type", t("By type"), found.types, types),
        apart(asked, "type", t("Dates and times, by type"), t("Type"), found, types),
        counted(asked, "risk", t("By risk class"), found.risks, risks),
        apart(asked, "risk", t("Dates and times, by risk class"), t("Risk class"), found, risks),
        counted(asked, "outcome", t("By outcome"), found.outcomes, outcomes),
        apart(asked, "outcome", t("Dates and times, by outcome"), t("Outcome"), found, outcomes),
        counted(asked, "severity", t("By severity"), found.severities, severities),
    ]


def choices(work: Work) -> dict[str, list[tuple[str, str]]]:
    """What the figures can be narrowed to."""
    lang, known = language(), channels()
    return {
        "type": [(key, kind.label(lang)) for key, kind in work.policy.types.items()],
        "risk": [(key, row.label(lang)) for key, row in work.policy.risk_classes.items()],
        "channel": [(key, known[key]) for key in CHANNELS],
    }


def _numbers(asked: Asked, found: Measured) -> Part:
    said = {
        "received": t("Complaints received"),
        "accepted": t("Taken on"),
        "answered": t("Answered"),
        "closed": t("Closed"),
        "withdrawn": t("Withdrawn"),
        "merged": t("Joined to another"),
        "declined": t("Not taken on"),
        "appeals": t("Asked for a review"),
        "changed": t("Changed by a review"),
        "open": t("Still open"),
        "late": t("A date was missed"),
    }
    lists = {
        "received": asked.filters(),
        "accepted": asked.filters(reached="accepted"),
        "answered": asked.filters(outcome=ANSWERED),
        "closed": asked.filters(state="closed"),
        "withdrawn": asked.filters(state="withdrawn"),
        "merged": asked.filters(state="merged"),
        "declined": asked.filters(outcome="declined"),
        "appeals": asked.filters(reached="appealed"),
        "changed": asked.filters(reached="changed"),
        "open": asked.filters("open"),
        "late": asked.filters(late="yes"),
    }
    return Part(
        "numbers",
        t("In all"),
        (t("Figure"), t("Number of complaints")),
        [(said[name], f"{getattr(found, name):,}") for name in NUMBERS],
        hrefs=[[listed(getattr(found, name), lists[name])] for name in NUMBERS],
    )


def _trend(asked: Asked, found: Measured) -> Part:
    span, rows = asked.span, found.trend
    drawn = [
        Bar(
            words.tiny_day(date.fromisoformat(each.name)) if span.by_day else words.tiny_month(each.name),
            (each.received - each.late, each.late) if len(rows) <= _COLUMNS else (each.received, each.late),
            said=f"{each.received:,}" if each.received else "",
        )
        for each in rows
    ]
    most = max(rows, key=lambda each: each.received, default=None)
    sentence = ""
    if most is not None:
        sentence = t(
            "{all} complaints came in, most of them in {when}: {n}",
            all=f"{found.received:,}",
            when=_named(most.name) if span.by_day else words.tiny_month(most.name),
            n=f"{most.received:,}",
        )
    few = len(rows) <= _COLUMNS
    return Part(
        "trend",
        t("Received by day") if span.by_day else t("Received by month"),
        (
            t("Day") if span.by_day else t("Month"),
            t("Complaints received"),
            t("Answered by now"),
            t("A date was missed"),
        ),
        [(each.name, *(f"{n:,}" for n in (each.received, each.answered, each.late))) for each in rows],
        (charts.columns if few else charts.lines)("trend", drawn, sentence) if found.received else None,
        charts.legend(
            (t("No date was missed"), t("A date was missed"))
            if few
            else (t("Complaints received"), t("A date was missed"))
        ),
        wide=len(rows) > _BESIDE,
        hrefs=[_of_point(asked, each) for each in rows],
    )


def _of_point(asked: Asked, each: Point) -> list[str]:
    days = asked.span
    if days.by_day:
        first = last = date.fromisoformat(each.name)
    else:
        month = Span.month(date.fromisoformat(f"{each.name}-01"))
        first, last = max(month.first, days.first), min(month.last, days.last)
    there = {"since": first.isoformat(), "until": last.isoformat()}
    return [
        listed(each.received, asked.filters(**there)),
        listed(each.answered, asked.filters(**there, outcome=ANSWERED)),
        listed(each.late, asked.filters(**there, late="yes")),
    ]


def _named(day: str) -> str:
    return long_day(date.fromisoformat(day), language())


def _promises(asked: Asked, found: Mapping[str, Promise]) -> Part:
    said = words.kinds()
    drawn = [
        Bar(said[kind], (each.kept, each.missed, each.running), said=share(each))
        for kind, each in found.items()
    ]
    sentence = t("; ").join(
        t("{what}: {share} in time", what=said[kind], share=share(each)) for kind, each in found.items()
    )
    return Part(
        "promises",
        t("Dates promised and kept"),
        (t("What for"), t("Kept"), t("Missed"), t("Still running"), t("In time")),
        [
            (said[kind], f"{each.kept:,}", f"{each.missed:,}", f"{each.running:,}", share(each))
            for kind, each in found.items()
        ],
        charts.bars("promises", drawn, sentence) if drawn else None,
        charts.legend((t("Kept"), t("Missed"), t("Still running"))),
        hrefs=[
            [
                *(
                    listed(getattr(each, became), asked.filters(promise=f"{kind}.{became}"))
                    for became in ("kept", "missed", "running")
                ),
                "",
            ]
            for kind, each in found.items()
        ],
        note=t(
            "Of the first round, and of each review, of which a complaint may have several. In time: of the dates that are over."
        ),
    )


def _times(work: Work, asked: Asked, found: Mapping[str, Spread]) -> Part:
    said = {
        "accept": t("Until it was taken on"),
        "first_action": t("Until the first step"),
        "answer": t("Until the first answer"),
    }
    rows = []
    for name, each in found.items():
        days = each.count and _in_days(work, _BEHIND[name])
        rows.append(
            (
                said[name],
                f"{each.count:,}",
                hours(each, each.median),
                hours(each, each.ninety),
                str(each.median_days) if days else "–",
                str(each.ninety_days) if days else "–",
            )
        )
    return Part(
        "times",
        t("How long it took"),
        (
            t("From arrival"),
            t("Number of complaints"),
            t("Median, hours"),
            t("90 of 100, hours"),
            t("Median, working days"),
            t("90 of 100, working days"),
        ),
        rows,
        hrefs=[
            [listed(each.count, asked.filters(reached=f"{EVER}{name}")), "", "", "", ""]
            for name, each in found.items()
        ],
        note=t("Half, or 90 of 100, took no longer; each is a value that occurred (nearest rank)."),
    )


def _in_days(work: Work, kind: Kind) -> bool:
    """Whether any promise or target of this kind counts working days."""
    return any(
        term.kind == kind and term.unit == "wd"
        for each in work.policy.types
        for term in work.policy.deadlines_of(each).terms
    )
