"""Every way a request of the JSON interface can fail: one table of problem documents (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, Response, url_for
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from complaints.administration.repeats import ReusedError
from complaints.base.errors import (
    ClaimedError,
    ConfigError,
    InputError,
    LimitedError,
    NotAllowedError,
    NotFoundError,
    TransitionError,
)
from complaints.base.translations import gettext as t
from complaints.web.frame import installation

_log = logging.getLogger("complaints")
MEDIA = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """A kind of failure: its name in `type`, its status, what it is called and what to do about it."""

    name: str
    status: int
    title: str
    remedy: str


def _table(*rows: Problem) -> Mapping[str, Problem]:
    return {row.name: row for row in rows}


PROBLEMS = _table(
    Problem("json-syntax", 400, "The body is no JSON", "Send one JSON object."),
    Problem("json-encoding", 400, "The body holds characters that are none", "Send UTF-8 without U+0000 and lone surrogates."),
    Problem("json-duplicate-key", 400, "A key stands twice in one object", "Give each key once."),
    Problem("json-number", 400, "A number is none or too large", "Send no NaN or Infinity, and nothing beyond 2^53."),
    Problem("json-depth", 400, "The body is nested too deeply", "Follow the schema; nothing in it is deep."),
    Problem("multipart", 400, "The form cannot be read", "Send one part named json and files in parts named files."),
    Problem("parameters", 400, "A parameter of the address is unknown or wrong", "Send only what openapi.json names, each once."),
    Problem("cursor", 400, "The cursor is not one of this list", "Begin without a cursor, and keep the filters while following it."),
    Problem("idempotency-key", 400, "The Idempotency-Key cannot be taken", "Send 22 to 255 visible ASCII characters, such as a random UUID."),
    Problem("if-match", 400, "The If-Match cannot be read", "Send the ETag that the case was read with."),
    Problem("no-access", 401, "Number or access code is not right", "Send `Authorization: Complaint` and the access code of the receipt."),
    Problem("no-key", 401, "There is no such key", "Send `Authorization: Bearer` and a key that has neither expired nor been revoked."),
    Problem("scope", 403, "The key may not do this", "Ask an administrator for a key with the scope named here."),
    Problem("not-allowed", 403, "This is not allowed", "Somebody else must do it, or a person on the desk."),
    Problem("not-found", 404, "Nothing is there", "Compare the address with openapi.json and the number with the receipt."),
    Problem("method", 405, "This address does not take this method", "Use one of those in Allow."),
    Problem("not-possible", 409, "The state of the complaint does not allow this", "Read it again; `can` says what is possible."),
    Problem("claimed", 409, "An operator is at this case", "Send it again later: a claim lapses 15 minutes after their last step."),
    Problem("not-ready", 409, "The file is not there yet", "Ask for the order again until its state is done."),
    Problem("stale", 412, "Somebody else changed the case in the meantime", "Read it again and send the new ETag in If-Match."),
    Problem("too-large", 413, "The request is too large", "Send fewer or smaller files."),
    Problem("media-type", 415, "This kind of body is not taken", "Send application/json, or multipart/form-data where files are taken."),
    Problem("schema", 422, "The body does not follow the schema", "Mend what `errors` names."),
    Problem("input", 422, "Something must be filled in differently", "Mend what `errors` names."),
    Problem("idempotency-reused", 422, "This Idempotency-Key was used for another request", "Use a new key for each new request."),
    Problem("no-version", 428, "The case's version is missing", "Send the ETag that the case was read with in If-Match."),
    Problem("proof-of-work", 429, "Many complaints are coming in", "Solve the challenge and send it as `proof`, or send `unproven`: then operators look at it first."),
    Problem("too-many", 429, "Too many tries in a short time", "Wait as long as Retry-After says."),
    Problem("fault", 500, "A fault on our side", "Nothing was changed. Send it again with the same Idempotency-Key."),
    Problem("unavailable", 503, "The service is away just now", "Send it again later with the same Idempotency-Key."),
)  # fmt: skip


class ProblemError(Exception):
    """Raised where a request fails; `members` are extension members of the document."""

    def __init__(
        self, name: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        self.name, self.detail, self.headers, self.members = name, detail, dict(headers or {}), members
        super().__init__(name)


def register(blueprint: Blueprint) -> None:
    """Answer every error of the interface with a problem document."""
    for kind, handler in (
        (ProblemError, lambda error: answer(error.name, error.detail, error.headers, **error.members)),
        (HTTPException, _http),
        (InputError, _input),
        (ReusedError, lambda _: answer("idempotency-reused")),
        (NotFoundError, lambda _: answer("not-found")),
        (NotAllowedError, lambda _: answer("not-allowed")),
        (ClaimedError, lambda _: answer("claimed")),
        (TransitionError, lambda _: answer("not-possible")),
        (LimitedError, _limited),
        (ConfigError, _config),
        (DBAPIError, _database),
        (Exception, _fault),
    ):
        blueprint.register_error_handler(kind, handler)


def document(row: Problem) -> dict[str, Any]:
    """What is said of a kind of problem, in the reader's language."""
    return {"type": address(row.name), "title": t(row.title), "status": row.status, "remedy": t(row.remedy)}


def address(name: str) -> str:
    """A problem's `type`: the page of this installation that explains it."""
    return installation().settings.BASE_URL + url_for("complaints_api.problem", name=name)


def answer(name: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any) -> Response:
    """A problem document; needs no database."""
    body = {**document(PROBLEMS[name]), **({"detail": detail} if detail else {}), **members}
    made = Response(msgspec.json.encode(body), PROBLEMS[name].status, headers, content_type=MEDIA)
    if PROBLEMS[name].status == 401:  # noqa: PLR2004 - the status is its own name
        made.headers["WWW-Authenticate"] = "Complaint" if name == "no-access" else "Bearer"
    return made


def errors(fields: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Sentences by field as RFC 9457 shows them: a pointer into the body, and what is wrong there."""
    return [
        {"pointer": f"#/{name}" if name else "#", "detail": sentence}
        for name, sentences in fields.items()
        for sentence in sentences
    ]


def _input(error: InputError) -> Response:
    return answer("input", errors=errors(error.fields))


_STATUS = {400: "multipart", 404: "not-found", 405: "method", 413: "too-large", 415: "media-type"}


def _http(error: HTTPException) -> Response:
    name = _STATUS.get(error.code or 500, "fault" if (error.code or 500) >= 500 else "not-found")  # noqa: PLR2004 - ours
    return answer(name)


def _limited(error: LimitedError) -> Response:
    return answer("too-many", headers={"Retry-After": str(error.retry_after)})


def _config(error: ConfigError) -> Response:
    # The text names settings and files: for whoever runs the server.
    _log.error("complaints is not set up: %s", error)
    return answer("unavailable", headers={"Retry-After": "300"})


def _database(error: DBAPIError) -> Response:
    _log.error("the database did not answer as hoped: %s", type(error).__name__)
    return answer("unavailable", headers={"Retry-After": "30"})


def _fault(error: Exception) -> Response:
    # The class alone: an exception's text may quote what a person typed.
    _log.error(
        "unexpected %s", type(error).__name__, exc_info=(RuntimeError, RuntimeError(), error.__traceback__)
    )
    return answer("fault")
