"""Keys of the JSON interface: shown once, kept as a keyed hash, revoked and never deleted.

The log knows `ref` alone. A key stands for one machine: whatever it does is done by it, and it is never put in charge.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from complaints.base.clock import stamp
from complaints.base.errors import InputError, NotFoundError
from complaints.base.ids import ALPHABET
from complaints.base.translations import gettext as t
from complaints.cases.people import Operator
from complaints.ledger.journal import record_system
from complaints.ledger.work import MACHINE, Actor, Work
from complaints.store.tables import ApiKey

# read: lists and cases; act: what a handler may do; export: masked files; file: complaints of a host's users; seal: the
# host's answers.
SCOPES = ("read", "act", "export", "file", "seal")
PREFIX = "cmp_"
_NAME, _LONGEST_DAYS = 120, 3650


def create(
    work: Work,
    name: str,
    scopes: Collection[str],
    *,
    restricted: bool = False,
    days: int | None = None,
    by: Actor,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere; `days` until it ends, None: when it is revoked.

    Raises InputError. Flushes.
    """
    faults: dict[str, list[str]] = {}
    if not name.strip() or len(name.strip()) > _NAME:
        faults["name"] = [t("Say what the key is for")]
    if not scopes or not set(scopes) <= set(SCOPES):
        faults["scopes"] = [t("Choose at least one scope")]
    if days is not None and not 1 <= days <= _LONGEST_DAYS:
        faults["days"] = [t("Enter days from 1 to {most}", most=_LONGEST_DAYS)]
    if faults:
        raise InputError(faults)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        ref=MACHINE + "".join(secrets.choice(ALPHABET) for _ in range(8)),
        name=name.strip(),
        key_hash=work.hash("api_key", secret),
        scopes=[scope for scope in SCOPES if scope in scopes],
        restricted=restricted,
        created_at=work.now,
        created_by=by.ref,
        expires_at=None if days is None else work.now + timedelta(days=days),
    )
    work.session.add(row)
    work.session.flush()
    meta = {"key": row.ref, "scopes": row.scopes, "restricted": restricted}
    if row.expires_at is not None:
        meta["expires"] = stamp(row.expires_at)
    record_system(work, "api_key_created", by, meta)
    return row, secret


def revoke(work: Work, ref: str, *, by: Actor) -> ApiKey:
    """End a key at once; one that has ended already stays as it is. Raises NotFoundError. Flushes."""
    row = work.session.scalar(select(ApiKey).where(ApiKey.ref == ref))
    if row is None:
        raise NotFoundError("no such key")
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = work.now, by.ref
        work.session.flush()
        record_system(work, "api_key_revoked", by, {"key": row.ref})
    return row


def everything(work: Work) -> list[ApiKey]:
    """Every key, those that still open something first."""
    query = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.created_at.desc(), ApiKey.id)
    return list(work.session.scalars(query))


def state(work: Work, row: ApiKey) -> str:
    """active, expired or revoked."""
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= work.now else "active"


def find(work: Work, secret: str) -> ApiKey | None:
    """The key with this secret while it opens anything; None does not say why."""
    row = work.session.scalar(select(ApiKey).where(ApiKey.key_hash == work.hash("api_key", secret)))
    return row if row is not None and state(work, row) == "active" else None


def unseen(work: Work, row: ApiKey) -> bool:
    """Whether its use in this hour is not noted yet."""
    return row.used_at is None or row.used_at < _hour(work)


def used(work: Work, ref: str) -> None:
    """Note that a key is in use, to the hour, so that one nobody needs can be found."""
    hour = _hour(work)
    older = or_(ApiKey.used_at.is_(None), ApiKey.used_at < hour)
    work.session.execute(
        update(ApiKey)
        .where(ApiKey.ref == ref, older)
        .values(used_at=hour)
        .execution_options(synchronize_session=False)
    )


def seen(row: ApiKey) -> Operator:
    """A key as services see it: it handles cases where it may act, else it only reads.

    Without a time of log-in, so that nothing which needs a person's fresh log-in is open to it.
    """
    role = "handler" if "act" in row.scopes else "auditor"
    return Operator(ref=row.ref, name=row.name, roles=frozenset({role}), restricted=row.restricted)


def _hour(work: Work) -> datetime:
    return work.now.replace(minute=0, second=0, microsecond=0)
