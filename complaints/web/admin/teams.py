"""The teams cases lie with: their names, who belongs to them, and how many open cases each has."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectMultipleField, StringField

from complaints.administration import roster, teams
from complaints.base.errors import ConflictError, InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.narrowing import Filters
from complaints.ledger.work import Work
from complaints.store.tables import Team
from complaints.web.admin import words
from complaints.web.admin.access import built_in, operator, roles
from complaints.web.admin.forms import sent
from complaints.web.admin.queue import count_words
from complaints.web.forms import Act, OwnForm, put_errors
from complaints.web.frame import frame


class AddForm(OwnForm):
    """A new team."""

    key = StringField()
    name = StringField()


class EditForm(OwnForm):
    """Another name, and who belongs to it."""

    name = StringField()
    members = SelectMultipleField(validate_choice=False, choices=[])


def register(blueprint: Blueprint) -> None:
    """Add the pages about teams."""
    blueprint.add_url_rule("/teams", "teams", listing)
    blueprint.add_url_rule("/teams/add", "team_add", add, methods=["POST"])
    blueprint.add_url_rule("/teams/<key>", "team_edit", edit, methods=["GET", "POST"])
    blueprint.add_url_rule("/teams/<key>/remove", "team_remove", remove, methods=["POST"])


@roles("admin")
def listing() -> ResponseReturnValue:
    """Every team with its members and its open cases."""
    return _listed(AddForm(formdata=None))


@roles("admin")
def add() -> ResponseReturnValue:
    """A new team, without members at first; they are put in on its own page."""
    form = AddForm()
    if not sent(form):
        return _listed(form), 400
    key, name, who = form.key.data or "", form.name.data or "", operator().actor
    try:
        made = frame().write(lambda work: teams.add(work, key, name, by=who).key)
    except InputError as error:
        put_errors(form, error.fields)
        return _listed(form), 422
    return redirect(url_for("complaints.admin.team_edit", key=made), 303)


@roles("admin")
def edit(key: str) -> ResponseReturnValue:
    """Name and members of one team; one that is not there leads back to the list."""
    row = _standing(key)
    if row is None:
        return redirect(url_for("complaints.admin.teams"), 303)
    if request.method == "GET":
        return _edited(row, EditForm(formdata=None, data={"name": row.name, "members": _members(key)}))
    form = EditForm()
    if not sent(form):
        return _edited(row, form), 400
    name, chosen, who = form.name.data or "", set(form.members.data or []), operator().actor
    ours = built_in()

    def save(work: Work) -> None:
        teams.rename(work, key, name, by=who)
        if ours:
            teams.members(work, key, chosen, by=who)

    try:
        frame().write(save)
    except InputError as error:
        put_errors(form, error.fields)
        return _edited(teams.find(frame().work, key), form), 422
    except ConflictError:
        said = t("An operator was disabled in the meantime; see who is left and save again")
        return _edited(teams.find(frame().work, key), form, fault=said), 409
    return redirect(url_for("complaints.admin.teams"), 303)


@roles("admin")
def remove(key: str) -> ResponseReturnValue:
    """End a team; refused while open cases lie with it, with the way to them."""
    row, viewer = _standing(key), operator()
    if row is None:
        return redirect(url_for("complaints.admin.teams"), 303)
    kept = EditForm(formdata=None, data={"name": row.name, "members": _members(key)})
    if not sent(Act()):
        return _edited(
            row, kept, fault=t("The page was open a long time. All is still here. Submit again")
        ), 400
    try:
        frame().write(lambda work: teams.remove(work, key, viewer))
    except teams.BusyError as error:
        return _edited(teams.find(frame().work, key), kept, busy=error.fields["key"][0]), 409
    return redirect(url_for("complaints.admin.teams"), 303)


def _standing(key: str) -> Team | None:
    try:
        return teams.find(frame().work, key)
    except NotFoundError:
        return None


def _members(key: str) -> list[str]:
    return [one.ref for one in roster.read(frame().work).staff if key in one.teams]


def cases_url(key: str) -> str:
    """The open cases of a team, as the queue shows them."""
    return url_for("complaints.admin.queue", **Filters("open", team=key).address)


def _edited(row: Team, form: EditForm, *, busy: str = "", fault: str = "") -> str:
    people = roster.read(frame().work).staff
    return render_template(
        "complaints/admin/team_edit.html",
        nav="operators",
        row=row,
        form=form,
        act=Act(formdata=None),
        hosts=not built_in(),
        people=[(one.ref, one.name) for one in people],
        inside=[one.name for one in people if row.key in one.teams],
        busy=busy,
        cases_url=cases_url(row.key),
        fault=[{"id": "", "text": said} for said in (fault, busy) if said] or None,
    )


def _listed(form: AddForm) -> str:
    work = frame().work
    rows: list[dict[str, Any]] = [
        {
            "key": each.key,
            "name": each.name,
            "removed": words.moment(each.removed_at, work.now) if each.removed_at else "",
            "members": each.members,
            "cases": count_words(each.cases),
            "cases_url": cases_url(each.key),
        }
        for each in teams.listed(work, operator())
    ]
    types = [(work.policy.types[kind].label(language()), team) for kind, team in teams.strangers(work)]
    return render_template(
        "complaints/admin/teams.html",
        nav="operators",
        rows=rows,
        form=form,
        strangers=types,
        hosts=not built_in(),
    )
