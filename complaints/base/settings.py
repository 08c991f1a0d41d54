"""The settings, parsed once into a frozen object."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from complaints.base.errors import ConfigError
from complaints.base.origins import exact_origin
from complaints.base.setting_table import PREFIX, SETTINGS, Setting

# Keys travel as settings or environment variables, and are no part of the frozen object.
_KEY_SETTINGS = frozenset(
    {"KEY_DATA", "KEY_LOOKUP", "KEY_LOG", "KEY_LOG_PREVIOUS", "KEY_ANSWERS", "KEY_ANSWERS_PREVIOUS"}
)


_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """The parsed settings; `SETTINGS` documents each."""

    URL_PREFIX: str
    BASE_URL: str
    POLICY_FILE: str
    KEYS_DIR: str
    FILES_DIR: str
    STATE_DIR: str
    CHECKPOINT_MINUTES: int
    WITNESSES: tuple[str, ...]
    TSA_URL: str
    TSA_CA_FILE: str
    DATABASE_URI: str
    ORIGIN: str
    BASE_TEMPLATE: str
    CSP: str
    EMBED_ORIGINS: tuple[str, ...]
    SCHEDULER: bool
    TICK_SECONDS: int
    LIMITS_STORAGE: str
    LIMIT_FILINGS: str
    LIMIT_FILINGS_TOTAL: str
    LIMIT_TRACKING: str
    LIMIT_LOGIN: str
    MAX_FILE_MB: int
    MAX_FILES: int
    DRAFT_MB_PER_SOURCE: int
    DRAFT_MB_TOTAL: int
    ANSWER_DAYS: int
    CONTEXT_TURNS: int
    SESSION_HOURS: int
    REQUIRE_TOTP: bool
    TRACKING_MINUTES: int
    MAIL_SENDER: str
    MAIL_SERVER: str
    MAIL_PORT: int
    MAIL_USERNAME: str
    MAIL_PASSWORD: str = field(repr=False)
    MAIL_SECURITY: str
    MAIL_CA_FILE: str
    MAIL_TIMEOUT_SECONDS: int
    PUSH: Mapping[str, Any] = field(repr=False)
    DIGEST_MINUTES: int
    QUIET_HOURS: str
    WEBHOOK_NETWORKS: tuple[str, ...]
    VENDOR_KEYS: Mapping[str, Any] = field(repr=False)
    TEST_INSTALLATION: bool
    DOCUMENT_FONT: str
    PROXIES: int
    secret_key: bytes = field(repr=False)
    instance: Path
    key_settings: Mapping[str, str] = field(repr=False)
    relaxed: bool

    @classmethod
    def from_mapping(cls, config: Mapping[str, Any], instance: Path) -> Settings:
        """Parse `COMPLAINTS_*` of a Flask configuration.

        Raises ConfigError for an unknown key, a wrong type, or a missing SECRET_KEY; the text says what
        to write. `relaxed` is true with debug or TESTING: then missing keys are made instead of demanded.
        """
        given = {
            name.removeprefix(PREFIX): value for name, value in config.items() if name.startswith(PREFIX)
        }
        keys = {name: str(given.pop(name)) for name in _KEY_SETTINGS & given.keys()}
        for name in given:
            if name not in _BY_NAME:
                near = difflib.get_close_matches(name, _BY_NAME, 1)
                hint = (
                    f"; did you mean {PREFIX}{near[0]}?" if near else "; see the settings table in the README"
                )
                raise ConfigError(f"unknown setting {PREFIX}{name}{hint}")
        values = {setting.name: _typed(setting, given.get(setting.name)) for setting in SETTINGS}
        secret = config.get("SECRET_KEY")
        if not secret:
            raise ConfigError(
                "SECRET_KEY is missing: forms and sessions need it. Set app.config['SECRET_KEY'] to a long random "
                "value, the same on every worker: python -c 'import secrets; print(secrets.token_hex(32))'"
            )
        if not values["URL_PREFIX"].startswith("/") or values["URL_PREFIX"].endswith("/"):
            raise ConfigError(
                f"{PREFIX}URL_PREFIX must start with a slash and not end with one, such as /complaints"
            )
        if values["BASE_URL"] and not values["BASE_URL"].startswith(("http://", "https://")):
            raise ConfigError(f"{PREFIX}BASE_URL must be a whole address, such as https://ai.example.cn")
        values["BASE_URL"] = values["BASE_URL"].rstrip("/")
        if values["TSA_URL"] and not values["TSA_URL"].startswith(("http://", "https://")):
            raise ConfigError(f"{PREFIX}TSA_URL must be a whole address, such as https://tsa.example.cn/tsr")
        for address in values["WITNESSES"]:
            if address.count("@") != 1 or any(character.isspace() for character in address):
                raise ConfigError(f"{PREFIX}WITNESSES must hold mail addresses, such as archive@example.org")
        values["EMBED_ORIGINS"] = tuple(map(exact_origin, values["EMBED_ORIGINS"]))
        return cls(
            **values,
            secret_key=secret if isinstance(secret, bytes) else str(secret).encode(),
            instance=instance,
            key_settings={f"{PREFIX}{name}": value for name, value in keys.items()},
            relaxed=bool(config.get("DEBUG") or config.get("TESTING")),
        )

    @property
    def keys_folder(self) -> Path:
        """Where key files lie."""
        return Path(self.KEYS_DIR) if self.KEYS_DIR else self.instance / "complaints" / "keys"

    @property
    def files_folder(self) -> Path:
        """Where encrypted attachments lie."""
        return Path(self.FILES_DIR) if self.FILES_DIR else self.instance / "complaints" / "files"

    @property
    def state_folder(self) -> Path:
        """Where the signing host remembers its last checkpoint."""
        return Path(self.STATE_DIR) if self.STATE_DIR else self.instance / "complaints" / "state"

    @property
    def policy_path(self) -> Path | None:
        """The provider's policy file, or None for the shipped profile alone."""
        if self.POLICY_FILE:
            return Path(self.POLICY_FILE)
        beside = self.instance / "complaints.toml"
        return beside if beside.is_file() else None

    @property
    def origin(self) -> str:
        """The installation's name in the log."""
        host = self.BASE_URL.partition("//")[2].partition("/")[0]
        return self.ORIGIN or host or "localhost"


def _typed(setting: Setting, value: Any) -> Any:
    if value is None:
        return setting.default
    if setting.type is bool and isinstance(value, str) and value.lower() in {"true", "false", "1", "0"}:
        return value.lower() in {"true", "1"}
    if setting.type is int and isinstance(value, str) and value.isdecimal():
        return int(value)
    if setting.type is str and isinstance(value, Path):
        return str(value)
    if setting.type is tuple and isinstance(value, (str, list)):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if not isinstance(value, setting.type) or (setting.type is int and isinstance(value, bool)):
        raise ConfigError(
            f"{PREFIX}{setting.name} must be {'list' if setting.type is tuple else setting.type.__name__}, not {type(value).__name__}. {setting.help}"
        )
    return value


assert {setting.name for setting in SETTINGS} <= {each.name for each in fields(Settings)}
