"""The texts operators start from: listed, written, seen on invented data before they are kept, taken away."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField

from complaints.administration import templates
from complaints.administration.templates import Template
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import variables
from complaints.policy.roles import LEADERS, STAFF
from complaints.web.admin.access import operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import frame


class TemplateForm(OwnForm):
    """A reply template."""

    key = StringField()
    lang = StringField()
    use = StringField()
    type = StringField()
    title = StringField()
    body = TextAreaField()


def register(blueprint: Blueprint) -> None:
    """Add the list with its form, and what the form does."""
    blueprint.add_url_rule("/replies", "replies", replies)
    blueprint.add_url_rule("/replies/save", "reply_save", save, methods=["POST"])


@roles(*STAFF)
def replies() -> ResponseReturnValue:
    """The texts operators start from; `key` and `in` in the address put one into the form."""
    key, lang = request.args.get("key", ""), request.args.get("in", "")
    held = _held(key, lang)
    return _page(TemplateForm(formdata=None, data=vars(held) if held else None), held)


@roles(*LEADERS)
def save() -> ResponseReturnValue:
    """Show a text on invented data, keep it, or take it away."""
    form = TemplateForm()
    key, lang, use, kind, title, body = (
        str(form[name].data or "") for name in ("key", "lang", "use", "type", "title", "body")
    )
    given = Template(key, lang, use, kind, title, body)
    held, do, who = _held(given.key, given.lang), request.form.get("do", "save"), operator().actor
    if not sent(form):
        return _page(form, held), 400
    try:
        if do == "preview":
            templates.check(frame().work, given)
            return _page(form, held, shown=given)
        if do == "remove":
            frame().write(lambda work: templates.remove(work, given.key, given.lang, who))
        else:
            frame().write(lambda work: templates.save(work, given, who))
    except InputError as error:
        put_errors(form, error.fields)
        return _page(form, held), 422
    return redirect(url_for("complaints.admin.replies"), 303)


def _held(key: str, lang: str) -> Template | None:
    found = templates.everything(frame().work)
    return next((each for each in found if (each.key, each.lang) == (key, lang)), None)


def _page(form: TemplateForm, held: Template | None, *, shown: Template | None = None) -> str:
    work, lang = frame().work, language()
    uses = {
        "reply": t("Reply"),
        "ask": t("Question"),
        "decide": t("Give the answer"),
        "decline": t("Not taking on"),
    }
    kinds = {key: kind.label(lang) for key, kind in work.policy.types.items()}
    preview = None
    if shown is not None:
        values = variables.sample(work, shown.lang, shown.type)
        text = variables.fill(shown.body, values)
        preview = {"lang": shown.lang, "text": text, "gaps": variables.gaps(text)}
    return render_template(
        "complaints/admin/replies.html",
        nav="office",
        rows=templates.everything(work),
        form=form,
        held=held,
        preview=preview,
        uses=uses,
        kinds=kinds,
        langs=[("zh", "简体中文"), ("en", "English")],
        types=[("", t("All types")), *kinds.items()],
        variables=[(f"{{{name}}}", said) for name, said in variables.meanings().items()],
        answering={f"{{{name}}}" for name in variables.ANSWERING},
    )
