"""Where a complaint stands in time: whose turn it is, by when, what moved and what we missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from complaints.base.clock import beijing, from_stamp
from complaints.base.translations import LANGUAGES, speaking
from complaints.base.translations import gettext as t
from complaints.cases.views import Moment, PublicView
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock, end_of, shown_date, words
from complaints.policy.states import State

WAITING = frozenset({State.SUBMITTED, State.ACCEPTED, State.PROCESSING, State.UNDER_REVIEW, State.MERGED})


@dataclass(frozen=True)
class Status:
    """The head of the page: whose turn it is, by when, and what went wrong with a date."""

    sentence: str
    promise: str = ""
    late: bool = False
    late_sentence: str = ""
    notes: Sequence[str] = ()


class Standing:
    """The dates of one complaint in the reader's language."""

    def __init__(self, work: Work, view: PublicView, lang: str) -> None:
        self.work, self.view, self.lang = work, view, lang
        self.case = view.case

    @property
    def due(self) -> datetime | None:
        """What is owed next."""
        return self.case.accept_due if self.view.state is State.SUBMITTED else self.case.result_due

    def status(self) -> Status:
        """The head of the page."""
        state, due = self.view.state, self.due
        if self.case.erased_at is not None:
            return Status(t("Personal data deleted; only the handling record remains"))
        if state is State.AWAITING_COMPLAINANT:
            return self._waiting()
        sentence = state.sentence(self.lang)
        if "{date}" in sentence:
            sentence = sentence.format(date=due_words(due, self.lang)) if due else ""
        if state not in WAITING or due is None:
            return Status(sentence)
        if due <= self.work.now:
            return Status(sentence, late=True, late_sentence=self._late(due))
        return Status(sentence, self._promise(), notes=self._notes())

    def next(self) -> str:
        """What comes next, and by when; empty when nothing is owed or it is late."""
        state, due = self.view.state, self.due
        if self.case.erased_at is not None or state not in WAITING or due is None or due <= self.work.now:
            return ""
        day = due_words(due, self.lang)
        if state is State.SUBMITTED:
            return t("By {date} we say whether we take it on", date=day)
        return t("Answer by {date} at the latest", date=day)

    def dates(self) -> list[tuple[str, str]]:
        """The promised dates; none while the clock stands still or nothing is owed."""
        case, state = self.case, self.view.state
        if state not in WAITING or case.erased_at is not None:
            return []
        rows = []
        if state is State.SUBMITTED and case.accept_due:
            rows.append((t("Whether we take it on"), due_words(case.accept_due, self.lang)))
        if case.result_due:
            name = t("Answer to the review") if state is State.UNDER_REVIEW else t("Result")
            rows.append((name, due_words(case.result_due, self.lang)))
        return rows

    def reminded(self) -> str:
        """When the complainant last reminded us; empty when they may do so now."""
        due = self.due
        for each in self.view.timeline:
            if due and each.at >= due and each.kind == "message" and each.text in reminders():
                return clock(each.at, self.lang)
        return ""

    def _waiting(self) -> Status:
        question = self.view.question
        stopped = question.at if question else self.case.paused_at
        changed = question.details.get("change", {}).get("reply_due") if question else None
        # The date that was asked for, whatever has become of the row since.
        reply_due = from_stamp(changed[1]) if changed and changed[1] else self.case.reply_due
        sentence = State.AWAITING_COMPLAINANT.sentence(self.lang)
        paused = (
            t(
                "Paused since {date} until you reply; then it runs on",
                date=words(beijing(stopped).date(), self.lang),
            )
            if stopped
            else ""
        )
        return Status(sentence.format(date=due_words(reply_due, self.lang)) if reply_due else "", paused)

    def _promise(self) -> str:
        due = self.case.result_due
        if due is None or due <= self.work.now:
            return ""
        left = self.work.calendar.count(beijing(self.work.now).date(), shown_date(due))
        if self.view.state is State.ACCEPTED and left > 1:
            return t("{n} working days left", n=left)
        day = due_words(due, self.lang)
        if left == 0:
            return t("Answer by {date} at the latest, that is today", date=day)
        if left == 1:
            return t("Answer by {date} at the latest, 1 working day left", date=day)
        return t("Answer by {date} at the latest, {n} working days left", date=day, n=left)

    def _late(self, due: datetime) -> str:
        day = due_words(due, self.lang)
        if self.view.state is State.SUBMITTED:
            return t("We did not say by {date} whether we take it on. We are sorry", date=day)
        return t("We did not answer by {date}. We are sorry", date=day)

    def _notes(self) -> list[str]:
        case, notes = self.case, []
        silent = [each for each in self.view.timeline if each.kind == "late" and "accept" in missed(each)]
        if silent and self.view.state in {State.ACCEPTED, State.PROCESSING} and case.cycle == 0:
            notes.append(
                t(
                    "We did not say in time whether we take it on, and are sorry. It counts as taken on; the date of the answer stands."
                )
            )
        if case.provisional and case.result_due:
            year = shown_date(case.result_due).year
            notes.append(t("Provisional: if the {year} holidays change it, you will read it here", year=year))
        return notes


def missed(moment: Moment) -> set[str]:
    """The kinds of promise whose date passed unmet in this event."""
    return {each["kind"] for each in moment.details.get("due", ()) if each["step"] == "due"}


def reminder() -> str:
    """What a complainant says by pressing the button of a late complaint."""
    return t("The date has passed without an answer. I am asking for one.")


def reminders() -> frozenset[str]:
    """The reminder in every language: whoever changes the language has still reminded us."""
    found = []
    for lang in LANGUAGES:
        with speaking(lang):
            found.append(reminder())
    return frozenset(found)


def due_words(due: datetime, lang: str) -> str:
    """A due moment for a person: the day when it ends at 24:00, else day and time."""
    return words(due, lang) if due == end_of(shown_date(due)) else clock(due, lang)


def day_words(moment: datetime, lang: str) -> str:
    """The Beijing day of a moment for a person."""
    return words(beijing(moment).date(), lang)
