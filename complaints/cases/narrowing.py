"""What a list of cases is narrowed to: read from an address, kept as it was read, turned into conditions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, and_, exists, false, not_, select
from sqlalchemy.orm import aliased

from complaints.base.clock import BEIJING
from complaints.cases import counted
from complaints.cases.people import Operator
from complaints.policy.states import State
from complaints.policy.terms import Severity
from complaints.store.tables import Complaint, Milestone

ME, NOBODY, ANSWERED = "@me", "@nobody", "@any"
MINE, NONE = "@mine", "@none"
SEVERITIES: tuple[str, ...] = get_args(Severity)
CHANNELS = ("web", "embed", "api", "host", "phone", "mail", "letter", "visit")
MARKS = ("verified", "altered", "unverified", "none")
# Keys of the policy, also of an earlier version; people by their reference, also those of the host.
_KEY, _REF = re.compile(r"[A-Za-z0-9_.-]{1,40}"), re.compile(r"[^\x00-\x1f\x7f]{1,64}")
# What a browser's date field sends, in years whose midnights every database holds.
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_FIXED: Mapping[str, tuple[str, ...]] = {
    "state": tuple(state.value for state in State),
    "severity": SEVERITIES,
    "channel": CHANNELS,
    "language": ("zh", "en"),
    "answer": MARKS,
    "late": ("yes", "no", "warned"),
    "test": ("no", "yes"),
    "reached": counted.REACHABLE,
    "promise": counted.PROMISED,
}
_TEAM = re.compile(rf"{MINE}|{NONE}|{_KEY.pattern}")
_RISK = re.compile(rf"{NONE}|{_KEY.pattern}")
_OUTCOME = re.compile(rf"{_KEY.pattern}|{ANSWERED}")
_SEALED = re.compile(r"[A-Za-z0-9_-]{38,800}")
_FREE = {"type": _KEY, "risk": _RISK, "assignee": _REF, "team": _TEAM, "outcome": _OUTCOME, "q": _SEALED}
# Words that a person typed may name somebody, and the log keeps what it is told for ever.
_TYPED, _SOMETHING = frozenset({"q"}), "…"


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; every value comes from a fixed set or is compared as a whole.

    `outcome` is what was answered and has gone out, ANSWERED for whatever it was; `reached` and `promise` are what
    figures count, of `counted.REACHABLE` and `counted.PROMISED`. `since` and `until` are the first and
    the last day of filing in Beijing, as in 2026-11-23; `q` is what is searched for, sealed (`searching.seal`);
    `strange` names what was asked for and does not exist.
    """

    view: str = "open"
    state: str = ""
    type: str = ""
    risk: str = ""
    outcome: str = ""
    severity: str = ""
    assignee: str = ""
    team: str = ""
    channel: str = ""
    language: str = ""
    answer: str = ""
    late: str = ""
    test: str = ""
    since: str = ""
    until: str = ""
    reached: str = ""
    promise: str = ""
    q: str = ""
    strange: tuple[str, ...] = ()

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Filters:
        """What an address asks for; what does not exist is left out and named."""
        given = {name: asked[name] for name in NAMES if asked.get(name)}
        good = {name: value for name, value in given.items() if _known(name, value)}
        strange = tuple(name for name in given if name not in good)
        return cls(view=asked.get("view") or "open", **good, strange=strange)

    @property
    def narrowed(self) -> dict[str, Any]:
        """The filters that are set, as they stand in an address."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name)}

    @property
    def kept(self) -> dict[str, Any]:
        """As `address`, without what is searched for: a list that is kept holds nobody's words."""
        return {name: value for name, value in self.address.items() if name != "q"}

    @property
    def address(self) -> dict[str, Any]:
        """The view and the filters, as they stand in an address."""
        return {"view": self.view, **self.narrowed}

    @property
    def recorded(self) -> dict[str, str]:
        """The same as it may stand in the log: of words that were searched for only that there were some."""
        return {name: _SOMETHING if name in _TYPED else value for name, value in self.address.items()}


NAMES = tuple(each.name for each in fields(Filters) if each.name not in {"view", "strange"})


def conditions(filters: Filters, viewer: Operator) -> list[ColumnElement[bool]]:
    """What a case must meet beside its view."""
    return [build(filters, viewer) for name, build in _CONDITIONS.items() if getattr(filters, name)]


def _known(name: str, value: str) -> bool:
    if name in _FIXED:
        return value in _FIXED[name]
    if name in _FREE:
        return _FREE[name].fullmatch(value) is not None
    return _day(value) is not None


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if _DAY.fullmatch(given) else None
    except ValueError:
        return None


def _midnight(given: str, days: int = 0) -> datetime:
    day = _day(given)
    assert day is not None
    return datetime.combine(day, datetime.min.time(), BEIJING) + timedelta(days=days)


def _assigned(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    if filters.assignee == NOBODY:
        return Complaint.assignee.is_(None)
    return Complaint.assignee == (viewer.ref if filters.assignee == ME else filters.assignee)


def _team(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    if filters.team == NONE:
        return Complaint.team.is_(None)
    if filters.team == MINE:
        return of_teams(viewer)
    return Complaint.team == filters.team


def of_teams(viewer: Operator) -> ColumnElement[bool]:
    """Cases that lie with a team of the viewer's."""
    return Complaint.team.in_(sorted(viewer.teams)) if viewer.teams else false()


def _risk(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    del viewer
    return counted.UNCLASSIFIED if filters.risk == NONE else Complaint.risk_class == filters.risk


def _reached(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    del viewer
    return counted.reached(filters.reached, _midnight(filters.since) if filters.since else None)


def _answered(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    del viewer
    out = counted.ANSWERED
    return out if filters.outcome == ANSWERED else and_(out, Complaint.outcome == filters.outcome)


def _lateness(filters: Filters, viewer: Operator) -> ColumnElement[bool]:
    del viewer
    if filters.late == "warned":
        return warned()
    missed = counted.late(_midnight(filters.since) if filters.since else None)
    return missed if filters.late == "yes" else not_(missed)


def warned() -> ColumnElement[bool]:
    """Cases of which a warning went out, and whose date is still to come; found from the dates that are open."""
    due, warning = aliased(Milestone), aliased(Milestone)
    # One within the other: side by side, a database may begin with every warning that ever went out.
    went_out = exists().where(
        warning.complaint_id == due.complaint_id,
        warning.cycle == due.cycle,
        warning.kind == due.kind,
        warning.step.startswith("warn"),
        warning.state == "acted",
    )
    return Complaint.id.in_(
        select(due.complaint_id).where(due.state == "pending", due.step == "due", went_out)
    )


_CONDITIONS: Mapping[str, Callable[[Filters, Operator], ColumnElement[bool]]] = {
    "state": lambda filters, _: Complaint.state == filters.state,
    "type": lambda filters, _: Complaint.type == filters.type,
    "risk": _risk,
    "outcome": _answered,
    "severity": lambda filters, _: Complaint.severity == filters.severity,
    "assignee": _assigned,
    "team": _team,
    "channel": lambda filters, _: Complaint.channel == filters.channel,
    "language": lambda filters, _: Complaint.lang == filters.language,
    "answer": lambda filters, _: Complaint.answer_mark == filters.answer,
    "late": _lateness,
    "test": lambda filters, _: Complaint.is_test.is_(filters.test == "yes"),
    "since": lambda filters, _: Complaint.filed_at >= _midnight(filters.since),
    "until": lambda filters, _: Complaint.filed_at < _midnight(filters.until, days=1),
    "reached": _reached,
    "promise": lambda filters, _: counted.promised(filters.promise),
}
