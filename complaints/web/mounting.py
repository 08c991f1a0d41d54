"""Put our blueprints on the host's app, and the links that lead to them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from complaints.base import resources
from complaints.base.settings import Settings
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.web import admin, api, embed, faults, public
from complaints.web.frame import choose_language, context, end_request, installation, keep_language
from complaints.web.headers import harden

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_OURS = ("complaints.", f"{api.NAME}.")
_STATIC = Path(__file__).resolve().parent.parent / "static"


def mount(app: Flask, settings: Settings) -> None:
    """Register every page below the configured prefix."""
    pages = Blueprint(
        "complaints",
        __name__,
        template_folder=str(resources.folder("templates")),
        static_folder=str(_STATIC),
        static_url_path="/static",
    )
    office = Blueprint("admin", __name__)
    for blueprint, register in (
        (pages, public.register),
        (pages, embed.register),
        (office, admin.register),
    ):
        register(blueprint)
    faults.register(pages)
    # An address below our prefix that leads nowhere is answered by our page, not by the host's.
    pages.add_url_rule("/<path:nowhere>", "nowhere", _nowhere, methods=_METHODS)
    pages.register_blueprint(office, url_prefix="/admin")
    pages.before_request(lambda: choose_language())  # noqa: PLW0108 - a hook is called without arguments
    pages.after_request(keep_language)
    pages.after_request(harden)
    pages.context_processor(context)
    app.register_blueprint(pages, url_prefix=settings.URL_PREFIX)
    api.mount(app, settings.URL_PREFIX)
    # Of the app, not of the blueprint: our footer on a host's page reads too.
    app.teardown_appcontext(end_request)
    # Before any hook of the host: its CSRFProtect would answer 400 and lose what was typed.
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: _exempt(app))


def entry_url() -> str:
    """Where complaints are made."""
    return url_for("complaints.entry")


def report_url(answer: str = "", complaint_type: str = "") -> str:
    """The form's address, with a sealed answer or a type chosen beforehand."""
    # None leaves a parameter out of the address.
    return url_for("complaints.new", type=complaint_type or None, answer=answer or None)


def footer(lang: str = "") -> Markup:
    """Entry, process and filing numbers for a host's own footer; `lang` pins zh or en, else as the visitor's."""
    choose_language(lang)
    return Markup(render_template("complaints/_host_footer.html", **context()))  # noqa: S704 - our own template


def report_button(
    token: str,
    output: str,
    prompt: str = "",
    text: str = "",
    lang: str = "",
    turns: Sequence[Mapping[str, Any]] = (),
    *,
    thumbs: bool = False,
) -> Markup:
    """A button beside an AI answer that carries the answer into the form; works without JavaScript.

    `token` comes from `seal_answer`; the texts travel with the form and are compared with it. `turns` came before
    the answer, oldest first: mappings with prompt, output and token, of which the reporter may send the last along.
    With `embed_script` on the page it opens a dialog; `thumbs` asks there first whether it is only a rating.
    """
    choose_language(lang)
    most = installation().settings.CONTEXT_TURNS
    earlier = [
        {name: str(turn.get(name) or "") for name in ("prompt", "output", "token")}
        for turn in (list(turns)[-most:] if most else ())
    ]
    values = {
        "token": token,
        "output": output,
        "prompt": prompt,
        "text": text or (t("Rate this answer") if thumbs else t("Report this answer")),
        "turns": json.dumps(earlier, ensure_ascii=False) if earlier else "",
        "thumbs": thumbs,
    }
    return Markup(  # noqa: S704 - our own template, autoescaped
        render_template("complaints/_report_button.html", lang=language(), t=t, **values)
    )


def embed_script() -> Markup:
    """The script that turns report buttons into dialogs; once in a page's head, it delays nothing."""
    return Markup('<script src="{}" defer></script>').format(url_for("complaints.embed_script"))


def _nowhere(nowhere: str) -> ResponseReturnValue:
    del nowhere
    return faults.page(404)


def _exempt(app: Flask) -> None:
    protection = app.extensions.get("csrf")
    if protection is None or not (request.endpoint or "").startswith(_OURS):
        return
    view = app.view_functions[request.endpoint or ""]
    protection.exempt(f"{view.__module__}.{view.__name__}")
