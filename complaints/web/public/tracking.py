"""Finding one's complaint again: by number and code, by mail link, or as the host's signed-in user."""

from __future__ import annotations

import re
import unicodedata

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import EmailField, HiddenField, StringField

from complaints.base.errors import NotFoundError
from complaints.base.ids import tidy_number
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access, views
from complaints.policy.states import State
from complaints.web import limiting
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame
from complaints.web.public import codes, follow, kept, opened, sent, standing

_NUMBER = re.compile(r"TS\s*\d{8}[\s\-–—]*[0-9A-Z]{6}(?![0-9A-Z])")
_CODE = re.compile(r"(?<![0-9A-Z])(?:[2-9A-HJKMNP-Z]{4}[\s\-–—]*){4}[2-9A-HJKMNP-Z]{4}(?![0-9A-Z])")
_LONGEST = 200


class Track(OwnForm):
    """Number and code; `act` and `text` carry what was typed on a page that had been open too long."""

    number = StringField()
    code = StringField()
    act = HiddenField()
    text = HiddenField()


class Lost(OwnForm):
    """Number and the mail address that was left at filing."""

    number = StringField()
    mail = EmailField()


def register(blueprint: Blueprint) -> None:
    """Add the ways to a complaint, and the page they lead to."""
    blueprint.add_url_rule("/track", "track", track, methods=["GET", "POST"])
    blueprint.add_url_rule("/track/leave", "leave", leave, methods=["POST"])
    blueprint.add_url_rule("/track/lost", "lost", lost, methods=["GET", "POST"])
    blueprint.add_url_rule("/mine", "mine", mine)
    follow.register(blueprint)
    kept.register(blueprint)
    codes.register(blueprint)


def track() -> ResponseReturnValue:
    """Ask for number and code; one answer for every failure."""
    form = Track()
    if request.method == "GET":
        return _asked(form, 200)
    if "lang" in request.form:
        return _asked(form, 200)
    if not sent.genuine(form):
        return _asked(form, 400)
    number, code = parted(form.number.data or "", form.code.data or "")
    try:
        case = access.by_code(frame().work, number, code)
    except NotFoundError:
        limiting.hit("tracking", limiting.source())
        put_errors(
            form,
            {"number": [t("Number or code is not right. Compare with your receipt; case does not matter")]},
        )
        return _asked(form, 404)
    opened.remember(case.number)
    act = form.act.data or ""
    if act in follow.FORMS and form.text.data:
        # What was typed before the page closed comes back into its field.
        return follow.page(case, follow.Shown(follow.empty(**{act: form.text.data}), wrong=act))
    return redirect(url_for(".follow", number=case.number), 303)


def ask(number: str = "", act: str = "", text: str = "") -> ResponseReturnValue:
    """The same question instead of a page that is not open here, with what was typed kept."""
    form = Track(formdata=None, number=tidy_number(number), act=act if text else "", text=text)
    return _asked(form, 404)


def leave() -> ResponseReturnValue:
    """Close the complaint on this device."""
    form = Act()
    number = request.form.get("number", "")[:_LONGEST]
    if not sent.genuine(form):
        return _asked(Track(formdata=None, number=tidy_number(number)), 400)
    opened.forget(number)
    return redirect(url_for(".track", left=1), 303)


def lost() -> ResponseReturnValue:
    """Send a one-time link to the mail address of a complaint; the answer is the same whether it was right."""
    form = Lost()
    if request.method == "GET" or "lang" in request.form:
        return render_template("complaints/lost.html", form=form, asked=False)
    if not sent.genuine(form):
        return render_template("complaints/lost.html", form=form, asked=False), 400
    number, mail = (form.number.data or "").strip()[:_LONGEST], (form.mail.data or "").strip()[:_LONGEST]
    if not number or "@" not in mail:
        put_errors(form, {} if number else {"number": [t("Enter the number on your receipt")]})
        put_errors(form, {} if "@" in mail else {"mail": [t("Enter an address such as name@example.com")]})
        return render_template("complaints/lost.html", form=form, asked=False), 400
    limiting.hit("tracking", limiting.source())
    frame().write(lambda work: access.ask_for_new_code(work, number, mail))
    return render_template("complaints/lost.html", form=form, asked=True)


def mine() -> ResponseReturnValue:
    """The complaints of the host's signed-in user; without one, the way to number and code."""
    if frame().installation.hooks.complainant is None:
        raise NotFoundError("the host names no complainants")
    owner = opened.signed_in()
    if not owner:
        return render_template("complaints/mine.html", rows=None)
    work, lang = frame().work, language()
    rows = []
    for case in access.owned(work, owner):
        state = views.visible_state(case)
        policy = work.policy_of(case.policy_version)
        due = case.accept_due if state is State.SUBMITTED else case.result_due
        owed = state in standing.WAITING and case.erased_at is None and due is not None
        rows.append(
            {
                "number": case.number,
                "state": state,
                "late": bool(owed and due and due <= work.now),
                "type": policy.types[case.filed_type].label(lang),
                "filed": standing.day_words(case.filed_at, lang),
                "due": standing.due_words(due, lang) if owed and due else "",
            }
        )
    return render_template("complaints/mine.html", rows=rows)


def parted(number: str, code: str) -> tuple[str, str]:
    """Number and code, also when a person pasted the whole receipt into one of the fields."""
    number, code = (unicodedata.normalize("NFKC", each)[: _LONGEST * 10].upper() for each in (number, code))
    if number.strip() and code.strip() and len(number) <= len("TS 20261123 - 7K3M9Q"):
        return number, code
    whole = f"{number}\n{code}"
    found = _NUMBER.search(whole)
    if found is None:
        return number, code
    rest = f"{whole[: found.start()]}\n{whole[found.end() :]}"
    secret = _CODE.search(rest)
    return found.group(), secret.group() if secret else code


def _asked(form: Track, status: int) -> ResponseReturnValue:
    left = request.method == "GET" and request.args.get("left") == "1"
    return render_template("complaints/track.html", form=form, left=left), status
