"""A complaint in plain words: status, dates, events, messages and files, as the tracking page shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.base.clock import beijing, from_stamp
from complaints.base.translations import LANGUAGES, speaking
from complaints.base.translations import gettext as t
from complaints.cases.attachments import MB, Held
from complaints.cases.views import DecisionView, Moment, PublicView, may_take
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock, end_of, shown_date, words
from complaints.policy.model import ComplaintType, ExternalRoute, Field
from complaints.policy.process import amount_words
from complaints.policy.profile import Policy
from complaints.policy.states import State

# Title, icon and tone of each event; the messages themselves stand in the conversation.
_EVENTS: Mapping[str, tuple[str, str, str]] = {
    "filed": ("We received your complaint", "submitted", "info"),
    "accepted": ("Taken on", "accepted", "info"),
    "declined": ("Not taken on", "declined", "neutral"),
    "started": ("We began to look into it", "processing", "info"),
    "asked": ("We asked you for more", "waiting", "warn"),
    "supplied": ("You sent what we asked for", "send", "neutral"),
    "resumed": ("We go on with what we have; the clock runs again", "processing", "info"),
    "message": ("You wrote to us", "pen", "neutral"),
    "replied": ("We wrote to you", "decided", "info"),
    "decided": ("Answered", "decided", "ok"),
    "decided_with_lead": ("Answered", "decided", "ok"),
    "confirmed": ("Review answered: the result stands", "decided", "ok"),
    "changed": ("Review answered: the result is changed", "decided", "ok"),
    "overturned": ("Review answered: we take it on after all", "accepted", "ok"),
    "sent_back": ("Review: it is being handled anew", "processing", "review"),
    "appealed": ("You asked for a review", "review", "review"),
    "withdrawn": ("You withdrew it", "withdrawn", "neutral"),
    "merged": ("Joined with other complaints on the same matter", "merged", "neutral"),
    "unmerged": ("Handled on its own again", "processing", "info"),
    "reopened": ("Opened again", "processing", "info"),
    "closed": ("Closed", "closed", "neutral"),
    "rated": ("You rated the handling", "tick", "neutral"),
    "contact_verified": ("You confirmed your mail address", "mail", "neutral"),
    "code_renewed": ("A new access code was issued; the old one no longer works", "lock", "neutral"),
    "erased": ("Personal data deleted", "erased", "neutral"),
    "late": ("We missed a date", "late", "bad"),
    "moved": ("A date moved forward", "calendar", "info"),
}
_OURS = frozenset({"asked", "replied", "overturned"})
_THEIRS = frozenset({"supplied", "message", "appealed", "withdrawn", "rated"})
WAITING = frozenset({State.SUBMITTED, State.ACCEPTED, State.PROCESSING, State.UNDER_REVIEW, State.MERGED})
_ANSWERED = frozenset({State.DECIDED, State.DECLINED, State.CLOSED})
_MARKS = {
    "verified": "The AI's answer is kept and matches our record",
    "altered": "The AI's answer is kept; it differs from our record",
    "unverified": "The AI's answer is kept; it was not compared with our record",
}


@dataclass(frozen=True)
class Status:
    """The head of the page: whose turn it is, by when, and what went wrong with a date."""

    sentence: str
    promise: str = ""
    late: bool = False
    late_sentence: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Told:
    """Everything the template prints, in the reader's language."""

    number: str
    state: State
    status: Status
    events: Sequence[Mapping[str, str]]
    next: str
    messages: Sequence[Mapping[str, Any]]
    question: Mapping[str, Any] | None
    decisions: Sequence[Mapping[str, Any]]
    filed: Sequence[tuple[str, str]]
    files: Sequence[Mapping[str, str]]
    answer: Mapping[str, str]
    mark: str
    routes: Sequence[ExternalRoute]
    appeal: str = ""
    review: str = ""
    over: str = ""
    dates: Sequence[tuple[str, str]] = ()
    reminded: str = ""
    kept_back: bool = False
    erased: bool = False
    test: bool = False
    can: frozenset[str] = field(default_factory=frozenset)


