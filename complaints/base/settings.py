"""Every setting, its default and its help, in one table; parsed once into a frozen object."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from complaints.base.errors import ConfigError
from complaints.base.origins import exact_origin

PREFIX = "COMPLAINTS_"
# Keys travel as settings or environment variables, and are no part of the frozen object.
_KEY_SETTINGS = frozenset(
    {"KEY_DATA", "KEY_LOOKUP", "KEY_LOG", "KEY_LOG_PREVIOUS", "KEY_ANSWERS", "KEY_ANSWERS_PREVIOUS"}
)


@dataclass(frozen=True)
class Setting:
    """One setting: its name without prefix, type, default and help in one sentence."""

    name: str
    type: type
    default: Any
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("URL_PREFIX", str, "/complaints", "Path below which every page lies."),
    Setting(
        "BASE_URL",
        str,
        "",
        "Address of the product as people see it, such as https://ai.example.cn; links in mails use only this.",
    ),
    Setting(
        "POLICY_FILE",
        str,
        "",
        "Path of complaints.toml; empty: complaints.toml in the instance folder if it exists, else the shipped profile.",
    ),
    Setting("KEYS_DIR", str, "", "Folder of the key files; empty: complaints/keys in the instance folder."),
    Setting(
        "FILES_DIR",
        str,
        "",
        "Folder of encrypted attachments, outside any web root; empty: complaints/files in the instance folder.",
    ),
    Setting(
        "STATE_DIR",
        str,
        "",
        "Folder outside the database where this host remembers what it signed; empty: complaints/state in the instance folder.",
    ),
    Setting("CHECKPOINT_MINUTES", int, 5, "Minutes between two signed checkpoints of a log that grows."),
    Setting("WITNESSES", tuple, (), "Mail addresses outside the house that get each day's last checkpoint."),
    Setting("TSA_URL", str, "", "Time stamp authority (RFC 3161) that stamps each checkpoint; empty: none."),
    Setting("TSA_CA_FILE", str, "", "PEM file with the authority that the time stamps are verified against."),
    Setting(
        "DATABASE_URI",
        str,
        "",
        "Database to use when the host has no Flask-SQLAlchemy; empty: SQLite in the instance folder.",
    ),
    Setting(
        "ORIGIN",
        str,
        "",
        "Name of this installation in every leaf of the log; empty: the host of COMPLAINTS_BASE_URL, else localhost.",
    ),
    Setting(
        "BASE_TEMPLATE",
        str,
        "complaints/base.html",
        "Layout the public pages extend; give your own to put them into your product's frame.",
    ),
    Setting(
        "CSP",
        str,
        "",
        "Content-Security-Policy to send instead of the strict one, when your own layout needs it.",
    ),
    Setting(
        "EMBED_ORIGINS",
        tuple,
        (),
        "Other origins whose pages may show the report dialog, such as https://www.example.cn; the own one always may.",
    ),
    Setting(
        "SCHEDULER",
        bool,
        default=True,
        help="Whether workers run the clock in-process; False when cron calls `flask complaints tick`.",
    ),
    Setting("TICK_SECONDS", int, 30, "Seconds between two runs of the in-process clock."),
    Setting(
        "LIMITS_STORAGE", str, "", "Where limits are counted: empty for the database, or redis://host:6379/0."
    ),
    Setting(
        "LIMIT_FILINGS",
        str,
        "20/hour",
        "Filings per source; beyond it the form asks for a proof of work, never closes.",
    ),
    Setting("LIMIT_FILINGS_TOTAL", str, "600/hour", "Filings of all sources together, same consequence."),
    Setting("LIMIT_TRACKING", str, "20/hour", "Wrong numbers or codes per source."),
    Setting("LIMIT_LOGIN", str, "60/hour", "Log-in attempts of operators per source."),
    Setting("MAX_FILE_MB", int, 20, "Largest attachment, in MB (10^6 bytes)."),
    Setting("MAX_FILES", int, 10, "Attachments per message."),
    Setting("DRAFT_MB_PER_SOURCE", int, 100, "Attachments of unfinished forms per source, in MB."),
    Setting("DRAFT_MB_TOTAL", int, 2000, "Attachments of unfinished forms in total, in MB."),
    Setting(
        "ANSWER_DAYS",
        int,
        180,
        "Days after which a genuine seal of an answer is called old; still compared; 0: never.",
    ),
    Setting(
        "CONTEXT_TURNS",
        int,
        6,
        "Earlier turns of a talk that a reporter may choose to send along at most; 0: none is offered.",
    ),
    Setting("SESSION_HOURS", int, 12, "Hours until a built-in operator must log in again."),
    Setting("TRACKING_MINUTES", int, 30, "Minutes a tracking page stays open on a device."),
    Setting("MAIL_SENDER", str, "", "Sender of mails; empty: the host's MAIL_DEFAULT_SENDER."),
    Setting("MAIL_SERVER", str, "", "SMTP server; empty: the host's MAIL_SERVER."),
    Setting("MAIL_PORT", int, 0, "SMTP port; 0: the host's MAIL_PORT."),
    Setting("MAIL_USERNAME", str, "", "SMTP user; empty: the host's MAIL_USERNAME."),
    Setting("MAIL_PASSWORD", str, "", "SMTP password; empty: the host's MAIL_PASSWORD."),
    Setting(
        "MAIL_SECURITY",
        str,
        "",
        "starttls, ssl or plain; empty: as the host's MAIL_USE_TLS and MAIL_USE_SSL say.",
    ),
    Setting(
        "MAIL_CA_FILE",
        str,
        "",
        "PEM file with the authority of your mail server's certificate; empty: the system's.",
    ),
    Setting("MAIL_TIMEOUT_SECONDS", int, 10, "Seconds before an SMTP server counts as silent."),
    Setting(
        "PUSH",
        dict,
        {},
        "Chat rooms to tell, by audience (operators, supervisors, compliance, or * for each): an apprise address or a list.",
    ),
    Setting(
        "DIGEST_MINUTES", int, 10, "Minutes over which operators' notices are gathered to one; 0: none waits."
    ),
    Setting(
        "QUIET_HOURS",
        str,
        "",
        "Beijing hours in which operators' notices wait, such as 22:00-08:00; urgent matters do not; empty: none.",
    ),
    Setting(
        "WEBHOOK_NETWORKS",
        tuple,
        (),
        "Private networks that webhooks may lead to, such as 10.1.0.0/16; every public address may be told.",
    ),
    Setting(
        "TEST_INSTALLATION",
        bool,
        default=False,
        help="Mark every complaint 测试 at filing; for demonstrations, never in production.",
    ),
    Setting(
        "DOCUMENT_FONT",
        str,
        "",
        "TTF or TTC font with Chinese characters for pictures in documents; empty: usual places are searched.",
    ),
    Setting(
        "PROXIES", int, 0, "How many trusted proxies append to X-Forwarded-For; 0: the peer's address counts."
    ),
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
