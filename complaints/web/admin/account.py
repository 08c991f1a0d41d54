"""My account: one's password, the second factor, and where one is logged in; for built-in accounts only."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import segno
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import BooleanField, HiddenField, PasswordField, StringField

from complaints.administration import operators, passwords, second_factor, sessions
from complaints.base.errors import InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.ledger.work import Work
from complaints.policy.roles import READERS, STAFF
from complaints.store.tables import Operator
from complaints.web.admin import words
from complaints.web.admin.access import (
    COOKIE,
    built_in,
    fresh,
    log_in_first,
    must_change,
    must_set_up,
    operator,
    roles,
)
from complaints.web.admin.devices import here
from complaints.web.admin.forms import sent
from complaints.web.admin.login import with_cookie
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import frame

# Fewer than these are worth a word before the last one is gone.
_FEW = 4


class PasswordForm(OwnForm):
    """The present password and a new one, with the code of whoever has switched that on."""

    old = PasswordField()
    new = PasswordField()
    code = StringField()


class SetUpForm(OwnForm):
    """A code of the app that was shown the secret; `offered` is that secret, sealed."""

    code = StringField()
    offered = HiddenField()


class ProveForm(OwnForm):
    """Password and code, before the second factor is changed."""

    password = PasswordField()
    code = StringField()


class MonthlyForm(OwnForm):
    """Whether the monthly report is sent to one's own address."""

    monthly = BooleanField()


class SessionForm(OwnForm):
    """Which session is to end."""

    session = HiddenField()


def register(blueprint: Blueprint) -> None:
    """Add the pages of an account."""
    blueprint.add_url_rule("/account", "account", account, methods=["GET", "POST"])
    blueprint.add_url_rule("/account/monthly", "account_monthly", monthly, methods=["POST"])
    blueprint.add_url_rule(
        "/account/second-factor", "second_factor", second_factor_page, methods=["GET", "POST"]
    )
    blueprint.add_url_rule(
        "/account/sessions/<any(one,others):which>", "sessions_end", sessions_end, methods=["POST"]
    )


@roles(*STAFF)
def account() -> ResponseReturnValue:
    """Change one's own password; after the first log-in this comes before everything else."""
    _ours()
    form = PasswordForm()
    if request.method == "GET":
        return _account_page(form)
    if not sent(form):
        return _account_page(form), 400
    try:
        token = _change_password(form)
    except InputError as error:
        put_errors(form, error.fields)
        return _account_page(form), 422
    return with_cookie(redirect(url_for("complaints.admin.queue"), 303), token)


@roles(*READERS)
def monthly() -> ResponseReturnValue:
    """Have the monthly report sent to one's own address, or no longer."""
    _ours()
    form = MonthlyForm()
    if not sent(form):
        return _account_page(PasswordForm(formdata=None), asked=form), 400
    ref, wanted = operator().ref, bool(form.monthly.data)

    def save(work: Work) -> None:
        row = operators.by_ref(work, ref)
        operators.send_monthly(work, row.login, wanted=wanted, by=operators.acting(row))

    try:
        frame().write(save)
    except InputError as error:
        put_errors(form, error.fields)
        return _account_page(PasswordForm(formdata=None), asked=form), 422
    return redirect(url_for("complaints.admin.account", _anchor="monthly-report"), 303)


@roles(*STAFF)
def second_factor_page() -> ResponseReturnValue:
    """Switch the second factor on with a picture and a code, or off with password and code."""
    _ours()
    row = operators.by_ref(frame().work, operator().ref)
    if request.method == "GET":
        return _factor_page(row, SetUpForm() if row.totp is None else ProveForm())
    return _switch_on(row) if row.totp is None else _change(row)


@roles(*STAFF)
def sessions_end(which: str) -> ResponseReturnValue:
    """End one of one's own sessions, or all but this one."""
    _ours()
    form = SessionForm()
    if not sent(form):
        return _account_page(PasswordForm(formdata=None), form), 400
    ref, kept, token = operator().ref, form.session.data or "", request.cookies.get(COOKIE, "")

    def end(work: Work) -> None:
        row = operators.by_ref(work, ref)
        if which == "others":
            sessions.end_others(work, row, token)
        else:
            sessions.end_one(work, row, kept)

    frame().write(end)
    return redirect(url_for("complaints.admin.account", _anchor="sessions"), 303)


def _change_password(form: PasswordForm) -> str:
    """Replace the password and open a new session, as a log-in does: counted, locked, with both factors.

    Returns the new session's token; raises InputError.
    """
    row = operators.by_ref(frame().work, operator().ref)
    ref, login, doubly = row.ref, row.login, row.totp is not None
    old, new, code = form.old.data or "", form.new.data or "", form.code.data or ""
    # Before the try is counted: whoever knows their password is not locked out over a short new one.
    passwords.check(new, login, old)
    tried = frame().write(lambda work: sessions.attempt(work, login))
    # Between two transactions: hashing is slow on purpose, and nobody may wait for it at the database.
    good = tried.holds(old)
    made = passwords.hashed(new) if good else ""
    hours, device = frame().settings.SESSION_HOURS, here()

    def change(work: Work) -> str:
        # A wrong code takes all of this back: only both factors together make failures forgotten.
        held = tried.operator_id
        passed = held is not None and second_factor.passes(work, held, code, spend=good)
        if held is None or not (good and passed):
            raise InputError({"": [second_factor.wrong()]} if doubly else {"old": [_wrong_password()]})
        operators.set_password(work, ref, tried.kept, made)
        return sessions.begin(work, held, hours, device)

    return frame().write(change)


