"""Requests that were carried out: the same key with the same content does nothing again and answers as before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from complaints.base.errors import ComplaintsError
from complaints.ledger.work import Work
from complaints.store.tables import Idempotency

HOURS = 24
# 128 bits in base64: a shorter one could be guessed, and who has the key of a filing gets its access code.
SHORTEST, LONGEST = 22, 255


class ReusedError(ComplaintsError):
    """The key was used for another request; nothing was done."""


@dataclass(frozen=True)
class Ticket:
    """A request under its key: keyed hashes of client and key, and of what was asked for."""

    key: str
    content: str


def ticket(work: Work, client: str, key: str, content: str) -> Ticket:
    """The ticket of a request; `client` is whoever sends it, so that two never meet."""
    return Ticket(
        work.hash("repeat_key", f"{client}\x00{key}"), work.hash("repeat_content", f"{client}\x00{content}")
    )


def secret(work: Work, found: Ticket) -> str:
    """A filing's secret that follows from its ticket: sent again it shows the same access code."""
    return work.hash("repeat_secret", f"{found.key}\x00{found.content}")[:32]


def earlier(work: Work, found: Ticket) -> Idempotency | None:
    """What this request came to before, if it was carried out within the last day; raises ReusedError."""
    row = work.session.get(Idempotency, found.key)
    if row is None or row.expires_at <= work.now:
        return None
    if row.body_hash != found.content:
        raise ReusedError("this Idempotency-Key was used for another request")
    return row


def keep(work: Work, found: Ticket, status: int, result: Mapping[str, Any]) -> None:
    """Remember what a request came to, in the transaction that did it; `result` holds nothing personal.

    Raises IntegrityError of the database where the same request is being carried out beside this one.
    """
    gone = work.session.get(Idempotency, found.key)
    if gone is not None:
        work.session.delete(gone)
        work.session.flush()
    work.session.add(
        Idempotency(
            key_hash=found.key,
            body_hash=found.content,
            status=status,
            result=dict(result),
            created_at=work.now,
            expires_at=work.now + timedelta(hours=HOURS),
        )
    )
    work.session.flush()
