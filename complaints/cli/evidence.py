"""audit, filing: what is checked, and what is handed in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import current_app

from complaints.administration.auditing import audit as run_audit
from complaints.administration.installation import Installation
from complaints.cli.group import FOUND, group, installed, person, plainly
from complaints.evidence import filing as documents
from complaints.ledger.audit_report import record
from complaints.web.frame import KEY


@group.command("audit")
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON, for a program.")
@click.option("--by", default=None, help="Who audits; default: the shell's user. Kept in the log.")
@plainly
def audit(as_json: bool, by: str | None) -> None:
    """Check every chain, the tree, the checkpoints and the tables; exit code 1 when something is found.

    That it was made, and what came of it, is recorded in the log.
    """
    found = installed()
    show = sys.stderr if sys.stderr.isatty() else None
    if show is None:
        told, placed = None, None
    else:
        told = lambda done: print(f"\r{done} complaints", end="", file=show)  # noqa: E731 - two of a kind
        placed = lambda done, total: print(f"\r{done} of {total} events", end="", file=show)  # noqa: E731 - as above
    with found.reading() as work:
        report = run_audit(found, work, told, placed)
    found.write(lambda work: record(work, report, person(by)))
    if show:
        print(file=show)
    if as_json:
        click.echo(json.dumps(report.plain(), ensure_ascii=False, indent=2))
    else:
        for finding in report.findings:
            click.echo(f"{finding.code}\t{finding.where}\t{finding.text}")
        click.echo(
            f"{report.streams} streams, {report.events} events, {report.private} private fields, "
            f"{report.files} files, {report.placed} events in the tree, {report.checkpoints} checkpoints: "
            f"{'nothing found' if report.sound else f'{len(report.findings)} findings'}"
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
