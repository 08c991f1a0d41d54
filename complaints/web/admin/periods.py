"""Which period the figures are of, and what they are narrowed to, as both stand in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from complaints.base.translations import gettext as t
from complaints.cases.measuring import Only, Span
from complaints.cases.narrowing import CHANNELS, Filters
from complaints.ledger.work import Work

MONTH, BEFORE, NINETY, YEAR, SPAN = "month", "before", "90", "year", "span"
_NINETY, _JANUARY = 90, 1
# Longer than any archive, shorter than what a page could draw.
_LONGEST = 366 * 20


@dataclass(frozen=True)
class Asked:
    """A period by its name, its days, and what is looked at; `strange` says that some of it does not exist."""

    period: str
    span: Span
    only: Only
    strange: bool = False

    @property
    def address(self) -> dict[str, Any]:
        """As it stands in an address."""
        days = {"since": self.span.first.isoformat(), "until": self.span.last.isoformat()}
        narrowed = {"type": self.only.type, "risk": self.only.risk, "channel": self.only.channel}
        kept = days if self.period == SPAN else {}
        return {"period": self.period, **kept, **{name: value for name, value in narrowed.items() if value}}

    def filters(self, view: str = "all", **more: str) -> Filters:
        """The queue's list of the same complaints, narrowed further; a filter that is set twice differs nowhere."""
        asked = {
            "test": "yes" if self.only.tests else "no",
            "since": self.span.first.isoformat(),
            "until": self.span.last.isoformat(),
            "type": self.only.type,
            "risk": self.only.risk,
            "channel": self.only.channel,
            **more,
        }
        return Filters.of({"view": view, **asked})


def names() -> dict[str, str]:
    """The periods one can choose, in their order."""
    return {
        MONTH: t("This month"),
        BEFORE: t("Last month"),
        NINETY: t("Last 90 days"),
        YEAR: t("This year"),
        SPAN: t("From … to …"),
    }


def asked(work: Work, today: date, given: Mapping[str, str], *, tests: bool = False) -> Asked:
    """What an address asks for, of the test complaints or the real ones; what it says that does not exist is left out, and days that do not fit give the month."""
    period = given.get("period") or MONTH
    spans = {
        MONTH: Span.month(today),
        BEFORE: Span.month(today.replace(day=1) - timedelta(days=1)),
        NINETY: Span(today - timedelta(days=_NINETY - 1), today),
        YEAR: Span(today.replace(month=_JANUARY, day=1), today),
    }
    if period == SPAN:
        found = _between(given)
        if found is not None:
            spans[SPAN] = found
    known = period in spans
    known_filters = {
        "type": given.get("type", "") in work.policy.types,
        "risk": given.get("risk", "") in work.policy.risk_classes,
        "channel": given.get("channel", "") in CHANNELS,
    }
    only = Only(**{name: given[name] for name, known in known_filters.items() if known}, tests=tests)
    strange = not known or any(given.get(name) and not known for name, known in known_filters.items())
    return Asked(period if known else MONTH, spans.get(period, spans[MONTH]), only, strange)


def _between(given: Mapping[str, str]) -> Span | None:
    days = Filters.of({name: given.get(name, "") for name in ("since", "until")})
    if not (days.since and days.until):
        return None
    span = Span(date.fromisoformat(days.since), date.fromisoformat(days.until))
    return span if 0 <= (span.last - span.first).days < _LONGEST else None
