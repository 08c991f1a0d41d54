"""bundle: a period or a case as evidence that verifies without us."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from complaints.base.clock import BEIJING, stamp
from complaints.cases.access import find
from complaints.cli.group import WRONG_USE, fail, group, installed, person, plainly
from complaints.evidence import bundle
from complaints.ledger import keyring
from complaints.ledger.journal import record_system

_DAY = click.DateTime(["%Y-%m-%d"])


@group.command("bundle")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--since", type=_DAY, default=None, help="First day (Beijing time).")
@click.option("--until", type=_DAY, default=None, help="Last day (Beijing time), that day included.")
@click.option("--case", "number", default=None, help="One complaint instead of a period, by its number.")
@click.option("--by", default=None, help="Who makes it; default: the shell's user. Kept in the log.")
@plainly
def make_bundle(
    output: Path, since: datetime | None, until: datetime | None, number: str | None, by: str | None
) -> None:
    """Write a bundle of evidence (ZIP) with its own verifier; personal data stays out."""
    if bool(number) == bool(since and until):
        fail("say either --case NUMBER, or --since and --until", WRONG_USE)
    if output.exists():
        fail(f"{output} is there already; name a new file", WRONG_USE)
    found = installed()
    first = since.replace(tzinfo=BEIJING).astimezone(UTC) if since else None
    last = (until.replace(tzinfo=BEIJING) + timedelta(days=1)).astimezone(UTC) if until else None
    show = sys.stderr if sys.stderr.isatty() else None

    def progress(done: int, total: int) -> None:
        if show:
            print(f"\r{done} of {total} events", end="", file=show)

    asked: dict[str, Any] = {"kind": "bundle", "form": "zip", "number": number}
    asked |= {"since": first and stamp(first), "until": last and stamp(last)}
    found.write(
        lambda work: record_system(
            work, "exported", person(by), {name: value for name, value in asked.items() if value}
        )
    )
    unfinished = output.with_name(f"{output.name}.part")
    try:
        with found.reading() as work:
            if first and last:
                made = bundle.period(work, unfinished, first, last, progress)
            else:
                made = bundle.case(work, unfinished, find(work, number or ""))
            key = keyring.signer(work).vkey
        unfinished.rename(output)
    finally:
        unfinished.unlink(missing_ok=True)
    if show:
        print(file=show)
    click.echo(f"{output}: {made.events} events of a log of {made.size}, manifest {made.digest}")
    click.echo(f'verify: python verify.py {output.name} --key "{key}"')
