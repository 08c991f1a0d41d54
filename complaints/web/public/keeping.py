"""Until when a complainant's data is kept, and what asking for its deletion does, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.base.translations import gettext as t
from complaints.cases import erasure
from complaints.ledger.work import Work
from complaints.policy.deadlines import words
from complaints.store.tables import Complaint


@dataclass(frozen=True)
class Keeping:
    """`until` says when data goes by itself, `effect` what a request would do, `asked` what one has done."""

    until: str = ""
    effect: str = ""
    asked: str = ""
    may_ask: bool = False
    may_withdraw: bool = False


def keeping(work: Work, case: Complaint, lang: str) -> Keeping:
    """How it stands with this complaint's data; empty once erased."""
    if case.erased_at is not None:
        return Keeping()
    years = work.policy_of(case.policy_version).retention.case_years
    end = erasure.end_of_keeping(work, case)
    day = words(end, lang) if end else ""
    over = end is not None and end <= work.now
    asked = _asked(case, years, day, over=over) if case.stored_only_at is not None else ""
    return Keeping(
        until=_until(years, day, over=over),
        effect=_effect(years, day, over=over and case.held_at is None),
        asked=asked,
        may_ask=not asked,
        may_withdraw=bool(asked),
    )


def _until(years: int, day: str, *, over: bool) -> str:
    if over:
        return t("The time for which we keep it is over.")
    if day:
        return t("We keep it until the end of {date}; then it is deleted by itself.", date=day)
    return t("We keep it for {n} years after the complaint has ended; then it is deleted by itself.", n=years)


def _effect(years: int, day: str, *, over: bool) -> str:
    if over:
        return t("Everything personal is deleted at once. This cannot be undone.")
    if day:
        return t(
            "Our published process keeps records of complaints for {n} years after they end. If you ask now, your data is only stored until {date}: nobody works with it. Then it is deleted by itself.",
            n=years,
            date=day,
        )
    return t(
        "Your complaint is still open. If you ask now, your data is used for the answer we owe you and for nothing else. After that it is only stored for {n} years, as our published process says, and then deleted by itself.",
        n=years,
    )


def _asked(case: Complaint, years: int, day: str, *, over: bool) -> str:
    if case.held_at is not None:
        return t(
            "We have a legal reason to keep it for now, such as proceedings. Until that ends it is only stored; then it is deleted by itself."
        )
    if over:
        return t("It is being deleted now.")
    if day:
        return t(
            "Our published process keeps records of complaints for {n} years after they end. Until {date} your data is only stored: nobody works with it. Then it is deleted by itself; you need not do anything.",
            n=years,
            date=day,
        )
    return t(
        "Your complaint is still open, so your data is used for the answer we owe you and for nothing else. After that it is only stored for {n} years, as our published process says, and then deleted by itself.",
        n=years,
    )
