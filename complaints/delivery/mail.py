"""SMTP as it should be: Flask-Mail underneath, with verified TLS, a timeout and headers nobody can inject."""

from __future__ import annotations

import re
import smtplib
import ssl
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from types import TracebackType
from typing import Any, Literal

import flask_mail

from complaints.base.errors import ConfigError
from complaints.base.settings import Settings
from complaints.delivery.sending import DeliveryError

Security = Literal["starttls", "ssl", "plain"]
_HOST_NAME = re.compile(r"[A-Za-z0-9.-]{1,253}")
_SMTPUTF8_ABSENT = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class MailSettings:
    """Where and how mail leaves; `server` or `sender` empty: mail is not set up."""

    server: str
    port: int
    username: str
    password: str = field(repr=False)
    security: Security
    ca_file: str
    timeout: int
    sender_name: str
    sender: str
    ehlo: str
    suppress: bool

    @classmethod
    def of(cls, settings: Settings, config: Mapping[str, Any], *, testing: bool = False) -> MailSettings:
        """From COMPLAINTS_MAIL_*, and where these are empty from the host's MAIL_*; raises ConfigError.

        As Flask-Mail does, nothing is sent while TESTING or MAIL_SUPPRESS_SEND is on.
        """
        security = settings.MAIL_SECURITY or (
            "ssl" if config.get("MAIL_USE_SSL") else "starttls" if config.get("MAIL_USE_TLS") else "plain"
        )
        if security not in {"starttls", "ssl", "plain"}:
            raise ConfigError("COMPLAINTS_MAIL_SECURITY must be starttls, ssl or plain")
        hosts = config.get("MAIL_DEFAULT_SENDER") or ""
        name, address = (
            parseaddr(settings.MAIL_SENDER)
            if settings.MAIL_SENDER
            else tuple(hosts)
            if isinstance(hosts, (tuple, list))
            else parseaddr(str(hosts))
        )
        return cls(
            server=settings.MAIL_SERVER or str(config.get("MAIL_SERVER") or ""),
            port=settings.MAIL_PORT or int(config.get("MAIL_PORT") or 25),
            username=settings.MAIL_USERNAME or str(config.get("MAIL_USERNAME") or ""),
            password=settings.MAIL_PASSWORD or str(config.get("MAIL_PASSWORD") or ""),
            security=security,  # type: ignore[arg-type]  # checked above
            ca_file=settings.MAIL_CA_FILE,
            timeout=settings.MAIL_TIMEOUT_SECONDS,
            sender_name=name,
            sender=address,
            # getfqdn(), smtplib's default, may wait for a name server longer than any timeout of ours.
            ehlo=settings.origin if _HOST_NAME.fullmatch(settings.origin) else "localhost",
            suppress=bool(config.get("MAIL_SUPPRESS_SEND", testing)),
        )


@dataclass(frozen=True)
class Attachment:
    """A file that goes along: its name, its media type, its bytes."""

    name: str
    media: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """One mail, ready to leave."""

    to: str
    name: str
    subject: str
    text: str
    html: str
    lang: str
    message_id: str
    date: datetime
    reply_to: str = ""
    attached: tuple[Attachment, ...] = ()


class Post:
    """Hands letters to the SMTP server; needs an app context, since Flask-Mail announces what it sends."""

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings
        self._mail = _Mail(settings)

    def check(self) -> None:
        """Raise DeliveryError (postpone) while mail is not set up; nothing is tried and nothing counted."""
        if not self.settings.server:
            raise DeliveryError("NoMailServer", "postpone", unreachable=True)
        if not self.settings.sender:
            raise DeliveryError("NoMailSender", "postpone", unreachable=True)

    def send(self, letter: Letter) -> None:
        """Return once the server has accepted; raises DeliveryError otherwise."""
        self.check()
        message = _Message(letter, self.settings)
        try:
            self._mail.send(message)
        except (smtplib.SMTPException, OSError) as error:
            raise _classed(error) from error


class _Mail(flask_mail.Mail):
    """An instance of our own beside whatever Flask-Mail the host has registered."""

    def __init__(self, settings: MailSettings) -> None:
        super().__init__()
        self.settings = settings
        self.state = self.init_mail(
            {
                "MAIL_SERVER": settings.server,
                "MAIL_PORT": settings.port,
                "MAIL_USERNAME": settings.username or None,
                "MAIL_PASSWORD": settings.password or None,
                "MAIL_USE_TLS": settings.security == "starttls",
                "MAIL_USE_SSL": settings.security == "ssl",
                "MAIL_DEFAULT_SENDER": settings.sender,
                "MAIL_DEBUG": 0,
                "MAIL_SUPPRESS_SEND": settings.suppress,
            }
        )

    def connect(self) -> _Connection:
        """A connection with verification and a timeout."""
        return _Connection(self.state, self.settings)


