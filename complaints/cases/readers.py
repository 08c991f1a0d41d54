"""Who reads an answer beside its own complainant: cases answered with the same words, and cases joined to it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import variables
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.tables import Complaint


def check(work: Work, case: Complaint, others: Sequence[Complaint], text: str) -> None:
    """Raise InputError where a text cannot be read by `others` and by who is joined to this case.

    A number, a date or a language is one complainant's own; the others would take it for theirs. A test is answered
    with tests alone.
    """
    joined = _joined(work, case)
    if any(other.is_test != case.is_test for other in others):
        raise InputError({"text": [t("A test complaint and a real one are not answered together")]})
    said = _foreign(case, others)
    if said:
        raise InputError(
            {"text": [t("{numbers}: filed in another language; answer on its own", numbers=said)]}
        )
    said = _foreign(case, joined)
    if said:
        words = t(
            "{numbers}: joined to this one, and filed in another language; separate it first", numbers=said
        )
        raise InputError({"text": [words]})
    readers = [*others, *joined]
    said = t(", ").join(variables.alone(work, case, readers, text)) if readers else ""
    if said:
        words = t(
            "Others read this answer too, and “{said}” is true of this complaint alone. Leave it out, or answer them on their own",
            said=said,
        )
        raise InputError({"text": [words]})


def fits(work: Work, case: Complaint, other: Complaint, text: str) -> bool:
    """Whether an answer to this case can be read by the other's complainant as well."""
    return not _foreign(case, [other]) and not variables.alone(work, case, [other], text)


def _joined(work: Work, case: Complaint) -> list[Complaint]:
    """Who is joined to it, also through one that is: today nobody may be, and who was before is answered all the same."""
    found, leads = dict[str, Complaint](), [case.uid]
    while leads:
        query = select(Complaint).where(
            Complaint.merged_into.in_(leads), Complaint.state == State.MERGED.value
        )
        page = {each.uid: each for each in work.session.scalars(query)}
        leads = [uid for uid in page if uid not in found]
        found |= page
    return list(found.values())


def _foreign(case: Complaint, readers: Sequence[Complaint]) -> str:
    # Who handles an unrestricted case need not be one who may know of the other.
    return t(", ").join(
        other.number if case.restricted or not other.restricted else t("a restricted complaint")
        for other in readers
        if other.lang != case.lang
    )
