"""The published process: the page kept with each version, its picture, its history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from complaints.administration import publishing
from complaints.base.clock import beijing
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language, speaking
from complaints.policy import diagram, process
from complaints.policy.deadlines import words
from complaints.policy.profile import Policy
from complaints.policy.states import STATES
from complaints.web.frame import frame
from complaints.web.public import checkpoint, health, statistics

# The picture opened by itself follows the colour scheme by no sheet of ours, so it brings a ground of its own.
_GROUND = '<rect width="100%" height="100%" fill="#FFFFFF"/>'
_INK = "#1A1F26"
_PICTURE_CSP = "default-src 'none'; frame-ancestors 'none'"


def register(blueprint: Blueprint) -> None:
    """Add the process, its versions and its picture; with them figures, checkpoint and health."""
    blueprint.add_url_rule("/process", "process", page)
    blueprint.add_url_rule("/process/flow.svg", "flow_svg", picture)
    blueprint.add_url_rule("/process/<int:version>", "process_version", page)
    statistics.register(blueprint)
    checkpoint.register(blueprint)
    health.register(blueprint)


def render_body(policy: Policy, version: int, lang: str) -> str:
    """The body of the process page in `lang`, as it is kept with a version; needs an app, but no request."""
    with speaking(lang):
        values: dict[str, Any] = {
            "t": t,
            "lang": lang,
            "complaints": _Words(),
            "policy": policy,
            "version": version,
            "rows": process.deadlines_table(policy, lang),
            "steps": process.steps(policy, lang),
            "counting": process.counting(lang),
            "keeping": process.keeping(policy, lang),
            "routes": _routes(policy, lang),
            "flow": Markup(diagram.svg(lang)),  # noqa: S704 - drawn from the table of transitions, escaped there
        }
        return current_app.jinja_env.get_template("complaints/_process_body.html").render(values)


def page(version: int | None = None) -> ResponseReturnValue:
    """The process in force, or as it stood in an earlier version."""
    found = frame()
    history = publishing.versions(found.work.session)
    in_force = found.installation.in_force(found.work.session)
    wanted = in_force.version if version is None else version
    row = next((each for each in history if each.version == wanted), None)
    if row is None and (version is not None or in_force.version):
        raise NotFoundError("no such version")
    lang = language()
    kept = (row.page_en if lang == "en" else row.page_zh) if row is not None else ""
    body = kept or render_body(found.installation.published(found.work.session, wanted).policy, wanted, lang)
    return render_template(
        "complaints/process.html",
        body=Markup(body),  # noqa: S704 - our own template, rendered at publication
        version=wanted,
        current=in_force.version,
        since=None if row is None else _day(row.published_at, lang),
        history=[(each.version, _day(each.published_at, lang), each.trial) for each in history],
    )


def picture() -> ResponseReturnValue:
    """The flow as a picture of its own, with its own ground and colours."""
    drawing = diagram.svg(language())
    head, _, rest = drawing.partition(">")
    inked = head.replace('color="currentColor"', f'color="{_INK}"')
    alone = f"{inked}>{_GROUND}{rest}"
    return Response(alone, mimetype="image/svg+xml", headers={"Content-Security-Policy": _PICTURE_CSP})


class _Words:
    """What the shared macros ask for when there is no request."""

    states = STATES
    trial = False


def _routes(policy: Policy, lang: str) -> list[tuple[str, Any]]:
    """External routes in the order the types name them, each with the types it is for."""
    found: dict[str, list[str]] = {}
    for kind in policy.types.values():
        for key in kind.routes:
            found.setdefault(key, []).append(kind.label(lang))
    join = ", " if lang == "en" else "、"
    return [(join.join(labels), policy.routes[key]) for key, labels in found.items()]


def _day(moment: Any, lang: str) -> str:
    return words(beijing(moment).date(), lang)
