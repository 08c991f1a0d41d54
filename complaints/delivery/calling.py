"""One signed POST to an address that somebody entered: never to a private network unless that was allowed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

from complaints.base.errors import ConfigError
from complaints.delivery.sending import DeliveryError

SECONDS = 10
# Standard Webhooks: how far a message's time may be off before its reader takes it for a replay.
TOLERANCE_MINUTES = 5
LENGTH = 32
KEY_PREFIX = "whsec_"
TIMEOUT = "WebhookTimeout"
_REDIRECTS = range(300, 400)
_GONE = 410
_LONGEST = 500
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What is handed out of IPv6; all else loops back, is translated, stays on a site, or was never given to anybody.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# RFC 6052: an address of this network is an IPv4 address for whoever translates.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddressError(ValueError):
    """An address no message is sent to; `code` says why: form, scheme, private."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Reach:
    """Where messages may go: `networks` are private ones that are allowed, `plain` lets http leave loopback."""

    networks: Sequence[Network] = ()
    plain: bool = False

    @classmethod
    def of(cls, networks: Iterable[str], *, plain: bool) -> Reach:
        """From the setting WEBHOOK_NETWORKS; raises ConfigError."""
        try:
            return cls(tuple(ipaddress.ip_network(each) for each in networks), plain)
        except ValueError as error:
            raise ConfigError(
                f"COMPLAINTS_WEBHOOK_NETWORKS: {error}; write networks such as 10.1.0.0/16 or fd00:1::/64"
            ) from error

    def check(self, url: str) -> SplitResult:
        """The parts of an address a message may be sent to; raises RefusedAddressError. Asks no name server."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise RefusedAddressError("form") from error
        strange = not url.isascii() or any(ord(each) <= ord(" ") for each in url) or "\\" in url
        if strange or not host or len(url) > _LONGEST or parts.username is not None or parts.fragment:
            raise RefusedAddressError("form")
        if port == 0 or parts.scheme not in {"http", "https"}:
            raise RefusedAddressError("scheme" if port != 0 else "form")
        literal = _literal(host)
        near = host == "localhost" or (literal is not None and literal.is_loopback)
        if parts.scheme == "http" and not (near or self.plain):
            raise RefusedAddressError("scheme")
        if literal is not None and not self.allows(literal):
            raise RefusedAddressError("private")
        return parts

    def allows(self, address: Address) -> bool:
        """Whether a message may be sent to this machine: a public one, or of an allowed network."""
        inner = _inner(address)
        if any(inner in network for network in self.networks if network.version == inner.version):
            return True
        given_out = inner.version == 4 or inner in _GIVEN_OUT  # noqa: PLR2004 - the version's own number
        return given_out and inner.is_global and not inner.is_multicast

    def find(self, host: str, port: int) -> str:
        """An address of `host` that may be called; raises DeliveryError where one of them may not.

        One is enough: whoever answers for the name could give another one at the next question.
        """
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DeliveryError("WebhookNoSuchHost") from error
        found = [str(row[4][0]).partition("%")[0] for row in rows]
        if not found or not all(self.allows(ipaddress.ip_address(each)) for each in found):
            raise DeliveryError("WebhookPrivateAddress")
        return found[0]


@dataclass(frozen=True)
class Call:
    """What is sent: the same `id` at each attempt, `at` the moment of this one."""

    id: str
    at: datetime
    body: bytes

    def headers(self, keys: Iterable[bytes]) -> Mapping[str, str]:
        """As the Standard Webhooks specification says, with one signature for each key."""
        seconds = str(int(self.at.timestamp()))
        signed = f"{self.id}.{seconds}.".encode() + self.body
        signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
        return {
            "Content-Type": "application/json",
            "User-Agent": "flask-complaints",
            "webhook-id": self.id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
        }


def call(url: str, message: Call, keys: Iterable[bytes], reach: Reach, *, seconds: float = SECONDS) -> None:
    """Return once the other side has answered with 2xx; raises DeliveryError, after `seconds` at the latest.

    No redirect is followed and the answer's body is never read. 410 means that nobody is there any more.
    """
    try:
        parts = reach.check(url)
    except RefusedAddressError as error:
        raise DeliveryError(f"WebhookAddress {error.code}") from error
    attempt = _Attempt(parts, message.body, message.headers(keys), reach, seconds)
    # A timeout of the library counts from each byte to the next, and a name server may think for long.
    thread = threading.Thread(target=attempt.run, name="complaints-webhook", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        attempt.abandon()
        raise DeliveryError(TIMEOUT)
    if attempt.failed is not None:
        raise attempt.failed
    if attempt.status // 100 != 2:  # noqa: PLR2004 - RFC 9110
        what = "WebhookRedirect" if attempt.status in _REDIRECTS else "WebhookRefused"
        raise DeliveryError(f"{what} {attempt.status}", "dead" if attempt.status == _GONE else "retry")


class _Attempt:
    """One POST to one checked address, and what became of it."""

    def __init__(
        self, parts: SplitResult, body: bytes, headers: Mapping[str, str], reach: Reach, seconds: float
    ) -> None:
        self.parts, self.body, self.headers = parts, body, headers
        self.reach, self.seconds = reach, seconds
        self.status = 0
        self.failed: DeliveryError | None = None
        self._connection: _Pinned | None = None
        self._abandoned = False

    def run(self) -> None:
        try:
            self._post()
        except DeliveryError as error:
            self.failed = error
        except TimeoutError:
            self.failed = DeliveryError(TIMEOUT)
        except ssl.SSLError:
            self.failed = DeliveryError("WebhookCertificate")
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.failed = DeliveryError(f"Webhook{type(error).__name__}")
        finally:
            if self._connection is not None:
                self._connection.close()

    def abandon(self) -> None:
        """Cut the connection, so that a thread left behind ends and says nothing more."""
        self._abandoned = True
        held = self._connection.sock if self._connection is not None else None
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _post(self) -> None:
        self._connection = _Pinned(self.parts, self.seconds)
        self._connection.find(self.reach)
        if not self._abandoned:
            self._connection.connect()
        # Whoever gave up has counted this attempt as failed.
        if self._abandoned:
            return
        target = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
        self._connection.request("POST", target, self.body, dict(self.headers))
        self.status = self._connection.getresponse().status


class _Pinned(http.client.HTTPConnection):
    """A connection straight to the address that was checked: asked again, the name could lead elsewhere."""

    def __init__(self, parts: SplitResult, seconds: float) -> None:
        self._secure = parts.scheme == "https"
        self.default_port = http.client.HTTPS_PORT if self._secure else http.client.HTTP_PORT
        super().__init__(parts.hostname or "", parts.port or self.default_port, timeout=seconds)
        self._address = ""

    def find(self, reach: Reach) -> None:
        self._address = reach.find(self.host, self.port)

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only wraps, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address
