"""What happens when a milestone comes due: it is recorded, people are told, a missed acceptance is made good."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.base.clock import stamp
from complaints.cases import escalation, handling
from complaints.cases.step import tell
from complaints.delivery import outbox, webhooks
from complaints.ledger import journal
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.states import State
from complaints.sla import milestones
from complaints.store.tables import Complaint, Milestone


def act(work: Work, case: Complaint, due: Sequence[Milestone]) -> None:
    """Record that these milestones of a locked complaint have come due, and do what follows.

    A published date that passes unmet marks the complaint late, and its complainant is told. A missed
    acceptance counts as accepted by the system; the breach stands in the log and the result date stays.
    """
    breached = [each for each in due if each.publish and each.step == "due"]
    written = journal.record(
        work,
        case,
        "clock",
        SYSTEM,
        change={"late": True} if breached else None,
        # Lateness counts from the date itself, however late somebody looked.
        meta={"due": [{"kind": each.kind, "step": each.step, "at": stamp(each.due_at)} for each in due]},
        clocks=[milestones.changed(each, {"state": "acted", "acted_at": work.now}) for each in due],
    )
    for each in due:
        _warn(work, case, each, written.seq)
    if breached:
        tell(work, case, "late", written.seq)
        webhooks.announce(work, "late", case.id, case.uid, written.seq)
    if any(each.kind == "accept" for each in breached) and case.state == State.SUBMITTED:
        handling.accept(work, case, SYSTEM)


def _warn(work: Work, case: Complaint, each: Milestone, seq: int) -> None:
    kind = "late" if each.step.startswith("escalate") else "due" if each.step == "due" else "warn"
    for recipient, channel in escalation.told(work.policy_of(case.policy_version), case, each.step):
        outbox.queue(
            work,
            kind,
            recipient,
            dedupe=f"milestone/{each.id}",
            channel=channel,
            complaint_id=case.id,
            milestone_id=each.id,
            seq=seq,
            details={"kind": each.kind, "step": each.step},
            urgent=escalation.urgent(case),
        )
