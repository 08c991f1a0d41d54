"""Log-in of built-in operators: attempts are counted before they are judged, sessions are rows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, update

from complaints.administration import passwords
from complaints.base.ids import sha256_hex
from complaints.ledger.work import Work
from complaints.store.tables import Operator, OperatorSession
from complaints.store.transactions import touched

FAILURES = 5
LOCK = timedelta(minutes=15)
# How exactly it is noted when a session was last used: a page is no reason to write each time.
SEEN = timedelta(minutes=10)
_DEVICE = 120


@dataclass(frozen=True)
class Attempt:
    """One try to log in; `operator_id` is None for an unknown, disabled or locked account."""

    operator_id: int | None
    kept: str

    def holds(self, password: str) -> bool:
        """Whether the password is right; takes the same time for an account that does not exist."""
        same = passwords.matches(self.kept, password)
        return same and self.operator_id is not None


def attempt(work: Work, login: str) -> Attempt:
    """Count a try before its password is looked at, so that tries side by side cannot outrun the lock.

    The fifth failure in a row locks the account for 15 minutes. Flushes, never commits.
    """
    row = work.session.scalar(select(Operator).where(Operator.login == login.strip().casefold()))
    if row is None or not row.active or (row.locked_until is not None and row.locked_until > work.now):
        return Attempt(None, passwords.nobodys())
    if row.locked_until is not None:
        # Only while the lock is the one that has ended: of tries side by side the first one forgets, not each.
        work.session.execute(
            update(Operator)
            .where(Operator.id == row.id, Operator.locked_until <= work.now)
            .values(failures=0, locked_until=None)
        )
    work.session.execute(update(Operator).where(Operator.id == row.id).values(failures=Operator.failures + 1))
    tried = work.session.scalar(select(Operator.failures).where(Operator.id == row.id)) or 0
    if tried >= FAILURES:
        work.session.execute(
            update(Operator).where(Operator.id == row.id).values(locked_until=work.now + LOCK)
        )
    # A try beyond the limit, begun before the lock was seen, is refused whatever its password.
    return Attempt(row.id if tried <= FAILURES else None, row.password_hash)


def stands(work: Work, tried: Attempt) -> bool:
    """Whether the account is still open, with the password a try was held against. Locks its row.

    Hashing takes its time; somebody may have given the account a new password meanwhile.
    """
    row = work.session.get(Operator, tried.operator_id, with_for_update=True, populate_existing=True)
    return row is not None and row.active and row.password_hash == tried.kept


def begin(work: Work, operator_id: int, hours: int, device: str = "") -> str:
    """Open a session and forget failures; returns the cookie's value, kept as a hash.

    The caller has seen every factor proven just now: the session counts as a fresh log-in. `device` is the browser and
    its system in a few words.
    """
    token = secrets.token_urlsafe(32)
    forget_failures(work, operator_id)
    work.session.execute(delete(OperatorSession).where(OperatorSession.expires_at <= work.now))
    work.session.add(
        OperatorSession(
            token_hash=key(token),
            operator_id=operator_id,
            created_at=work.now,
            authenticated_at=work.now,
            seen_at=work.now,
            expires_at=work.now + timedelta(hours=hours),
            device=device[:_DEVICE] or None,
        )
    )
    work.session.flush()
    return token


def forget_failures(work: Work, operator_id: int) -> None:
    """Count wrong tries of this account from none again, after a good one."""
    work.session.execute(
        update(Operator).where(Operator.id == operator_id).values(failures=0, locked_until=None)
    )


def key(token: str) -> str:
    """How a session is kept: the cookie cannot be made from it."""
    return sha256_hex(token.encode())


# Every page of the operators asks this: built once.
_CURRENT = (
    select(Operator, OperatorSession)
    .join(OperatorSession, OperatorSession.operator_id == Operator.id)
    .where(
        OperatorSession.token_hash == bindparam("token"),
        OperatorSession.expires_at > bindparam("now"),
        Operator.active.is_(True),
    )
)


def current(work: Work, token: str) -> tuple[Operator, OperatorSession] | None:
    """The active account this cookie belongs to, and the session; None when ended or expired."""
    found = work.session.execute(_CURRENT, {"token": key(token), "now": work.now}).first()
    return (found[0], found[1]) if found else None


def of(work: Work, row: Operator) -> list[OperatorSession]:
    """The open sessions of an account, the one used last first."""
    query = select(OperatorSession).where(
        OperatorSession.operator_id == row.id, OperatorSession.expires_at > work.now
    )
    return list(
        work.session.scalars(query.order_by(OperatorSession.seen_at.desc(), OperatorSession.token_hash))
    )


def used(work: Work, kept: str) -> None:
    """Note that a session is in use, to ten minutes."""
    work.session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_hash == kept, OperatorSession.seen_at <= work.now - SEEN)
        .values(seen_at=work.now)
        .execution_options(synchronize_session=False)
    )


def end(work: Work, token: str) -> None:
    """End one session."""
    work.session.execute(delete(OperatorSession).where(OperatorSession.token_hash == key(token)))


def end_one(work: Work, row: Operator, kept: str) -> None:
    """End one session of this account; one that is not there has ended already."""
    work.session.execute(
        delete(OperatorSession).where(
            OperatorSession.operator_id == row.id, OperatorSession.token_hash == kept
        )
    )


def end_others(work: Work, row: Operator, token: str) -> int:
    """End every session of this account but the one of this cookie; returns how many."""
    done = work.session.execute(
        delete(OperatorSession).where(
            OperatorSession.operator_id == row.id, OperatorSession.token_hash != key(token)
        )
    )
    return touched(done)
