"""Origins as browsers write them: scheme, host, and a port where it is not the usual one."""

from __future__ import annotations

import re

from complaints.base.errors import ConfigError

_ORIGIN = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")
# Where an origin ends: after anything else, such as @ or _, what was read is only the beginning of a longer name.
_END = ("", "/", "?", "#")
_USUAL = {"http": "80", "https": "443"}


def exact_origin(text: str) -> str:
    """The origin a setting names; ConfigError for a wildcard or a path, which would open more than was meant."""
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        raise ConfigError(
            f"COMPLAINTS_EMBED_ORIGINS must hold exact origins such as https://www.example.cn, without path or "
            f"wildcard, not {text}"
        )
    return _written(*found.groups())


def origin_of(address: str) -> str:
    """The origin of a whole address; empty when it has none."""
    address = address.lower()
    found = _ORIGIN.match(address)
    return _written(*found.groups()) if found and address[found.end() :][:1] in _END else ""


def _written(scheme: str, host: str, port: str | None) -> str:
    return f"{scheme}://{host}" + (f":{port}" if port and port != _USUAL[scheme] else "")
