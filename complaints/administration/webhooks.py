"""Addresses that are told of events: entered by an administrator, each with a key of its own, shown once.

The log knows an address by its uid and its host: a path may hold a secret.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from complaints.base.clock import from_stamp, stamp
from complaints.base.errors import InputError, NotFoundError
from complaints.base.ids import random_uid
from complaints.base.translations import gettext as t
from complaints.delivery.calling import KEY_PREFIX, LENGTH, Reach, RefusedAddressError
from complaints.delivery.webhooks import EVENTS, OVERLAP, drop_waiting, try_out
from complaints.ledger import private as sealing
from complaints.ledger.journal import record_system
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.store.tables import Webhook

MOST = 20
_PLACE = "webhook"
# Why what waits for an address is dropped.
REMOVED, PAUSED = "WebhookRemoved", "WebhookPaused"


def create(work: Work, url: str, events: Collection[str], reach: Reach, by: Actor) -> tuple[Webhook, str]:
    """A new address and its key, which is shown nowhere else. Raises InputError. Flushes."""
    url, faults = url.strip(), dict[str, list[str]]()
    try:
        reach.check(url)
    except RefusedAddressError as error:
        faults["url"] = [_refusal(error.code)]
    if not events or not set(events) <= set(EVENTS):
        faults["events"] = [t("Choose at least one event")]
    if len(everything(work)) >= MOST:
        faults.setdefault("url", []).append(t("There are {n} addresses already; remove one first", n=MOST))
    if faults:
        raise InputError(faults)
    key = secrets.token_bytes(LENGTH)
    row = Webhook(
        uid=random_uid(),
        url=url,
        # Every event, also those of a later release, where all of today's are chosen.
        events=[] if set(events) == set(EVENTS) else [each for each in EVENTS if each in events],
        sealed=b"",
        active=True,
        created_at=work.now,
        created_by=by.ref,
        answered_at=None,
        refused_at=None,
        refusal=None,
    )
    _seal(work, row, [{"key": _text(key)}])
    work.session.add(row)
    _log(work, "webhook_added", by, row, host=host(row), events=list(row.events))
    return row, shown(key)


def everything(work: Work) -> Sequence[Webhook]:
    """Every address, oldest first."""
    return work.session.scalars(select(Webhook).order_by(Webhook.created_at, Webhook.uid)).all()


def find(work: Work, uid: str) -> Webhook:
    """One address; raises NotFoundError."""
    row = work.session.get(Webhook, uid)
    if row is None:
        raise NotFoundError("there is no such webhook")
    return row


def refusing(row: Webhook) -> bool:
    """Whether the last message it answered to was one it refused."""
    return row.refused_at is not None and (row.answered_at is None or row.answered_at < row.refused_at)


def host(row: Webhook) -> str:
    """What may be said of an address in the log: its host, never its path."""
    return urlsplit(row.url).hostname or ""


def rotate(work: Work, uid: str, by: Actor) -> tuple[Webhook, str]:
    """A new key; for a day messages are signed with the replaced one too. Returns the key as it is shown once."""
    row, key = _locked(work, uid), secrets.token_bytes(LENGTH)
    newest = _kept(work, row)[0]
    _seal(work, row, [{"key": _text(key)}, {"key": newest["key"], "until": stamp(work.now + OVERLAP)}])
    _log(work, "webhook_key_changed", by, row)
    return row, shown(key)


def keys(work: Work, row: Webhook) -> list[bytes]:
    """The keys that sign now, the newest first; raises IntegrityError."""
    return [base64.b64decode(each["key"]) for each in _kept(work, row) if _holds(each, work.now)]


def replaced_until(work: Work, row: Webhook) -> datetime | None:
    """Until when a replaced key still signs; None when only one does."""
    moments = [from_stamp(each["until"]) for each in _kept(work, row) if each.get("until")]
    return next((each for each in moments if each > work.now), None)


def pause(work: Work, uid: str, by: Actor) -> Webhook:
    """Tell this address nothing until it is resumed; what waits is dropped."""
    row = _locked(work, uid)
    if row.active:
        row.active = False
        _log(work, "webhook_paused", by, row, dropped=drop_waiting(work, row, PAUSED))
    return row


def resume(work: Work, uid: str, by: Actor) -> Webhook:
    """Tell this address again, from here on."""
    row = _locked(work, uid)
    if not row.active:
        row.active = True
        _log(work, "webhook_resumed", by, row)
    return row


def remove(work: Work, uid: str, by: Actor) -> None:
    """Forget an address and its key; what waits for it is dropped."""
    row = _locked(work, uid)
    _log(work, "webhook_removed", by, row, host=host(row), dropped=drop_waiting(work, row, REMOVED))
    work.session.delete(row)
    work.session.flush()


def test(work: Work, uid: str) -> Webhook:
    """Queue a test message; it goes out with the next run of the clock. Raises InputError while paused."""
    row = find(work, uid)
    if not row.active:
        raise InputError({"": [t("This address is paused; resume it first")]})
    try_out(work, row, random_uid())
    return row


def answered(work: Work, uid: str) -> None:
    """Note that an address took a message."""
    row = work.session.get(Webhook, uid)
    if row is not None:
        row.answered_at = work.now


def refused(work: Work, uid: str, why: str, *, gone: bool) -> None:
    """Note that an address refused a message; one that says it is gone is paused."""
    row = work.session.get(Webhook, uid)
    if row is not None:
        row.refused_at, row.refusal = work.now, why[:200]
        if gone:
            pause(work, uid, SYSTEM)


def shown(key: bytes) -> str:
    """A key as people hand it on, by the Standard Webhooks specification."""
    return KEY_PREFIX + _text(key)


def _locked(work: Work, uid: str) -> Webhook:
    query = select(Webhook).where(Webhook.uid == uid).with_for_update()
    row = work.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFoundError("there is no such webhook")
    return row


def _kept(work: Work, row: Webhook) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(sealing.unwrap(work.keys.data, row.sealed, _PLACE, row.uid))
    return found


def _seal(work: Work, row: Webhook, kept: list[dict[str, str]]) -> None:
    row.sealed = sealing.wrap(work.keys.data, json.dumps(kept).encode(), _PLACE, row.uid)


def _holds(each: dict[str, str], now: datetime) -> bool:
    return "until" not in each or from_stamp(each["until"]) > now


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _refusal(code: str) -> str:
    return {
        "scheme": t("The address must begin with https://"),
        "private": t(
            "This address is in a private network. COMPLAINTS_WEBHOOK_NETWORKS says which are allowed"
        ),
    }.get(code, t("Enter a whole address, such as https://example.com/hooks/complaints"))


def _log(work: Work, event: str, by: Actor, row: Webhook, **meta: Any) -> None:
    record_system(work, event, by, {"webhook": row.uid, **meta})
