"""Why a date is what it is, in sentences: what was counted, what was left out, what moved it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from complaints.base.translations import gettext as t
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock, words
from complaints.policy.explain import Counted, Explanation, Paused
from complaints.policy.process import amount_words
from complaints.policy.profile import Policy
from complaints.policy.years import NAMES
from complaints.sla.reasons import Move, Reason, reasons
from complaints.store.tables import Complaint
from complaints.web import moving
from complaints.web.public.standing import day_words, due_words

_DECEMBER = 12
_PROMISED = {"accept": "Whether we take it on", "result": "Result", "review": "Answer to the review"}


def length(found: Explanation, lang: str) -> str:
    """What is promised, and where the count alone leads to."""
    amount = amount_words(found.term, lang)
    if found.cap:
        return t(
            "{first} {second}", first=t("The term is {amount}.", amount=amount), second=capped(found, lang)
        )
    end = found.pauses[0].before if found.pauses else found.moment
    return t("The term is {amount}, until {date}.", amount=amount, date=clock(end, lang))


def capped(found: Explanation, lang: str) -> str:
    """What a limit in calendar days did; empty where it did nothing."""
    cap = found.cap
    if cap is None:
        return ""
    last, held = words(cap.last, lang), words(cap.held, lang)
    if cap.last == cap.held:
        return t("The {n} days end first, on {date}.", n=cap.days, date=last)
    if cap.last < cap.held:
        return t(
            "The {n} days hold no working day, so it ends on the first one, {date}.", n=cap.days, date=held
        )
    return t(
        "The {n} days end first, but {date} is no working day, so it moves back to {held}.",
        n=cap.days,
        date=last,
        held=held,
    )


def skipped(found: Explanation, lang: str) -> str:
    """Days off that were not counted, weekends as a number and holidays by name, and make-up days that were."""
    parts = []
    weekend = len(found.of("weekend"))
    if weekend:
        parts.append(t("1 weekend day") if weekend == 1 else t("{n} weekend days", n=weekend))
    for name, days in by_holiday(found.of("holiday")):
        off = len(days)
        said = holiday(name, lang)
        parts.append(
            t("1 day off for {holiday}", holiday=said)
            if off == 1
            else t("{n} days off for {holiday}", n=off, holiday=said)
        )
    made = [words(day.date, lang) for day in found.of("makeup")]
    off_words = t("Not counted: {days}.", days=t(", ").join(parts)) if parts else ""
    made_words = t("Counted as make-up working days: {days}.", days=t(", ").join(made)) if made else ""
    return t("{first} {second}", first=off_words, second=made_words).strip()


def moved(move: Move, policy: Policy, case: Complaint, lang: str) -> str:
    """A date that an event set anew: from which day to which, and why."""
    return t(
        "Date moved from {a} to {b}. Reason: {reason}",
        a=due_words(move.before, lang),
        b=due_words(move.after, lang),
        reason=moving.reason(move.meta, policy, case),
    )


def provisional(found: Explanation) -> str:
    """What a holiday notice still to come may change; empty when nothing."""
    open_day = found.open_day
    if open_day is None:
        return ""
    # The last days of December wait for next year's notice.
    year = open_day.year + (open_day.month == _DECEMBER)
    return t("Provisional: if the {year} holidays change it, you will read it here", year=year)


def holiday(name: str, lang: str) -> str:
    """A holiday's name."""
    return NAMES[name](lang) if name in NAMES else name


def by_holiday(days: Iterable[Counted]) -> list[tuple[str, list[Counted]]]:
    """Days off by the holiday they belong to, in order."""
    return [(name, list(each)) for name, each in groupby(days, key=lambda day: day.name)]


def why(work: Work, case: Complaint, entries: Sequence[Entry], lang: str) -> list[tuple[str, list[str]]]:
    """For each promised date that is owed: what it is for, and in a few plain sentences how it was counted.

    For the person who waits: nothing of operators and their targets, and nothing while the clock stands still.
    """
    policy, found = work.policy_of(case.policy_version), []
    for each in reasons(work, case, entries):
        milestone = each.milestone
        owed = milestone.due_at in {case.accept_due, case.result_due} and milestone.state in {
            "pending",
            "acted",
        }
        if milestone.publish and milestone.cycle == case.cycle and owed and milestone.kind in _PROMISED:
            said = _sentences(each, policy, case, lang)
            if said:
                found.append((t(_PROMISED[milestone.kind]), said))
    if len(found) > 1 and len({said[0] for _, said in found}) == 1:
        # What all dates begin with is said once.
        return [("", found[0][1][:1]), *((name, said[1:]) for name, said in found)]
    return found


def _sentences(reason: Reason, policy: Policy, case: Complaint, lang: str) -> list[str]:
    found = reason.explanation
    if found is None:
        return []
    said = [_from(reason, found, lang)]
    if reason.set_by is None:
        said += [length(found, lang), skipped(found, lang)]
        said += [_waited(pause, lang) for pause in found.pauses if pause.after != pause.before]
    said += [moved(move, policy, case, lang) for move in reason.moves]
    return [each for each in (*said, provisional(found)) if each]


def _from(reason: Reason, found: Explanation, lang: str) -> str:
    """What the count begins with."""
    if found.term.unit != "wd":
        since = clock(found.since, lang)
        if found.term.unit == "h":
            return t("The clock runs from {time}, at night and on days off too.", time=since)
        return t("The clock runs from {time}, in our service hours on working days.", time=since)
    first = next(words(day.date, lang) for day in found.days if day.counts)
    day = day_words(found.since, lang)
    match reason.milestone.kind:
        case "review":
            return t("You asked for a review on {day}; day 1 is {first}.", day=day, first=first)
        case "reply":
            return t("You wrote to us on {day}; day 1 is {first}.", day=day, first=first)
        case _ if reason.milestone.cycle:
            return t("It was taken up again on {day}; day 1 is {first}.", day=day, first=first)
        case _:
            return t("We received it on {day}; day 1 is {first}.", day=day, first=first)


def _waited(pause: Paused, lang: str) -> str:
    began, ended, after = (
        day_words(pause.began, lang),
        day_words(pause.ended, lang),
        due_words(pause.after, lang),
    )
    if not pause.days:
        return t(
            "From {a} to {b} we waited for you; that moved the date to {day}.", a=began, b=ended, day=after
        )
    if len(pause.days) == 1:
        return t(
            "From {a} to {b} we waited for you; 1 working day of it does not count, which moved the date to {day}.",
            a=began,
            b=ended,
            day=after,
        )
    return t(
        "From {a} to {b} we waited for you; {n} working days of it do not count, which moved the date to {day}.",
        a=began,
        b=ended,
        n=len(pause.days),
        day=after,
    )
