"""Keys of the JSON interface: which there are, a new one, the end of one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectMultipleField, StringField

from complaints.administration import api_keys, roster
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.ledger.work import Work
from complaints.store.tables import ApiKey
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles, stale
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame


class KeyForm(OwnForm):
    """A new key: what it is for, what it may do, and when it ends by itself."""

    name = StringField()
    scopes = SelectMultipleField(validate_choice=False, choices=[])
    restricted = BooleanField()
    days = StringField()


def register(blueprint: Blueprint) -> None:
    """Add the list, the order for a new key and the question before one ends."""
    blueprint.add_url_rule("/keys", "keys", keys)
    blueprint.add_url_rule("/keys/add", "key_add", add, methods=["POST"])
    blueprint.add_url_rule("/keys/<ref>/revoke", "key_revoke", revoke, methods=["GET", "POST"])


@roles("admin")
def keys() -> ResponseReturnValue:
    """Every key, and the form for a new one."""
    return _page(_blank())


@roles("admin")
def add() -> ResponseReturnValue:
    """Make a key; it is shown this once."""
    form = KeyForm()
    if not sent(form):
        return _page(form), 400
    if (late := stale(operator())) is not None:
        put_errors(form, {"": [late]})
        return _page(form), 422
    given, who = (form.days.data or "").strip(), operator().actor
    # Zero is refused by the service, and so is what is no number.
    days = int(given) if given.isdecimal() and len(given) < 6 else 0 if given else None  # noqa: PLR2004 - no key lives that long

    def create(work: Work) -> tuple[ApiKey, str]:
        return api_keys.create(
            work,
            form.name.data or "",
            form.scopes.data or [],
            restricted=bool(form.restricted.data),
            days=days,
            by=who,
        )

    try:
        row, secret = frame().write(create)
    except InputError as error:
        put_errors(form, error.fields)
        return _page(form), 422
    return _page(_blank(), made=(row.name, secret))


@roles("admin")
def revoke(ref: str) -> ResponseReturnValue:
    """Ask once more, then end a key; one that is not there leads back to the list."""
    row = next((each for each in api_keys.everything(frame().work) if each.ref == ref), None)
    if row is None:
        return redirect(url_for("complaints.admin.keys"), 303)
    form = Act() if request.method == "POST" else Act(formdata=None)
    status = 200
    if request.method == "POST":
        if not sent(form):
            status = 400
        elif (late := stale(operator())) is not None:
            put_errors(form, {"": [late]})
            status = 422
        else:
            who = operator().actor
            frame().write(lambda work: api_keys.revoke(work, ref, by=who))
            return redirect(url_for("complaints.admin.keys"), 303)
    html = render_template("complaints/admin/key_revoke.html", nav="office", form=form, row=_row(row))
    return html, status


def scope_words() -> dict[str, tuple[str, str]]:
    """Each scope: its word, and what it opens."""
    return {
        "read": (t("Read"), t("Lists, cases with their words, files; contacts stay masked")),
        "act": (t("Handle"), t("Take on, ask, write, decide: what a handler may do")),
        "export": (t("Export"), t("Register, log and reports; personal data masked")),
        "file": (t("File for users"), t("For your server: complaints of your signed-in users")),
        "seal": (t("Seal answers"), t("For your server: vouch for what the AI answered; opens no complaint")),
    }


def _blank() -> KeyForm:
    return KeyForm(formdata=None, data={"scopes": ["read"]})


def _page(form: KeyForm, *, made: tuple[str, str] | None = None) -> str:
    return render_template(
        "complaints/admin/keys.html",
        nav="office",
        rows=[_row(each) for each in api_keys.everything(frame().work)],
        form=form,
        made=made,
        scopes=[(key, word, said) for key, (word, said) in scope_words().items()],
    )


def _row(row: ApiKey) -> dict[str, Any]:
    work = frame().work
    named, said = roster.read(work).names, scope_words()
    return {
        "ref": row.ref,
        "name": row.name,
        "scopes": [said[scope][0] for scope in row.scopes],
        "restricted": row.restricted,
        "state": api_keys.state(work, row),
        "made": words.moment(row.created_at, work.now),
        "by": operator().name
        if row.created_by == operator().ref
        else named.get(row.created_by, row.created_by),
        "until": words.moment(row.expires_at, work.now) if row.expires_at else "",
        "used": words.moment(row.used_at, work.now) if row.used_at else "",
        "ended": words.moment(row.revoked_at, work.now) if row.revoked_at else "",
    }
