"""Routes of the JSON interface: what a view says of itself guards it, reads for it and describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

import msgspec
from flask import Response, request
from werkzeug.datastructures import ETags

from complaints.administration import api_keys, repeats
from complaints.administration.repeats import LONGEST, SHORTEST, Ticket
from complaints.base.errors import NotFoundError
from complaints.cases import access
from complaints.cases.attachments import Upload
from complaints.cases.people import Operator
from complaints.store.tables import ApiKey, Complaint
from complaints.web import limiting
from complaints.web.api import reading
from complaints.web.api.problems import ProblemError
from complaints.web.frame import frame

V = TypeVar("V", bound=Callable[..., Any])
CODE = "code"
OPTIONAL_FILE = "file?"
_LONGEST_CREDENTIAL = 200


@dataclass(frozen=True)
class Route:
    """One route: `who` is empty for anybody, `code` for the complainant, else the scope a key must have.

    `gives` None stands for bytes; `problems` are those beyond what follows from the rest.
    """

    method: str
    path: str
    tag: str
    who: str = ""
    takes: type[msgspec.Struct] | None = None
    files: bool = False
    query: type[msgspec.Struct] | None = None
    gives: type[msgspec.Struct] | None = None
    status: int = 200
    repeatable: bool = False
    versioned: bool = False
    problems: tuple[str, ...] = ()


@dataclass
class Call:
    """What a view works with."""

    body: Any = None
    files: tuple[Upload, ...] = ()
    query: Any = None
    key: ApiKey | None = None
    viewer: Operator | None = None
    case: Complaint | None = None
    ticket: Ticket | None = None
    version: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def operator(self) -> Operator:
        """The key that calls, as services see it."""
        assert self.viewer is not None
        return self.viewer

    @property
    def complaint(self) -> Complaint:
        """The complaint whose code was shown."""
        assert self.case is not None
        return self.case


def route(method: str, path: str, tag: str, **values: Any) -> Callable[[V], V]:
    """Make a view a route; the Route stays on it, so that tests can hold every route against the matrix."""

    def mark(view: V) -> V:
        found = Route(method, path, tag, **values)

        @wraps(view)
        def serve(**places: Any) -> Response:
            return _serve(found, view, places)

        serve.complaints_route = found  # type: ignore[attr-defined]  # functions take attributes
        return serve  # type: ignore[return-value]  # called by Flask alone

    return mark


def written(shape: msgspec.Struct, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A shape as an answer."""
    return Response(msgspec.json.encode(shape), status, headers, content_type="application/json")


def _serve(found: Route, view: Callable[..., Any], places: Mapping[str, Any]) -> Response:
    call = Call(query=reading.query(found.query))
    _enter(found, call, places.get("number", ""))
    if found.takes is not None:
        brought = reading.body(files=found.files)
        call.body, call.files = reading.shaped(brought.plain, found.takes), brought.files
    elif found.method == "POST":
        brought = reading.none()
    if found.repeatable:
        call.ticket = _ticket(call, brought.content)
    if found.versioned:
        call.version = _version()
    answer: Response = view(call, **places)
    return answer


def _enter(found: Route, call: Call, number: str) -> None:
    if found.who == CODE:
        code = _credential("complaint")
        if not code:
            raise ProblemError("no-access")
        try:
            call.case = access.by_code(frame().work, number, code)
        except NotFoundError:
            limiting.hit("tracking", limiting.source())
            raise ProblemError("no-access") from None
    elif found.who:
        scope = found.who.rstrip("?")
        secret = _credential("bearer")
        if not secret:
            if found.who.endswith("?") and not request.headers.get("Authorization"):
                return
            raise ProblemError("no-key")
        call.key = _key(secret, scope)
        call.viewer = api_keys.seen(call.key)


def _key(secret: str, scope: str) -> ApiKey:
    row = api_keys.find(frame().work, secret)
    if row is None:
        raise ProblemError("no-key")
    if scope not in row.scopes:
        raise ProblemError("scope", scope=scope)
    if api_keys.unseen(frame().work, row):
        ref = row.ref
        frame().write(lambda work: api_keys.used(work, ref))
    return row


def _credential(scheme: str) -> str:
    given, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip()[:_LONGEST_CREDENTIAL] if given.lower() == scheme else ""


def _ticket(call: Call, content: str) -> Ticket | None:
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return None
    if not (SHORTEST <= len(given) <= LONGEST and all("!" <= each <= "~" for each in given)):
        raise ProblemError("idempotency-key")
    client = call.key.ref if call.key else call.case.uid if call.case else "anybody"
    return repeats.ticket(frame().work, client, given, f"{request.method} {request.path}\x00{content}")


def _version() -> int:
    given: ETags = request.if_match
    if "If-Match" not in request.headers:
        raise ProblemError("no-version")
    tags = set(given.as_set())
    if given.star_tag or len(tags) != 1 or not (tag := tags.pop()).isdecimal() or len(tag) > 9:  # noqa: PLR2004 - no case has so many events
        raise ProblemError("if-match")
    return int(tag)


def routes_of(views: Mapping[str, Callable[..., Any]]) -> Iterator[tuple[str, Route]]:
    """Endpoint and route of every view that is one."""
    for endpoint, view in views.items():
        found = getattr(view, "complaints_route", None)
        if found is not None:
            yield endpoint, found
