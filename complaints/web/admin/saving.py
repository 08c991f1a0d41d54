"""Keep a list under a name, for oneself or for everybody, and take it away again."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import saved_views
from complaints.base.errors import InputError
from complaints.cases.narrowing import Filters
from complaints.policy.roles import STAFF
from complaints.web.admin import queue
from complaints.web.admin.access import operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, put_errors
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add keeping and removing."""
    blueprint.add_url_rule("/views/keep", "view_keep", keep, methods=["POST"])
    blueprint.add_url_rule(
        "/views/<int(max=2147483647):kept>/remove", "view_remove", remove, methods=["POST"]
    )


@roles(*STAFF)
def keep() -> ResponseReturnValue:
    """Keep the list whose view and filters stand in the address."""
    form, viewer = queue.KeepForm(), operator()
    if not sent(form):
        return queue.page(form), 400
    filters = Filters.of(request.args)
    name, shared = form.name.data or "", bool(form.shared.data)
    try:
        frame().write(lambda work: saved_views.keep(work, viewer, name, filters, shared=shared))
    except InputError as error:
        put_errors(form, error.fields)
        return queue.page(form), 422
    return redirect(url_for("complaints.admin.queue", **filters.kept), 303)


@roles(*STAFF)
def remove(kept: int) -> ResponseReturnValue:
    """Take a list away; the complaints in it stay as they are."""
    form, viewer = Act(), operator()
    if not sent(form):
        return queue.page(), 400
    frame().write(lambda work: saved_views.remove(work, viewer, kept))
    return redirect(url_for("complaints.admin.queue"), 303)
