"""Who is at a case: say so, let go, take over, and stay there while the page is in use."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from complaints.base.errors import ClaimedError, NotFoundError
from complaints.cases import access as reach
from complaints.cases import claims, people
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.store.tables import Complaint
from complaints.web.admin.access import operator, roles
from complaints.web.admin.casepage import Page
from complaints.web.admin.forms import sent
from complaints.web.forms import Act
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the act and its quiet renewal."""
    blueprint.add_url_rule("/case/<number>/claim", "claim", claim, methods=["POST"])
    blueprint.add_url_rule("/case/<number>/renew", "renew", renew, methods=["POST"])


@roles(*HANDLERS)
def claim(number: str) -> ResponseReturnValue:
    """Take a case, let go of it, or take it over from whoever `over` names; the page then says who has it."""
    case, viewer = _found(number), operator()
    uid, over = case.uid, request.form.get("over", "")
    if sent(Act()):

        def write(work: Work) -> None:
            locked = _may(journal.lock(work, uid))
            if request.form.get("do") == "leave":
                claims.leave(work, locked.id, viewer.ref)
            elif locked.erased_at is None:
                claims.take(work, locked, viewer.ref, over=over)

        # Where somebody was quicker, the page says who.
        with suppress(ClaimedError):
            frame().write(write)
    return redirect(url_for("complaints.admin.case", number=number), 303)


@roles(*HANDLERS)
def renew(number: str) -> ResponseReturnValue:
    """Stay at a case whose page is in use: 204, or 409 once it is somebody else's or has lapsed."""
    case, viewer = _found(number), operator()
    case_id = case.id
    if not sent(Act()):
        return "", 400
    kept = frame().write(lambda work: claims.renew(work, case_id, viewer.ref))
    return "", 204 if kept else 409


def begin(page: Page) -> None:
    """Claim a case whose answer is about to be written, unless somebody is at it. Commits; read the page anew."""
    uid, viewer = page.case.uid, page.viewer
    with suppress(ClaimedError):
        frame().write(lambda work: claims.take(work, journal.lock(work, uid), viewer.ref))


def stay(page: Page) -> None:
    """Renew the viewer's claim once their page has been made, at most once a minute. Commits."""
    held = page.claim
    if held is None or held.ref != page.viewer.ref:
        return
    if page.work.now >= held.until - claims.LAPSE + claims.SPARING:
        case_id, ref = held.complaint_id, held.ref
        frame().write(lambda work: claims.renew(work, case_id, ref))


def _found(number: str) -> Complaint:
    return _may(reach.find(frame().work, number))


def _may(case: Complaint) -> Complaint:
    if not people.may_see(operator(), case):
        raise NotFoundError("no such complaint")
    return case
