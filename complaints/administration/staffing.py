"""Whether there is anybody: who handles complaints here, and the teams that types name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from complaints.administration import roster, teams
from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.cases import appeal, escalation
from complaints.delivery import outbox
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.tables import Complaint, Operator

# Level, what is so, what to do about it.
Said = tuple[str, str, str]


def look(found: Installation, work: Work) -> Iterator[Said]:
    """What `doctor` says of people and teams."""
    yield from _people(found, work)
    yield from _teams(work)


def unreviewable(work: Work) -> list[Complaint]:
    """The complaints whose review nobody here may do; of a host that lists nobody, nobody knows: none."""
    staff = roster.read(work).staff
    if not staff:
        return []
    asked = select(Complaint).where(Complaint.state == State.UNDER_REVIEW.value).order_by(Complaint.id)
    return [case for case in work.session.scalars(asked) if not appeal.eligible(work, case, staff)]


def tell_no_reviewer(work: Work) -> int:
    """Tell the contact for compliance of each of these, once a round; returns how many. The caller commits."""
    return sum(
        outbox.queue(
            work,
            "no_reviewer",
            "compliance",
            dedupe=f"{case.uid}/{case.cycle}/no_reviewer",
            complaint_id=case.id,
            urgent=escalation.urgent(case),
        )
        for case in unreviewable(work)
    )


def _people(found: Installation, work: Work) -> Iterator[Said]:
    if found.hooks.operator is not None:
        yield from _hosts(found)
        return
    active = work.session.scalar(select(func.count()).select_from(Operator).where(Operator.active)) or 0
    if active == 0:
        yield (
            "fail",
            t("operators: nobody can handle complaints"),
            "`flask complaints operator add NAME --mail …`",
        )
    elif active == 1:
        yield (
            "look",
            t("operators: only one; nobody can review their decisions"),
            t("add a second operator"),
        )
    else:
        yield "ok", t("operators: {n}", n=active), ""


def _hosts(found: Installation) -> Iterator[Said]:
    kept, here = found.directory.kept, found.directory.listed()
    if found.directory.fault:
        yield (
            "fail",
            t("operators: the host's list of them cannot be read ({fault})", fault=found.directory.fault),
            t("mend the function given as operator_directory; what it last said goes on to count"),
        )
    elif kept and not here:
        yield (
            "fail",
            t("operators: the host lists nobody"),
            t("let operator_directory return everyone who may handle complaints"),
        )
    elif kept:
        yield "ok", t("operators: the host's users, {n} of them", n=len(here)), ""
    else:
        yield (
            "ok",
            t("operators: the host's users; it does not list them, so nobody can be told or put in charge"),
            t("give Complaints(…) an operator_directory"),
        )


def _teams(work: Work) -> Iterator[Said]:
    for kind, team in teams.strangers(work):
        yield (
            "look",
            t(
                "teams: complaints of type “{type}” arrive with “{team}”, which is no team",
                type=kind,
                team=team,
            ),
            t("add a team with this key on the page of the teams, or change types.{type}.team", type=kind),
        )
