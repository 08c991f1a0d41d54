"""tick, scheduler: the clock for cron, or as a process of its own."""

from __future__ import annotations

import json

import click
from flask import current_app

from complaints.cli.group import group, installed, plainly
from complaints.jobs import scheduler as clock
from complaints.jobs.ticks import tick as run_once


@group.command("tick")
@plainly
def tick() -> None:
    """Do everything that is due now, once: deadlines, releases, mails, cleaning; for cron."""
    found = installed()
    click.echo(json.dumps(run_once(found, found.now()), default=str))


@group.command("scheduler")
@plainly
def run_scheduler() -> None:
    """Run the clock as a process of its own until it is stopped."""
    clock.run_forever(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own way to the app
