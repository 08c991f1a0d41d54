"""Pages for operators."""

from __future__ import annotations

from flask import Blueprint


def register(blueprint: Blueprint) -> None:
    """Add every page of the operators; each route names the roles that may use it."""
    from complaints.web.admin import case, decide, login, office, queue  # noqa: PLC0415

    for module in (login, queue, case, decide, office):
        module.register(blueprint)
