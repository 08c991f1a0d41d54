"""policy check, publish, show."""

from __future__ import annotations

import json
from pathlib import Path

import click

from complaints.administration import succession
from complaints.administration.publishing import publish, versions
from complaints.administration.succession import Consequence
from complaints.base.errors import PolicyError
from complaints.cli.calendars import reckon
from complaints.cli.group import FOUND, WRONG_USE, fail, group, installed, plainly
from complaints.ledger.work import Actor
from complaints.policy.profile import load
from complaints.web.public.process import render_body


@group.group("policy", help="What is promised: check, publish, show.")
def policy() -> None:
    """Group of policy commands."""


@policy.command("check")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@plainly
def check(path: Path | None) -> None:
    """Check a policy file; every fault is named with its file, key path and remedy."""
    found = path or installed().settings.policy_path
    if found is not None and not found.is_file():
        fail(f"{found}: there is no such file", WRONG_USE)
    try:
        read = load(found)
    except PolicyError as error:
        fail("\n".join(map(str, error.problems)), FOUND)
    for caution in read.cautions():
        click.echo(f"look: {caution}")
    for missing in read.missing():
        click.echo(f"missing: {missing.key}: {missing.what('en')}")
    click.echo(f"{found or 'the shipped profile'}: valid, {len(read.types)} types, digest {read.digest}")


@policy.command("publish")
@click.option("--by", required=True, help="The person who answers for these promises; kept in the log.")
@click.option("--forward", is_flag=True, help="Open complaints gain the earlier dates of this version.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@plainly
def publish_policy(by: str, forward: bool, yes: bool) -> None:
    """Publish the policy file as it stands now; from then on new complaints are filed under it.

    Open complaints keep their dates, or gain earlier ones with --forward; no date ever moves later by it.
    """
    found = installed()
    path = found.settings.policy_path
    wanted = load(path)
    with found.reading() as work:
        ruling = found.in_force(work.session)
    if ruling.policy.digest == wanted.digest and not ruling.trial:
        click.echo(f"version {ruling.version} says the same already; nothing to publish")
        return
    for line in changes(ruling.policy.resolved(), wanted.resolved()):
        click.echo(f"  {line}")
    with found.reading() as work:
        for each in succession.consequences(work, wanted):
            click.echo(f"  {_consequence(each, forward=forward)}")
    if not yes:
        click.confirm(f"Publish {path or 'the shipped profile'} as {by}?", abort=True)
    made = found.write(
        lambda work: publish(
            work, wanted, Actor("admin", by[:64]), trial=False, render_page=render_body, forward=forward
        )
    )
    click.echo(f"published version {made.version}, digest {made.digest}")
    if forward:
        reckon(found)


@policy.command("show")
@click.option("--version", type=int, default=None, help="A published version; default: the one in force.")
@click.option("--list", "as_list", is_flag=True, help="List the versions.")
@plainly
def show(version: int | None, as_list: bool) -> None:
    """Print a published policy as JSON."""
    found = installed()
    with found.reading() as work:
        if as_list:
            for each in versions(work.session):
                trial = " (trial run)" if each.trial else ""
                click.echo(
                    f"{each.version}\t{each.published_at:%Y-%m-%d}\t{each.published_by}{trial}\t{each.digest}"
                )
            return
        known = found.published(work.session, version) if version else found.in_force(work.session)
        if version and known.version != version:
            fail(f"there is no version {version}", WRONG_USE)
        click.echo(json.dumps(known.policy.resolved(), ensure_ascii=False, indent=2))


def changes(before: object, after: object, at: str = "") -> list[str]:
    """What differs between two resolved policies, one line per place."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for key in {**before, **after}
            for line in changes(before.get(key), after.get(key), f"{at}.{key}" if at else str(key))
        ]
    if isinstance(before, list) and isinstance(after, list) and before and after and _keyed(before, after):
        return changes({each["key"]: each for each in before}, {each["key"]: each for each in after}, at)
    if before == after:
        return []
    return [f"{at}: {json.dumps(before, ensure_ascii=False)} → {json.dumps(after, ensure_ascii=False)}"]


def _keyed(*lists: list[object]) -> bool:
    return all(isinstance(each, dict) and "key" in each for rows in lists for each in rows)


def _consequence(each: Consequence, *, forward: bool) -> str:
    told = f"{each.key}: " + "; ".join(
        f"{change.kind} {change.before or 'not promised'} → {change.after or 'not promised'}"
        for change in each.terms
    )
    if not each.open:
        return f"{told}; no open complaint"
    if not forward:
        return f"{told}; {each.open} open keep their dates, {each.gains} would gain an earlier one with --forward"
    return (
        f"{told}; {each.gains} of {each.open} open gain an earlier date, {each.open - each.gains} keep theirs"
    )
