"""Microseconds for "the n-th working day after": our bisection, chinesecalendar's and holidays' day loops."""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from importlib.metadata import version
from typing import Any

import chinese_calendar
import holidays

from benchmarks import servers, stats
from complaints.policy.workdays import Calendar

Ask = Callable[[date, int], date]
COUNTS = (1, 2, 5, 10, 15, 30)
# Every fifth day: weekends, holidays and make-up days are among them, and thirty working days stay within 2026.
DAYS = tuple(
    date.fromordinal(n) for n in range(date(2024, 1, 1).toordinal(), date(2026, 11, 1).toordinal(), 5)
)
SPAN = 0.2
ASKED = 100
_NEXT = timedelta(days=1)
_THEIRS = holidays.country_holidays("CN", years=range(2023, 2028))


def _find_workday(day: date, count: int) -> date:
    # It counts from the first working day on or after the start: begin a day later, ask for one less.
    return chinese_calendar.find_workday(count - 1, day + _NEXT)


CONTENDERS: dict[str, Ask] = {
    "ours": Calendar.shipped().add,
    "chinesecalendar": _find_workday,
    "holidays": _THEIRS.get_nth_working_day,
}


def run(options: argparse.Namespace) -> dict[str, Any]:
    _agree()
    micros: dict[str, dict[int, list[float]]] = {name: defaultdict(list) for name in CONTENDERS}
    names = list(CONTENDERS)
    for turn in range(options.rounds):
        for count in COUNTS:
            for name in (*names[turn % len(names) :], *names[: turn % len(names)]):
                micros[name][count].append(_micros(CONTENDERS[name], count))
    figures = _report(micros, options.rounds)
    path = stats.keep("workdays", figures)
    print(f"kept in {path.relative_to(servers.HERE.parent)}")
    return figures


def _agree() -> None:
    """Whoever answers something else is not measured against."""
    for day in DAYS:
        for count in COUNTS:
            answers = {name: ask(day, count) for name, ask in CONTENDERS.items()}
            if len(set(answers.values())) != 1:
                raise SystemExit(f"{count} working days after {day}: {answers}")


def _micros(ask: Ask, count: int) -> float:
    """Microseconds computed per question: all days, again and again until the span is over.

    Processor time, since whatever else the machine does meanwhile is nobody's cost here.
    """
    calls, begin = 0, time.process_time()
    while (spent := time.process_time() - begin) < SPAN:
        for day in DAYS:
            ask(day, count)
        calls += len(DAYS)
    return 1e6 * spent / calls


def _report(micros: dict[str, dict[int, list[float]]], rounds: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"versions": {name: version(name) for name in ("chinesecalendar", "holidays")}}
    rows, missed = [], []
    for count in COUNTS:
        each = {name: stats.spread(found[count]) for name, found in micros.items()}
        ratios = {
            name: stats.ratio(found[count], micros["ours"][count])
            for name, found in micros.items()
            if name != "ours"
        }
        figures[str(count)] = {"microseconds": each, "times_faster": ratios}
        rows.append(
            (
                f"{count}",
                *(f"{one['median']:.2f} ({one['low']:.2f}–{one['high']:.2f})" for one in each.values()),
                *(f"{one['median']:.0f} ({one['low']:.0f}–{one['high']:.0f})" for one in ratios.values()),
            )
        )
        if ratios["chinesecalendar"]["median"] < ASKED:
            missed.append(count)
    print(
        f"\nµs computed per question, median (low–high) of {rounds} rounds over {len(DAYS)} days; how many times faster"
    )
    print(stats.table(("working days", *micros, *(f": {name}" for name in micros if name != "ours")), rows))
    print(
        f"asked: {ASKED} times faster than chinesecalendar; "
        + (f"MISSED for {', '.join(map(str, missed))}" if missed else "met for each")
    )
    return figures