def tell(work: Work, view: PublicView, lang: str, link: Callable[[str], str]) -> Told:
    """The words of a complaint; `link` gives the address of a file by its uid."""
    case = view.case
    policy = work.policy_of(case.policy_version)
    kind = policy.types[case.filed_type]
    pages = _Words(work, view, policy, lang, link)
    status = pages.status()
    first = next((each for each in view.timeline if each.kind == "filed"), None)
    return Told(
        number=case.number,
        state=view.state,
        status=status,
        events=[pages.event(each) for each in view.timeline],
        next=pages.next(),
        messages=pages.messages(),
        question=pages.message(view.question) if view.question else None,
        decisions=[pages.decision(each) for each in reversed(view.decisions)],
        filed=pages.filed(kind),
        files=pages.files(first.files if first else ()),
        answer={key: str(value) for key, value in view.answer.items()},
        mark=mark(case.answer_mark),
        routes=routes(policy, kind),
        appeal=pages.appeal(),
        review=pages.review(kind),
        over=pages.over(),
        dates=pages.dates(),
        reminded=pages.reminded(),
        kept_back=case.restricted,
        erased=case.erased_at is not None,
        test=case.is_test,
        can=view.can,
    )


def routes(policy: Policy, kind: ComplaintType) -> list[ExternalRoute]:
    """Where else this kind of matter can be taken."""
    return [policy.routes[key] for key in kind.routes]


def mark(key: str) -> str:
    """What the comparison of the AI answer with our record gave; empty without an answer."""
    return t(_MARKS[key]) if key in _MARKS else ""


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


def size_words(size: int) -> str:
    """A file's size for a person."""
    if size >= MB:
        return f"{size / MB:.1f} MB"
    return f"{size / 1000:.1f} kB" if size >= 1000 else f"{size} B"  # noqa: PLR2004 - bytes in a kilobyte


