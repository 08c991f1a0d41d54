"""A transaction of the host's that we joined: what was noted in it is handed on once it is committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from complaints.store.transactions import take_noted

_JOINED, _COMMITTED = "complaints_joined", "complaints_committed"


@dataclass(frozen=True)
class _Joined:
    within: Sequence[SessionTransaction]
    noted: Sequence[Any]
    act: Callable[[Sequence[Any]], None]


def when_committed(session: Session | scoped_session[Any], act: Callable[[Sequence[Any]], None]) -> None:
    """Call `act` with what was noted in this session once its commit is over; never after a rollback.

    The session can be used again by then.
    """
    # A listener on the registry of sessions would hear of every one of the host's.
    ours: Session = session() if isinstance(session, scoped_session) else session
    if _JOINED not in ours.info:
        ours.info[_JOINED] = []
        event.listen(ours, "after_commit", _committed)
        event.listen(ours, "after_soft_rollback", _rolled_back)
        event.listen(ours, "after_transaction_end", _ended)
    ours.info[_JOINED].append(_Joined(_around(ours), take_noted(ours), act))


def _committed(session: Session) -> None:
    # A savepoint that is released is committed by whatever it stands in.
    if not session.in_nested_transaction():
        session.info[_COMMITTED] = session.info[_JOINED]
        session.info[_JOINED] = []


def _rolled_back(session: Session, previous: SessionTransaction) -> None:
    session.info[_JOINED] = [each for each in session.info[_JOINED] if previous not in each.within]


def _ended(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        for each in session.info.pop(_COMMITTED, ()):
            each.act(each.noted)


def _around(session: Session) -> Sequence[SessionTransaction]:
    """The transaction that runs now and those it stands in, the innermost first."""
    found: list[SessionTransaction] = []
    here = session.get_nested_transaction() or session.get_transaction()
    while here is not None:
        found.append(here)
        here = here.parent
    return found
