"""Log-in of built-in operators: attempts are counted before they are judged, sessions are rows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from complaints.administration import passwords
from complaints.base.ids import sha256_hex
from complaints.ledger.work import Work
from complaints.store.tables import Operator, OperatorSession

FAILURES = 5
LOCK = timedelta(minutes=15)


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
        work.session.execute(
            update(Operator).where(Operator.id == row.id).values(failures=0, locked_until=None)
        )
    work.session.execute(update(Operator).where(Operator.id == row.id).values(failures=Operator.failures + 1))
    tried = work.session.scalar(select(Operator.failures).where(Operator.id == row.id)) or 0
    if tried >= FAILURES:
        work.session.execute(
            update(Operator).where(Operator.id == row.id).values(locked_until=work.now + LOCK)
        )
    # A try beyond the limit, begun before the lock was seen, is refused whatever its password.
    return Attempt(row.id if tried <= FAILURES else None, row.password_hash)


def begin(work: Work, operator_id: int, hours: int) -> str:
    """Open a session after a good password and forget failures; returns the cookie's value, kept as a hash."""
    token = secrets.token_urlsafe(32)
    work.session.execute(
        update(Operator).where(Operator.id == operator_id).values(failures=0, locked_until=None)
    )
    work.session.execute(delete(OperatorSession).where(OperatorSession.expires_at <= work.now))
    work.session.add(
        OperatorSession(
            token_hash=sha256_hex(token.encode()),
            operator_id=operator_id,
            created_at=work.now,
            authenticated_at=work.now,
            seen_at=work.now,
            expires_at=work.now + timedelta(hours=hours),
        )
    )
    work.session.flush()
    return token


def current(work: Work, token: str) -> tuple[Operator, datetime] | None:
    """The active account this cookie belongs to and when it logged in; None when ended or expired."""
    found = work.session.execute(
        select(Operator, OperatorSession.authenticated_at)
        .join(OperatorSession, OperatorSession.operator_id == Operator.id)
        .where(
            OperatorSession.token_hash == sha256_hex(token.encode()),
            OperatorSession.expires_at > work.now,
            Operator.active.is_(True),
        )
    ).first()
    return (found[0], found[1]) if found else None


def end(work: Work, token: str) -> None:
    """End one session."""
    work.session.execute(
        delete(OperatorSession).where(OperatorSession.token_hash == sha256_hex(token.encode()))
    )
