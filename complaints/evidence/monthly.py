"""The report of a month, recounted from the log: this month beside the one before, what was late, what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import and_, func, select

from complaints.base.clock import beijing
from complaints.cases.measuring import Measured, Span
from complaints.evidence import months
from complaints.evidence.chosen import CASES, EVENTS, Chosen, lasting
from complaints.evidence.counting import count
from complaints.evidence.figures import Figures, replayed
from complaints.evidence.replay import Replayed, missed
from complaints.ledger.measures import measures
from complaints.ledger.reading import parsed
from complaints.ledger.work import Work

# So many months stand side by side, the reported one the last.
MONTHS = 6


@dataclass(frozen=True)
class Late:
    """A complaint with a published date that passed unmet: which dates those were, oldest first; who had it is not told."""

    number: str
    type: str
    state: str
    filed_at: datetime
    missed: Sequence[tuple[str, datetime]]
    answered_at: datetime | None


@dataclass(frozen=True)
class Monthly:
    """The figures of a month and what they are held against.

    `trend` has the months in their order, the reported one and the one before among them; `late` the complaints
    of the month that may be listed, `unlisted` how many may not, being of restricted types. `measures` counts what
    was ordered by action and by what became of it, `went_out` the complaints whose answer left during the month,
    whenever they came in. No test case is in any of them; `tests` counts those that came in.
    """

    span: Span
    now: Measured
    before: Measured
    trend: Mapping[str, Measured]
    tests: int = 0
    late: Sequence[Late] = ()
    unlisted: int = 0
    measures: Mapping[tuple[str, str], int] = field(default_factory=dict)
    went_out: int = 0


def wide(chosen: Chosen) -> Chosen:
    """The order over all months that are looked at."""
    return replace(chosen, since=months.back(months.of(chosen), MONTHS)[0].since)


def steps(work: Work, chosen: Chosen) -> int:
    """How many complaints will be looked at; those of a workbook's register twice."""
    number = count(work, wide(chosen))
    return number + count(work, chosen) if chosen.form == "xlsx" else number


def gather(work: Work, chosen: Chosen, progress: Callable[[int], None] = lambda _: None) -> Monthly:
    """Recount the month from the log as it stood at the order's end.

    Memory grows by 48 bytes a complaint, and by each late one.
    """
    span = months.of(chosen)
    spans = months.back(span, MONTHS)
    figures = {months.key(each): Figures(work.calendar) for each in spans}
    late: list[Late] = []
    acts: Counter[tuple[str, str]] = Counter()
    unlisted = 0
    for done, each in enumerate(replayed(work, wide(chosen)), 1):
        progress(done)
        day = beijing(each.row["filed_at"]).date()
        here = span.first <= day <= span.last
        figures[f"{day:%Y-%m}"].add(each, span.name(day) if here else "")
        if not here or each.row["is_test"]:
            continue
        acts.update(_measures(work, each))
        dates = missed(each.clocks)
        if dates and each.restricted and not chosen.restricted:
            unlisted += 1
        elif dates:
            late.append(_late(each, dates))
    name = months.key(span)
    measured = {month: figures[month].measured(of) for month, of in zip(figures, spans, strict=True)}
    return Monthly(
        span,
        measured[name],
        measured[months.key(months.before(span))],
        measured,
        tests=figures[name].tests,
        late=late,
        unlisted=unlisted,
        measures=acts,
        went_out=_went_out(work, chosen),
    )


def _late(each: Replayed, dates: Sequence[tuple[str, datetime]]) -> Late:
    row = each.row
    return Late(
        row["number"],
        row["type"],
        row["state"],
        row["filed_at"],
        dates,
        row.get("released_at"),
    )


def _measures(work: Work, each: Replayed) -> list[tuple[str, str]]:
    actions = work.policy_of(each.row["policy_version"]).actions
    immediate = [key for key, action in actions.items() if action.immediate]
    entries = (parsed(body, {}) for body in each.bodies)
    return [(measure.action, measure.state) for measure in measures(entries, immediate)]


def _went_out(work: Work, chosen: Chosen) -> int:
    """How many real complaints were answered during the month, by the log."""
    answers = and_(
        EVENTS.c.type == "released",
        EVENTS.c.at >= chosen.since,
        EVENTS.c.at < chosen.until,
        EVENTS.c.leaf_index < chosen.size,
    )
    query = (
        select(func.count(func.distinct(EVENTS.c.stream)))
        .join(CASES, CASES.c.uid == EVENTS.c.stream)
        .where(answers, CASES.c.is_test.is_(False), *lasting(work, chosen))
    )
    found = work.session.execute(query).scalar_one()
    work.session.rollback()
    return int(found)
