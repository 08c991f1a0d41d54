"""Whether a file may hold what has been closed to its reader since it was ordered."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, func, select

from complaints.evidence.chosen import CASES, EVENTS, MONTHLY, Chosen, filed, some
from complaints.ledger.work import Work

# As a leaf has it (RFC 8785).
_RESTRICTS = b'"restricted":[false,true]'


def closed(work: Work, chosen: Chosen) -> int:
    """How often cases that the file may show were closed to its reader; 0 for a file that shows nobody.

    A number that has changed since a file was begun says that it may hold what it must not. By the period alone:
    a case may have left the other filters meanwhile, and those left out for their type are the very ones that count.
    """
    shown = chosen.kind == "register" and chosen.unmasked
    persons = shown or chosen.kind == "case" or bool(chosen.cases)
    if not persons and not chosen.lacking:
        return 0
    wanted: list[list[ColumnElement[bool]]]
    if chosen.listing is not None:
        wanted = [[CASES.c.id.in_(ids)] for ids in some(chosen)]
    elif chosen.cases:
        wanted = [[CASES.c.number.in_(chosen.cases)]]
    else:
        whole = replace(chosen, type="", state="", product="", tests="", office=True)
        # An event of the period may be of a complaint filed long before, and a month stands beside earlier ones.
        further = chosen.kind in {"log", MONTHLY}
        wanted = [filed(work, replace(whole, since=None, until=None) if further else whole)]
    return sum(_shut(work, chosen, each, persons=persons) for each in wanted)


def _shut(work: Work, chosen: Chosen, wanted: list[ColumnElement[bool]], *, persons: bool) -> int:
    """How often one of these cases was closed."""
    found = 0
    if persons:
        theirs = EVENTS.c.stream.in_(select(CASES.c.uid).where(*wanted))
        query = select(func.count()).select_from(EVENTS)
        ended = query.where(theirs, EVENTS.c.type.in_(("restricted", "erased")))
        found += int(work.session.execute(ended).scalar_one())
    # A case that a bundle has as a whole is never restricted, whoever reads it.
    if chosen.cases or not chosen.restricted:
        hidden = EVENTS.c.stream.in_(select(CASES.c.uid).where(*wanted, CASES.c.restricted))
        leaves = select(EVENTS.c.leaf).where(hidden, EVENTS.c.type == "reclassified")
        # Only what made one restricted: of one that always was, any other act would tell that something was done to it.
        found += sum(_RESTRICTS in leaf for leaf in work.session.scalars(leaves))
    return found