class _Words:
    def __init__(
        self, work: Work, view: PublicView, policy: Policy, lang: str, link: Callable[[str], str]
    ) -> None:
        self.work, self.view, self.policy, self.lang, self.link = work, view, policy, lang, link
        self.case = view.case

    @property
    def due(self) -> datetime | None:
        """What is owed next."""
        return self.case.accept_due if self.view.state is State.SUBMITTED else self.case.result_due

    def status(self) -> Status:
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

    def event(self, moment: Moment) -> dict[str, str]:
        title, icon, tone = _EVENTS[moment.kind]
        return {
            "title": t(title),
            "text": self._detail(moment),
            "when": clock(moment.at, self.lang),
            "iso": moment.at.isoformat(),
            "icon": icon,
            "tone": tone,
        }

    def next(self) -> str:
        state, due = self.view.state, self.due
        if self.case.erased_at is not None or state not in WAITING or due is None or due <= self.work.now:
            return ""
        day = due_words(due, self.lang)
        if state is State.SUBMITTED:
            return t("By {date} we say whether we take it on", date=day)
        return t("Answer by {date} at the latest", date=day)

    def messages(self) -> list[dict[str, Any]]:
        said = [
            each for each in self.view.timeline if each.kind in _OURS | _THEIRS and (each.text or each.files)
        ]
        return [self.message(each) for each in said]

    def message(self, moment: Moment) -> dict[str, Any]:
        ours = moment.kind in _OURS
        return {
            "who": t("We") if ours else t("You"),
            "side": "ours" if ours else "theirs",
            "when": clock(moment.at, self.lang),
            "text": moment.text,
            "files": self.files(moment.files),
        }

    def files(self, held: Sequence[Held]) -> list[dict[str, str]]:
        found = []
        for file in held:
            takes = bool(file.name) and may_take(self.case, file)
            size = size_words(file.size)
            found.append(
                {
                    "name": file.name or t("Deleted file"),
                    "size": size if takes or not file.digest else f"{size} · SHA-256 {file.digest}",
                    "href": self.link(file.uid) if takes else "",
                    "icon": "image" if file.media_type.startswith("image/") else "file",
                }
            )
        return found

    def decision(self, made: DecisionView) -> dict[str, Any]:
        declined = made.outcome == "declined"
        reasons = self.policy.decline_reasons if declined else self.policy.decision_reasons
        reason = reasons.get(made.reason)
        outcome = self.policy.outcomes.get(made.outcome)
        return {
            "outcome": t("Not taken on") if declined else outcome.label(self.lang) if outcome else "",
            "review": t(_EVENTS[made.kind][0]) if made.kind in {"confirmed", "changed"} else "",
            "measures": [
                self.policy.actions[key].label(self.lang)
                for key in made.actions
                if key in self.policy.actions
            ],
            "reason": (reason.text or reason.label)(self.lang) if reason else "",
            "text": made.text,
            "when": clock(made.released_at, self.lang),
        }

    def filed(self, kind: ComplaintType) -> list[tuple[str, str]]:
        rows = [(t("Type"), kind.label(self.lang)), (t("Filed"), clock(self.case.filed_at, self.lang))]
        for source in (self.view.filed, self.view.contact):
            for key, value in source.items():
                asked = self.policy.fields.get(key)
                rows.append((asked.label(self.lang) if asked else key, _answer(asked, str(value), self.lang)))
        return rows

    def appeal(self) -> str:
        """Until when a review may be asked for; empty when it may not."""
        until = self.case.appeal_until
        return due_words(until, self.lang) if until and "appeal" in self.view.can else ""

    def review(self, kind: ComplaintType) -> str:
        """How long a review takes, in words; empty where none is promised."""
        term = self.policy.deadlines[kind.deadlines].published("review")
        return amount_words(term, self.lang) if term else ""

    def over(self) -> str:
        """Why no review can be asked for any more; empty while it can, or before an answer."""
        until, state = self.case.appeal_until, self.view.state
        if not self.view.decisions or not until or state not in _ANSWERED or "appeal" in self.view.can:
            return ""
        if self.work.now > until:
            return t("The time to ask for a review ended on {date}.", date=due_words(until, self.lang))
        return t("This complaint has been reviewed; there is no further review here.")

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
        missed = [each for each in self.view.timeline if each.kind == "late" and "accept" in _kinds(each)]
        if missed and self.view.state in {State.ACCEPTED, State.PROCESSING} and case.cycle == 0:
            notes.append(
                t(
                    "We did not say in time whether we take it on, and are sorry. It counts as taken on; the date of the answer stands."
                )
            )
        if case.provisional and case.result_due:
            year = shown_date(case.result_due).year
            notes.append(t("Provisional: if the {year} holidays change it, you will read it here", year=year))
        return notes

    def _detail(self, moment: Moment) -> str:
        if moment.kind == "accepted" and moment.auto:
            return t("We said nothing in time, so it counts as taken on")
        if moment.kind == "late":
            kinds = _kinds(moment)
            if "accept" in kinds:
                return t("We did not say in time whether we take it on. We are sorry")
            return t("We did not answer in time. We are sorry")
        if moment.kind == "merged":
            return t("Your deadline stays")
        return "\n".join(self._moves(moment))

    def _moves(self, moment: Moment) -> list[str]:
        """Dates that this event moved, old and new, with the reason."""
        if moment.kind not in {"moved", "supplied", "resumed"}:
            return []
        change = moment.details.get("change", {})
        if moment.kind == "moved":
            kind = self.policy.types.get(self.case.type)
            why = t("the type is now “{type}”", type=kind.label(self.lang) if kind else "")
        else:
            why = t("the clock was paused while we waited for you")
        found = []
        for column in ("accept_due", "result_due"):
            old, new = change.get(column, (None, None))
            if old and new and old != new:
                days = {
                    "a": due_words(from_stamp(old), self.lang),
                    "b": due_words(from_stamp(new), self.lang),
                }
                found.append(t("Date moved from {a} to {b}. Reason: {reason}", reason=why, **days))
        return found


def _kinds(moment: Moment) -> set[str]:
    return {each["kind"] for each in moment.details.get("due", ()) if each["step"] == "due"}


def _answer(asked: Field | None, value: str, lang: str) -> str:
    if asked is not None and asked.kind == "choice" and value in asked.choices:
        return asked.choices[value](lang)
    if asked is not None and asked.kind == "checkbox":
        return t("Yes")
    return value
