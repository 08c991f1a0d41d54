"""Every setting, its default and its help, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

PREFIX = "COMPLAINTS_"


@dataclass(frozen=True)
class Setting:
    """One setting: its name without prefix, type, default and help in one sentence.

    `shown` says what a page may tell of its value: all of it (plain), that it is set (secret), how many values each
    name has (counted), an address without what logs in there (address), or only whether the file is there (path).
    """

    name: str
    type: type
    default: Any
    help: str
    shown: Literal["plain", "secret", "counted", "address", "path"] = "plain"


SETTINGS: tuple[Setting, ...] = (
    Setting("URL_PREFIX", str, "/complaints", "Path below which every page lies."),
    Setting(
        "BASE_URL",
        str,
        "",
        "Address of the product as people see it, such as https://ai.example.cn; links in mails use only this.",
        shown="address",
    ),
    Setting(
        "POLICY_FILE",
        str,
        "",
        "Path of complaints.toml; empty: complaints.toml in the instance folder if it exists, else the shipped profile.",
        shown="path",
    ),
    Setting(
        "KEYS_DIR",
        str,
        "",
        "Folder of the key files; empty: complaints/keys in the instance folder.",
        shown="path",
    ),
    Setting(
        "FILES_DIR",
        str,
        "",
        "Folder of encrypted attachments, outside any web root; empty: complaints/files in the instance folder.",
        shown="path",
    ),
    Setting(
        "STATE_DIR",
        str,
        "",
        "Folder outside the database where this host remembers what it signed; empty: complaints/state in the instance folder.",
        shown="path",
    ),
    Setting("CHECKPOINT_MINUTES", int, 5, "Minutes between two signed checkpoints of a log that grows."),
    Setting("WITNESSES", tuple, (), "Mail addresses outside the house that get each day's last checkpoint."),
    Setting(
        "TSA_URL",
        str,
        "",
        "Time stamp authority (RFC 3161) that stamps each checkpoint; empty: none.",
        shown="address",
    ),
    Setting(
        "TSA_CA_FILE",
        str,
        "",
        "PEM file with the authority that the time stamps are verified against.",
        shown="path",
    ),
    Setting(
        "DATABASE_URI",
        str,
        "",
        "Database to use when the host has no Flask-SQLAlchemy; empty: SQLite in the instance folder.",
        shown="address",
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
        shown="address",
    ),
    Setting(
        "SCHEDULER",
        bool,
        default=True,
        help="Whether workers run the clock in-process; False when cron calls `flask complaints tick`.",
    ),
    Setting("TICK_SECONDS", int, 30, "Seconds between two runs of the in-process clock."),
    Setting(
        "LIMITS_STORAGE",
        str,
        "",
        "Where limits are counted: empty for the database, or redis://host:6379/0.",
        shown="address",
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
    Setting(
        "REQUIRE_TOTP",
        bool,
        default=False,
        help="Whether built-in operators must set up a second factor before anything else.",
    ),
    Setting("TRACKING_MINUTES", int, 30, "Minutes a tracking page stays open on a device."),
    Setting("MAIL_SENDER", str, "", "Sender of mails; empty: the host's MAIL_DEFAULT_SENDER."),
    Setting("MAIL_SERVER", str, "", "SMTP server; empty: the host's MAIL_SERVER."),
    Setting("MAIL_PORT", int, 0, "SMTP port; 0: the host's MAIL_PORT."),
    Setting(
        "MAIL_USERNAME",
        str,
        "",
        "SMTP user; empty: the host's MAIL_USERNAME.",
        shown="secret",
    ),
    Setting(
        "MAIL_PASSWORD",
        str,
        "",
        "SMTP password; empty: the host's MAIL_PASSWORD.",
        shown="secret",
    ),
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
        shown="path",
    ),
    Setting("MAIL_TIMEOUT_SECONDS", int, 10, "Seconds before an SMTP server counts as silent."),
    Setting(
        "PUSH",
        dict,
        {},
        "Chat rooms to tell, by audience (operators, supervisors, compliance, or * for each): an apprise address or a list.",
        shown="counted",
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
        "VENDOR_KEYS",
        dict,
        {},
        "Signing keys (whsec_…) by the vendor's name in the policy, for its vendor_webhook; a list while one is replaced.",
        shown="counted",
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
        shown="path",
    ),
    Setting(
        "PROXIES", int, 0, "How many trusted proxies append to X-Forwarded-For; 0: the peer's address counts."
    ),
)
