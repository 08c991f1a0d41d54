"""tick, scheduler: the clock for cron, or as a process of its own."""

from __future__ import annotations

import dataclasses
import json

import click
from flask import Flask, current_app

from complaints.cli.group import FOUND, group, installed, plainly
from complaints.jobs import scheduler as clock
from complaints.jobs.working import work_off


@group.command("tick")
@plainly
def tick() -> None:
    """Do everything that is due now, once: deadlines, releases, mails, cleaning; for cron."""
    done = clock.tick_app(_app(), alone=True)
    work_off(installed())
    click.echo(json.dumps(dataclasses.asdict(done), ensure_ascii=False))
    if done.failed or done.swept.failed:
        raise SystemExit(FOUND)


@group.command("scheduler")
@plainly
def run_scheduler() -> None:
    """Run the clock as a process of its own until it is stopped."""
    clock.run_forever(_app())


def _app() -> Flask:
    found: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own way to the app behind its proxy
    return found
