"""Operators' accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, EmailField, HiddenField, SelectMultipleField, StringField

from complaints.administration import charges, clearance, operators, second_factor
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import teams
from complaints.cases.narrowing import Filters
from complaints.ledger.work import Work
from complaints.policy.roles import READERS
from complaints.store.tables import Operator as Account
from complaints.web.admin import words
from complaints.web.admin.access import built_in, operator, roles, stale
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm, old_page, put_errors
from complaints.web.frame import frame


class AddForm(OwnForm):
    """A new account."""

    login = StringField()
    name = StringField()
    mail = EmailField()
    roles = SelectMultipleField(validate_choice=False, choices=[])
    teams = SelectMultipleField(validate_choice=False, choices=[])
    restricted = BooleanField()


class EditForm(OwnForm):
    """What an account may do, where it is written to, and what complainants read instead of its name."""

    pseudonym = StringField()
    mail = EmailField()
    roles = SelectMultipleField(validate_choice=False, choices=[])
    teams = SelectMultipleField(validate_choice=False, choices=[])
    restricted = BooleanField()
    monthly = BooleanField()


class LoginName(OwnForm):
    """Whose account it is about."""

    login = HiddenField()


_PAGE = 40
_ACTS = {
    "disable": operators.disable,
    "enable": operators.enable,
    "end": operators.log_out,
    "factor": second_factor.reset,
}
# What opens a way in; to close one is never too late.
_OPENING = ("reset", "factor", "enable")
# What takes a factor's place, and what one is told who asks it for oneself.
_OWN = {
    "reset": lambda: t("Change your own under “My account”, with your present password"),
    "factor": lambda: t("Switch off your own under “My account”, with password and code"),
}


def register(blueprint: Blueprint) -> None:
    """Add the pages about people."""
    blueprint.add_url_rule("/operators", "operators", accounts)
    blueprint.add_url_rule("/operators/add", "operator_add", add, methods=["POST"])
    blueprint.add_url_rule(
        "/operators/<any(disable,enable,reset,end,factor):what>", "operator_change", change, methods=["POST"]
    )
    blueprint.add_url_rule("/operators/<ref>", "operator_edit", edit, methods=["GET", "POST"])


@roles(*READERS)
def accounts() -> ResponseReturnValue:
    """Who may handle complaints, and what each role opens."""
    return _accounts(AddForm(formdata=None, data={"roles": ["handler"]}))


@roles("admin")
def add() -> ResponseReturnValue:
    """A new account; its one-time password is shown this once."""
    form = AddForm()
    if not built_in() or not sent(form):
        return _accounts(form), 400
    if (late := stale(operator())) is not None:
        put_errors(form, {"": [late]})
        return _accounts(form), 422
    who = operator().actor

    def create(work: Work) -> tuple[Any, str]:
        return operators.create(
            work,
            form.login.data or "",
            form.name.data or "",
            form.roles.data or [],
            mail=(form.mail.data or "").strip() or None,
            restricted=bool(form.restricted.data),
            teams=form.teams.data or [],
            by=who,
        )

    try:
        row, password = frame().write(create)
    except InputError as error:
        put_errors(form, error.fields)
        return _accounts(form), 422
    return _accounts(
        AddForm(formdata=None, data={"roles": ["handler"]}), made=(row.login, row.name, password)
    )


@roles("admin")
def change(what: str) -> ResponseReturnValue:
    """Disable or enable an account, give it a new one-time password, end its sessions or its second factor."""
    form = LoginName()
    blank = AddForm(formdata=None, data={"roles": ["handler"]})
    if not built_in() or not sent(form):
        return _accounts(blank, fault=old_page()), 400
    login, who = form.login.data or "", operator().actor
    try:
        if what in _OPENING:
            _may_open(login, what)
        if what == "reset":
            row, password = frame().write(lambda work: operators.reset(work, login, by=who))
            return _accounts(blank, made=(row.login, row.name, password))
        act = _ACTS[what]
        frame().write(lambda work: act(work, login, by=who))
    except InputError as error:
        return _accounts(blank, fault=" ".join(said for row in error.fields.values() for said in row)), 422
    return redirect(url_for("complaints.admin.operators"), 303)


@roles("admin")
def edit(ref: str) -> ResponseReturnValue:
    """Roles, teams, clearance, address and pseudonym of one account; one that is not there leads back to the list."""
    row = next((each for each in operators.everyone(frame().work) if each.ref == ref), None)
    if row is None or not built_in():
        return redirect(url_for("complaints.admin.operators"), 303)
    if request.method == "GET":
        kept = {
            "pseudonym": row.pseudonym or "",
            "mail": row.mail or "",
            "roles": row.roles,
            "teams": row.teams,
            "restricted": row.restricted,
            "monthly": bool(row.monthly),
        }
        return _edited(row, EditForm(formdata=None, data=kept))
    form = EditForm()
    if not sent(form):
        return _edited(row, form), 400
    # Where an account is written to, it can be taken over from.
    mail = (form.mail.data or "").strip() if form.mail.raw_data else row.mail or ""
    given = set(form.roles.data or []), bool(form.restricted.data), mail
    if given != (set(row.roles), row.restricted, row.mail or "") and (late := stale(operator())) is not None:
        put_errors(form, {"": [late]})
        return _edited(row, form), 422
    login, who = row.login, operator().actor

    def save(work: Work) -> None:
        # First what locks cases: everybody else locks the installation's own log after them.
        operators.change_roles(
            work,
            login,
            form.roles.data or [],
            restricted=bool(form.restricted.data),
            teams=form.teams.data or [],
            by=who,
        )
        operators.call(work, login, form.pseudonym.data or "", by=who)
        if form.mail.raw_data:
            operators.write_to(work, login, form.mail.data or "", by=who)
        operators.send_monthly(work, login, wanted=bool(form.monthly.data), by=who)

    try:
        frame().write(save)
    except InputError as error:
        put_errors(form, error.fields)
        return _edited(row, form), 422
    return redirect(url_for("complaints.admin.operators"), 303)


def _may_open(login: str, what: str) -> None:
    """Whoever has just logged in opens a way in, and gives nobody's factor anew but others'; raises InputError."""
    me = operator()
    if (late := stale(me)) is not None:
        raise InputError({"": [late]})
    if what in _OWN and operators.find(frame().work, login).ref == me.ref:
        raise InputError({"": [_OWN[what]()]})


def _edited(row: Account, form: EditForm) -> str:
    return render_template(
        "complaints/admin/operator_edit.html",
        form=form,
        row=row,
        charge=_charges([row]).get(row.ref),
        role_words=words.roles(),
        teams=teams.standing(frame().work),
    )


def _charges(rows: Sequence[Account]) -> dict[str, dict[str, Any]]:
    """What lies with whom, where something does: in words, its list, and whether they can no longer handle it."""
    return {
        ref: {
            "words": t("1 open complaint in their charge")
            if found.open == 1
            else t("{n} open complaints in their charge", n=f"{found.open:,}"),
            "href": url_for("complaints.admin.queue", **Filters("open", assignee=ref).address),
            "stranded": found.stranded > 0,
        }
        for ref, found in charges.counted(frame().work, operator(), rows).items()
    }


def _accounts(form: AddForm, *, made: tuple[str, str, str] | None = None, fault: str = "") -> str:
    work = frame().work
    rows = operators.everyone(work) if built_in() else []
    # They are few enough to be read at once, and too many for one page of buttons.
    after = next((n for n, row in enumerate(rows, 1) if row.ref == request.args.get("after")), 0)
    shown = rows[after : after + _PAGE]
    return render_template(
        "complaints/admin/operators.html",
        nav="operators",
        accounts=shown,
        charges=_charges(shown),
        first=after == 0,
        more=url_for("complaints.admin.operators", after=shown[-1].ref) if rows[after + _PAGE :] else "",
        hosts=not built_in(),
        me=operator().ref,
        teams=teams.names(work),
        standing=teams.standing(work),
        cleared=_cleared(work),
        form=form,
        one=LoginName(formdata=None),
        made=made,
        fault=[{"id": "", "text": fault}] if fault else None,
        role_words=words.roles(),
        now=work.now,
        act=Act(),
    )


def _cleared(work: Work) -> list[dict[str, str]]:
    """Who may see restricted types: since when, by which event, given by whom; a host's users by name alone."""
    return [
        {
            "name": t("Interface key “{name}”", name=one.name) if one.key else one.name,
            "since": words.moment(one.at, work.now) if one.at else "",
            "by": one.by,
            "event": t("No. {n}", n=one.seq) if one.seq else "",
        }
        for one in clearance.cleared(work)
    ]
