"""Pages for operators."""

from __future__ import annotations

from flask import Blueprint

from complaints.web.admin import (
    access,
    account,
    acts,
    appeals,
    auditing,
    board,
    bulk,
    bulk_orders,
    calendar,
    case,
    checkpoints,
    claiming,
    decide,
    erasing,
    evidence,
    export,
    figures,
    files,
    forward,
    health,
    keys,
    listed,
    login,
    office,
    ordering_list,
    outbox,
    people,
    policies,
    queue,
    recording,
    replies,
    saving,
    settings,
    shortcuts,
    teams,
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
        board,
        queue,
        appeals,
        bulk,
        bulk_orders,
        saving,
        case,
        claiming,
        acts,
        files,
        decide,
        forward,
        erasing,
        recording,
        office,
        health,
        outbox,
        policies,
        checkpoints,
        settings,
        calendar,
        people,
        teams,
        replies,
        keys,
        evidence,
        auditing,
        figures,
        export,
        ordering_list,
        webhooks,
        shortcuts,
    ):
        module.register(blueprint)
