"""The dates of a case with the count behind each, as the case page and its JSON show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from complaints.base.clock import beijing, stamp
from complaints.base.translations import gettext as t
from complaints.cases.happenings import happened
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock, shown_date
from complaints.policy.explain import Counted, Explanation, Paused
from complaints.policy.labels import Label
from complaints.policy.profile import Policy
from complaints.sla.reasons import Move, Reason, reasons
from complaints.store.tables import Complaint
from complaints.web import counting
from complaints.web.admin import words

_WEEK = 7
_HOUR = timedelta(hours=1)
_RUNNING = frozenset({"pending", "paused"})


@dataclass(frozen=True)
class Clocks:
    """The dates of one case in the reader's language."""

    work: Work
    case: Complaint
    entries: Sequence[Entry]
    policy: Policy
    lang: str

    def rows(self) -> list[dict[str, Any]]:
        """What the page shows: dates that run or are owed first, then those that are over."""
        found = [self._row(each) for each in reasons(self.work, self.case, self.entries)]
        return sorted(found, key=lambda row: (row["over"], not row["publish"]))

    def plain(self) -> list[dict[str, Any]]:
        """The same as JSON-able data: moments in UTC, days in Beijing's calendar, rules in both languages."""
        return [_plain(each) for each in reasons(self.work, self.case, self.entries)]

    def _row(self, reason: Reason) -> dict[str, Any]:
        milestone, named = reason.milestone, words.kinds()
        owed = milestone.state == "acted" and milestone.due_at == self.case.due_next
        return {
            "due": words.due(self.work, named.get(milestone.kind, milestone.kind), milestone.due_at),
            "day": words.short_day(shown_date(milestone.due_at), self.today),
            "publish": milestone.publish,
            "state": milestone.state,
            "over": milestone.state not in _RUNNING and not owed,
            "owed": owed,
            "ended": words.moment(milestone.acted_at, self.work.now) if milestone.acted_at else "",
            "cycle": milestone.cycle,
            "provisional": milestone.provisional,
            "why": self._why(reason),
        }

    def _why(self, reason: Reason) -> dict[str, Any] | None:
        found = reason.explanation
        if found is None:
            return None
        return {
            "rule": found.rule(self.lang),
            "said": [each for each in self._said(reason, found) if each],
            "weekdays": words.weekdays(),
            "weeks": list(self._weeks(found)),
            "marks": _marks(found),
            "notices": _notices(found.days, self.lang),
        }

    def _said(self, reason: Reason, found: Explanation) -> Iterator[str]:
        """What the picture of the days does not say by itself."""
        yield counting.capped(found, self.lang)
        for pause in found.pauses:
            yield self._pause(pause)
        if reason.milestone.state == "paused" and found.running:
            yield self._standing(found, words.moment(found.running, self.work.now))
        for move in reason.moves:
            yield counting.moved(move, self.policy, self.case, self.lang)
        if found.equal:
            return
        counted = clock(found.moment, self.lang)
        if reason.set_by is not None:
            when = words.moment(reason.set_by.at, self.work.now)
            yield t(
                "The count alone gives {date}; “{event}” of {time} set the date in force.",
                date=counted,
                event=happened(reason.set_by.event),
                time=when,
            )
        else:
            yield t(
                "Counted by the calendar of today this gives {date}; the date in force stands.", date=counted
            )

    def _pause(self, pause: Paused) -> str:
        a, b = words.moment(pause.began, self.work.now), words.moment(pause.ended, self.work.now)
        if pause.after == pause.before:
            return t("Paused from {a} to {b}: that takes out no working day.", a=a, b=b)
        day, days = words.short_day(shown_date(pause.after), self.today), len(pause.days)
        if not days:
            return t(
                "Paused from {a} to {b}: that time does not count; the date became {day}.", a=a, b=b, day=day
            )
        if days == 1:
            return t(
                "Paused from {a} to {b}: 1 working day does not count; the date became {day}.",
                a=a,
                b=b,
                day=day,
            )
        return t(
            "Paused from {a} to {b}: {n} working days do not count; the date became {day}.",
            a=a,
            b=b,
            n=days,
            day=day,
        )

    def _standing(self, found: Explanation, since: str) -> str:
        """A pause that has not ended: how much of the count was left when it began."""
        # It is the last of the pauses, so that what it takes comes behind every counted day.
        last = max((day.date for day in found.days if day.counts), default=date.min)
        left = sum(day.why == "paused" and day.date > last for day in found.days)
        if found.term.unit != "wd":
            return t("Paused since {time}; the date moves when it goes on.", time=since)
        if left == 1:
            return t(
                "Paused since {time} with 1 working day left; the date moves when it goes on.", time=since
            )
        return t(
            "Paused since {time} with {n} working days left; the date moves when it goes on.",
            time=since,
            n=left,
        )

    def _weeks(self, found: Explanation) -> Iterator[list[dict[str, Any] | None]]:
        """Monday to Sunday, with nothing where the count has not begun or is over."""
        days = {day.date: day for day in found.days}
        first, last = min(days), max(days)
        start = first - timedelta(days=first.weekday())
        due = shown_date(found.moment)
        while start <= last:
            week = [start + timedelta(days=each) for each in range(_WEEK)]
            yield [self._cell(days[day], first, due) if day in days else None for day in week]
            start += timedelta(days=_WEEK)

    def _cell(self, day: Counted, first: date, due: date) -> dict[str, Any]:
        return {
            "iso": day.date.isoformat(),
            "day": words.tiny_day(day.date) if day.date == first or day.date.day == 1 else str(day.date.day),
            "why": day.why,
            "sign": _sign(day),
            "long": bool(day.time),
            "told": t(
                "{day}: {reason}", day=words.short_day(day.date, self.today), reason=_reason(day, self.lang)
            ),
            "due": day.date == due,
            "provisional": day.provisional,
        }

    @property
    def today(self) -> date:
        """The day in Beijing."""
        return beijing(self.work.now).date()


