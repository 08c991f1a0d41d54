"""Handing a case to another team: who it lies with changes, what was promised does not."""

from __future__ import annotations

from typing import Any

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import teams
from complaints.cases.handling import require_reviewer
from complaints.cases.step import from_operator, step, tell_operators
from complaints.ledger.journal import Written
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint


def transfer(
    work: Work, case: Complaint, actor: Actor, team: str | None, note: str = "", *, to: str | None = None
) -> Written:
    """Hand a case to a team, or to none; nobody is in charge then, unless `to` names somebody.

    No date moves. The team's members are told, or whoever is put in charge. Raises InputError for a team that is
    not there, the one it lies with already, and a reviewer who made the decision. The caller has checked `to`.
    """
    if team is not None and team not in teams.standing(work):
        raise InputError({"team": [t("Choose a team of the list")]})
    if team == case.team:
        raise InputError({"team": [t("It lies with this team already; choose another one")]})
    require_reviewer(work, case, to)
    meta: dict[str, Any] = {"team": team or "", "to": to or ""}
    written = step(
        work,
        case,
        "transfer",
        actor,
        change={"team": team, "assignee": to},
        meta=meta,
        personal={"note": from_operator(note)} if note.strip() else None,
    )
    if to != actor.ref and (to or team):
        tell_operators(work, case, "transferred", written.seq)
    return written
