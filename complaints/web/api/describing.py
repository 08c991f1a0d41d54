"""openapi.json: written from the routes and the shapes that check and answer, so that it cannot say anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from flask import current_app

from complaints.base.version import __version__
from complaints.policy.profile import Policy
from complaints.web.api import problems, shown
from complaints.web.api.problems import PROBLEMS
from complaints.web.api.routing import CODE, Route, routes_of
from complaints.web.api.shapes import IDEMPOTENCY
from complaints.web.frame import installation

_TEMPLATE = "#/components/schemas/{name}"
_JSON = ("json-syntax", "json-encoding", "json-duplicate-key", "json-number", "json-depth")
_ANSWERS = {"type": "string", "format": "binary"}
_ABOUT = (
    "File, follow and handle complaints. Times are UTC. Every error is a problem document (RFC 9457) whose `type` "
    "leads to its explanation. No cookie is read and no other origin is let in (no CORS): call it from a server, an "
    "app, or pages of this origin."
)
_PLACES = {
    "number": {"type": "string", "minLength": 1, "maxLength": 40, "pattern": r"^[A-Za-z0-9-]+$"},
    "uid": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "name": {"type": "string", "enum": list(PROBLEMS)},
}


def document(policy: Policy) -> bytes:
    """The whole document as JSON, for the types of this policy."""
    found = [
        (endpoint.rpartition(".")[2], route)
        for endpoint, route in routes_of(current_app.view_functions)
        if endpoint.startswith("complaints_api.")
    ]
    shapes: set[type[msgspec.Struct]] = {
        shape for _, route in found for shape in (route.takes, route.gives, route.query) if shape
    }
    shapes.add(shown.ProblemDocument)
    ordered = sorted(shapes, key=lambda each: each.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_TEMPLATE)
    schemas["NewComplaint"]["properties"]["type"]["enum"] = list(policy.types)
    paths: dict[str, Any] = {}
    for name, route in found:
        path = re.sub(r"<(\w+)>", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(name, route, schemas)
    for _, route in found:
        if route.query is not None:
            schemas.pop(route.query.__name__, None)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Complaints", "version": __version__, "description": _ABOUT},
            "servers": [
                {"url": f"{installation().settings.BASE_URL}{installation().settings.URL_PREFIX}/api/v1"}
            ],
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "code": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "Authorization",
                        "description": "`Complaint`, a space, and the access code of the receipt.",
                    },
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A key of this interface, `cmp_…`; the scope stands at each operation.",
                    },
                },
            },
        }
    )


def _operation(name: str, route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    view = current_app.view_functions[f"complaints_api.{name}"]
    said = " ".join((view.__doc__ or "").split())
    parameters = [
        {"name": place, "in": "path", "required": True, "schema": _PLACES[place]}
        for place in re.findall(r"<(\w+)>", route.path)
    ]
    parameters += _queries(route, schemas) + _headers(route)
    made: dict[str, Any] = {
        "operationId": name,
        "tags": [route.tag],
        "summary": said.partition(". ")[0].partition("; ")[0].rstrip("."),
        "description": said,
        "responses": _responses(route),
    }
    if parameters:
        made["parameters"] = parameters
    if route.takes is not None:
        made["requestBody"] = {"required": True, "content": _content(route)}
    if route.who == CODE:
        made["security"] = [{"code": []}]
    elif route.who:
        made["security"] = [{"key": [route.who.rstrip("?")]}, *([{}] if route.who.endswith("?") else [])]
    return made


def _queries(route: Route, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    properties = schemas[route.query.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": row} for name, row in properties.items()]


def _headers(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if route.repeatable:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "A random value per request. Sent again with the same body within a day, nothing is done again and the answer is the same.",
                "schema": {"type": "string", "pattern": IDEMPOTENCY},
            }
        )
    if route.versioned:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": True,
                "description": "The ETag that the case was read with.",
                "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
            }
        )
    return found


def _content(route: Route) -> dict[str, Any]:
    assert route.takes is not None
    shape = {"$ref": _TEMPLATE.format(name=route.takes.__name__)}
    content: dict[str, Any] = {"application/json": {"schema": shape}}
    if route.files:
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {
                    "json": shape,
                    "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                },
                "required": ["json"],
                "additionalProperties": False,
            },
            "encoding": {"json": {"contentType": "application/json"}},
        }
    return content


def _responses(route: Route) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.gives is not None:
        good["content"] = {
            "application/json": {"schema": {"$ref": _TEMPLATE.format(name=route.gives.__name__)}}
        }
    else:
        good["content"] = {"*/*": {"schema": _ANSWERS}}
    if route.versioned:
        good["headers"] = {"ETag": {"schema": {"type": "string"}}}
    found = {str(route.status): good}
    by_status: dict[int, list[str]] = {}
    for name in _failures(route):
        by_status.setdefault(PROBLEMS[name].status, []).append(name)
    for status, names in sorted(by_status.items()):
        found[str(status)] = {
            "description": "; ".join(f"{name}: {PROBLEMS[name].title}" for name in names),
            "content": {problems.MEDIA: {"schema": {"$ref": _TEMPLATE.format(name="ProblemDocument")}}},
        }
    return found


def _failures(route: Route) -> Iterable[str]:
    yield from ("parameters", "fault", "unavailable")
    if "<" in route.path:
        yield "not-found"
    if route.takes is not None:
        yield from (*_JSON, "too-large", "media-type", "schema")
    elif route.method == "POST":
        yield from (*_JSON, "schema", "too-large")
    if route.files:
        yield from ("multipart", "input")
    if route.repeatable:
        yield from ("idempotency-key", "idempotency-reused")
    if route.who == CODE:
        yield from ("no-access", "too-many")
    elif route.who:
        yield from ("no-key", "scope")
    yield from (name for name in route.problems if not (name == "input" and route.files))
