"""What operators are told: everything that waits for one person in one mail, latest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import render_template
from sqlalchemy import select

from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.delivery.mail import Letter
from complaints.delivery.people import Recipient
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.policy.deadlines import shown_date, words
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint
from complaints.web.mails import FOLDER, address_of, product_mark, tidy

# Kinds that speak of a date: pointless once nothing is owed any more.
_OF_DATES = ("warn", "due", "late")
_SHOWN = 20
_WEEK = timedelta(days=7)
_END = datetime.max.replace(tzinfo=UTC)
GROUPS = ("late", "today", "week", "other")


@dataclass(frozen=True)
class Line:
    """One complaint in a digest: its number, what happened, when it is due, and where to open it."""

    number: str
    events: str
    due: str
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
    now = installation.now()
    ids = {message.complaint_id for message in messages if message.complaint_id is not None}
    with installation.reading() as work, speaking(person.lang):
        cases = {
            case.id: case for case in work.session.scalars(select(Complaint).where(Complaint.id.in_(ids)))
        }
        kinds = _kinds(messages, cases)
        if not kinds:
            raise DeliveryError("Settled", "drop")
        ordered = sorted(kinds, key=lambda case_id: (cases[case_id].due_next or _END, case_id))
        grouped: dict[str, list[Line]] = {name: [] for name in GROUPS}
        for case_id in ordered:
            case = cases[case_id]
            grouped[_group(case, now)].append(_line(installation, case, kinds[case_id]))
        product = work.policy.provider.product
        subject = product_mark(product, is_test=all(cases[each].is_test for each in kinds))
        subject += _subject(grouped, kinds, cases)
        body = {
            "t": t,
            "lang": language(),
            "subject": subject,
            "product": product,
            "groups": [
                Group(_heading(name), tuple(lines[:_SHOWN]), max(0, len(lines) - _SHOWN))
                for name, lines in grouped.items()
                if lines
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
            date=now,
        )


def event_words(kind: str) -> str:
    """What happened, in the present language."""
    known = {
        "new": t("New"),
        "message": t("The complainant wrote"),
        "warn": t("Due soon"),
        "due": t("Due"),
        "late": t("Late"),
        "appeal": t("Review asked for"),
        "withdrawn_notice": t("Withdrawn"),
        "no_reviewer": t("Nobody can review it"),
    }
    return known.get(kind, t("News"))


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


def _line(installation: Installation, case: Complaint, kinds: Sequence[str]) -> Line:
    return Line(
        number=case.number,
        events=t(", ").join(event_words(kind) for kind in kinds),
        due=words(case.due_next, language()) if case.due_next else "",
        link=address_of(installation, f"admin/case/{case.number}"),
    )


def _group(case: Complaint, now: datetime) -> str:
    if case.due_next is None:
        return "other"
    if case.late or case.due_next <= now:
        return "late"
    if shown_date(case.due_next) == beijing(now).date():
        return "today"
    return "week" if case.due_next <= now + _WEEK else "other"


def _heading(name: str) -> str:
    return {"late": t("Late"), "today": t("Due today"), "week": t("Due this week"), "other": t("Other news")}[
        name
    ]


def _subject(
    grouped: Mapping[str, Sequence[Line]], kinds: Mapping[int, Sequence[str]], cases: Mapping[int, Complaint]
) -> str:
    if len(kinds) == 1:
        case_id = next(iter(kinds))
        return f"{cases[case_id].number} {event_words(kinds[case_id][-1])}"
    late, today = len(grouped["late"]), len(grouped["today"])
    if late:
        return t("{n} complaints, {late} late", n=len(kinds), late=late)
    if today:
        return t("{n} complaints, {today} due today", n=len(kinds), today=today)
    return t("{n} complaints with news", n=len(kinds))
