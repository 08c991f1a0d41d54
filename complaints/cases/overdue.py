"""What happens when a milestone comes due: it is recorded, people are told, a missed acceptance is made good."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.cases import handling
from complaints.cases.step import come_due
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.states import State
from complaints.store.tables import Complaint, Milestone


def act(work: Work, case: Complaint, due: Sequence[Milestone]) -> None:
    """Record that these milestones of a locked complaint have come due, and do what follows.

    A missed acceptance counts as accepted by the system; the breach stands in the log and the result date stays.
    """
    breached = come_due(work, case, due)
    if any(each.kind == "accept" for each in breached) and case.state == State.SUBMITTED:
        handling.accept(work, case, SYSTEM)
