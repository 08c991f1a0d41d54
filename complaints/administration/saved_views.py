"""Lists that operators keep: a name for what stands in an address, for oneself or for everybody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, or_, select

from complaints.base.errors import InputError, NotAllowedError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.ledger.work import Work
from complaints.policy.roles import LEADERS
from complaints.store.tables import SavedView

NAME, MOST = 60, 12
# Who may put a list before everybody, and take away one that somebody else put there.
# Every page of the queue asks this: built once.
_SEEN = (
    select(SavedView)
    .where(or_(SavedView.owner == bindparam("owner"), SavedView.shared))
    .order_by(SavedView.shared.desc(), SavedView.id)
)


def seen(work: Work, viewer: Operator) -> Sequence[SavedView]:
    """The viewer's own lists and the shared ones, in the order they were kept; at most MOST of either."""
    return work.session.scalars(_SEEN, {"owner": viewer.ref}).all()


def keep(work: Work, viewer: Operator, name: str, filters: Filters, *, shared: bool = False) -> SavedView:
    """Keep a list under a name, without what is searched for in it. Raises InputError and NotAllowedError. Flushes."""
    if shared and not viewer.may(*LEADERS):
        raise NotAllowedError("only a supervisor or an administrator shares a list")
    name, faults = " ".join(name.split()), list[str]()
    if not name:
        faults.append(t("Give the list a name"))
    elif len(name) > NAME:
        faults.append(t("Keep the name under {max} characters", max=NAME))
    mine = SavedView.shared.is_(True) if shared else SavedView.owner == viewer.ref
    held = select(func.count()).select_from(SavedView).where(mine, SavedView.shared.is_(shared))
    if (work.session.scalar(held) or 0) >= MOST:
        faults.append(t("There are {n} such lists already; remove one first", n=MOST))
    if faults:
        raise InputError({"name": faults})
    row = SavedView(name=name, owner=viewer.ref, shared=shared, query=filters.kept, created_at=work.now)
    work.session.add(row)
    work.session.flush()
    return row


def may_remove(viewer: Operator, row: SavedView) -> bool:
    """Whether this operator may take a list away."""
    return row.owner == viewer.ref or (row.shared and viewer.may(*LEADERS))


def remove(work: Work, viewer: Operator, view_id: int) -> None:
    """Take a list away; not found also for what the viewer does not see. Flushes."""
    row = work.session.get(SavedView, view_id)
    if row is None or not (row.shared or row.owner == viewer.ref):
        raise NotFoundError("there is no such list")
    if not may_remove(viewer, row):
        raise NotAllowedError("only a supervisor or an administrator removes a shared list")
    work.session.delete(row)
    work.session.flush()