def _wrong_password() -> str:
    return t("The present password is not right, or there were too many tries. Check it, or wait 15 minutes")


def _switch_on(row: Operator) -> ResponseReturnValue:
    form = SetUpForm()
    if not sent(form):
        return _factor_page(row, form), 400
    if not fresh(operator()):
        # Somebody at a desk left open must not bind the account to their own telephone.
        put_errors(form, {"": [log_in_first()]})
        return _factor_page(row, form), 422
    ref, offered, code = row.ref, form.offered.data or "", form.code.data or ""
    token = request.cookies.get(COOKIE, "")

    def switch(work: Work) -> list[str]:
        codes = second_factor.switch_on(work, ref, offered, code)
        # They were opened with the password alone.
        sessions.end_others(work, operators.by_ref(work, ref), token)
        return codes

    try:
        codes = frame().write(switch)
    except InputError as error:
        put_errors(form, error.fields)
        return _factor_page(row, form), 422
    return _codes_page(codes)


def _change(row: Operator) -> ResponseReturnValue:
    form = ProveForm()
    if not sent(form):
        return _factor_page(row, form), 400
    ref, login, code = row.ref, row.login, form.code.data or ""
    # Counted like a log-in, and locked like one: a session left open is no place to guess in.
    tried = frame().write(lambda work: sessions.attempt(work, login))
    good = tried.holds(form.password.data or "")
    off = request.form.get("do") == "off"

    def change(work: Work) -> list[str]:
        if not good:
            raise InputError({"": [second_factor.wrong()]})
        sessions.forget_failures(work, row.id)
        if off:
            second_factor.switch_off(work, ref, code)
            return []
        return second_factor.new_codes(work, ref, code)

    try:
        codes = frame().write(change)
    except InputError as error:
        put_errors(form, error.fields)
        return _factor_page(row, form), 422
    return redirect(url_for("complaints.admin.account"), 303) if off else _codes_page(codes)


def _ours() -> None:
    if not built_in():
        raise NotFoundError("the host keeps its users' passwords")


def _account_page(
    form: PasswordForm, ending: SessionForm | None = None, asked: MonthlyForm | None = None
) -> str:
    work = frame().work
    row = operators.by_ref(work, operator().ref)
    here_now = sessions.key(request.cookies.get(COOKIE, ""))
    return render_template(
        "complaints/admin/account.html",
        form=form,
        ending=ending or SessionForm(formdata=None),
        asked=asked,
        monthly_form=asked or MonthlyForm(formdata=None, data={"monthly": bool(row.monthly)})
        if operator().may(*READERS)
        else None,
        address=row.mail,
        first=must_change(),
        shortest=passwords.SHORTEST,
        on=row.totp is not None,
        left=second_factor.left(row),
        few=second_factor.left(row) < _FEW,
        called=row.pseudonym or t("Handling staff"),
        sessions=[
            {
                "key": each.token_hash,
                "device": each.device or t("Unknown device"),
                "since": words.moment(each.created_at, work.now),
                "seen": words.moment(each.seen_at, work.now),
                "here": each.token_hash == here_now,
            }
            for each in sessions.of(work, row)
        ],
    )


def _factor_page(row: Operator, form: SetUpForm | ProveForm) -> str:
    given: dict[str, Any] = {"form": form, "on": row.totp is not None, "required": must_set_up()}
    if isinstance(form, SetUpForm):
        ruling = frame().in_force
        product = ruling.policy.provider.product if ruling else ""
        made = second_factor.offer(frame().work, row, product, form.offered.data or "")
        form.offered.data = made.sealed
        given |= {"secret": " ".join(_in_fours(made.secret)), "qr": _qr(made.address)}
    else:
        given["left"] = second_factor.left(row)
    return render_template("complaints/admin/second_factor.html", **given)


def _codes_page(codes: list[str]) -> str:
    said = "\n".join([t("Recovery codes for handling complaints; each works once."), "", *codes, ""])
    return render_template(
        "complaints/admin/recovery_codes.html",
        codes=codes,
        # A link that holds its file: what is shown once must not be fetched a second time.
        file=f"data:text/plain;charset=utf-8,{quote(said)}",
    )


def _in_fours(secret: str) -> list[str]:
    return [secret[at : at + 4] for at in range(0, len(secret), 4)]


def _qr(address: str) -> Markup:
    drawing = segno.make(address, error="m", micro=False)
    svg = drawing.svg_inline(
        scale=4, dark="#000", light="#fff", svgclass="cmp-qr", lineclass=None, omitsize=True
    )
    return Markup(svg)  # noqa: S704 - drawn from an address that is percent-encoded
