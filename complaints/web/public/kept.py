"""What is kept about the person who complains: a page to read and a file to take along."""

from __future__ import annotations

import json

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from complaints.base.errors import NotFoundError
from complaints.base.translations import language
from complaints.cases import disclosure, views
from complaints.ledger.work import COMPLAINANT
from complaints.web.frame import frame
from complaints.web.headers import DOWNLOAD_CSP
from complaints.web.public import opened, telling


def register(blueprint: Blueprint) -> None:
    """Add the page and the file; both stand in the log, once an hour."""
    blueprint.add_url_rule("/track/<number>/data", "kept", kept)
    blueprint.add_url_rule("/track/<number>/data.json", "kept_file", kept_file)


def kept(number: str) -> ResponseReturnValue:
    """Everything in plain words."""
    try:
        case = opened.opened(number)
    except NotFoundError:
        from complaints.web.public import tracking  # noqa: PLC0415 - log-in and page lead to each other

        return tracking.ask(number=number)
    uid = case.uid
    frame().write(lambda work: disclosure.disclose(work, uid, COMPLAINANT, "page"))
    work = frame().work
    view = views.public_view(work, case)
    told = telling.tell(work, view, language(), lambda uid: url_for(".file", number=case.number, uid=uid))
    files = [
        {"name": each.name, "size": telling.size_words(each.size), "digest": each.digest}
        for each in view.files
    ]
    return render_template(
        "complaints/kept.html",
        told=told,
        files=files,
        hashes=disclosure.kept_about(work, case)["kept_as_keyed_hashes"],
    )


def kept_file(number: str) -> ResponseReturnValue:
    """The same as JSON."""
    case = opened.opened(number)
    uid = case.uid
    frame().write(lambda work: disclosure.disclose(work, uid, COMPLAINANT, "json"))
    body = json.dumps(disclosure.kept_about(frame().work, case), ensure_ascii=False, indent=2)
    answer = Response(body.encode(), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{case.number}.json"'
    answer.headers["Content-Security-Policy"] = DOWNLOAD_CSP
    return answer
