"""key add, list, revoke."""

from __future__ import annotations

import click

from complaints.administration import api_keys
from complaints.base.clock import beijing
from complaints.cli.group import group, installed, person, plainly


@group.group("key", help="Keys of the JSON interface.")
def key() -> None:
    """Group of key commands."""


@key.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(api_keys.SCOPES),
    help="May be given several times.",
)
@click.option("--restricted", is_flag=True, help="May see restricted types (minors, intimate images).")
@click.option("--days", type=int, default=None, help="Days until it ends; default: when it is revoked.")
@click.option("--by", default=None, help="Who makes the key; default: the shell's user.")
@plainly
def add(name: str, scopes: tuple[str, ...], restricted: bool, days: int | None, by: str | None) -> None:
    """Make a key and print it, this once."""
    made, secret = installed().write(
        lambda work: api_keys.create(work, name, scopes, restricted=restricted, days=days, by=person(by))
    )
    click.echo(f"key {made.ref} ({', '.join(made.scopes)})", err=True)
    click.echo(secret)


@key.command("list")
@plainly
def list_keys() -> None:
    """List the keys, without what they are."""
    with installed().reading() as work:
        for each in api_keys.everything(work):
            used = f"{beijing(each.used_at):%Y-%m-%d %H:00}" if each.used_at else "never used"
            scopes = ",".join([*each.scopes, *(["restricted"] if each.restricted else [])])
            click.echo(f"{each.ref}\t{each.name}\t{scopes}\t{api_keys.state(work, each)}\t{used}")


@key.command("revoke")
@click.argument("ref")
@click.option("--by", default=None, help="Who revokes the key; default: the shell's user.")
@plainly
def revoke(ref: str, by: str | None) -> None:
    """End a key at once; what it did stays in the log under its name."""
    installed().write(lambda work: api_keys.revoke(work, ref, by=person(by)))
    click.echo(f"key {ref} revoked")
