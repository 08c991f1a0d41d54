"""What operators are told: everything that waits for one person or room in one message, the latest date first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.delivery.mail import Letter
from complaints.delivery.people import Recipient
from complaints.delivery.sending import PAGE, DeliveryError, OutboxView
from complaints.policy.deadlines import shown_date
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint, Milestone
from complaints.web.dates import OWED, missed, owed
from complaints.web.mails import FOLDER, address_of, product_mark, tidy

# Kinds that speak of a date: pointless once nothing is owed any more.
_OF_DATES = ("warn", "due", "late")
_SHOWN = 20
_SHOWN_IN_ROOM = 5
_WEEK = timedelta(days=7)
_END = datetime.max.replace(tzinfo=UTC)
GROUPS = ("late", "today", "week", "other")


@dataclass(frozen=True)
class Line:
    """One complaint in a digest: its number, what happened and by when it is due, and where to open it."""

    number: str
    said: str
    link: str


@dataclass(frozen=True)
class Group:
    """A heading with its lines; `more` counts those left out."""

    heading: str
    lines: tuple[Line, ...]
    more: int


def digest(installation: Installation, messages: Sequence[OutboxView], person: Recipient) -> Letter:
    """One mail for everything that waits for `person`, grouped by what is late, due today, due this week.

    Dates are those of now, not of the moment of the notice. Raises DeliveryError (drop) when all of it has
    been settled meanwhile. Holds numbers and dates only. Needs an app context.
    """
    with installation.reading() as work, speaking(person.lang):
        found = _Waiting(work.session, messages, installation.now())
        subject = product_mark(work.policy.provider.product, is_test=found.tests) + found.subject()
        body = {
            "t": t,
            "lang": language(),
            "subject": subject,
            "groups": [
                Group(
                    _heading(name),
                    tuple(found.line(installation, case_id) for case_id in ids[:_SHOWN]),
                    max(0, len(ids) - _SHOWN),
                )
                for name, ids in found.grouped.items()
                if ids
            ],
            "link": address_of(installation, "admin/"),
        }
        return Letter(
            to=person.mail,
            name=person.name,
            subject=subject,
            text=tidy(render_template(f"{FOLDER}/digest.txt", **body)),
            html=tidy(render_template(f"{FOLDER}/digest.html", **body)),
            lang=language(),
            message_id=messages[0].message_id,
            date=found.now,
        )


def push(installation: Installation, messages: Sequence[OutboxView]) -> tuple[str, str]:
    """Title and text for a room: counts, the most pressing numbers with their dates, a link to the queue.

    In the installation's language. Complaints that have become restricted are counted and not named: a room
    may hold people who are not cleared. Raises DeliveryError (drop) when all of it has been settled
    meanwhile. Needs an app context.
    """
    with installation.reading() as work:
        found = _Waiting(work.session, messages, installation.now())
        title = product_mark(work.policy.provider.product, is_test=found.tests) + found.subject(named=False)
        ordered = [case_id for ids in found.grouped.values() for case_id in ids]
        lines = [
            found.line(installation, case_id) for case_id in ordered if not found.cases[case_id].restricted
        ][:_SHOWN_IN_ROOM]
        body = {
            "t": t,
            "lines": lines,
            "more": len(ordered) - len(lines),
            "link": address_of(installation, "admin/"),
        }
        return title, tidy(render_template(f"{FOLDER}/push.txt", **body))


def event_words(kind: str) -> str:
    """What happened, in the present language."""
    known = {
        "new": t("New"),
        "message": t("The complainant wrote"),
        "warn": t("Due soon"),
        "due": t("Due"),
        "late": t("Late"),
        "appeal": t("Review asked for"),
        "transferred": t("Handed to your team"),
        "withdrawn_notice": t("Withdrawn"),
        "handed_over": t("Handed over"),
        "no_reviewer": t("Nobody can review it"),
        "measure_failed": t("A measure could not be carried out"),
    }
    return known.get(kind, t("News"))


class _Waiting:
    """The complaints some messages speak of: what happened to each, by how pressing its date is."""

    def __init__(self, session: Session, messages: Sequence[OutboxView], now: datetime) -> None:
        self.now = now
        ids = sorted({message.complaint_id for message in messages if message.complaint_id is not None})
        self.cases: dict[int, Complaint] = {
            case.id: case
            for page in _pages(ids)
            for case in session.scalars(select(Complaint).where(Complaint.id.in_(page)))
        }
        self.kinds = _kinds(messages, self.cases)
        if not self.kinds:
            raise DeliveryError("Settled", "drop")
        self.missed = _missed(session, messages, now)
        self.tests = all(self.cases[each].is_test for each in self.kinds)
        self.grouped: Mapping[str, list[int]] = {name: [] for name in GROUPS}
        for case_id in sorted(self.kinds, key=lambda case_id: (self._first(case_id), case_id)):
            self.grouped[self._group(case_id)].append(case_id)

    def line(self, installation: Installation, case_id: int) -> Line:
        case, lang = self.cases[case_id], language()
        dates = [missed(kind, due, lang) for kind, due in self._broken(case_id)]
        if case.due_next is not None:
            dates.append(owed(case.state, case.due_next, self.now, lang))
        news = [kind for kind in self.kinds[case_id] if not dates or kind not in _OF_DATES]
        happened, due = t(", ").join(event_words(kind) for kind in news), t("; ").join(dates)
        return Line(
            number=case.number,
            said=t("{a}, {b}", a=happened, b=due) if happened and due else happened or due,
            link=address_of(installation, f"admin/case/{case.number}"),
        )

    def subject(self, *, named: bool = True) -> str:
        if named and len(self.kinds) == 1:
            case_id = next(iter(self.kinds))
            return f"{self.cases[case_id].number} {event_words(self.kinds[case_id][-1])}"
        counts = {name: len(ids) for name, ids in self.grouped.items()}
        said = {
            "late": t("{n} late", n=counts["late"]),
            "today": t("{n} due today", n=counts["today"]),
            "week": t("{n} due this week", n=counts["week"]),
            "other": t("{n} other", n=counts["other"]),
        }
        return t(", ").join(words for name, words in said.items() if counts[name])

    def _broken(self, case_id: int) -> list[tuple[str, datetime]]:
        """Promises missed that are owed no more, such as an acceptance that now counts as given."""
        case = self.cases[case_id]
        return [
            (kind, due)
            for kind, due in self.missed.get(case_id, {}).items()
            if kind != OWED.get(case.state) or case.due_next is None
        ]

    def _first(self, case_id: int) -> datetime:
        dates = [self.cases[case_id].due_next or _END, *self.missed.get(case_id, {}).values()]
        return min(dates)

    def _group(self, case_id: int) -> str:
        first = self._first(case_id)
        if first == _END:
            return "other"
        if first <= self.now:
            return "late"
        if shown_date(first) == beijing(self.now).date():
            return "today"
        return "week" if first <= self.now + _WEEK else "other"


def _pages(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[at : at + PAGE] for at in range(0, len(ids), PAGE))


def _kinds(messages: Sequence[OutboxView], cases: Mapping[int, Complaint]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for message in messages:
        case = cases.get(message.complaint_id or 0)
        if case is None or (message.kind in _OF_DATES and State(case.state) not in OPEN):
            continue
        kinds = found.setdefault(case.id, [])
        if message.kind not in kinds:
            kinds.append(message.kind)
    return {case_id: _telling(kinds) for case_id, kinds in found.items()}


def _telling(kinds: Sequence[str]) -> list[str]:
    """Of several notices about dates only the last stage: who reads "late" needs no "due soon"."""
    stage = max((_OF_DATES.index(kind) for kind in kinds if kind in _OF_DATES), default=-1)
    return [kind for kind in kinds if kind not in _OF_DATES or _OF_DATES.index(kind) == stage]


def _missed(
    session: Session, messages: Sequence[OutboxView], now: datetime
) -> dict[int, dict[str, datetime]]:
    """The published dates that passed unmet, of the milestones these messages tell of: by complaint and kind."""
    ids = sorted(
        {each.milestone_id for each in messages if each.milestone_id is not None and each.kind in _OF_DATES}
    )
    # A later step, such as escalate1, comes at a moment of its own: the promise is the step `due` beside it.
    step, promise = aliased(Milestone), aliased(Milestone)
    same: Any = and_(
        promise.complaint_id == step.complaint_id,
        promise.kind == step.kind,
        promise.cycle == step.cycle,
        promise.revision == step.revision,
        promise.step == "due",
    )
    query = select(promise.complaint_id, promise.kind, promise.due_at).select_from(step).join(promise, same)
    found: dict[int, dict[str, datetime]] = {}
    for page in _pages(ids):
        for row in session.execute(
            query.where(step.id.in_(page), promise.due_at <= now, promise.state == "acted").distinct()
        ):
            found.setdefault(row.complaint_id, {})[row.kind] = row.due_at
    return found


def _heading(name: str) -> str:
    return {"late": t("Late"), "today": t("Due today"), "week": t("Due this week"), "other": t("Other news")}[
        name
    ]
