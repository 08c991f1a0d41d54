"""Log in and log out: for built-in accounts only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField, StringField

from complaints.administration import second_factor, sessions
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases import claims
from complaints.ledger.work import Work
from complaints.web import limiting
from complaints.web.admin.access import ANYONE, COOKIE, built_in, roles, visitor
from complaints.web.admin.devices import here
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm
from complaints.web.frame import frame


class LoginForm(OwnForm):
    """Name, password and the code of whoever has switched that on; where to go afterwards."""

    login = StringField()
    password = PasswordField()
    code = StringField()
    next = HiddenField()


def register(blueprint: Blueprint) -> None:
    """Add the door."""
    blueprint.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])


@roles(ANYONE)
def login() -> ResponseReturnValue:
    """Log in; one sentence for every failure, so that nobody learns which names exist."""
    if not built_in():
        raise NotFoundError("the host logs its users in")
    if visitor() is not None and request.method == "GET":
        return redirect(url_for("complaints.admin.board"), 303)
    form = LoginForm(data={"next": request.args.get("next", "")})
    if request.method == "GET":
        return _login_page(form)
    if not sent(form):
        return _login_page(form), 400
    # Beside the lock of each account: one source must not try one password on every name.
    limiting.hit("login", limiting.source())
    given, password = form.login.data or "", form.password.data or ""
    tried = frame().write(lambda work: sessions.attempt(work, given))
    # Between two transactions: hashing is slow on purpose, and nobody may wait for it at the database.
    good = tried.holds(password)
    hours, code, device = frame().settings.SESSION_HOURS, form.code.data or "", here()

    def enter(work: Work) -> str | None:
        # With a wrong password the code is looked at all the same: how long it takes must not tell which was wrong.
        held = tried.operator_id
        passed = held is not None and second_factor.passes(work, held, code, spend=good)
        if held is None or not (good and passed and sessions.stands(work, tried)):
            return None
        return sessions.begin(work, held, hours, device)

    token = frame().write(enter)
    if token is None:
        form.form_errors = [
            t(
                "Name, password or code is not right, or there were too many tries. Check them, or wait 15 minutes"
            )
        ]
        return _login_page(form), 403
    return with_cookie(redirect(_inside(form.next.data or ""), 303), token)


@roles(ANYONE)
def logout() -> ResponseReturnValue:
    """End the session, here and on the server."""
    if not built_in():
        raise NotFoundError("the host logs its users out")
    token = request.cookies.get(COOKIE)
    if not sent(Act()):
        # Another site must not be able to throw anybody out.
        return redirect(url_for("complaints.admin.board"), 303)
    if token:
        gone = visitor()

        def leave(work: Work) -> None:
            sessions.end(work, token)
            if gone is not None:
                claims.leave_all(work, gone.ref)

        frame().write(leave)
    response = make_response(redirect(url_for("complaints.admin.login", left=1), 303))
    response.delete_cookie(COOKIE, path=_path())
    return response


def _login_page(form: LoginForm) -> str:
    return render_template("complaints/admin/login.html", form=form, left=request.args.get("left"))


def with_cookie(answer: Any, token: str) -> Response:
    """An answer that hands over the session's cookie."""
    response = make_response(answer)
    response.set_cookie(
        COOKIE,
        token,
        path=_path(),
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
        max_age=frame().settings.SESSION_HOURS * 3600,
    )
    return response


def _path() -> str:
    # With the path the host itself is mounted below: a browser sends the cookie by what it sees.
    return f"{request.script_root}{frame().settings.URL_PREFIX}/admin"


def _inside(wanted: str) -> str:
    # Only back to where the log-in page was asked for: never to another site.
    if wanted.startswith(f"{_path()}/") and "\\" not in wanted and not any(c < " " for c in wanted):
        return wanted
    return url_for("complaints.admin.board")
