"""calendar import, list, show; and the progress of reckoning open complaints anew."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import click

from complaints.administration import calendars, underway
from complaints.administration.calendars import Moves, Preview
from complaints.administration.installation import Installation
from complaints.cli.group import FOUND, fail, group, installed, person, plainly
from complaints.jobs.reckoning import Reckoned, reckon_anew
from complaints.policy.deadlines import clock
from complaints.policy.yearfiles import read_upload


@group.group("calendar", help="Working days: import, list, show.")
def calendar() -> None:
    """Group of calendar commands."""


@calendar.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--notice", default="", help="Title and number of the notice, where the file does not name it.")
@click.option("--url", default="", help="Address of the notice.")
@click.option(
    "--by", default=None, help="Who imports it; kept in the log. Default: the account of the shell."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@plainly
def import_year(path: Path, notice: str, url: str, by: str | None, yes: bool) -> None:
    """Import a year's holidays and make-up workdays: JSON of holiday-cn or of ours, or CSV (date,type,name).

    First it says which days change and whose dates move; open complaints are then reckoned anew.
    """
    found, who = installed(), person(by)
    data = read_upload(path.read_bytes(), notice=notice, url=url)
    seen = calendars.preview(found, data)
    if not seen.news:
        click.echo(f"{data.year}: the same is known already; nothing to import")
        return
    for line in _lines(seen):
        click.echo(line)
    if not yes:
        click.confirm(f"Import {data.year} as {who.ref}?", abort=True)
    row = found.write(lambda work: calendars.import_year(work, data, who, revision=seen.revision))
    if row is None:
        click.echo(f"{data.year}: the same was imported in the meantime")
        return
    click.echo(f"imported {row.year}, revision {row.revision}")
    reckon(found)


@calendar.command("list")
@plainly
def list_years() -> None:
    """List the known years: final or provisional, notice, when and by whom imported."""
    with installed().reading() as work:
        for known in calendars.years(work):
            data, row = known.data, known.imported
            came = f"{clock(row.imported_at, 'en')} by {row.imported_by}" if row else "with the package"
            state = "final" if data.final else "provisional"
            click.echo(f"{data.year}\t{state}\t{data.notice or '-'}\t{came}")


@calendar.command("show")
@click.argument("year", type=int)
@plainly
def show_year(year: int) -> None:
    """Print a year's holidays and make-up workdays."""
    with installed().reading() as work:
        data = work.calendar.year(year)
    click.echo(json.dumps(data.as_dict(), ensure_ascii=False, indent=2))


def reckon(found: Installation) -> None:
    """Reckon open complaints anew until all have been looked at, with a progress bar on a terminal."""
    if sys.stderr.isatty():
        with click.progressbar(length=underway.left(found), label="complaints", file=sys.stderr) as bar:
            done = _to_the_end(found, bar.update)
    else:
        done = _to_the_end(found)
    click.echo(f"{done.seen} complaints looked at, {done.moved} rescheduled")
    if done.failed:
        fail(f"{done.failed} could not be reckoned; the log of this process says why", FOUND)
    with found.reading() as work:
        if underway.jobs(found, work):
            click.echo("the clock looks at those filed around now once more in two minutes")


def _to_the_end(found: Installation, progress: Callable[[int], None] | None = None) -> Reckoned:
    done = Reckoned()
    while (part := reckon_anew(found, progress=progress)).seen:
        done = done.plus(part)
    return done


def _lines(seen: Preview) -> list[str]:
    state = "final" if seen.data.final else "provisional: no notice is named"
    lines = [f"{seen.data.year}, {state}; {seen.data.notice or '-'}"]
    lines += [f"  {day.becomes:8}  {day.words('en')}" for day in seen.days]
    return [*lines, _moves(seen.moves)]


def _moves(moves: Moves) -> str:
    said = (
        f"{moves.affected} open complaints affected: {moves.earlier} dates come earlier, {moves.later} later"
    )
    if moves.internal:
        said += f", {moves.internal} complaints only in internal targets"
    if moves.settled:
        said += f", {moves.settled} are no longer provisional"
    if moves.farthest:
        said += (
            f"; the farthest moves {abs(moves.farthest)} days {'earlier' if moves.farthest < 0 else 'later'}"
        )
    return said
