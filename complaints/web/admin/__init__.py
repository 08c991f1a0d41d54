"""Pages for operators."""

from __future__ import annotations

from flask import Blueprint

from complaints.web.admin import (
    access,
    acts,
    auditing,
    calendar,
    case,
    decide,
    erasing,
    evidence,
    export,
    files,
    login,
    office,
    people,
    queue,
    recording,
    watch,
)


def register(blueprint: Blueprint) -> None:
    """Add every page of the operators; each route names the roles that may use it."""
    access.register(blueprint)
    watch.register(blueprint)
    for module in (
        login,
        queue,
        case,
        acts,
        files,
        decide,
        erasing,
        recording,
        office,
        calendar,
        people,
        evidence,
        auditing,
        export,
    ):
        module.register(blueprint)
