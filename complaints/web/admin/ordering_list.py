"""Order a file of exactly the cases that a list of the queue shows, on whichever of its pages."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, SelectField

from complaints.administration import roster
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import queries, searching
from complaints.cases.narrowing import Filters
from complaints.evidence import listed
from complaints.evidence.chosen import LISTS, Chosen
from complaints.policy.roles import READERS
from complaints.web.admin import narrowing
from complaints.web.admin.access import know_login, operator, roles
from complaints.web.admin.evidence import ordered
from complaints.web.admin.forms import sent
from complaints.web.admin.ordering import kinds, reasons
from complaints.web.admin.queue import count_words, filters_of
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import frame

_FORMS = {"csv": "CSV", "xlsx": "XLSX", "jsonl": "JSON Lines"}


class ListForm(OwnForm):
    """What to make of the list; which cases it has stands in the address."""

    kind = SelectField(validate_choice=False, choices=[], default="register")
    form = SelectField(validate_choice=False, choices=[], default="csv")
    unmasked = BooleanField()
    reason = SelectField(validate_choice=False, choices=[])


def register(blueprint: Blueprint) -> None:
    """Add the page, which orders as well."""
    blueprint.add_url_rule("/evidence/list", "export_list", order, methods=["GET", "POST"])


@roles(*READERS)
def order() -> ResponseReturnValue:
    """Show what a list's file would hold; order it, with the cases the list shows at this moment."""
    work, viewer = frame().work, operator()
    filters = filters_of(work, request.args.to_dict())
    if request.method == "GET":
        return _page(ListForm(formdata=None), filters)
    form = ListForm()
    if not sent(form):
        return _page(form, filters), 400
    know_login(viewer)
    chosen = Chosen(
        form.kind.data or "",
        form.form.data or "",
        lang=language(),
        unmasked=bool(form.unmasked.data),
        reason=(form.reason.data or "") if form.unmasked.data else "",
        restricted=viewer.restricted,
    )
    frame().close()
    try:
        # In a transaction, as pages have none on PostgreSQL, and a long list comes bit by bit.
        with frame().installation.reading() as reading:
            chosen = listed.taken(reading, viewer, filters, chosen)
    except InputError as error:
        put_errors(form, error.fields)
        return _page(form, filters), 422
    return ordered(form, chosen) or (_page(form, filters), 422)


def _page(form: ListForm, filters: Filters) -> str:
    work, viewer = frame().work, operator()
    here = roster.read(work)
    asked = searching.opened(work, filters.q) or "" if filters.q else ""
    offered = {**narrowing.choices(work, here.names.items(), here.teams), "q": [(filters.q, asked)]}
    n, said = queries.counts(work, viewer, {"": filters})[""], kinds()
    return render_template(
        "complaints/admin/list_order.html",
        nav="queue",
        form=form,
        kinds=[(key, said[key]) for key in LISTS],
        forms=list(_FORMS.items()),
        reasons=[("", t("Choose")), *reasons().items()],
        view_words=narrowing.view_words()[filters.view],
        chips=narrowing.chips(filters, offered),
        strange=t(", ").join(narrowing.labels()[name] for name in filters.strange),
        counted=t("{n} complaints in this list now", n=count_words(n))
        if n != 1
        else t("1 complaint in this list now"),
        here=url_for("complaints.admin.export_list", **filters.address),
        queue_url=url_for("complaints.admin.queue", **filters.address),
        may_unmask=viewer.may("auditor"),
        allowed=viewer.authenticated_at is not None,
    )
