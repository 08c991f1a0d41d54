"""An index that is up to date, and what a search in it finds."""

from __future__ import annotations

from complaints.cases import queries, searching
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.jobs.indexing import index
from complaints.ledger import sequencer

CLEARED = Operator("op_boss", "Boss", frozenset({"admin"}), restricted=True)
PLAIN = Operator("op_hand", "Hand", frozenset({"handler"}))


def take_in(installation):
    """As the clock does: every event gets its place, then its words are taken in."""
    sequencer.sequence(installation.database)
    return index(installation)


def listing(desk, words, viewer=PLAIN, **filters):
    def look(work):
        given = {"view": "all", **filters, "q": searching.seal(work, words)}
        return queries.queue(work, viewer, Filters.of(given))

    return desk.read(look)


def found(desk, words, viewer=PLAIN, **filters):
    """The numbers of what is found, in order."""
    return [row.case.number for row in listing(desk, words, viewer, **filters).rows]
