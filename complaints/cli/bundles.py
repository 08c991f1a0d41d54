"""bundle: a period or a case as evidence that verifies without us."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from complaints.base.clock import BEIJING
from complaints.base.ids import tidy_number
from complaints.cli.group import WRONG_USE, fail, group, installed, person, plainly
from complaints.evidence import bundle, tasks
from complaints.evidence.chosen import BUNDLE, PAPERS, Chosen
from complaints.ledger import keyring

_DAY = click.DateTime(["%Y-%m-%d"])


@group.command("bundle")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=_DAY, default=None, help="First day (Beijing time).")
@click.option("--until", type=_DAY, default=None, help="Last day (Beijing time), that day included.")
@click.option("--case", "number", default=None, help="One complaint instead of a period, by its number.")
@click.option(
    "--with-case",
    "cases",
    multiple=True,
    help="Put this complaint into a period's bundle as a whole, masked; may be repeated.",
)
@click.option(
    "--case-format",
    "paper",
    type=click.Choice(PAPERS),
    default=PAPERS[0],
    show_default=True,
    help="The document of each --with-case.",
)
@click.option("--by", default=None, help="Who makes it; default: the shell's user. Kept in the log.")
@plainly
def make_bundle(
    output: Path,
    since: datetime | None,
    until: datetime | None,
    number: str | None,
    cases: tuple[str, ...],
    paper: str,
    by: str | None,
) -> None:
    """Write a bundle of evidence (ZIP) with its own verifier; personal data stays out or is masked."""
    if bool(number) == bool(since and until):
        fail("say either --case NUMBER, or --since and --until", WRONG_USE)
    if number and cases:
        fail("--with-case belongs to a period; --case makes a bundle of one complaint", WRONG_USE)
    if output.exists():
        fail(f"{output} is there already; name a new file", WRONG_USE)
    found = installed()
    chosen = Chosen(
        BUNDLE,
        "zip",
        since=since.replace(tzinfo=BEIJING).astimezone(UTC) if since else None,
        until=(until.replace(tzinfo=BEIJING) + timedelta(days=1)).astimezone(UTC) if until else None,
        number=tidy_number(number) if number else "",
        cases=tuple(dict.fromkeys(map(tidy_number, cases))),
        paper=paper if cases else "",
        # Whoever has the shell has the database; the cases that go in as a whole are never restricted ones.
        restricted=bool(number),
        office=not number,
    )
    show = sys.stderr if sys.stderr.isatty() else None

    def progress(done: int, total: int) -> None:
        if show:
            print(f"\r{done} of {total} events", end="", file=show)

    settled = tasks.order(found, person(by), chosen)
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with found.reading() as work:
            made = bundle.make(work, unfinished, settled, found.settings.DOCUMENT_FONT, progress)
            key = keyring.signer(work).vkey
        unfinished.rename(output)
    finally:
        unfinished.unlink(missing_ok=True)
    if show:
        print(file=show)
    click.echo(f"{output}: {made.events} events of a log of {made.size}, manifest {made.digest}")
    click.echo(f'verify: python verify.py {output.name} --key "{key}"')
