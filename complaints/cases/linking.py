"""Two cases that belong together without being one: each keeps its own work, dates and answer."""

from __future__ import annotations

from sqlalchemy import delete, select

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases.step import step
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint, Link


def link(work: Work, case: Complaint, other: Complaint, actor: Actor) -> None:
    """Link two locked cases: an event and a row on either side. Raises InputError. Flushes, never commits."""
    if other.id == case.id:
        raise InputError({"other": [t("A complaint cannot be linked with itself")]})
    if _rows(work, case, other):
        raise InputError({"other": [t("These two are linked already")]})
    for one, two in ((case, other), (other, case)):
        written = step(work, one, "link", actor, meta={"other": two.uid})
        work.session.add(Link(complaint_id=one.id, other_id=two.id, seq=written.seq))
    work.session.flush()


def unlink(work: Work, case: Complaint, other: Complaint, actor: Actor) -> None:
    """Take the link of two locked cases away, on both sides. Raises InputError. Flushes, never commits."""
    if not _rows(work, case, other):
        raise InputError({"other": [t("These two are not linked any more")]})
    for one, two in ((case, other), (other, case)):
        step(work, one, "unlink", actor, meta={"other": two.uid})
        work.session.execute(
            delete(Link)
            .where(Link.complaint_id == one.id, Link.other_id == two.id)
            .execution_options(synchronize_session=False)
        )


def _rows(work: Work, case: Complaint, other: Complaint) -> bool:
    query = select(Link.id).where(Link.complaint_id == case.id, Link.other_id == other.id)
    return work.session.scalar(query) is not None
