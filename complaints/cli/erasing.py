"""erase: personal data by order, by request, or whatever is past its time; and a hold against it."""

from __future__ import annotations

import sys

import click

from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.cases import access, erasure
from complaints.cli.group import WRONG_USE, fail, group, installed, person, plainly
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.store import residue
from complaints.store.tables import Complaint


@group.command("erase")
@click.argument("number", required=False)
@click.option("--due", is_flag=True, help="Erase everything whose time of keeping is over.")
@click.option("--request", "asked", is_flag=True, help="Enter the person's own request.")
@click.option(
    "--order",
    "persons",
    multiple=True,
    type=click.Choice(erasure.PERSONS),
    help="Erase this person's data before its time; may be repeated.",
)
@click.option(
    "--hold", is_flag=True, help="Keep the complaint from erasure, for proceedings or an authority."
)
@click.option("--lift", is_flag=True, help="End that hold.")
@click.option(
    "--reason",
    default="",
    help="How the request came, by whose order, or under which reference; kept as an internal note.",
)
@click.option(
    "--by",
    default=None,
    help="Who does it; default: the shell's user, but a hold needs a name. Kept in the log.",
)
@plainly
def erase(
    number: str | None,
    *,
    due: bool,
    asked: bool,
    persons: tuple[str, ...],
    hold: bool,
    lift: bool,
    reason: str,
    by: str | None,
) -> None:
    """Erase personal data: of one complaint (NUMBER with --request or --order), or all that is --due; or hold it back."""
    found = installed()
    if (due, asked, bool(persons), hold, lift).count(True) != 1 or due == bool(number):
        fail("say --due, or NUMBER with --request, --order, --hold or --lift", WRONG_USE)
    if number and (hold or lift):
        _hold(found, number, lift=lift, reason=reason, by=by)
        return
    if number:
        given = number

        def enter(work: Work) -> str:
            case = journal.lock(work, access.find(work, given).uid)
            if asked:
                erasure.request(work, case, person(by), how=reason)
            else:
                erasure.order(work, case, person(by), persons, reason)
            return case.uid

        uids = [found.write(enter)]
    else:
        uids = []
    erased = sum(_one(found, uid) for uid in uids) if number else _due(found)
    if number and not erased:
        with found.reading() as work:
            click.echo(_stored(access.find(work, number)))
    click.echo(f"erased: {erased}")
    if erased:
        wiped = residue.wipe(found.database.engine)
        for line in residue.sentences(found.database.engine.dialect.name):
            click.echo(line)
        if wiped:
            click.echo("The WAL of our own SQLite file has been truncated.")


def _hold(found: Installation, number: str, *, lift: bool, reason: str, by: str | None) -> None:
    """Set or end a legal hold; whoever answers for it is named, and so is why."""
    if not (by or "").strip() or not reason.strip():
        fail("a hold needs --by NAME of who answers for it, and --reason", WRONG_USE)

    def enter(work: Work) -> Complaint:
        case = journal.lock(work, access.find(work, number).uid)
        (erasure.lift if lift else erasure.hold)(work, case, person(by), reason)
        return case

    case = found.write(enter)
    if not lift:
        click.echo(f"{case.number}: held; nothing of it is erased until --lift")
    elif case.erase_at is not None and case.erase_at <= found.now():
        click.echo(f"{case.number}: the hold has ended; past its time, the next run of the clock erases it")
    else:
        click.echo(f"{case.number}: the hold has ended")


def _due(found: Installation) -> int:
    """Batch by batch, each case in a transaction of its own, with a bar on a terminal."""
    erased = 0
    while True:
        with found.reading() as work:
            uids = erasure.due(work)
        if not uids:
            return erased
        with click.progressbar(uids, label="erasing", file=sys.stderr) as bar:
            erased += sum(_one(found, uid) for uid in bar)


def _one(found: Installation, uid: str) -> bool:
    return found.write(lambda work: erasure.finish(work, journal.lock(work, uid))) is not None


def _stored(case: Complaint) -> str:
    until = (
        f"{beijing(case.erase_at):%Y-%m-%d %H:%M} Beijing time"
        if case.erase_at
        else "its time after the case has ended"
    )
    return f"{case.number}: only stored from now on; erased by itself at {until}"
