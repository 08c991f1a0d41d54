"""Public figures by month, where the policy opens them; small counts are blurred, test cases never mixed in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from complaints.base.clock import beijing
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.tables import Complaint, Milestone
from complaints.web import charts
from complaints.web.charts import Bar
from complaints.web.frame import frame

_SMALL = 5
_MONTHS = 12


@dataclass
class Month:
    """One month by arrival: how many came, and what became of their promises so far."""

    name: str
    received: int
    accept: tuple[int, int]
    result: tuple[int, int]
    outcomes: Counter[str]


def register(blueprint: Blueprint) -> None:
    """Add the figures."""
    blueprint.add_url_rule("/statistics", "statistics", page)


def page() -> ResponseReturnValue:
    """The last twelve months, newest first; not found while the policy keeps them closed.

    A test installation counts its test cases, and says so: else nobody could try out this page.
    """
    work = frame().work
    if not work.policy.public.statistics:
        raise NotFoundError("the policy keeps the figures closed")
    tests = frame().settings.TEST_INSTALLATION
    months = by_month(work, tests=tests)
    return render_template(
        "complaints/statistics.html",
        months=months,
        drawings=_drawings(months),
        tests=tests,
        shown=shown,
        outcomes=_outcomes(work),
    )


def by_month(work: Work, *, tests: bool = False) -> list[Month]:
    """Complaints of the last twelve months by Beijing month of arrival; `accept` and `result` are (in time, late).

    A decision that is not released yet counts as still open. Either real complaints are counted or, with `tests`,
    test cases; never both.
    """
    since = (beijing(work.now).replace(day=1) - timedelta(days=31 * (_MONTHS - 1))).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    rows = work.session.execute(
        select(
            Complaint.id,
            Complaint.filed_at,
            Complaint.accepted_at,
            Complaint.released_at,
            Complaint.outcome,
            Complaint.accept_due,
        ).where(Complaint.filed_at >= since, Complaint.is_test.is_(tests), Complaint.state != State.WITHDRAWN)
    ).all()
    results = {
        row.complaint_id: row.due_at
        for row in work.session.execute(
            select(Milestone.complaint_id, Milestone.due_at)
            .join(Complaint, Complaint.id == Milestone.complaint_id)
            .where(
                Milestone.kind == "result",
                Milestone.step == "due",
                Milestone.cycle == 0,
                Complaint.filed_at >= since,
            )
        )
    }
    grouped = defaultdict(list)
    for row in rows:
        grouped[beijing(row.filed_at).strftime("%Y-%m")].append(row)
    months = []
    for name in sorted(grouped, reverse=True):
        members = grouped[name]
        accept = [_kept(each.accepted_at or each.released_at, each.accept_due, work) for each in members]
        result = [_kept(each.released_at, results.get(each.id), work) for each in members]
        outcomes = Counter(each.outcome for each in members if each.released_at and each.outcome)
        months.append(Month(name, len(members), _split(accept), _split(result), outcomes))
    return months


def shown(count: int) -> str:
    """A count for the public: 0, fewer than 5, or the number."""
    return t("fewer than {n}", n=_SMALL) if 0 < count < _SMALL else str(count)


def _drawings(months: Sequence[Month]) -> list[tuple[Markup, Markup]]:
    """What came in, and what was answered in time, oldest month first; a small count has no length to be measured."""
    oldest = months[::-1]
    came = [Bar(each.name, (_drawn(each.received),), said=shown(each.received)) for each in oldest]
    split = [
        Bar(each.name, tuple(map(_drawn, each.result)), said=" / ".join(map(shown, each.result)))
        for each in oldest
    ]
    held, over = t("Answered in time"), t("late")
    said = t("Complaints received, by month of arrival"), t("Answered in time and late, by month of arrival")
    return [
        (charts.legend([t("Complaints received")]), charts.bars("received", came, said[0])),
        (charts.legend([held, over]), charts.bars("result", split, said[1])),
    ]


def _drawn(count: int) -> int:
    return count if count >= _SMALL else 0


def _kept(done: datetime | None, due: datetime | None, work: Work) -> bool | None:
    """Whether a promise was kept; None while it is open, or none was made."""
    if due is None or (done is None and work.now < due):
        return None
    return done is not None and done <= due


def _split(kept: Sequence[bool | None]) -> tuple[int, int]:
    return kept.count(True), kept.count(False)


def _outcomes(work: Work) -> dict[str, str]:
    lang = language()
    return {
        **{key: each.label(lang) for key, each in work.policy.outcomes.items()},
        "declined": t("Not taken on"),
    }
