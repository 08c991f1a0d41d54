"""checkpoint, receipt: sign the log's tree, change its key, show what a complainant can prove."""

from __future__ import annotations

import json
from pathlib import Path

import click

from complaints.administration import checkpoints
from complaints.administration.installation import Installation
from complaints.base.clock import beijing
from complaints.cases import access
from complaints.cli.group import FOUND, WRONG_USE, fail, group, installed, person, plainly
from complaints.evidence import receipts
from complaints.ledger import keyring, stamps
from complaints.ledger.state import Signed
from complaints.store.tables import Checkpoint


@group.command("checkpoint")
@click.option(
    "--show", is_flag=True, help="Print the newest checkpoint, its stamp and the keys; signs nothing."
)
@click.option("--sign", is_flag=True, help="Sign the tree as it stands, now.")
@click.option(
    "--adopt",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Take up signing again from an older checkpoint in this file, after the state folder was lost.",
)
@click.option(
    "--rotate", is_flag=True, help="Hand over to a new log key, with one checkpoint signed by both."
)
@click.option(
    "--revoke", default="", metavar="VKEY", help="Take back what this key signed beyond --last-good."
)
@click.option(
    "--last-good", type=click.IntRange(min=0), default=None, help="The last size the key is believed at."
)
@click.option("--reason", default="", help="Why it is revoked; kept in the log, so nothing personal.")
@click.option(
    "--save",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="With --show: write checkpoint.txt and checkpoint.tsr into this folder.",
)
@click.option("--by", default=None, help="Who does it; default: the shell's user. Kept in the log.")
@plainly
def checkpoint(
    show: bool,
    sign: bool,
    adopt: Path | None,
    rotate: bool,
    revoke: str,
    last_good: int | None,
    reason: str,
    save: Path | None,
    by: str | None,
) -> None:
    """Show (default) or sign the checkpoint, take up signing again, change or revoke the key.

    Exit code 0 good, 1 a finding or a refusal to sign, 2 wrong use.
    """
    found = installed()
    if sum(map(bool, (show, sign, adopt, rotate, revoke))) > 1:
        fail("choose one of --show, --sign, --adopt, --rotate and --revoke", WRONG_USE)
    if sign:
        _print(checkpoints.sign(found))
    elif adopt is not None:
        said = checkpoints.adopt(found, adopt.read_text(encoding="utf-8"), person(by))
        click.echo(f"taken up again from the checkpoint of {said.size} events")
        _print(checkpoints.sign(found))
    elif rotate:
        _print(checkpoints.rotate(found, person(by)))
        click.echo(
            "Workers that read the key from its file take up the new one by themselves; restart those that have it "
            "from the environment. Publish the new key:"
        )
        click.echo(checkpoints.signer(found).vkey)
    elif revoke:
        if last_good is None or not reason:
            fail("--revoke needs --last-good SIZE and --reason", WRONG_USE)
        checkpoints.revoke(found, person(by), revoke, last_good, reason)
        click.echo(f"revoked beyond {last_good} events: {revoke}")
    else:
        _show(found, save)


@group.command("receipt")
@click.argument("number")
@click.option(
    "--checkpoint",
    "earlier",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="An older checkpoint: the proof then also shows that the log still begins with it.",
)
@plainly
def receipt(number: str, earlier: Path | None) -> None:
    """Print both receipts of a complaint as JSON: the promise of its filing and the proof that the log holds it."""
    note = earlier.read_text(encoding="utf-8") if earlier else ""
    with installed().reading() as work:
        case = access.find(work, number)
        both = {"promise": receipts.promise(work, case), "proof": receipts.proof(work, case, note)}
    click.echo(json.dumps(both, ensure_ascii=False, indent=1))
    if both["proof"] is None:
        fail("the filing is in no signed checkpoint yet", FOUND)


def _print(made: Signed | None) -> None:
    if made is None:
        fail("there is nothing to sign: the log is empty")
    click.echo(made.note)


def _show(found: Installation, save: Path | None) -> None:
    with found.reading() as work:
        row = checkpoints.newest(work.session)
        periods = checkpoints.periods(found, work.session)
        refused = checkpoints.refusal(found, work.session)
        left = checkpoints.left(work.session)
    if row is not None:
        click.echo(row.note)
        click.echo(f"signed {beijing(row.at):%Y-%m-%d %H:%M:%S} Beijing time")
        _stamp(row, found.settings.TSA_CA_FILE)
        click.echo(f"last left this machine: {f'{beijing(left):%Y-%m-%d %H:%M}' if left else 'never'}")
    for each in periods:
        click.echo(f"key {each.vkey}: {_sizes(each)}")
    if save is not None and row is not None:
        save.mkdir(parents=True, exist_ok=True)
        (save / "checkpoint.txt").write_bytes(row.note.encode())
        if row.stamp:
            (save / "checkpoint.tsr").write_bytes(row.stamp)
            click.echo(stamps.command(str(save), found.settings.TSA_CA_FILE))
    if refused is not None:
        fail(str(refused))
    if row is None:
        fail("no checkpoint has been signed yet; a worker or `flask complaints tick` signs one, or --sign")


def _stamp(row: Checkpoint, ca_file: str) -> None:
    if row.stamp is None:
        if row.stamp_state != "none":
            click.echo(f"time stamp: pending ({row.stamp_error or 'not asked for yet'})")
        return
    if not ca_file:
        click.echo(
            "time stamp: there; name its authority in COMPLAINTS_TSA_CA_FILE to verify it, or use --save"
        )
        return
    try:
        held = stamps.verify(row.stamp, row.note, ca_file)
    except stamps.StampError as error:
        fail(f"time stamp: {error}")
    click.echo(
        f"time stamp: {f'{beijing(held.at):%Y-%m-%d %H:%M:%S} Beijing time' if held.at else held.note}"
    )


def _sizes(period: keyring.Period) -> str:
    said = (
        f"from size {period.valid_from_size}" if period.valid_from_size is not None else "not in the tree yet"
    )
    if period.valid_to_size is not None:
        said += f" to {period.valid_to_size}"
    return said + (f", revoked beyond {period.revoked_after}" if period.revoked_after is not None else "")
