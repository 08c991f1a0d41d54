"""What is counted of a case, as conditions: the figures count by them, and lists are narrowed by the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, or_, select
from sqlalchemy.orm import aliased

from complaints.cases.measuring import PROMISES, REACHED
from complaints.store.tables import Complaint, Event, Milestone

ACCEPTED: ColumnElement[bool] = Complaint.accepted_at.is_not(None)
ANSWERED: ColumnElement[bool] = Complaint.released_at.is_not(None)
APPEALED: ColumnElement[bool] = Complaint.appeals > 0
UNCLASSIFIED: ColumnElement[bool] = or_(Complaint.risk_class.is_(None), Complaint.risk_class == "")
# What became of a promised date, by the state of its milestone; one that no longer applied is in none of the three.
BECAME: Mapping[str, str] = {"met": "kept", "acted": "missed", "pending": "running", "paused": "running"}
# As they stand in an address: how far a case came (with EVER before it: in any of its rounds), and a promise.
EVER = "ever_"
REACHABLE = ("accepted", "appealed", "changed", *(f"{EVER}{name}" for name in REACHED))
PROMISED = tuple(f"{kind}.{became}" for kind in PROMISES for became in dict.fromkeys(BECAME.values()))


def reached(name: str, since: datetime | None = None) -> ColumnElement[bool]:
    """Cases that came so far, by one of REACHABLE; none of them was filed before `since`."""
    if name == "changed":
        return changed(since)
    if name.startswith(EVER):
        return moment(name.removeprefix(EVER)).is_not(None)
    return {"accepted": ACCEPTED, "appealed": APPEALED}[name]


def changed(since: datetime | None = None) -> ColumnElement[bool]:
    """Cases whose answer a review changed, as `measuring.changed_on_review` has it; none was filed before `since`."""
    verdict, out, back = aliased(Event), aliased(Event), aliased(Event)
    undone = exists().where(
        back.stream == verdict.stream,
        back.type == "taken_back",
        back.seq > verdict.seq,
        back.seq < out.seq,
    )
    went_out = exists().where(
        out.stream == verdict.stream,
        out.type == "released",
        out.seq > verdict.seq,
        ~undone.correlate(verdict, out),
    )
    # By the few verdicts there are, not by every complaint: none is older than what it is about.
    query = select(verdict.stream).where(
        verdict.type.in_(("changed", "overturned")),
        or_(verdict.type == "overturned", went_out.correlate(verdict)),
    )
    return Complaint.uid.in_(query if since is None else query.where(verdict.at >= since))


def late(since: datetime | None = None) -> ColumnElement[bool]:
    """Cases of which a promised date passed unmet, in whichever round; none of them was filed before `since`."""
    again, due = aliased(Complaint), aliased(Milestone)
    missed = exists().where(
        due.complaint_id == again.id,
        due.cycle < again.cycle,
        due.step == "due",
        due.publish.is_(True),
        due.state == "acted",
    )
    # The row has it of the present round. What an earlier one missed is found by the few cases that began another.
    query = (
        select(again.id)
        .join(Event, Event.stream == again.uid)
        .where(Event.type.in_(("appealed", "reopened")), missed.correlate(again))
    )
    return or_(
        Complaint.late.is_(True),
        Complaint.id.in_(query if since is None else query.where(Event.at >= since)),
    )


def moment(name: str) -> ColumnElement[Any]:
    """When a complaint first came so far, a key of REACHED: from its row where that still holds it, else its events."""
    first = (
        select(Event.at)
        .where(Event.stream == Complaint.uid, Event.type.in_(sorted(REACHED[name])))
        .order_by(Event.seq)
        .limit(1)
        .scalar_subquery()
    )
    column = {"accept": Complaint.accepted_at, "answer": Complaint.released_at}.get(name)
    # A later round writes its own moments into the row.
    return first if column is None else case((Complaint.cycle == 0, column), else_=first)


def published(due: type[Milestone]) -> list[ColumnElement[bool]]:
    """What a milestone must meet to be counted: a published date of the first round, or of any review."""
    newer = aliased(Milestone)
    replaced = exists().where(
        newer.complaint_id == due.complaint_id,
        newer.cycle == due.cycle,
        newer.kind == due.kind,
        newer.step == "due",
        newer.revision > due.revision,
        newer.publish,
    )
    return [
        or_(due.cycle == 0, due.kind == "review"),
        due.step == "due",
        due.publish.is_(True),
        # Only a message is promised an answer more than once in a round.
        or_(due.kind != "reply", ~replaced),
    ]


def promised(asked: str) -> ColumnElement[bool]:
    """Cases with such a date, by one of PROMISED."""
    kind, _, became = asked.partition(".")
    due = aliased(Milestone)
    states = [state for state, said in BECAME.items() if said == became]
    # Which rounds are meant is said outright, so that each case's dates are found by their key.
    rounds = due.cycle > 0 if kind == "review" else due.cycle == 0
    wanted = [due.kind == kind, due.state.in_(states), rounds, *published(due)]
    if became == "running":
        # By the few dates that are open, whenever their cases were filed.
        return Complaint.id.in_(select(due.complaint_id).where(*wanted))
    return exists().where(due.complaint_id == Complaint.id, *wanted)
