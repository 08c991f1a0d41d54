"""Who is told when a step of a deadline comes, and by which way: as the policy's rule for that step says."""

from __future__ import annotations

from complaints.policy.model import Promises, StepRule
from complaints.store.tables import Complaint


def told(policy: Promises, case: Complaint, step: str) -> tuple[tuple[str, str], ...]:
    """Pairs of recipient and channel; a step the policy does not name is told to whoever is in charge, by mail.

    While nobody is in charge, that is every operator.
    """
    rule = policy.steps.get(step) or StepRule(step)
    recipients = [
        (f"operator:{case.assignee}" if case.assignee else "operators") if who == "assignee" else who
        for who in rule.tell
    ]
    return tuple((to, way) for to in recipients for way in rule.by)
