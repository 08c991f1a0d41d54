"""The JSON interface below /api/v1: complainants by access code, machines by key; it reads no cookie."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from complaints.base.translations import set_language
from complaints.web import incoming
from complaints.web.api import acting, exporting, filing, following, listing, problems, public, sealing
from complaints.web.api.problems import ProblemError
from complaints.web.api.routing import Route, routes_of
from complaints.web.headers import harden

NAME = "complaints_api"
PREFIX = "/api/v1"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "OPTIONS")
_CSP = "default-src 'none'; frame-ancestors 'none'"


def mount(app: Flask, prefix: str) -> None:
    """Register every route below `prefix`; a blueprint of its own, so that no hook of the pages reads a cookie."""
    blueprint = Blueprint(NAME, __name__)
    views: dict[str, Callable[..., ResponseReturnValue]] = {}
    for module in (public, filing, following, listing, acting, exporting, sealing):
        views |= module.VIEWS
    taken: dict[str, set[str]] = {}
    for endpoint, found in routes_of(views):
        blueprint.add_url_rule(
            found.path,
            endpoint,
            views[endpoint],
            methods=[found.method],
            provide_automatic_options=False,
        )
        taken.setdefault(found.path, set()).add(found.method)
        if found.method == "GET":
            taken[found.path].add("HEAD")
    for place, (path, methods) in enumerate(taken.items()):
        others = [each for each in _METHODS if each not in methods]
        view = _others(sorted(methods))
        blueprint.add_url_rule(path, f"other{place}", view, methods=others, provide_automatic_options=False)
    for path in ("/", "/<path:nowhere>"):
        blueprint.add_url_rule(path, f"nowhere{len(path)}", _nowhere, methods=_METHODS)
    problems.register(blueprint)
    blueprint.url_value_preprocessor(_allow)
    blueprint.before_request(_language)
    blueprint.after_request(_harden)
    app.register_blueprint(blueprint, url_prefix=prefix + PREFIX)


def _allow(endpoint: str | None, values: object) -> None:
    del endpoint, values
    found = _route(request.url_rule)
    incoming.allow(incoming.limit_of_files() if found and found.files else incoming.TEXT)


def _route(rule: Rule | None) -> Route | None:
    from flask import current_app  # noqa: PLC0415 - only a request has one

    view = current_app.view_functions.get(rule.endpoint) if rule is not None else None
    return getattr(view, "complaints_route", None)


def _language() -> None:
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "zh-TW", "zh-HK", "en"])
    set_language("en" if best == "en" else "zh")


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _CSP)
    # The errors and words of an answer follow it.
    response.vary.add("Accept-Language")
    return harden(response)


def _others(allowed: list[str]) -> Callable[..., ResponseReturnValue]:
    def method(**places: object) -> ResponseReturnValue:
        del places
        headers = {"Allow": ", ".join([*allowed, "OPTIONS"])}
        if request.method == "OPTIONS":
            # What may be sent, and nothing of CORS: no page of another origin is let in.
            return Response(status=204, headers=headers)
        raise ProblemError("method", headers=headers)

    return method


def _nowhere(nowhere: str = "") -> ResponseReturnValue:
    del nowhere
    raise ProblemError("not-found")
