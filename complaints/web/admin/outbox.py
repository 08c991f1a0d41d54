"""The outbox: what waits, fails, was given up or sent, and the buttons that send again or drop."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField

from complaints.administration import messages, roster
from complaints.administration.messages import Wanted
from complaints.base.errors import ConflictError
from complaints.base.translations import gettext as t
from complaints.cases import disposal
from complaints.cases.paging import Place
from complaints.ledger.work import Work
from complaints.policy.roles import LEADERS, READERS
from complaints.store.tables import Outbox
from complaints.web.admin import trouble, words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.addresses import number, plain
from complaints.web.admin.forms import sent
from complaints.web.admin.letters import Recipients, kind_words, kinds, ways
from complaints.web.forms import Act, OwnForm, old_page
from complaints.web.frame import frame


class SomeForm(OwnForm):
    """Which of those that were given up are sent again."""

    kind = HiddenField()
    way = HiddenField()


class DropForm(OwnForm):
    """Why a message rests."""

    reason = SelectField(validate_choice=False, choices=[])


def register(blueprint: Blueprint) -> None:
    """Add the list, and what its buttons do."""
    blueprint.add_url_rule("/outbox", "outbox", outbox)
    blueprint.add_url_rule("/outbox/again", "outbox_again", again, methods=["GET", "POST"])
    blueprint.add_url_rule(
        "/outbox/<int(max=9223372036854775807):letter>/retry", "retry", retry, methods=["POST"]
    )
    blueprint.add_url_rule(
        "/outbox/<int(max=9223372036854775807):letter>/drop", "outbox_drop", drop, methods=["GET", "POST"]
    )


@roles(*READERS)
def outbox() -> ResponseReturnValue:
    """Messages of one state, narrowed by what stands in the address."""
    asked: dict[str, Any] = request.args.to_dict()
    if "" in asked.values():
        # A form sends its empty fields too; an address that is handed on names what is set.
        return redirect(url_for("complaints.admin.outbox", **plain(asked)))
    return _listing()


@roles(*LEADERS)
def retry(letter: int) -> ResponseReturnValue:
    """Send a message that was given up once more."""
    if not sent(Act()):
        return _listing(old_page()), 400
    viewer = operator()
    try:
        frame().write(lambda work: messages.retry(work, viewer, letter))
    except ConflictError:
        return _listing(_settled()), 409
    return redirect(url_for("complaints.admin.outbox", done=1), 303)


@roles(*LEADERS)
def again(fault: str = "") -> ResponseReturnValue:
    """Show how many would be sent again, then send them; a bounded number at once."""
    viewer, form = operator(), SomeForm(formdata=request.form if request.method == "POST" else request.args)
    wanted = Wanted("dead", form.kind.data or "", form.way.data or "")
    if request.method == "POST":
        if sent(form):
            n = frame().write(lambda work: messages.retry_all(work, viewer, wanted))
            return redirect(url_for("complaints.admin.outbox", done=n), 303)
        fault = old_page()
    work = frame().work
    found = [row for row in messages.dead_by_kind(work, viewer) if _fits(wanted, row)]
    page = render_template(
        "complaints/admin/outbox_again.html",
        kinds=[(kind_words(kind), ways().get(way, way), n) for kind, way, n in found],
        total=(total := sum(n for _, _, n in found)),
        most=min(total, messages.AT_ONCE),
        form=SomeForm(formdata=None, data={"kind": wanted.kind, "way": wanted.way}),
        fault=[{"id": "", "text": fault}] if fault else None,
    )
    return (page, 400) if fault else page


@roles(*LEADERS)
def drop(letter: int) -> ResponseReturnValue:
    """Ask for the reason, then let a message rest."""
    viewer, form = operator(), DropForm()
    row = messages.find(frame().work, viewer, letter)
    shown = _row(frame().work, _recipients(frame().work), row, {})
    if request.method == "POST":
        if not sent(form):
            return _dropping(shown, old_page()), 400
        reason = form.reason.data or ""
        if reason not in messages.REASONS:
            return _dropping(shown, t("Choose a reason")), 422
        try:
            frame().write(lambda work: messages.drop(work, viewer, letter, reason))
        except ConflictError:
            return _listing(_settled()), 409
        return redirect(url_for("complaints.admin.outbox"), 303)
    if row.state != "dead" or row.channel == disposal.CHANNEL:
        return redirect(url_for("complaints.admin.outbox"), 303)
    return _dropping(shown)


def state_words() -> dict[str, str]:
    """The states as the page calls them."""
    return {
        "dead": t("Given up"),
        "failing": t("Failing"),
        "due": t("Due now"),
        "waiting": t("Waiting for its time"),
        "sent": t("Sent"),
        "dropped": t("Dropped"),
        "taken_back": t("Taken back"),
    }


def _settled() -> str:
    return t("This message has been dealt with in the meantime.")


def _fits(wanted: Wanted, row: tuple[str, str, int]) -> bool:
    return (not wanted.kind or wanted.kind == row[0]) and (not wanted.way or wanted.way == row[1])


def _recipients(work: Work) -> Recipients:
    return Recipients(work, roster.read(work).names)


def _listing(fault: str = "") -> str:
    work, viewer = frame().work, operator()
    asked = request.args
    counted = messages.counts(work, viewer)
    state = asked.get("state", "")
    if state not in messages.STATES:
        # What somebody must look at comes first; with nothing to look at, what went out last.
        state = next((each for each in ("dead", "failing", "due") if counted[each]), "sent")
    wanted = Wanted(
        state, *(asked.get(name, "").replace("\0", "")[:60] for name in ("kind", "way", "reason"))
    )
    place = Place.read(asked.get("after", "")) or Place.read(asked.get("before", ""), back=True)
    found = messages.stretch(work, viewer, wanted, place)
    if place is not None and not found.rows:
        found = messages.stretch(work, viewer, wanted)
    to = _recipients(work)
    said = state_words()
    narrowed: dict[str, Any] = wanted.address
    lasting = {**narrowed, "state": state}
    return render_template(
        "complaints/admin/outbox.html",
        state=state,
        rows=[_row(work, to, row, found.cases) for row in found.rows],
        tabs=[
            {
                "href": url_for("complaints.admin.outbox", **{**narrowed, "state": each}),
                "text": said[each],
                "count": _count(counted[each]) if each in counted and len(wanted.address) == 1 else None,
                "current": each == state,
            }
            for each in messages.STATES
        ],
        wanted=wanted,
        kinds=sorted(kinds().items(), key=lambda row: row[1]),
        ways=ways(),
        groups=[
            {"kind": kind, "way": way, "text": kind_words(kind), "by": ways().get(way, way), "n": n}
            for kind, way, n in (messages.dead_by_kind(work, viewer) if state == "dead" else ())
        ],
        done=number(asked.get("done", "")),
        first_url=url_for("complaints.admin.outbox", **lasting),
        before_url=_beside(lasting, "before", found.before),
        after_url=_beside(lasting, "after", found.after),
        act=Act(formdata=None),
        fault=[{"id": "", "text": fault}] if fault else None,
    )


def _count(n: int) -> str:
    return str(n) if n <= messages.COUNTED else f"{messages.COUNTED}+"


def _beside(address: dict[str, Any], side: str, place: Place | None) -> str:
    return url_for("complaints.admin.outbox", **{**address, side: str(place)}) if place else ""


def _row(work: Work, to: Recipients, row: Outbox, cases: Any) -> dict[str, Any]:
    case = cases.get(row.complaint_id)
    ahead = row.state in {"queued", "sending"}
    return {
        "id": row.id,
        "kind": kind_words(row.kind),
        "way": ways().get(row.channel, row.channel),
        "to": to.words(row),
        "number": case.number if case is not None else "",
        "trouble": trouble.told(row.last_error) if row.last_error else None,
        "attempts": row.attempts,
        "made": words.moment(row.created_at, work.now),
        "when": words.moment(row.sent_at if row.sent_at and not ahead else row.not_before, work.now)
        if ahead or row.sent_at
        else "",
        "ahead": ahead,
        "droppable": row.channel != disposal.CHANNEL,
    }


def _dropping(row: dict[str, Any], fault: str = "") -> str:
    return render_template(
        "complaints/admin/outbox_drop.html",
        row=row,
        form=DropForm(formdata=None),
        reasons=list(trouble.drop_reasons().items()),
        fault=[{"id": "", "text": fault}] if fault else None,
    )
