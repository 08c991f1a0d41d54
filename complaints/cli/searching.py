"""search rebuild: the index of texts, made anew."""

from __future__ import annotations

import sys

import click

from complaints.cases import searching
from complaints.cases.pieces import Maker
from complaints.cli.group import fail, group, installed, plainly
from complaints.jobs import indexing
from complaints.ledger import sequencer


@group.group("search", help="The index of the texts that operators search.")
def search() -> None:
    """Group of search commands."""


@search.command("rebuild")
@plainly
def rebuild() -> None:
    """Make the search index anew, after an import or a change of the key; everything else goes on meanwhile."""
    found = installed()
    with found.reading() as work:
        if searching.lacking(work, Maker(found.keys.search)) == "unavailable":
            fail("this database cannot search texts: its SQLite was built without FTS5")
    while sequencer.sequence(found.database):
        # What has no place in the tree yet, as after an import, would be missed.
        continue
    with found.reading() as work:
        size = sequencer.head(work.session).size
    with click.progressbar(length=size, label="indexing", file=sys.stderr) as bar:
        done = indexing.rebuild(found, bar.update)
    click.echo(f"complaints indexed: {done.cases}")
