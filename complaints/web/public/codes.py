"""One-time links: confirm a mail address, get a new access code. Opening the link changes nothing, the button does.

Mail scanners open links; so a GET only shows what would happen.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from complaints.base.errors import NotFoundError
from complaints.cases import access
from complaints.web.forms import Act
from complaints.web.frame import frame
from complaints.web.public import opened, sent


def register(blueprint: Blueprint) -> None:
    """Add the pages one-time links lead to."""
    blueprint.add_url_rule("/confirm/<token>", "confirm", confirm, methods=["GET", "POST"])
    blueprint.add_url_rule("/code/<token>", "new_code", new_code, methods=["GET", "POST"])


def confirm(token: str) -> ResponseReturnValue:
    """Confirm that a mail address belongs to whoever opened the link."""
    form = Act()
    try:
        number = access.token_open(frame().work, token, "verify").number
        if request.method == "POST" and "lang" not in request.form and sent.genuine(form):
            frame().write(lambda work: access.verify_contact(work, token))
            return render_template("complaints/confirm.html", form=form, number=number, done=True)
    except NotFoundError:
        return render_template("complaints/confirm.html", form=form, number="", done=False), 404
    return render_template("complaints/confirm.html", form=form, number=number, done=False), _status(form)


def new_code(token: str) -> ResponseReturnValue:
    """Issue a new access code and show it once; the old one ends."""
    form = Act()
    try:
        number = access.token_open(frame().work, token, "new_code").number
        if request.method == "POST" and "lang" not in request.form and sent.genuine(form):
            code = frame().write(lambda work: access.renew(work, token)[1])
            opened.remember(number)
            return render_template("complaints/new_code.html", form=form, number=number, code=code)
    except NotFoundError:
        return render_template("complaints/new_code.html", form=form, number="", code=""), 404
    return render_template("complaints/new_code.html", form=form, number=number, code=""), _status(form)


def _status(form: Act) -> int:
    return 400 if form.form_errors else 200
