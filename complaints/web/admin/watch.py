"""The line on every page of the operators when dates are not being watched."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from complaints.base.translations import gettext as t
from complaints.delivery.health import Health, unwatched
from complaints.web.admin import words
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Let the operators' layout ask."""
    blueprint.context_processor(_context)


def _context() -> dict[str, Any]:
    # A function: pages without an operator, such as the log-in, do not ask and cost nothing.
    return {"unwatched": _sentences}


def alarms() -> Health | None:
    """What every page must say, asked for once in a request; None where the database is away."""
    if "complaints_alarms" not in g:
        try:
            g.complaints_alarms = unwatched(frame().work.session, frame().installation.now())
        except Exception:  # noqa: BLE001 - an error page must come up whatever is broken
            g.complaints_alarms = None
    found: Health | None = g.complaints_alarms
    return found


def _sentences() -> list[str]:
    """What is wrong with the clock, in sentences; empty while dates are watched."""
    found = alarms()
    if found is None:
        return []
    said = []
    if found.beat_lag is None:
        said.append(t("The clock has never run: nobody watches the dates, and no message leaves."))
    elif "clock" in found.alarms:
        said.append(
            t(
                "The clock last ran {ago} ago: nobody watches the dates, and no message leaves.",
                ago=words.age(found.beat_lag),
            )
        )
    if "sweep" in found.alarms:
        said.append(
            t("A date that came due {ago} ago has not been acted on.", ago=words.age(found.sweep_lag))
        )
    return said
