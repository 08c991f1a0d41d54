"""Keys that sign what a model's vendor gets: a setting, because the policy that names the vendor is published."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from complaints.base.errors import ConfigError
from complaints.delivery.calling import KEY_PREFIX

# As the Standard Webhooks specification has it.
_SHORTEST, _LONGEST = 24, 64


def vendor_keys(setting: Mapping[str, Any]) -> Mapping[str, tuple[bytes, ...]]:
    """From the setting VENDOR_KEYS, by vendor, the newest first; raises ConfigError that quotes no key."""
    found: dict[str, tuple[bytes, ...]] = {}
    for vendor, given in setting.items():
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, (list, tuple)) or not texts:
            raise ConfigError(f"COMPLAINTS_VENDOR_KEYS[{vendor!r}] must be a key or a list of them")
        found[str(vendor)] = tuple(_key(vendor, place, text) for place, text in enumerate(texts, 1))
    return found


def _key(vendor: object, place: int, text: object) -> bytes:
    try:
        if isinstance(text, str) and text.startswith(KEY_PREFIX):
            key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
            if _SHORTEST <= len(key) <= _LONGEST:
                return key
    except (binascii.Error, ValueError):
        pass
    raise ConfigError(
        f"COMPLAINTS_VENDOR_KEYS[{vendor!r}]: key {place} cannot be used; write {KEY_PREFIX} and {_SHORTEST} to "
        f"{_LONGEST} bytes as base64"
    )