class _Connection(flask_mail.Connection):
    """Flask-Mail gives smtplib neither a timeout nor a context, so no certificate would be checked."""

    def __init__(self, state: Any, settings: MailSettings) -> None:
        super().__init__(state)
        self.settings = settings

    def configure_host(self) -> smtplib.SMTP:
        """Connect, secure, log in; leaves no open socket behind when it fails."""
        wanted = self.settings
        context = ssl.create_default_context(cafile=wanted.ca_file or None)
        common: dict[str, Any] = {"local_hostname": wanted.ehlo, "timeout": wanted.timeout}
        if wanted.security == "ssl":
            host: smtplib.SMTP = smtplib.SMTP_SSL(wanted.server, wanted.port, context=context, **common)
        else:
            host = smtplib.SMTP(wanted.server, wanted.port, **common)
        try:
            if wanted.security == "starttls":
                host.starttls(context=context)
            if wanted.username and wanted.password:
                host.login(wanted.username, wanted.password)
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say goodbye; a server that has accepted the mail and then hangs up has accepted it."""
        del kind, error, trace
        if self.host is None:
            return
        try:
            self.host.quit()
        except (smtplib.SMTPException, OSError):
            self.host.close()


class _Message(flask_mail.Message):
    """Flask-Mail's message with bytes from the standard library's modern e-mail package."""

    def __init__(self, letter: Letter, settings: MailSettings) -> None:
        recipient = address(letter.name, letter.to)
        sender = address(settings.sender_name, settings.sender)
        super().__init__(recipients=[recipient.addr_spec], sender=sender.addr_spec, subject=letter.subject)
        self.msgId = letter.message_id
        self.body, self.html = letter.text, letter.html
        self._built = build(letter, sender, recipient)

    def as_bytes(self) -> bytes:
        """The message as it goes over the wire."""
        return self._built.as_bytes()


def build(letter: Letter, sender: Address, recipient: Address) -> EmailMessage:
    """The message: text first, HTML beside it; RFC 3834 marks it as nobody's own writing."""
    for text in (letter.subject, letter.message_id):
        _one_line(text)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = "zh-Hans" if letter.lang == "zh" else letter.lang
    if letter.reply_to:
        message["Reply-To"] = address("", letter.reply_to)
    # Not every relay announces 8BITMIME.
    message.set_content(letter.text, cte="base64")
    message.add_alternative(letter.html, subtype="html", cte="base64")
    for each in letter.attached:
        main, _, sub = each.media.partition("/")
        message.add_attachment(each.data, maintype=main, subtype=sub, filename=each.name)
    return message


def address(name: str, spec: str) -> Address:
    """One address, exactly one; raises DeliveryError (dead) for anything that would read as more or less."""
    _one_line(name)
    _one_line(spec)
    local, at, domain = spec.strip().rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii')}"
        found = Address(display_name=name, addr_spec=plain)
    except (MessageError, ValueError, IndexError, AttributeError) as error:
        raise DeliveryError("BadAddress", "dead") from error
    if not (at and found.username and found.domain and _SMTPUTF8_ABSENT.fullmatch(plain)):
        raise DeliveryError("BadAddress", "dead")
    return found


def _one_line(text: str) -> None:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in text):
        raise DeliveryError("ControlCharacter", "dead")


def _classed(error: smtplib.SMTPException | OSError) -> DeliveryError:
    """What to do about a failure, by RFC 5321's first digit: 4 may pass, 5 will not."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        code = max(codes, default=0)
        return DeliveryError(f"{name} {code}", "dead" if code >= 500 else "retry")  # noqa: PLR2004 - RFC 5321
    if isinstance(error, smtplib.SMTPResponseException):
        # A refused log-in, sender or greeting is our own set-up: the letter is not to blame.
        ours = isinstance(
            error, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)
        )
        sender = isinstance(error, smtplib.SMTPSenderRefused)
        dead = error.smtp_code >= 500 and not ours and not sender  # noqa: PLR2004 - RFC 5321
        return DeliveryError(f"{name} {error.smtp_code}", "dead" if dead else "retry", unreachable=ours)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryError(name, unreachable=True)
    code_text = f" {error.errno}" if isinstance(error, OSError) and error.errno else ""
    return DeliveryError(f"{name}{code_text}", unreachable=True)
