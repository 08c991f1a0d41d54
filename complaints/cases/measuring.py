"""The shape of a period's figures: what is counted, over which days, and how a middle is found; pure."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain

from complaints.base.clock import BEIJING
from complaints.cases.step import EVENTS
from complaints.policy.states import OPEN, TRANSITIONS, State

# The promises that are counted, in the order they are shown.
PROMISES = ("accept", "first_action", "result", "review", "reply")
# How long it took, from arrival until the first event of these types; in the order they are shown.
REACHED: Mapping[str, frozenset[str]] = {
    "accept": frozenset({"accepted"}),
    # An answer's release comes after its decision, so it is never the first.
    "first_action": frozenset(
        EVENTS[action]
        for action, row in TRANSITIONS.items()
        if "first_action" in row.meets and action != "release"
    ),
    "answer": frozenset({"released"}),
}
# What times and results are told apart by: of what kind a complaint is, and what was answered.
APART = ("type", "risk", "outcome")
# One of each, empty where there is none: (type, risk class, outcome of an answer that has gone out).
Told = tuple[str, str, str]
# A trend goes by day up to so many days, else by month: each day is a line with three addresses.
DAYS = 45
_DECEMBER = 12


@dataclass(frozen=True)
class Span:
    """A period by its first and last day in Beijing, both within it."""

    first: date
    last: date

    @classmethod
    def month(cls, day: date) -> Span:
        """The calendar month that `day` lies in, whole."""
        first = day.replace(day=1)
        return cls(first, _next_month(first) - timedelta(days=1))

    @property
    def since(self) -> datetime:
        """Its first moment, in UTC."""
        return _midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment after it, in UTC."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def by_day(self) -> bool:
        """Whether its trend goes by day; else by month."""
        return (self.last - self.first).days < DAYS

    def name(self, day: date) -> str:
        """The point of the trend that a day belongs to: 2026-11-23 or 2026-11."""
        return day.isoformat() if self.by_day else f"{day:%Y-%m}"

    def names(self) -> list[str]:
        """Every point of the trend, oldest first, also those on which nothing came in."""
        found, day = [], self.first
        while day <= self.last:
            found.append(self.name(day))
            day = day + timedelta(days=1) if self.by_day else _next_month(day.replace(day=1))
        return found


@dataclass(frozen=True)
class Only:
    """What the figures are narrowed to; empty: everything. A key of the policy each, or a channel.

    `tests` counts the test complaints instead of the real ones.
    """

    type: str = ""
    risk: str = ""
    channel: str = ""
    tests: bool = False


@dataclass(frozen=True)
class Promise:
    """What became of one kind of promised date; one that no longer applied is in none of the three."""

    kept: int = 0
    missed: int = 0
    running: int = 0

    @property
    def rate(self) -> float | None:
        """The share of those that are over which were kept, 0 to 1; None while none is over."""
        over = self.kept + self.missed
        return self.kept / over if over else None


@dataclass(frozen=True)
class Spread:
    """How long something took: whole seconds, and working days after the day of arrival; nearest-rank percentiles.

    `count` is how many have come to it; without any the others are 0.
    """

    count: int = 0
    median: int = 0
    ninety: int = 0
    median_days: int = 0
    ninety_days: int = 0


@dataclass(frozen=True)
class Share:
    """The complaints of one type, risk class or outcome: what became of the results promised, how long they took."""

    results: Promise
    times: Mapping[str, Spread]


class Took:
    """How long complaints took to come so far, gathered one by one; 48 bytes each."""

    def __init__(self) -> None:
        self._held: dict[Told, dict[str, tuple[array[int], array[int]]]] = defaultdict(
            lambda: {name: (array("q"), array("q")) for name in REACHED}
        )

    def add(self, told: Told, name: str, seconds: int, days: int) -> None:
        """A complaint came as far as `name`, a key of REACHED, after so many seconds and working days."""
        held = self._held[told][name]
        held[0].append(seconds)
        held[1].append(days)

    def times(self) -> dict[str, Spread]:
        """Of all that were gathered."""
        return self._spread(self._held)

    def apart(self, results: Mapping[Told, Promise]) -> dict[str, dict[str, Share]]:
        """For each of APART the complaints of one kind, as far as they came anywhere or were promised a result."""
        found: dict[str, dict[str, Share]] = {}
        for place, name in enumerate(APART):
            alike: dict[str, list[Told]] = defaultdict(list)
            for told in self._held.keys() | results.keys():
                # Whatever else is unknown of a complaint, an outcome is only what has gone out.
                if told[place] or name != "outcome":
                    alike[told[place]].append(told)
            found[name] = {
                key: Share(_sum(results[each] for each in those if each in results), self._spread(those))
                for key, those in alike.items()
            }
        return found

    def _spread(self, those: Iterable[Told]) -> dict[str, Spread]:
        held = [self._held[each] for each in those if each in self._held]
        return {
            name: spread(*(array("q", chain.from_iterable(each[name][n] for each in held)) for n in range(2)))
            for name in REACHED
        }


@dataclass(frozen=True)
class Point:
    """One day or month of the trend, by arrival: how many came, and of them answered and late so far."""

    name: str
    received: int = 0
    answered: int = 0
    late: int = 0


@dataclass(frozen=True)
class Measured:
    """Real complaints that came in during a period, as they stand at the moment of counting; no test case.

    `merged` wait for the answer of the one they were joined to; `declined` were not taken on, and told so; `appeals` are those that were asked
    to be looked at again, `changed` those of them whose answer a review changed, or that it took on after all.
    `open`: as `owed` has it. `late`: a promised date passed unmet, in whichever round. `outcomes` counts what was answered,
    `risks` by risk class with an empty key for none; `apart` has times and results by each of APART. No figure is of a person who handles complaints.
    """

    received: int = 0
    accepted: int = 0
    answered: int = 0
    closed: int = 0
    withdrawn: int = 0
    merged: int = 0
    declined: int = 0
    appeals: int = 0
    changed: int = 0
    open: int = 0
    late: int = 0
    promises: Mapping[str, Promise] = field(default_factory=dict)
    times: Mapping[str, Spread] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    risks: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    severities: Mapping[str, int] = field(default_factory=dict)
    trend: Sequence[Point] = ()
    apart: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)


# Figures that are one number each, in the order they are shown.
NUMBERS = (
    "received",
    "accepted",
    "answered",
    "closed",
    "withdrawn",
    "merged",
    "declined",
    "appeals",
    "changed",
    "open",
    "late",
)


def spread(seconds: Collection[int], days: Collection[int]) -> Spread:
    """The middle and the ninetieth of a hundred, each an observed value (nearest rank); `days` beside `seconds`."""
    if not seconds:
        return Spread()
    long, far = sorted(seconds), sorted(days)
    return Spread(
        len(long),
        median=nearest(long, 50),
        ninety=nearest(long, 90),
        median_days=nearest(far, 50),
        ninety_days=nearest(far, 90),
    )


def nearest(ordered: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` of a hundred do not exceed; of a sorted, not empty sequence."""
    return ordered[-(-percent * len(ordered) // 100) - 1]


def _sum(promises: Iterable[Promise]) -> Promise:
    found = list(promises)
    return Promise(*(sum(getattr(each, name) for each in found) for name in ("kept", "missed", "running")))


def changed_on_review(types: Iterable[str]) -> bool:
    """Whether a review changed what was answered, by the types of a complaint's events in their order.

    A verdict that was taken back before it went out changed nothing.
    """
    waiting = False
    for each in types:
        if each == "overturned" or (each == "released" and waiting):
            return True
        if each in {"changed", "taken_back"}:
            waiting = each == "changed"
    return False


def owed(state: str, *, answered: bool) -> bool:
    """Whether it is open as lists say it: an answer is owed, or waits for its release, or is under review.

    A complaint that waits for the one it was joined to is not among them: it is worked on there.
    """
    if state in {State.DECIDED, State.DECLINED}:
        return not answered
    return State(state) in OPEN - {State.MERGED}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), BEIJING).astimezone(UTC)


def _next_month(first: date) -> date:
    if first.month == _DECEMBER:
        return first.replace(year=first.year + 1, month=1)
    return first.replace(month=first.month + 1)
