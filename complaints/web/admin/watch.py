"""What every page of the operators says: whether dates are watched, whom nothing reaches, what waits for review."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g

from complaints.base.translations import gettext as t
from complaints.cases import reviewing
from complaints.cases.people import Operator
from complaints.delivery.health import Health, unwatched
from complaints.web.admin import words
from complaints.web.frame import frame

_SEEN = "complaints_seen_here"


def register(blueprint: Blueprint) -> None:
    """Let the operators' layout ask."""
    blueprint.context_processor(_context)


def _context() -> dict[str, Any]:
    # A function: it says what the frame of the page has asked for; without an operator, as at the log-in, nothing.
    return {"unwatched": _sentences}


def seen(viewer: Operator) -> tuple[Health | None, int]:
    """What every page must say and how many reviews wait for the viewer, asked for once in a request.

    None and 0 where the database is away.
    """
    if _SEEN not in g:
        found: tuple[Health | None, int]
        reviews = reviewing.to_review(viewer)
        try:
            found = unwatched(
                frame().work.session,
                frame().installation.now(),
                reviews,
                restricted=bool(viewer.restricted),
            )
        except Exception:  # noqa: BLE001 - an error page must come up whatever is broken
            found = (None, 0)
        setattr(g, _SEEN, found)
    kept: tuple[Health | None, int] = g.get(_SEEN)
    return kept


def _sentences() -> list[str]:
    """What is wrong with the clock, in sentences; empty while dates are watched."""
    found, _ = g.get(_SEEN, (None, 0))
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
