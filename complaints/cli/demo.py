"""demo-data: labelled sample complaints for a demonstration."""

from __future__ import annotations

import sys

import click

from complaints.administration import sampling
from complaints.administration.installation import Installation
from complaints.cli.group import WRONG_USE, fail, group, installed, plainly


@group.command("demo-data")
@click.option("--force", is_flag=True, help="Also where COMPLAINTS_TEST_INSTALLATION is not set.")
@plainly
def demo_data(force: bool) -> None:
    """Fill an empty database with sample complaints, each marked 测试 for ever; changes nothing otherwise."""
    found = installed()
    if not (found.settings.TEST_INSTALLATION or force):
        fail(
            "sample complaints can never be removed from the log again. This is meant for a demonstration: set "
            "COMPLAINTS_TEST_INSTALLATION = True, or say --force",
            WRONG_USE,
        )
    count = fill_showing(found)
    click.echo(
        f"{count} sample complaints, each marked 测试"
        if count
        else "there are complaints already; nothing was done"
    )


def fill_showing(found: Installation) -> int:
    """Fill with a progress bar on a terminal and none in a pipe; returns how many were filed."""
    if not sys.stderr.isatty():
        return sampling.fill(found)
    with click.progressbar(length=1, label="sample complaints", file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return sampling.fill(found, show)
