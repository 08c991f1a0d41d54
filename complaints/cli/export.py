"""export: what leaves the system as a file, straight away or as a job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import click

from complaints.base.clock import BEIJING
from complaints.cli.group import WRONG_USE, fail, group, installed, person, plainly
from complaints.evidence import export as exports
from complaints.evidence import jobs
from complaints.evidence.chosen import KINDS, REASONS, Chosen
from complaints.evidence.counting import count
from complaints.policy.states import State

_WIDTH = 30
_DAY = click.DateTime(["%Y-%m-%d"])


@group.command("export")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "xlsx", "pdf", "docx"]),
    default=None,
    help="register and log: jsonl (default), csv, xlsx; case and period: pdf (default), docx.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), default=None, help="File to write; default: standard output."
)
@click.option("--since", type=_DAY, default=None, help="First day, Beijing time.")
@click.option("--until", type=_DAY, default=None, help="Last day, Beijing time.")
@click.option("--type", "kind_of", default="", help="Only complaints of this type.")
@click.option("--state", type=click.Choice([state.value for state in State]), default=None)
@click.option("--product", default="", help="Only complaints filed under this product's name.")
@click.option("--tests", type=click.Choice(["yes", "no"]), default=None, help="Only test cases, or none.")
@click.option("--number", default="", help="The complaint of a case.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--unmasked", type=click.Choice(REASONS), default=None, help="Show personal data, for this reason."
)
@click.option(
    "--restricted",
    is_flag=True,
    help="Include the contacts of restricted types, and let a case be of one; their lines stand in a register, log or period in any case.",
)
@click.option(
    "--job",
    is_flag=True,
    help="Only order it; a worker makes the file, the evidence page has it, all but a case only for who may see restricted types.",
)
@click.option("--by", default=None, help="Who exports; default: the shell's user. Kept in the log.")
@plainly
def export(  # noqa: PLR0917 - click hands over each option by its name
    kind: str,
    form: str | None,
    output: Path | None,
    since: datetime | None,
    until: datetime | None,
    kind_of: str,
    state: str | None,
    product: str,
    tests: str | None,
    number: str,
    lang: str,
    unmasked: str | None,
    restricted: bool,
    job: bool,
    by: str | None,
) -> None:
    """Write the register, the handling log, a period or a case; personal data is masked."""
    found = installed()
    first, last = (moment.replace(tzinfo=BEIJING) if moment else None for moment in (since, until))
    chosen = Chosen(
        kind,
        form or KINDS[kind][0],
        lang=lang,
        since=first,
        until=last + timedelta(days=1) if last else None,
        type=kind_of,
        state=state or "",
        product=product,
        tests=tests or "",
        number=number,
        unmasked=unmasked is not None,
        reason=unmasked or "",
        restricted=restricted,
        # Whoever has the shell has the database.
        office=kind != "case",
    )
    if job:
        click.echo(jobs.order(found, person(by), chosen))
        return
    if output is None and not exports.in_lines(chosen) and sys.stdout.isatty():
        fail("this file is no text for a terminal; say where with --output", WRONG_USE)
    settled = exports.order(found, person(by), chosen)
    with found.reading() as work, opened(output) as target:
        total = count(work, settled)
        for chunk in exports.stream(work, settled, found.settings.DOCUMENT_FONT, bar(total)):
            target.write(chunk)
    if output:
        click.echo(f"{output}: {total} lines", err=True)


@contextmanager
def opened(output: Path | None) -> Iterator[IO[bytes]]:
    """Where to write; a file that was broken off never has the name of a whole one."""
    if output is None:
        yield sys.stdout.buffer
        return
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)


def bar(total: int) -> Callable[[int], None]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(done: int) -> None:
        part = min(1.0, done / total) if total else 1.0
        bar = "#" * round(part * _WIDTH)
        end = "\n" if done >= total else ""
        click.echo(f"\r[{bar:<{_WIDTH}}] {done} / {total}{end}", nl=False, err=True)

    return show
