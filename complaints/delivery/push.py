"""Chat rooms (DingTalk, Feishu, WeCom and whatever else apprise speaks): who has one, and one message into it."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from complaints.base.errors import ConfigError
from complaints.delivery.people import GROUPS
from complaints.delivery.sending import ROOM, DeliveryError

EVERYBODY = "*"
SECONDS = 10
_STATUS = re.compile(r"error=(\d{3})\b")
# Refused by a room that may take it later: too slow, too early, too many.
_PASSING = frozenset({408, 425, 429})
_NAMES = ", ".join((*GROUPS, f"or {EVERYBODY} for each of them"))


@dataclass(frozen=True)
class Rooms:
    """The rooms of each audience. An address is a secret: it is in no name, no error and no log line."""

    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, setting: Mapping[str, Any]) -> Rooms:
        """From the setting PUSH, each address tried by apprise; raises ConfigError that quotes none of them."""
        found: dict[str, tuple[str, ...]] = {}
        for audience, given in setting.items():
            if audience not in {*GROUPS, EVERYBODY}:
                raise ConfigError(f"COMPLAINTS_PUSH: {audience!r} is no audience; write {_NAMES}")
            addresses = [given] if isinstance(given, str) else given
            if not isinstance(addresses, (list, tuple)) or not all(
                isinstance(each, str) for each in addresses
            ):
                raise ConfigError(
                    f"COMPLAINTS_PUSH[{audience!r}] must be an apprise address or a list of them"
                )
            for place, address in enumerate(addresses, 1):
                _check(audience, place, address)
            found[str(audience)] = tuple(addresses)
        return cls(found)

    def named(self, audience: str) -> list[str]:
        """The names of the rooms an audience listens in; each room once, however often it is listed."""
        listed = (*self.addresses.get(audience, ()), *self.addresses.get(EVERYBODY, ()))
        return [_name(address) for address in dict.fromkeys(listed)]

    def send(self, room: str, title: str, text: str) -> None:
        """Return once the room has taken the message; raises DeliveryError, after `SECONDS` at the latest."""
        address = self._by_name.get(room)
        if address is None:
            raise DeliveryError("NoAudience", "drop")
        done = _Attempt(address, title, text)
        # A timeout of the library counts from each byte to the next; a thread can be left behind.
        thread = threading.Thread(target=done.run, name="complaints-push", daemon=True)
        thread.start()
        thread.join(SECONDS)
        if thread.is_alive():
            raise DeliveryError("PushTimeout")
        if not done.taken:
            refused = done.status is not None and 400 <= done.status < 500  # noqa: PLR2004 - RFC 9110
            lasting = refused and done.status not in _PASSING
            raise DeliveryError(f"{done.reason} {done.status or ''}".strip(), "dead" if lasting else "retry")

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return {_name(address): address for listed in self.addresses.values() for address in listed}


class _Attempt:
    """One message to one room, and what became of it."""

    def __init__(self, address: str, title: str, text: str) -> None:
        self.address, self.title, self.text = address, title, text
        self.taken, self.reason = False, "PushRefused"
        self.status: int | None = None

    def run(self) -> None:
        with _overhearing() as said:
            try:
                # Made anew each time: one that is used again sleeps for seconds between two messages.
                plugin = _plugin(self.address)
                self.taken = bool(plugin.notify(title=self.title, body=self.text))
            except Exception as error:  # noqa: BLE001 - a library's fault is a reason to try again
                self.reason = type(error).__name__
        found = [each[1] for line in said if (each := _STATUS.search(line))]
        self.status = int(found[-1]) if found else None


class _Overheard(logging.Filter):
    """Keeps apprise's own log lines of this thread to us: they quote tokens, and hold the only status there is."""

    def __init__(self) -> None:
        super().__init__()
        self.thread, self.lines = threading.get_ident(), list[str]()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self.thread:
            return True
        self.lines.append(record.getMessage())
        return False


@contextmanager
def _overhearing() -> Iterator[list[str]]:
    heard, logger = _Overheard(), logging.getLogger("apprise")
    logger.addFilter(heard)
    try:
        yield heard.lines
    finally:
        logger.removeFilter(heard)


def _plugin(address: str) -> Any:
    from apprise import Apprise  # noqa: PLC0415 - an optional extra, and a fifth of a second to import

    return Apprise.instantiate(address)


def _check(audience: str, place: int, address: str) -> None:
    where = f"COMPLAINTS_PUSH[{audience!r}], address {place}"
    try:
        # The first use imports every plugin it has, some of which warn of their own age.
        with _overhearing(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plugin = _plugin(address)
    except ImportError as error:
        raise ConfigError(
            "COMPLAINTS_PUSH needs apprise: pip install 'flask-complaints[push]', or leave the setting out"
        ) from error
    if plugin is None:
        raise ConfigError(
            f"{where}, is none that apprise knows (its text is not shown, since it holds a secret); write such as "
            "dingtalk://SECRET@TOKEN, feishu://TOKEN, lark://TOKEN or wecombot://KEY"
        )
    if not plugin.verify_certificate:
        raise ConfigError(f"{where}, switches the check of certificates off; leave verify=no out")


def _name(address: str) -> str:
    """A room's name in the outbox: it says whether two are the same, and nothing about the address."""
    return ROOM + hashlib.sha256(address.encode()).hexdigest()[:16]
