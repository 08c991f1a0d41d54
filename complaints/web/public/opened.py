"""Which complaints this browser may look at: numbers in the session, for a while, and the host's own users'."""

from __future__ import annotations

from datetime import timedelta

from flask import session

from complaints.base.errors import NotFoundError
from complaints.base.ids import tidy_number
from complaints.cases import access
from complaints.store.tables import Complaint
from complaints.web import receipts
from complaints.web.frame import frame

_KEY = "complaints_opened"
# A cookie has room for little; the oldest leaves first.
_MOST = 5


def remember(number: str) -> None:
    """Let this browser open the complaint until COMPLAINTS_TRACKING_MINUTES have passed without a visit."""
    until = frame().installation.now() + timedelta(minutes=frame().settings.TRACKING_MINUTES)
    kept = {key: end for key, end in _kept().items() if key != number}
    session[_KEY] = dict([*kept.items(), (number, int(until.timestamp()))][-_MOST:])


def forget(number: str) -> None:
    """Close the complaint on this device, and every receipt, since one shows its code."""
    receipts.forget()
    session[_KEY] = {key: end for key, end in _kept().items() if key != tidy_number(number)}


def opened(number: str) -> Complaint:
    """The complaint, if this browser opened or just filed it or the host's signed-in user did; else NotFoundError.

    A number that does not exist and one that is not open here give the same error.
    """
    case = access.find(frame().work, number)
    if case.number in _kept() or receipts.opened(case.number) is not None:
        remember(case.number)
        return case
    owner = signed_in()
    if not owner or case.owner_hash != frame().work.hash("owner", owner):
        raise NotFoundError("no such complaint is open here")
    return case


def is_open(number: str) -> bool:
    """Whether `leave` has anything to forget."""
    return tidy_number(number) in _kept()


def signed_in() -> str | None:
    """The host's reference of its signed-in user; None without one, or without `complainant_loader`."""
    loader = frame().installation.hooks.complainant
    return loader() if loader else None


def _kept() -> dict[str, int]:
    now = frame().installation.now().timestamp()
    held = session.get(_KEY)
    if not isinstance(held, dict):
        return {}
    return {key: end for key, end in held.items() if isinstance(end, int) and end > now}
