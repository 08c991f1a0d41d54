"""The host's operators as it lists them: who can be told, put in charge, or review; never a reason to fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from complaints.cases.people import Operator
from complaints.delivery.people import Recipient, from_table

# The host is asked at most this often by each process, so that no page of ours costs it more than one look.
SECONDS = 10.0
_LONGEST = 64
_log = logging.getLogger(__name__)


class Directory:
    """What the host's callable said last; a fault of it keeps what was good, and is logged once.

    Whoever it leaves out has gone: is told nothing, and can be put in charge of nothing.
    """

    def __init__(self, ask: Callable[[], Iterable[Operator] | None] | None) -> None:
        self._ask = ask
        self._good: tuple[Operator, ...] = ()
        self._asked: float | None = None
        self.fault = ""

    @property
    def kept(self) -> bool:
        """Whether the host lists its operators at all."""
        return self._ask is not None

    def listed(self) -> Sequence[Operator]:
        """The host's operators as of a few seconds ago; none where it lists none. Never raises."""
        now = time.monotonic()
        if self._ask is not None and (self._asked is None or now - self._asked >= SECONDS):
            # Noted first: a host that is slow or broken is not asked anew by everyone who waits for it.
            self._asked = now
            self._read(self._ask)
        return self._good

    def people(self, session: Session) -> list[Recipient]:
        """Who can be told: the host's listed operators with a mail address, or the built-in accounts."""
        if self._ask is None:
            return from_table(session)
        return [
            Recipient(
                each.ref,
                each.name,
                each.mail,
                each.roles,
                each.restricted,
                each.lang,
                each.teams,
            )
            for each in self.listed()
            if each.mail
        ]

    def _read(self, ask: Callable[[], Iterable[Operator] | None]) -> None:
        try:
            given = ask()
            found = None if given is None else list(given)
        except Exception as error:  # noqa: BLE001 - whatever the host's own code raises, complaints go on
            self._failed(f"it raised {type(error).__name__}")
            return
        if found is None:
            self._failed("it returned None")
            return
        good = {each.ref: each for each in map(usable, found) if each is not None}
        self._good = tuple(good.values())
        self._failed(
            "" if len(good) == len(found) else f"{len(found) - len(good)} of its entries are unusable"
        )

    def _failed(self, fault: str) -> None:
        if fault and fault != self.fault:
            _log.error("operator_directory: %s; what it last said well goes on to count", fault)
        self.fault = fault


def usable(each: object) -> Operator | None:
    """What a host gives as services may rely on it, roles and teams as sets; None for what would break them."""
    if not isinstance(each, Operator) or not all(
        isinstance(said, str) for said in (each.ref, each.name, each.mail, each.lang)
    ):
        return None
    roles, teams = _words(each.roles), _words(each.teams)
    since = each.authenticated_at
    if since is not None and (not isinstance(since, datetime) or since.utcoffset() is None):
        return None
    # Anything but True might be meant as a no, such as "0", and would open the restricted types.
    if (
        not roles
        or teams is None
        or not all(isinstance(said, bool) for said in (each.restricted, each.monthly))
    ):
        return None
    return replace(each, roles=roles, teams=teams) if 0 < len(each.ref) <= _LONGEST else None


def _words(given: object) -> frozenset[str] | None:
    """Words as a set; None for what is none, also for a text, which would be taken for its letters."""
    if not isinstance(given, (list, tuple, set, frozenset)) or not all(
        isinstance(each, str) for each in given
    ):
        return None
    return frozenset(given)
