"""Log in, log out, change one's password: for built-in accounts only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField, StringField

from complaints.administration import operators, passwords, sessions
from complaints.base.errors import InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.web import limiting
from complaints.web.admin.access import ANYONE, COOKIE, STAFF, built_in, must_change, operator, roles, visitor
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame


class LoginForm(OwnForm):
    """Name and password; where to go afterwards."""

    login = StringField()
    password = PasswordField()
    next = HiddenField()


class PasswordForm(OwnForm):
    """The present password and a new one."""

    old = PasswordField()
    new = PasswordField()


def register(blueprint: Blueprint) -> None:
    """Add the pages of an account."""
    blueprint.add_url_rule("/login", "login", login, methods=["GET", "POST"])
    blueprint.add_url_rule("/logout", "logout", logout, methods=["POST"])
    blueprint.add_url_rule("/account", "account", account, methods=["GET", "POST"])


@roles(ANYONE)
def login() -> ResponseReturnValue:
    """Log in; one sentence for every failure, so that nobody learns which names exist."""
    if not built_in():
        raise NotFoundError("the host logs its users in")
    if visitor() is not None and request.method == "GET":
        return redirect(url_for("complaints.admin.queue"), 303)
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
    if not tried.holds(password) or tried.operator_id is None:
        form.form_errors = [
            t("Name or password is not right, or there were too many tries. Check them, or wait 15 minutes")
        ]
        return _login_page(form), 403
    account_id, hours = tried.operator_id, frame().settings.SESSION_HOURS
    token = frame().write(lambda work: sessions.begin(work, account_id, hours))
    return _with_cookie(redirect(_inside(form.next.data or ""), 303), token)


@roles(ANYONE)
def logout() -> ResponseReturnValue:
    """End the session, here and on the server."""
    if not built_in():
        raise NotFoundError("the host logs its users out")
    token = request.cookies.get(COOKIE)
    if not sent(Act()):
        # Another site must not be able to throw anybody out.
        return redirect(url_for("complaints.admin.queue"), 303)
    if token:
        frame().write(lambda work: sessions.end(work, token))
    response = make_response(redirect(url_for("complaints.admin.login"), 303))
    response.delete_cookie(COOKIE, path=_path())
    return response


@roles(*STAFF)
def account() -> ResponseReturnValue:
    """Change one's own password; after the first log-in this comes before everything else."""
    if not built_in():
        raise NotFoundError("the host keeps its users' passwords")
    form = PasswordForm()
    if request.method == "GET":
        return _account_page(form)
    if not sent(form):
        return _account_page(form), 400
    ref, old, new = operator().ref, form.old.data or "", form.new.data or ""
    hours = frame().settings.SESSION_HOURS

    def change(work: Any) -> str:
        row = operators.set_password(work, ref, old, new)
        return sessions.begin(work, row.id, hours)

    try:
        token = frame().write(change)
    except InputError as error:
        put_errors(form, error.fields)
        return _account_page(form), 422
    return _with_cookie(redirect(url_for("complaints.admin.queue"), 303), token)


def _login_page(form: LoginForm) -> str:
    return render_template("complaints/admin/login.html", form=form)


def _account_page(form: PasswordForm) -> str:
    return render_template(
        "complaints/admin/account.html", form=form, first=must_change(), shortest=passwords.SHORTEST
    )


def _with_cookie(answer: Any, token: str) -> Response:
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
    return url_for("complaints.admin.queue")
