"""Every setting as the program reads it, told so that whoever reads it learns no secret."""

from __future__ import annotations

import os
import platform
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy

from complaints.administration.installation import Installation
from complaints.base import resources
from complaints.base.keys import FORMER, PREVIOUS, PURPOSES, variable
from complaints.base.keys import path as key_path
from complaints.base.setting_table import PREFIX, SETTINGS, Setting
from complaints.base.translations import gettext as t
from complaints.base.version import __version__
from complaints.store import schema

_FLASK = "FLASK_"
# What logs in somewhere, should it stand where no secret belongs.
_LOGS_IN = re.compile(r"(?<=//)[^\s/@]+@|[^\s/@:,]*:(?!//)[^\s@]+@")


@dataclass(frozen=True)
class Shown:
    """One setting for the page: its value in words, and where it comes from (given, environment, default, file)."""

    name: str
    value: str
    origin: str
    type: str
    help: str


def settings(
    found: Installation, config: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> list[Shown]:
    """Every setting of the table, in its order. Secrets are told as set or not, addresses without what logs in."""
    environment = os.environ if environment is None else environment
    return [
        Shown(
            f"{PREFIX}{each.name}",
            _value(found, each),
            _origin(each, config, environment),
            "list" if each.type is tuple else "table" if each.type is dict else each.type.__name__,
            t(each.help),
        )
        for each in SETTINGS
    ]


def keys(found: Installation, environment: Mapping[str, str] | None = None) -> list[Shown]:
    """The keys by name: whether they are there and where from, never what they are."""
    environment = os.environ if environment is None else environment
    folder, held = found.settings.keys_folder, found.keys
    rows = []
    for purpose in (*PURPOSES, PREVIOUS, FORMER):
        name, value = variable(purpose), getattr(held, purpose)
        # Of former keys there may be several, or none.
        said = t("{n} former keys", n=len(value)) if value and isinstance(value, tuple) else _set(value)
        origin = ""
        if value:
            given = "given" if name in found.settings.key_settings else "file"
            origin = "environment" if environment.get(name) else given
        rows.append(
            Shown(name, said, origin, "key", _mode(key_path(folder, purpose)) if origin == "file" else "")
        )
    return [*rows, Shown("SECRET_KEY", _set(found.settings.secret_key), "given", "key", "")]


def versions(found: Installation) -> list[tuple[str, str]]:
    """What runs here: the package, Python, libraries, the database and where its tables stand."""
    engine = found.database.engine
    with engine.connect() as connection:
        server = ".".join(map(str, connection.dialect.server_version_info or ()))
    name = (getattr(engine.dialect, "is_mariadb", False) and "mariadb") or engine.dialect.name
    at, head = schema.revision(engine), schema.head(resources.folder("migrations"))
    return [
        ("flask-complaints", __version__),
        ("Python", platform.python_version()),
        ("Flask", version("flask")),
        ("SQLAlchemy", sqlalchemy.__version__),
        (t("Database"), f"{name} {server} ({engine.dialect.driver})"),
        (t("Tables"), at if at == head else t("{at}, and {head} is needed", at=at or "-", head=head)),
    ]


def masked(address: str, *, whole: bool = False) -> str:
    """An address by scheme, host and port: user, password, path, query and fragment may each hold a secret.

    `whole` keeps the path, for an address that stands in every link anyway.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return t("set")
    if not parts.scheme or "://" not in address or ("@" in address and "@" not in parts.netloc):
        # Written in a way nothing can be told of, as with a slash in its password.
        return t("set") if address else ""
    user = "***@" if "@" in parts.netloc else ""
    path = parts.path if whole else "/…" if parts.path.strip("/") else ""
    more = "?…" if parts.query or parts.fragment else ""
    return f"{parts.scheme}://{user}{host}{f':{port}' if port else ''}{path}{more}"


def bare(text: str) -> str:
    """A text without what would log in somewhere, should somebody have written it there."""
    return _LOGS_IN.sub("***@", text)


def place(path: Path | str) -> str:
    """Whether a file or folder is there and who may read it; never where it lies."""
    return _mode(Path(path)) if str(path) else t("not set")


def _mode(path: Path) -> str:
    try:
        held = path.stat()
    except OSError:
        return t("missing")
    kind = t("folder") if stat.S_ISDIR(held.st_mode) else t("file")
    return t("{kind}, {mode}", kind=kind, mode=f"{stat.S_IMODE(held.st_mode):04o}")


def _set(value: bytes | None) -> str:
    return t("set, {n} bytes", n=len(value)) if value else t("not set")


def _origin(each: Setting, config: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    name = f"{PREFIX}{each.name}"
    if config.get(name) is None:
        return "default"
    return "environment" if name in environment or f"{_FLASK}{name}" in environment else "given"


def _value(found: Installation, each: Setting) -> str:
    value, settings = getattr(found.settings, each.name), found.settings
    match each.shown:
        case "secret":
            return t("set") if value else t("not set")
        case "counted":
            # Names of audiences or vendors, and how many; each value is a secret.
            said = [f"{name}: {1 if isinstance(held, str) else len(held)}" for name, held in value.items()]
            return ", ".join(said) or t("not set")
        case "address":
            given = [value] if isinstance(value, str) else value
            return _listed(masked(one, whole=each.name == "BASE_URL") for one in given)
        case "path":
            folders = {
                "KEYS_DIR": settings.keys_folder,
                "FILES_DIR": settings.files_folder,
                "STATE_DIR": settings.state_folder,
                "POLICY_FILE": settings.policy_path or "",
            }
            return place(folders.get(each.name, value))
    if isinstance(value, bool):
        return t("Yes") if value else t("No")
    return bare(_listed(value) if isinstance(value, tuple) else str(value))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(filter(None, values))
