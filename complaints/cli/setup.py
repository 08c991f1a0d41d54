"""init, doctor, db: make an installation work, and say what it still lacks."""

from __future__ import annotations

import os

import click

from complaints.administration import checkpoints, refusals
from complaints.administration import doctor as examination
from complaints.administration.installation import Installation
from complaints.administration.publishing import publish, versions
from complaints.base import keys, resources
from complaints.base.translations import speaking
from complaints.cli.group import FOUND, fail, group, installed, plainly
from complaints.ledger.state import StateFolder
from complaints.ledger.work import SYSTEM
from complaints.policy.scaffold import starter
from complaints.store import schema, triggers
from complaints.web.public.process import render_body


@group.command("init")
@click.option("--no-policy-file", is_flag=True, help="Do not write a complaints.toml to fill in.")
@plainly
def init(no_policy_file: bool) -> None:
    """Migrate, make missing keys and the signer's folder, write a complaints.toml to fill in, publish the policy for a trial run."""
    setup(installed(), policy_file=not no_policy_file)
    click.echo("done. Next: fill in complaints.toml, add an operator, then `flask complaints doctor`.")


def setup(found: Installation, *, policy_file: bool) -> None:
    """What `init` does; safe to repeat."""
    settings = found.settings
    _upgrade(found)
    # A key that came by the environment must not be written to disk, where it would be a second, wrong one.
    written = keys.create_missing(settings.keys_folder, {**os.environ, **settings.key_settings})
    click.echo(
        f"keys: {'wrote ' + ', '.join(written) if written else 'already there'} ({settings.keys_folder})"
    )
    _signer(found)
    path = settings.policy_path or settings.instance / "complaints.toml"
    if policy_file and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(starter(found.file_policy), encoding="utf-8")
        click.echo(f"policy: wrote {path}, fill it in")
    with found.reading() as work:
        published = bool(versions(work.session))
    if not published:
        found.write(
            lambda work: publish(work, found.file_policy, SYSTEM, trial=True, render_page=render_body)
        )
        click.echo(
            "policy: published for a trial run (试运行); a named person runs `flask complaints policy publish`"
        )


def _signer(found: Installation) -> None:
    """Make this host the one that signs, unless another one already does."""
    place = StateFolder(found.settings.state_folder)
    with found.database.reading() as session:
        signed, host = checkpoints.newest(session), refusals.signer(session)
    if not place.exists and signed is not None:
        click.echo(
            f"checkpoints: {host or 'another host'} signs them, so this host does not. To make it sign instead, stop "
            f"signing there and bring its state folder here as {place.folder}, or run `flask complaints checkpoint "
            "--adopt OLDER`"
        )
        return
    place.create()
    click.echo(f"checkpoints: this host signs them ({place.folder})")


@group.command("doctor")
@plainly
def doctor() -> None:
    """Examine the installation; exit code 1 when something must be done before going public."""
    found = installed()
    worst = 0
    # A terminal reads the language of the command's help.
    with speaking("en"):
        advice = list(examination.examine(found))
    for each in advice:
        worst = max(worst, examination.LEVELS.index(each.level))
        click.echo(f"[{each.level:>4}] {each.what}")
        if each.remedy:
            click.echo(f"       → {each.remedy}")
    if worst == len(examination.LEVELS) - 1:
        raise SystemExit(FOUND)


@group.group("db", help="The tables: upgrade, check.")
def database() -> None:
    """Group of database commands."""


@database.command("upgrade")
@plainly
def upgrade() -> None:
    """Run every migration that is missing, and make the triggers of the log that are missing."""
    _upgrade(installed())


def _upgrade(found: Installation) -> None:
    """A server that refuses the log's triggers stops nothing: it is said, and `doctor` goes on saying it."""
    refused = schema.upgrade(found.database.engine, resources.folder("migrations"))
    click.echo("database: up to date")
    if refused:
        click.echo(f"database: the server refused the log's triggers ({refused})", err=True)
        with found.database.engine.connect() as connection, speaking("en"):
            click.echo(f"       → {triggers.remedy(connection)}", err=True)


@database.command("check")
@plainly
def check() -> None:
    """Compare the tables with what this version expects; exit code 1 when they differ."""
    engine = installed().database.engine
    scripts = resources.folder("migrations")
    at, head = schema.revision(engine), schema.head(scripts)
    if at != head:
        fail(
            f"the database is at {at or 'nothing'}, this version needs {head}: run `flask complaints db upgrade`"
        )
    different = schema.differences(engine)
    if different:
        fail("the tables differ from what this version expects:\n" + "\n".join(different))
    click.echo(f"database: at {at}, as expected")
