"""Limits per source and in total, one count over all workers; whoever cannot be counted is let through.

A source is a keyed hash of a network, never an address.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from functools import cache, lru_cache
from weakref import WeakKeyDictionary

from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from sqlalchemy.exc import SQLAlchemyError

from complaints.administration.installation import Installation
from complaints.base.errors import LimitedError
from complaints.base.ids import keyed_hash
from complaints.store.limits import DatabaseStorage
from complaints.web.frame import client_address, frame, installation

_log = logging.getLogger("complaints")
_V4, _V6 = 24, 64
_TOTAL = "all"
_storages: WeakKeyDictionary[Installation, Storage] = WeakKeyDictionary()


def source() -> str:
    """The keyed hash of the caller's /24 or /64."""
    return keyed_hash(installation().keys.lookup, "source", network(client_address()))


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """The network of an address; a mapped IPv4 address counts as IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    length = _V4 if found.version == 4 else _V6  # noqa: PLR2004 - the version's own number
    return str(ipaddress.ip_network(f"{found}/{length}", strict=False))


def hit(name: str, key: str) -> None:
    """Count one try of `name` (`tracking`, `login`) by `key`; raises LimitedError beyond the setting's limit."""
    item = _limit(f"LIMIT_{name.upper()}")
    if _over([(item, name, key)]):
        raise LimitedError(max(1, int(_end(item, name, key) - time.time())))


def too_many_filings() -> bool:
    """Count one filing; whether this source, or all together, now file more than the settings say."""
    return _over(
        [(_limit("LIMIT_FILINGS"), "filing", source()), (_limit("LIMIT_FILINGS_TOTAL"), "filing", _TOTAL)]
    )


def use_once(key: str, seconds: int) -> bool:
    """Whether `key` is seen for the first time; True also when nothing can be counted."""
    try:
        return _storage().incr(f"once/{key}", seconds) == 1
    except Exception as error:  # noqa: BLE001 - a Redis that is down must not close the channel
        return _uncounted(error)


def _over(wanted: list[tuple[RateLimitItem, str, str]]) -> bool:
    keys = [(item.key_for(name, key), item.get_expiry()) for item, name, key in wanted]
    storage = _storage()
    # On SQLite our own writer would wait for a reader without WAL, as in Frame.write.
    frame().close()
    try:
        if isinstance(storage, DatabaseStorage):
            counts = storage.incr_all(keys)
        else:
            counts = [storage.incr(key, expiry) for key, expiry in keys]
    except Exception as error:  # noqa: BLE001 - a Redis that is down must not close the channel
        return not _uncounted(error)
    return any(count > item.amount for count, (item, _, _) in zip(counts, wanted, strict=True))


def _end(item: RateLimitItem, name: str, key: str) -> float:
    try:
        return _storage().get_expiry(item.key_for(name, key))
    except (SQLAlchemyError, StorageError, OSError):
        return time.time() + item.get_expiry()


def _uncounted(error: Exception) -> bool:
    _log.warning("limits cannot be counted: %s", type(error).__name__)
    return True


def _limit(setting: str) -> RateLimitItem:
    return _parsed(getattr(installation().settings, setting))


# A limit is read with expressions, and each filing asks for two.
_parsed = cache(parse)


def _storage() -> Storage:
    installed = installation()
    if installed not in _storages:
        address = installed.settings.LIMITS_STORAGE
        _storages[installed] = (
            storage_from_string(address) if address else DatabaseStorage(lambda: installed.database.engine)  # type: ignore[assignment]  # never asynchronous
        )
    return _storages[installed]
