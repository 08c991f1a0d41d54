"""What a filing document states: the policy in force, where it is published, what has been handled so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from complaints.administration.installation import Installation
from complaints.administration.publishing import versions
from complaints.base.clock import beijing
from complaints.ledger.work import Work
from complaints.policy.deadlines import words
from complaints.policy.profile import Policy
from complaints.policy.years import YearData
from complaints.store.tables import Complaint, Milestone

# The filing is a Chinese document for Chinese offices; it speaks no other language.
ZH = "zh"


@dataclass(frozen=True)
class Release:
    """One published version of the rules."""

    version: int
    digest: str
    published_at: datetime
    published_by: str
    trial: bool


@dataclass(frozen=True)
class Figures:
    """What the tables hold without test complaints; `tests` counts those."""

    received: int
    answered: int
    in_time: int
    late: int
    tests: int


@dataclass(frozen=True)
class Facts:
    """Everything the document says that is not in the policy itself; `base` is empty where nobody has set it."""

    policy: Policy
    version: int
    trial: bool
    published_at: datetime | None
    published_by: str
    releases: tuple[Release, ...]
    years: tuple[YearData, ...]
    figures: Figures
    made: datetime
    base: str
    origin: str

    def address(self, path: str = "/") -> str:
        """A public page's whole address; empty without COMPLAINTS_BASE_URL."""
        return f"{self.base}{path}" if self.base else ""


def gather(found: Installation) -> Facts:
    """Read what the document states, in one unit of work; writes nothing."""
    with found.reading() as work:
        ruling = found.in_force(work.session)
        today = beijing(work.now).date()
        return Facts(
            policy=ruling.policy,
            version=ruling.version,
            trial=ruling.trial,
            published_at=ruling.published_at,
            published_by=ruling.published_by,
            releases=tuple(
                Release(each.version, each.digest, each.published_at, each.published_by, each.trial)
                for each in versions(work.session)
            ),
            years=(work.calendar.year(today.year), work.calendar.year(today.year + 1)),
            figures=_figures(work),
            made=work.now,
            base=f"{found.settings.BASE_URL}{found.settings.URL_PREFIX}" if found.settings.BASE_URL else "",
            origin=work.origin,
        )


def _figures(work: Work) -> Figures:
    marks = work.session.execute(select(Complaint.is_test, func.count()).group_by(Complaint.is_test)).all()
    by_mark = {bool(mark): int(number) for mark, number in marks}
    answered = work.session.scalar(
        select(func.count())
        .select_from(Complaint)
        .where(Complaint.is_test.is_(False), Complaint.released_at.is_not(None))
    )
    kept = work.session.execute(
        select(Milestone.state, func.count())
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(
            Complaint.is_test.is_(False),
            Milestone.kind == "result",
            Milestone.step == "due",
            Milestone.publish,
            Milestone.cycle == 0,
        )
        .group_by(Milestone.state)
    ).all()
    by_state = {str(state): int(number) for state, number in kept}
    return Figures(
        received=by_mark.get(False, 0),
        answered=answered or 0,
        in_time=by_state.get("met", 0),
        late=by_state.get("acted", 0),
        tests=by_mark.get(True, 0),
    )


def moment(at: datetime | None) -> str:
    """Day and minute on a Beijing clock."""
    if at is None:
        return "—"
    local = beijing(at)
    return f"{words(local.date(), ZH)}{local:%H:%M}（北京时间）"
