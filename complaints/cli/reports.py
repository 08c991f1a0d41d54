"""report: the monthly report as a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from complaints.cli.export import bar, opened
from complaints.cli.group import WRONG_USE, fail, group, installed, person, plainly
from complaints.evidence import export as exports
from complaints.evidence import jobs, months, tasks
from complaints.evidence.chosen import MONTHLY_FORMS


@group.command("report")
@click.option("--month", default=None, help="Such as 2026-10, Beijing time; default: the last month.")
@click.option(
    "--format",
    "form",
    type=click.Choice(MONTHLY_FORMS),
    default=MONTHLY_FORMS[0],
    show_default=True,
    help="xlsx also holds the register of the month.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File to write; default: standard output.",
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--restricted",
    is_flag=True,
    help="List complaints of restricted types, too; they are counted in any case.",
)
@click.option("--job", is_flag=True, help="Only order it; a worker makes the file, the evidence page has it.")
@click.option("--by", default=None, help="Who orders it; default: the shell's user. Kept in the log.")
@plainly
def report(
    month: str | None,
    form: str,
    output: Path | None,
    lang: str,
    restricted: bool,
    job: bool,
    by: str | None,
) -> None:
    """Write the report of a month, recounted from the log; personal data is masked."""
    found = installed()
    span = months.parsed(month) if month else months.last(found.now())
    if span is None:
        fail("say the month as 2026-10", WRONG_USE)
    chosen = months.report(span, form, lang=lang, restricted=restricted, office=True)
    if job:
        click.echo(jobs.order(found, person(by), chosen))
        return
    if output is None and sys.stdout.isatty():
        fail("this file is no text for a terminal; say where with -o", WRONG_USE)
    settled = exports.order(found, person(by), chosen)
    with found.reading() as work, opened(output) as target:
        total = tasks.total(work, settled)
        for chunk in exports.stream(work, settled, found.settings.DOCUMENT_FONT, bar(total)):
            target.write(chunk)
    if output:
        click.echo(f"{output}: {total} complaints looked at", err=True)
