"""Pages for operators."""

from __future__ import annotations

from flask import Blueprint


def register(blueprint: Blueprint) -> None:
    """Add every page of the operators; each route names the roles that may use it."""
    from complaints.web.admin import (  # noqa: PLC0415 - after the package is loaded
        access,
        acts,
        case,
        decide,
        export,
        files,
        login,
        office,
        people,
        queue,
        recording,
    )

    access.register(blueprint)
    for module in (login, queue, case, acts, files, decide, recording, office, people, export):
        module.register(blueprint)
