"""The load client that benchmarks share: keep-alive over a plain socket, cookies, forms as a browser sends them.

It shares the machine with the servers it measures, so it does little: no HTTP library, and forms are read by
regular expressions, which are compared with the standard library's HTML parser once per kind of page.
"""

from __future__ import annotations

import html
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from urllib.parse import urlencode, urljoin

TIMEOUT = 30.0
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL | re.IGNORECASE)
_INPUT = re.compile(r"<input\b([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


class WrongAnswerError(Exception):
    """A contender answered something else than a person would expect; the whole run counts for nothing."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
    path: str

    def expect(self, status: int) -> Response:
        if self.status != status:
            sentence = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.body.decode(errors="replace")))
            raise WrongAnswerError(f"{self.path}: {self.status} instead of {status}: {sentence[:600]}")
        return self


@dataclass(frozen=True)
class Form:
    """What a browser would send back unchanged: hidden values, by the form that has a field of this name."""

    action: str
    multipart: bool
    hidden: tuple[tuple[str, str], ...]


@dataclass
class Visitor:
    """One browser: a connection that is kept, and its cookies; `renew` makes it another person."""

    port: int
    host: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    _socket: socket.socket | None = None
    _rest: bytes = b""

    def renew(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""
        self.cookies.clear()

    def get(self, path: str) -> Response:
        return self._exchange("GET", path, b"", "")

    def post(self, path: str, values: Iterable[tuple[str, str]], *, multipart: bool = False) -> Response:
        pairs = list(values)
        if not multipart:
            return self._exchange(
                "POST", path, urlencode(pairs).encode(), "application/x-www-form-urlencoded"
            )
        boundary = "----benchmark" + secrets.token_hex(8)
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in pairs
        )
        body = "".join((*parts, f"--{boundary}--\r\n")).encode()
        return self._exchange("POST", path, body, f"multipart/form-data; boundary={boundary}")

    def send(self, form: Form, values: Mapping[str, str]) -> Response:
        """Fill the form in and send it."""
        kept = [(name, value) for name, value in form.hidden if name not in values]
        return self.post(form.action, [*kept, *values.items()], multipart=form.multipart)

    def _exchange(self, method: str, path: str, body: bytes, media_type: str) -> Response:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Accept: text/html",
            "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8",
        ]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if method == "POST":
            origin = f"http://{self.host}:{self.port}"
            lines += [f"Content-Type: {media_type}", f"Content-Length: {len(body)}", f"Origin: {origin}"]
            lines.append(f"Referer: {origin}{path}")
        message = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        fresh = self._socket is None
        try:
            status, headers, content = self._talk(message)
        except (ConnectionError, EOFError):
            # A server may end a kept connection between two requests; a new one that fails is an error.
            if fresh:
                raise
            self._socket, self._rest = None, b""
            status, headers, content = self._talk(message)
        return Response(status, headers, content, path)

    def _talk(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        if self._socket is None:
            self._socket = socket.create_connection((self.host, self.port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(message)
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
            headers[name] = value
        if headers.get("transfer-encoding") == "chunked":
            content = b"".join(self._chunks())
        else:
            content = self._exactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self._socket.close()
            self._socket, self._rest = None, b""
        return int(head[0].split(" ", 2)[1]), headers, content

    def _more(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(65536)
        if not data:
            raise EOFError
        self._rest += data

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            self._more()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            yield self._exactly(size)
            self._exactly(2)
        self._until(b"\r\n")


def read_form(page: Response, having: str) -> Form:
    """The form of the page that holds a field called `having`."""
    text = page.body.decode()
    mark = f'name="{having}"'
    for attributes, inside in _FORM.findall(text):
        if mark in inside:
            form = _attributes(attributes)
            hidden = [_attributes(each) for each in _INPUT.findall(inside)]
            return Form(
                urljoin(page.path, form.get("action") or page.path),
                form.get("enctype", "").lower() == "multipart/form-data",
                tuple(
                    (each["name"], each.get("value", "")) for each in hidden if each.get("type") == "hidden"
                ),
            )
    raise WrongAnswerError(f"{page.path}: no form with a field {having}")


def check_reading(page: Response, having: str) -> None:
    """Hold the quick reading of a form against the HTML parser's; run once per kind of page."""
    parser = _Forms(page.path)
    parser.feed(page.body.decode())
    careful = [form for names, form in parser.forms if having in names]
    if not careful or careful[0] != read_form(page, having):
        raise WrongAnswerError(f"{page.path}: the form is not what it seems")


class _Forms(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[tuple[set[str], Form]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.path, given.get("action") or self.path)
            multipart = given.get("enctype", "").lower() == "multipart/form-data"
            self.forms.append((set(), Form(action, multipart, ())))
            self._open = True
        elif self._open and "name" in given:
            names, form = self.forms[-1]
            names.add(given["name"])
            if tag == "input" and given.get("type") == "hidden":
                value = (given["name"], given.get("value", ""))
                self.forms[-1] = (names, Form(form.action, form.multipart, (*form.hidden, value)))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(text)}


@dataclass(frozen=True)
class Round:
    """One round: what was filed, in how many seconds, how long each filing took, and what the server computed."""

    filed: tuple[str, ...]
    seconds: float
    durations: tuple[float, ...]
    processor: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.filed) / self.seconds


Act = Callable[[Visitor, int], str]
_numbers = count(1)


def drive(port: int, act: Act, *, seconds: float, clients: int, renew: int) -> Round:
    """Let `clients` act for `seconds`; each renews its connection after `renew` acts.

    `act(visitor, n)` does one whole submission and returns what identifies it. The first error ends the round
    and is raised: there is no such thing as a rate with some errors.
    """
    filed: list[str] = []
    durations: list[float] = []
    errors: list[BaseException] = []
    ends: list[float] = []
    begin = time.perf_counter()

    def client() -> None:
        visitor = Visitor(port)
        done = 0
        try:
            while (start := time.perf_counter()) < begin + seconds and not errors:
                name = act(visitor, next(_numbers))
                end = time.perf_counter()
                filed.append(name)
                durations.append(end - start)
                done += 1
                if done % renew == 0:
                    visitor.renew()
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            errors.append(error)
        finally:
            ends.append(time.perf_counter())
            visitor.renew()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return Round(tuple(filed), max(ends) - begin, tuple(durations))
