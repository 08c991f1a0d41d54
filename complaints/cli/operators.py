"""operator add, list, disable, reset-totp."""

from __future__ import annotations

import click

from complaints.administration import operators, second_factor
from complaints.cli.group import group, installed, person, plainly
from complaints.policy.roles import STAFF


@group.group("operator", help="Built-in operator accounts.")
def operator() -> None:
    """Group of account commands."""


@operator.command("add")
@click.argument("login")
@click.option("--name", default="", help="Name shown to colleagues; empty: the log-in name.")
@click.option("--mail", default=None, help="Address for notices.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(STAFF),
    default=("handler",),
    help="May be given several times.",
)
@click.option("--restricted", is_flag=True, help="May see restricted types (minors, intimate images).")
@click.option("--by", default=None, help="Who adds the account; default: the shell's user.")
@plainly
def add(
    login: str, name: str, mail: str | None, roles: tuple[str, ...], restricted: bool, by: str | None
) -> None:
    """Add an operator and print a one-time password."""
    made, password = installed().write(
        lambda work: operators.create(
            work, login, name or login, roles, mail=mail, restricted=restricted, by=person(by)
        )
    )
    click.echo(f"operator {made.login} ({', '.join(made.roles)})")
    click.echo(f"one-time password: {password}")


@operator.command("list")
@plainly
def list_operators() -> None:
    """List the accounts."""
    with installed().reading() as work:
        for each in operators.everyone(work):
            state = "active" if each.active else "disabled"
            factor = "totp" if each.totp is not None else "password"
            click.echo(f"{each.login}\t{each.name}\t{','.join(each.roles)}\t{state}\t{factor}")


@operator.command("disable")
@click.argument("login")
@click.option("--by", default=None, help="Who disables the account; default: the shell's user.")
@plainly
def disable(login: str, by: str | None) -> None:
    """Disable an account and end its sessions; its name stays in the log."""
    installed().write(lambda work: operators.disable(work, login, by=person(by)))
    click.echo(f"operator {login} disabled")


@operator.command("reset-totp")
@click.argument("login")
@click.option("--by", default=None, help="Who resets it; default: the shell's user.")
@plainly
def reset_totp(login: str, by: str | None) -> None:
    """Take an operator's second factor away, as after a lost phone, and end the sessions."""
    installed().write(lambda work: second_factor.reset(work, login, by=person(by)))
    click.echo(f"operator {login}: no second factor, logged out")
