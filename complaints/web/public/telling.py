"""A complaint in plain words: status, dates, events, messages and files, as the tracking page shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from complaints.base.clock import from_stamp
from complaints.base.translations import gettext as t
from complaints.cases import marks
from complaints.cases.attachments import MB, Held
from complaints.cases.views import DecisionView, Moment, PublicView, may_take
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock
from complaints.policy.model import ComplaintType, ExternalRoute, Field
from complaints.policy.process import amount_words
from complaints.policy.profile import Policy
from complaints.policy.states import State
from complaints.web import counting, moving
from complaints.web.public.keeping import Keeping, keeping
from complaints.web.public.standing import Standing, Status, due_words, missed
from complaints.web.result import result

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
    "restricted": ("Deletion requested: from here on only stored", "lock", "neutral"),
    "unrestricted": ("The request for deletion was withdrawn", "lock", "neutral"),
    "disclosed": ("What we keep was shown or downloaded", "eye", "neutral"),
    "forward_sent": ("Passed on to the model's provider; our dates stay", "send", "info"),
    "late": ("We missed a date", "late", "bad"),
    "moved": ("A date moved", "calendar", "info"),
    "settled": ("A date is no longer provisional", "calendar", "info"),
}
_OURS = frozenset({"asked", "replied", "overturned"})
_THEIRS = frozenset({"supplied", "message", "appealed", "withdrawn", "rated"})
_ANSWERED = frozenset({State.DECIDED, State.DECLINED, State.CLOSED})
_MARKS = {
    "verified": "The AI's answer is kept and matches our record",
    "altered": "The AI's answer is kept; it differs from our record",
    "unverified": "The AI's answer is kept; it was not compared with our record",
}


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
    notes: str
    turns: Sequence[Mapping[str, str]]
    routes: Sequence[ExternalRoute]
    appeal: str = ""
    review: str = ""
    over: str = ""
    dates: Sequence[tuple[str, str]] = ()
    why: Sequence[tuple[str, Sequence[str]]] = ()
    reminded: str = ""
    kept_back: bool = False
    erased: bool = False
    test: bool = False
    keeping: Keeping = field(default_factory=Keeping)
    can: frozenset[str] = field(default_factory=frozenset)


def tell(work: Work, view: PublicView, lang: str, link: Callable[[str], str]) -> Told:
    """The words of a complaint; `link` gives the address of a file by its uid."""
    case = view.case
    policy = work.policy_of(case.policy_version)
    kind = policy.types[case.filed_type]
    pages = _Words(work, view, policy, lang, link)
    standing = Standing(work, view, lang)
    first = next((each for each in view.timeline if each.kind == "filed"), None)
    return Told(
        number=case.number,
        state=view.state,
        status=standing.status(),
        events=[pages.event(each) for each in view.timeline],
        next=standing.next(),
        messages=pages.messages(),
        question=pages.message(view.question) if view.question else None,
        decisions=[pages.decision(each) for each in reversed(view.decisions)],
        filed=pages.filed(kind),
        files=pages.files(first.files if first else ()),
        answer={key: str(value) for key, value in view.answer.items()},
        mark=mark(case.answer_mark),
        notes=marks.said(view.notes),
        turns=[_turn(each) for each in view.turns],
        routes=routes(policy, kind),
        appeal=pages.appeal(),
        review=pages.review(kind),
        over=pages.over(),
        dates=standing.dates(),
        why=counting.why(work, case, view.entries, lang) if standing.dates() else (),
        reminded=standing.reminded(),
        kept_back=case.restricted,
        erased=case.erased_at is not None,
        test=case.is_test,
        keeping=keeping(work, case, lang),
        can=view.can,
    )


def routes(policy: Policy, kind: ComplaintType) -> list[ExternalRoute]:
    """Where else this kind of matter can be taken."""
    return [policy.routes[key] for key in kind.routes]


def mark(key: str) -> str:
    """What the comparison of the AI answer with our record gave; empty without an answer."""
    return t(_MARKS[key]) if key in _MARKS else ""


def _turn(turn: Mapping[str, Any]) -> dict[str, str]:
    return {
        "prompt": turn["prompt"],
        "output": turn["output"],
        "said": marks.said(turn.get("notes", ())),
    }


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

    def messages(self) -> list[dict[str, Any]]:
        said = [
            each for each in self.view.timeline if each.kind in _OURS | _THEIRS and (each.text or each.files)
        ]
        return [self.message(each) for each in said]

    def message(self, moment: Moment) -> dict[str, Any]:
        ours = moment.kind in _OURS
        return {
            "who": (moment.by or t("Handling staff")) if ours else t("You"),
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
        return result(
            self.policy,
            self.lang,
            outcome=made.outcome,
            reason=made.reason,
            text=made.text,
            actions=made.actions,
            underway=made.underway,
            review=t(_EVENTS[made.kind][0]) if made.kind in {"confirmed", "changed"} else "",
            by=made.by,
            when=clock(made.released_at, self.lang),
        )

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
        term = self.policy.deadlines_of(kind.key).published("review")
        return amount_words(term, self.lang) if term else ""

    def over(self) -> str:
        """Why no review can be asked for any more; empty while it can, or before an answer."""
        until, state = self.case.appeal_until, self.view.state
        if not self.view.decisions or not until or state not in _ANSWERED or "appeal" in self.view.can:
            return ""
        if self.work.now > until:
            return t("The time to ask for a review ended on {date}.", date=due_words(until, self.lang))
        return t("This complaint has been reviewed; there is no further review here.")

    def _detail(self, moment: Moment) -> str:
        if moment.kind == "accepted" and moment.auto:
            return t("We said nothing in time, so it counts as taken on")
        if moment.kind == "late":
            return _missed(missed(moment))
        if moment.kind == "merged":
            return t("Your deadline stays")
        return "\n".join(self._moves(moment))

    def _moves(self, moment: Moment) -> list[str]:
        """Dates that this event moved, old and new, with the reason."""
        if moment.kind == "settled":
            why = moving.published(moment.details["calendar"])
            return [t("The date stands. Reason: {reason}", reason=why)]
        if moment.kind not in {"moved", "supplied", "resumed"}:
            return []
        change = moment.details.get("change", {})
        why = moving.reason(moment.details, self.policy, self.case)
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


def _missed(kinds: Collection[str]) -> str:
    if "accept" in kinds:
        return t("We did not say in time whether we take it on. We are sorry")
    if kinds == {"first_action"}:
        return t("We did not take the first measure in time. We are sorry")
    if kinds == {"reply"}:
        return t("We did not reply to your message in time. We are sorry")
    return t("We did not answer in time. We are sorry")


def _answer(asked: Field | None, value: str, lang: str) -> str:
    if asked is not None and asked.kind == "choice" and value in asked.choices:
        return asked.choices[value](lang)
    if asked is not None and asked.kind == "checkbox":
        return t("Yes")
    return value
