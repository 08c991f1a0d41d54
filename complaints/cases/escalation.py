"""Who is told of a deadline's step, and by which way: the policy says so, nothing else."""

from __future__ import annotations

from complaints.policy.model import Promises
from complaints.policy.terms import StepRule
from complaints.store.tables import Complaint

URGENT = "urgent"


def told(policy: Promises, case: Complaint, step: str) -> tuple[tuple[str, str], ...]:
    """The (recipient, channel) pairs of a step of this complaint's deadlines, by `policy.steps`.

    A step the policy does not name tells the person in charge by mail. A chat room cannot know who is cleared
    for a restricted type, so of these only mail speaks; fan-out leaves out whoever is not cleared.
    """
    rule = policy.steps.get(step) or StepRule(step)
    ways = ("mail",) if case.restricted else rule.by
    assignee = f"operator:{case.assignee}" if case.assignee else "operators"
    people = [assignee if who == "assignee" else who for who in rule.tell]
    return tuple((recipient, way) for recipient in people for way in ways)


def urgent(case: Complaint) -> bool:
    """Whether what operators are told of it waits for nothing, not even the morning."""
    return case.severity == URGENT
