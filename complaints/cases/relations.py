"""Withdraw, rate, join and separate, reopen."""

from __future__ import annotations

from sqlalchemy import select

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import deciding, handling, readers
from complaints.cases.handling import require_text
from complaints.cases.step import from_complainant, from_operator, step, tell_operators
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.work import COMPLAINANT, SYSTEM, Actor, Work
from complaints.policy.states import FINAL, OPEN, State
from complaints.sla import milestones
from complaints.store.tables import Complaint

STARS = range(1, 6)


def withdraw(work: Work, case: Complaint, text: str = "") -> Written:
    """The complainant takes the complaint back; everything pending ends.

    Complaints that were joined to this one are separated: nobody else would answer them.
    """
    written = step(
        work,
        case,
        "withdraw",
        COMPLAINANT,
        change={"closed_at": work.now, "merged_into": None, "unread": False},
        personal={"message": from_complainant(text)} if text.strip() else None,
    )
    tell_operators(work, case, "withdrawn_notice", written.seq)
    for uid in _joined(work, case):
        step(
            work,
            journal.lock(work, uid),
            "unmerge",
            SYSTEM,
            change={"merged_into": None},
            meta={"reason": "lead_withdrawn"},
        )
    return written


def rate(work: Work, case: Complaint, stars: int, text: str = "") -> Written:
    """The complainant says how the handling was, from 1 to 5; it changes nothing else."""
    if stars not in STARS:
        raise InputError({"rating": [t("Choose from 1 to 5")]})
    return step(
        work,
        case,
        "rate",
        COMPLAINANT,
        change={"rating": stars},
        personal={"message": from_complainant(text)} if text.strip() else None,
    )


def merge(work: Work, case: Complaint, lead_uid: str, actor: Actor, reason: str) -> Written:
    """Join a complaint to another on the same matter; it keeps its own dates and its own answer."""
    require_text(reason, "reason")
    if lead_uid == case.uid:
        raise InputError({"lead": [t("A complaint cannot be joined with itself")]})
    lead = journal.lock(work, lead_uid)
    if _joined(work, case):
        # They would be answered by an answer to a complaint that nobody compared them with.
        raise InputError({"lead": [t("Others are joined to this complaint; separate them first")]})
    if lead.merged_into is not None:
        raise InputError({"lead": [t("That complaint is itself joined; choose the leading one")]})
    if lead.is_test != case.is_test:
        raise InputError({"lead": [t("A test complaint and a real one are not joined")]})
    ended = State(lead.state) not in OPEN and lead.released_at is not None
    if ended or State(lead.state) in FINAL:
        # Its answer has gone out already, or never will: whoever joins it now would wait for ever.
        raise InputError(
            {"lead": [t("That complaint has been answered or has ended; choose one that is open")]}
        )
    if lead.state == State.DECIDED and not _reads(work, lead, case):
        words = t(
            "An answer to that complaint waits to go out, and cannot be read by this one: it is in another language, or says what is true of that complaint alone. Take it back first, or answer this one on its own"
        )
        raise InputError({"lead": [words]})
    # To join it is to take it on: its acceptance must not come due while nobody can accept it any more.
    if case.state == State.AWAITING_COMPLAINANT and case.accepted_at is None:
        step(work, case, "resume", actor, tells="")
    if case.state == State.SUBMITTED:
        handling.accept(work, case, actor)
    return step(
        work,
        case,
        "merge",
        actor,
        change={"merged_into": lead_uid},
        personal={"note": from_operator(reason)},
    )


def _joined(work: Work, lead: Complaint) -> list[str]:
    """The uids of the complaints that wait for the answer to this one."""
    query = select(Complaint.uid).where(Complaint.merged_into == lead.uid, Complaint.state == State.MERGED)
    return list(work.session.scalars(query.order_by(Complaint.uid)))


def _reads(work: Work, lead: Complaint, case: Complaint) -> bool:
    """Whether the answer that waits to go out to the leading complaint can be this one's too."""
    answer = deciding.newest_decision(work, lead)
    return answer is None or readers.fits(work, lead, case, answer.text("public"))


def unmerge(work: Work, case: Complaint, actor: Actor, reason: str) -> Written:
    """Separate a joined complaint again; it returns to where it was."""
    require_text(reason, "reason")
    return step(
        work,
        case,
        "unmerge",
        actor,
        change={"merged_into": None},
        personal={"note": from_operator(reason)},
    )


def reopen(work: Work, case: Complaint, actor: Actor, reason: str) -> Written:
    """Handle an ended complaint anew: a new cycle with a result date of its own; the old record stays."""
    require_text(reason, "reason")
    cycle = case.cycle + 1
    return step(
        work,
        case,
        "reopen",
        actor,
        change={"cycle": cycle, "late": False, "closed_at": None, "released_at": None, "release_due": None},
        clocks=milestones.start(work, case, ("result",), cycle),
        personal={"note": from_operator(reason)},
    )
