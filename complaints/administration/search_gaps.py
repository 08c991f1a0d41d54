"""What keeps the operators from searching texts: a database that cannot, another key, a clock that is behind."""

from __future__ import annotations

from collections.abc import Iterator

from complaints.administration.reach import Gap
from complaints.base.translations import gettext as t
from complaints.cases import searching
from complaints.cases.pieces import Maker
from complaints.ledger.work import Work
from complaints.store import search

# The clock takes in what is new within a minute.
_WAITED = 600
REBUILD = "`flask complaints search rebuild`"


def gaps(work: Work) -> Iterator[Gap]:
    """What is wrong with the search index."""
    why = searching.lacking(work, Maker(work.keys.search))
    if why == "unavailable":
        yield Gap(
            "look",
            t("search: this SQLite was built without FTS5, so that texts cannot be searched"),
            t(
                "use a Python whose SQLite has it, or another database; then run `flask complaints db upgrade`"
            ),
        )
    elif why:
        yield Gap("fail", t("search: the index was made with another key"), REBUILD)
    since = None if why else search.oldest_waiting(work.session)
    waited = 0 if since is None else int((work.now - since).total_seconds())
    if waited > _WAITED:
        yield Gap(
            "look",
            t("search: texts of the last {n} minutes are not found yet", n=waited // 60),
            t("let a worker or `flask complaints tick` run; after an import {command}", command=REBUILD),
        )
