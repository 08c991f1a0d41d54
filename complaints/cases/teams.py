"""The teams cases lie with, as services see them; they order work and hide nothing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from complaints.delivery.people import TEAM
from complaints.ledger.work import Work
from complaints.store.tables import Team


def group(team: str | None) -> str:
    """Who hears of a case nobody is in charge of, as the outbox names them."""
    return f"{TEAM}{team}" if team else "operators"


def standing(work: Work) -> dict[str, str]:
    """Keys and names of the teams that are not removed, in the order of their names."""
    query = select(Team.key, Team.name).where(Team.removed_at.is_(None)).order_by(Team.name, Team.key)
    return {row.key: row.name for row in work.session.execute(query)}


def names(work: Work) -> Mapping[str, str]:
    """What every team is called, also one removed since: cases and records may still name it."""
    return {row.key: row.name for row in work.session.execute(select(Team.key, Team.name))}
