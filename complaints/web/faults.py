"""Errors as pages: what happened, what to do, and nothing typed is lost where a form was sent."""

from __future__ import annotations

import logging

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from complaints.base.errors import (
    ComplaintsError,
    ConfigError,
    ConflictError,
    LimitedError,
    NotAllowedError,
    NotFoundError,
    TransitionError,
)
from complaints.base.translations import gettext as t
from complaints.store import schema
from complaints.web.frame import installation

_log = logging.getLogger("complaints")


def register(blueprint: Blueprint) -> None:
    """Answer every error below our prefix with a page of ours."""
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(NotFoundError, lambda _: page(404))
    blueprint.register_error_handler(NotAllowedError, lambda _: page(403))
    blueprint.register_error_handler(TransitionError, lambda _: page(409))
    blueprint.register_error_handler(ConflictError, lambda _: page(409))
    blueprint.register_error_handler(LimitedError, _limited)
    blueprint.register_error_handler(ConfigError, _config)
    blueprint.register_error_handler(DBAPIError, _database)
    blueprint.register_error_handler(ComplaintsError, _fault)
    blueprint.register_error_handler(Exception, _fault)


def page(status: int, *, retry_after: int | None = None, advice: str = "") -> tuple[str, int, dict[str, str]]:
    """An error page; it needs neither database nor session. `advice` is for the developer, in debug only."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    shown = render_template("complaints/error.html", status=status, sentence=_sentence(status), advice=advice)
    return shown, status, headers


def _sentence(status: int) -> str:
    said = {
        403: t("You may not see this page. Ask an administrator for the role you need"),
        404: t("Page not found. Check progress or contact us"),
        405: t("Page not found. Check progress or contact us"),
        409: t("Something changed in the meantime, so this was not done. Open the page again and look"),
        413: t("That was too much at once. Go back and choose fewer or smaller files"),
        429: t("Too many tries in a short time. Wait a little and try again"),
        503: t("This page is not set up yet. Use the other ways to reach us, or come back later"),
    }
    if status in said:
        return said[status]
    if status < 500:  # noqa: PLR2004 - below 500 the request is at fault
        return t("The request could not be read. Go back and try again")
    return t("Sorry, a fault on our side. Nothing was changed; try again in a few minutes")


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None or (error.code or 500) < 400:  # noqa: PLR2004 - a redirect is no error
        return error.get_response()
    return page(error.code or 500)


def _limited(error: Exception) -> ResponseReturnValue:
    return page(429, retry_after=error.retry_after if isinstance(error, LimitedError) else 60)


def _config(error: Exception) -> ResponseReturnValue:
    # The text names settings and files: for whoever runs the server, on the page only while they build.
    _log.error("complaints is not set up: %s", error)
    return page(503, advice=str(error) if installation().settings.relaxed else "")


def _database(error: Exception) -> ResponseReturnValue:
    try:
        missing = not schema.has_tables(installation().database.engine)
    except DBAPIError:
        missing = False
    if missing:
        return _config(ConfigError("the tables are missing: run `flask complaints init`"))
    _log.error("the database did not answer as hoped: %s", type(error).__name__)
    return page(503, retry_after=30)


def _fault(error: Exception) -> ResponseReturnValue:
    # The class alone: an exception's text may quote what a person typed.
    _log.error(
        "unexpected %s", type(error).__name__, exc_info=(RuntimeError, RuntimeError(), error.__traceback__)
    )
    return page(500)
