"""A second look: asked for by the complainant, given by somebody who did not decide."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import deciding, people, readers, variables
from complaints.cases.deciding import Decision
from complaints.cases.handling import require_text
from complaints.cases.people import Operator
from complaints.cases.step import from_complainant, from_operator, step, tell_operators
from complaints.ledger.journal import Written
from complaints.ledger.work import COMPLAINANT, Actor, Work
from complaints.sla import milestones
from complaints.store.tables import Complaint

Verdict = Literal["confirm", "change", "overturn", "send_back"]


def appeal(work: Work, case: Complaint, text: str) -> Written:
    """Ask for a review, within the window and as often as the policy allows; starts the review's own clock."""
    require_text(text, "text")
    cycle = case.cycle + 1
    written = step(
        work,
        case,
        "appeal",
        COMPLAINANT,
        change={
            "cycle": cycle,
            "appeals": case.appeals + 1,
            "assignee": None,
            "late": False,
            "closed_at": None,
        },
        clocks=milestones.start(work, case, ("review",), cycle),
        personal={"message": from_complainant(text)},
    )
    tell_operators(work, case, "appeal", written.seq, to="operators")
    return written


def review(work: Work, case: Complaint, actor: Actor, verdict: Verdict, decision: Decision) -> Written:
    """End a review: confirm or change the answer, take on what was declined, or send it back to be redone.

    Raises NotAllowedError for the person who made the decision under review.
    """
    if decision.actions and verdict != "change":
        said = t(
            "Only a changed answer orders measures. Take the measures away, or choose that the answer is changed"
        )
        raise InputError({"actions": [said]})
    if verdict == "send_back":
        require_text(decision.note, "note")
        return step(
            work,
            case,
            "send_back",
            actor,
            change={"released_at": None, "release_due": None},
            personal={"note": from_operator(decision.note)},
        )
    variables.require_filled(decision.text)
    if verdict == "overturn":
        return _take_on(work, case, actor, decision)
    readers.check(work, case, (), decision.text)
    if verdict == "confirm":
        require_text(decision.text, "text")
        kept = Decision(
            case.outcome or "",
            case.reason or "",
            decision.text,
            decision.note,
            facts=decision.facts,
        )
        return deciding.enter(work, case, "confirm", actor, kept)
    if verdict != "change":
        raise InputError({"verdict": [t("Choose what the review ends in")]})
    deciding.check(work, case, decision)
    return deciding.enter(work, case, "change", actor, decision)


def eligible(work: Work, case: Complaint, operators: Collection[Operator]) -> list[Operator]:
    """Who may review this case: anyone who handles complaints and did not decide this one, also not by a key."""
    deciders = people.deciders(work, case)
    return [one for one in operators if one.ref not in deciders and people.may_handle(one, case)]


def _take_on(work: Work, case: Complaint, actor: Actor, decision: Decision) -> Written:
    require_text(decision.text, "text")
    cycle = case.cycle + 1
    return step(
        work,
        case,
        "overturn",
        actor,
        change={
            "cycle": cycle,
            "accepted_at": work.now,
            "outcome": None,
            "reason": None,
            "decided_at": None,
            "released_at": None,
            "release_due": None,
            "appeal_until": None,
        },
        clocks=milestones.start(work, case, ("result",), cycle),
        personal={
            "public": from_operator(decision.text),
            **{
                name: from_operator(said)
                for name, said in (("note", decision.note), ("facts", decision.facts))
                if said
            },
        },
    )
