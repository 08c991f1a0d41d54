"""audit, filing: what is checked, and what is handed in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import current_app

from complaints.administration.installation import Installation
from complaints.cli.group import FOUND, group, installed, plainly
from complaints.evidence import filing as documents
from complaints.ledger.audit import audit as run_audit
from complaints.web.frame import KEY


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
