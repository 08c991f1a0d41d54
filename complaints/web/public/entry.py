"""The entry: make a complaint, check progress, or see which other office is the right one."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from complaints.base.clock import beijing
from complaints.base.errors import NotFoundError
from complaints.base.translations import language
from complaints.policy.process import amount_words, deadlines_table, longest
from complaints.web import receipts
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the entry and the way out."""
    blueprint.add_url_rule("/", "entry", entry)
    blueprint.add_url_rule("/exit", "exit", leave)


def entry() -> ResponseReturnValue:
    """Both buttons, the deadline, what can be reported, and what belongs elsewhere."""
    work = frame().work
    policy, lang = work.policy, language()
    general = policy.deadlines.get("general")
    promised = general.published("result") if general else None
    groups = [
        (label, [kind for kind in policy.types.values() if kind.group == key])
        for key, label in policy.groups.items()
    ]
    used = {key for kind in policy.types.values() for key in kind.routes}
    anonymous = sum(kind.anonymous for kind in policy.types.values())
    table: dict[str, list[str]] = {}
    for row in deadlines_table(policy, lang):
        table.setdefault(row.result, []).extend(row.labels)
    today = beijing(work.now).date()
    return render_template(
        "complaints/entry.html",
        deadline=amount_words(promised, lang) if promised else longest(policy, "result", lang),
        provisional=promised is not None
        and work.calendar.provisional(work.calendar.add(today, max(1, promised.amount))),
        mostly_anonymous=2 * anonymous > len(policy.types),
        table=table.items(),
        groups=[row for row in groups if row[1]],
        routes=[route for key, route in policy.routes.items() if key in used],
    )


def leave() -> ResponseReturnValue:
    """To the unremarkable page the provider named; what this device could still open is closed."""
    target = frame().work.policy.emergency.exit_url
    if not target:
        raise NotFoundError("no address to leave to")
    receipts.forget()
    return redirect(target, 303)
