"""export, audit, filing, receipt: what leaves the system as evidence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app

from complaints.administration.installation import Installation
from complaints.cli.group import FOUND, group, installed, person, plainly
from complaints.evidence import filing as documents
from complaints.evidence import handling_log, register
from complaints.evidence.export import record_export
from complaints.ledger.audit import audit as run_audit
from complaints.ledger.work import Work
from complaints.web.frame import KEY

Writer = Callable[[Work, str, datetime | None, datetime | None], Iterator[bytes]]
KINDS: dict[str, Writer] = {"log": handling_log.write, "register": register.write}


@group.command("export")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=None, help="File to write; default: standard output."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="First day (UTC).")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Day after the last (UTC).")
@click.option("--by", default=None, help="Who exports; default: the shell's user. Kept in the log.")
@plainly
def export(
    kind: str, form: str, output: Path | None, since: datetime | None, until: datetime | None, by: str | None
) -> None:
    """Write the handling log (`log`) or the register of complaints (`register`); personal data stays out."""
    found = installed()
    first, last = (moment.replace(tzinfo=UTC) if moment else None for moment in (since, until))
    found.write(lambda work: record_export(work, person(by), kind, form, (first, last)))
    target = output.open("wb") if output else sys.stdout.buffer
    try:
        with found.reading() as work:
            count = 0
            for chunk in KINDS[kind](work, form, first, last):
                count += chunk.count(b"\n")
                target.write(chunk)
    finally:
        if output:
            target.close()
    if output:
        click.echo(f"{output}: {count} lines", err=True)


@group.command("audit")
@plainly
def audit() -> None:
    """Check every chain, replay every event and compare with the tables; exit code 1 when something is found."""
    found = installed()
    show = sys.stderr if sys.stderr.isatty() else None
    with found.reading() as work:
        report = run_audit(
            work, (lambda done: print(f"\r{done} complaints", end="", file=show)) if show else None
        )
    if show:
        print(file=show)
    for finding in report.findings:
        click.echo(f"{finding.code}\t{finding.where}\t{finding.text}")
    click.echo(
        f"{report.streams} streams, {report.events} events, {report.private} private fields, "
        f"{report.files} files: {'nothing found' if report.sound else f'{len(report.findings)} findings'}"
    )
    if not report.sound:
        raise SystemExit(FOUND)


@group.command("filing")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("filing"),
    show_default=True,
    help="Folder to write to.",
)
@click.option(
    "--screenshots/--no-screenshots", default=True, help="Take the pictures where a Chromium is found."
)
@plainly
def filing(output: Path, screenshots: bool) -> None:
    """Write 投诉举报机制说明 (DOCX) for the filing, and the pictures it asks for."""
    for line in documents.write(installed(), output, screenshots=screenshots, stage=_stage):
        click.echo(line)


@contextmanager
def _stage(copy: Installation) -> Iterator[Any]:
    """This app with another installation behind its pages, so that pictures show the product's own look."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's own way to the app
    real = app.extensions[KEY]
    app.extensions[KEY] = copy
    try:
        yield app
    finally:
        app.extensions[KEY] = real