def _sign(day: Counted) -> str:
    """What stands in a day's cell: its number or hours, or in one short word why it has none."""
    if day.counts:
        said = _hours(day.time) if day.time else str(day.number)
        return t("{n}+", n=said) if day.why == "makeup" else said
    return {
        "weekend": "·",
        "holiday": t("Off"),
        "paused": t("Stop"),
        "before": t("In"),
        "beyond": "×",
    }[day.why]


def _reason(day: Counted, lang: str) -> str:
    """Why a day counts or not, in full."""
    named = counting.holiday(day.name, lang)
    if day.counts:
        said = t("{time} counted", time=_hours(day.time)) if day.time else t("working day {n}", n=day.number)
        return t("{count}, make-up working day", count=said) if day.why == "makeup" else said
    return {
        "weekend": t("weekend, not counted"),
        "holiday": t("{holiday}, not counted", holiday=named),
        "paused": t("paused, not counted"),
        "before": t("the count begins after it"),
        "beyond": t("beyond the limit in days"),
    }[day.why]


def _marks(found: Explanation) -> list[tuple[str, str, str]]:
    """What the signs that occur mean; a weekend's explains itself by its column."""
    present = {day.why for day in found.days}
    table = {
        "makeup": (t("+"), t("make-up working day, counted")),
        "holiday": (t("Off"), t("holiday")),
        "paused": (t("Stop"), t("paused")),
        "beyond": ("×", t("beyond the limit in days")),
    }
    return [(why, *table[why]) for why in table if why in present]


def _notices(days: Sequence[Counted], lang: str) -> list[dict[str, str]]:
    """Each notice behind a holiday or a make-up day, once, with the holidays it rules here."""
    found: dict[tuple[str, str], list[str]] = {}
    for day in days:
        if day.notice:
            names = found.setdefault((day.notice, day.url), [])
            name = counting.holiday(day.name, lang)
            if name not in names:
                names.append(name)
    return [
        {"notice": notice, "url": url, "names": t(", ").join(names)} for (notice, url), names in found.items()
    ]


def _hours(span: timedelta) -> str:
    """A length of time within a day: 4 h, 14:55."""
    minutes = round(span.total_seconds() / 60)
    if minutes % 60:
        return f"{minutes // 60}:{minutes % 60:02}"
    return t("{n} h", n=minutes // 60)


def _plain(reason: Reason) -> dict[str, Any]:
    milestone, found = reason.milestone, reason.explanation
    return {
        "kind": milestone.kind,
        "step": milestone.step,
        "publish": milestone.publish,
        "cycle": milestone.cycle,
        "state": milestone.state,
        "since": stamp(milestone.since),
        "due_at": stamp(milestone.due_at),
        "ended_at": stamp(milestone.acted_at) if milestone.acted_at else None,
        "provisional": milestone.provisional,
        "moves": [_move(each) for each in reason.moves],
        "set_by": _move(reason.set_by) if reason.set_by else None,
        "count": _count(found) if found else None,
    }


def _move(move: Move) -> dict[str, Any]:
    because: dict[str, Any] = {key: move.meta[key] for key in ("calendar", "policy") if key in move.meta}
    changed = move.meta.get("change", {}).get("type")
    if changed:
        because["type"] = changed[1]
    return {
        "event": move.event,
        "at": stamp(move.at),
        "before": stamp(move.before),
        "after": stamp(move.after),
        **because,
    }


def _count(found: Explanation) -> dict[str, Any]:
    term, cap = found.term, found.cap
    return {
        "rule": _both(found.rule),
        "amount": term.amount,
        "unit": term.unit,
        "cap_days": term.cap_days,
        "cap": {"days": cap.days, "last": cap.last.isoformat(), "held": cap.held.isoformat()}
        if cap
        else None,
        "pauses": [
            {
                "from": stamp(each.began),
                "to": stamp(each.ended),
                "days": [day.isoformat() for day in each.days],
                "before": stamp(each.before),
                "after": stamp(each.after),
            }
            for each in found.pauses
        ],
        "paused_since": stamp(found.running) if found.running else None,
        "moment": stamp(found.moment),
        "equal": found.equal,
        "days": [
            {
                "date": day.date.isoformat(),
                "counted": day.counts,
                "number": day.number,
                "why": day.why,
                "name": day.name,
                "notice": day.notice,
                "url": day.url,
                "provisional": day.provisional,
                "hours": day.time / _HOUR if day.time else None,
            }
            for day in found.days
        ],
    }


def _both(label: Label) -> dict[str, str]:
    return asdict(label)
