"""Pages for operators."""

from __future__ import annotations

from flask import Blueprint

from complaints.web.admin import (
    access,
    account,
    acts,
    auditing,
    bulk,
    calendar,
    case,
    decide,
    erasing,
    evidence,
    export,
    files,
    forward,
    keys,
    listed,
    login,
    office,
    people,
    queue,
    recording,
    replies,
    saving,
    shortcuts,
    watch,
    webhooks,
)


def register(blueprint: Blueprint) -> None:
    """Add every page of the operators; each route names the roles that may use it."""
    access.register(blueprint)
    watch.register(blueprint)
    listed.register(blueprint)
    for module in (
        login,
        account,
        queue,
        bulk,
        saving,
        case,
        acts,
        files,
        decide,
        forward,
        erasing,
        recording,
        office,
        calendar,
        people,
        replies,
        keys,
        evidence,
        auditing,
        export,
        webhooks,
        shortcuts,
    ):
        module.register(blueprint)
