"""Erasing personal data: by request, by the end of the retention period, by order; and a hold against it.

个人信息保护法 47: while a period of keeping runs, a request restricts to storage and protection; the data goes by
itself when the period is over. What ended is kept for the policy's `retention`, counted from its end.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.base.errors import InputError, NotAllowedError, TransitionError
from complaints.base.translations import gettext as t
from complaints.cases.handling import require_text
from complaints.cases.masking import bare
from complaints.cases.personal_places import Erasing, erase_all
from complaints.cases.step import from_operator
from complaints.delivery import webhooks
from complaints.ledger import journal
from complaints.ledger.journal import Written
from complaints.ledger.persons import place
from complaints.ledger.private import COMPLAINANT, OPERATOR, THIRD_PARTY
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import SYSTEM, Actor, Work
from complaints.policy.retention import kept_until
from complaints.policy.roles import LEADERS
from complaints.policy.states import FINAL, State
from complaints.store import search
from complaints.store.tables import Attachment, Complaint, PersonKey, Private

PERSONS = (COMPLAINANT, THIRD_PARTY, OPERATOR)
# What still goes out of a case that is only stored: the answer that is owed, and what its owner asks for.
STATUTORY = frozenset({"accepted", "declined", "decided", "review_result", "code_link"})
# Characters of a name that can be looked for in a text: every other English word holds "li".
_SHORTEST, _SHORTEST_LATIN = 2, 4


def request(work: Work, case: Complaint, actor: Actor, *, how: str = "") -> Written:
    """Ask to have the complainant's data erased; from now on it is only stored, until its time is over.

    `how` is for operators who take the request by phone or letter: how they know who asks. Where nothing is to
    be kept any more `erase_at` is now, and the caller lets `finish` follow in a transaction of its own.
    """
    if case.stored_only_at is not None:
        raise TransitionError("this has been asked for already")
    _alive(case)
    if actor.role != COMPLAINANT:
        _leading(actor)
        require_text(how, "reason")
    until = end_of_keeping(work, case)
    over = until is not None and until <= work.now and case.held_at is None
    search.forget(work.session, [case.id])
    return _announced(
        work,
        case,
        "restricted",
        actor,
        change={"stored_only_at": work.now, "erase_at": work.now if over else until},
        personal={"note": from_operator(how)} if how.strip() else None,
    )


def withdraw_request(work: Work, case: Complaint, actor: Actor) -> Written:
    """Take the request back, as long as nothing is erased; the ordinary period goes on."""
    _alive(case)
    if case.stored_only_at is None:
        raise TransitionError("nobody has asked for this")
    if actor.role != COMPLAINANT:
        _leading(actor)
    return _announced(work, case, "unrestricted", actor, change={"stored_only_at": None})


def hold(work: Work, case: Complaint, actor: Actor, reason: str) -> Written:
    """Keep a case from erasure, for proceedings or an authority's order; only a supervisor or admin may."""
    _leading(actor)
    require_text(reason, "reason")
    _alive(case)
    if case.held_at is not None:
        raise TransitionError("this case is held already")
    return journal.record(
        work,
        case,
        "held",
        actor,
        change={"held_at": work.now},
        personal={"note": from_operator(reason)},
    )


def lift(work: Work, case: Complaint, actor: Actor, reason: str) -> Written:
    """End a hold; what is past its time is erased by the next run of the clock."""
    _leading(actor)
    require_text(reason, "reason")
    if case.held_at is None:
        raise TransitionError("this case is not held")
    return journal.record(
        work,
        case,
        "hold_lifted",
        actor,
        change={"held_at": None},
        personal={"note": from_operator(reason)},
    )


def order(work: Work, case: Complaint, actor: Actor, persons: Collection[str], reason: str) -> Written:
    """Have some persons' data erased before its time, as a court, an authority or a mistake demands.

    A case that is still open is answered or withdrawn first, unless only a third party's data is to go. The
    data goes with `finish`, in a transaction of its own.
    """
    _leading(actor)
    require_text(reason, "reason")
    if not persons or not set(persons) <= set(PERSONS):
        raise InputError({"persons": [t("Choose whose data is to be deleted")]})
    if case.held_at is not None:
        raise TransitionError("this case is held; end the hold first")
    if set(persons) != {THIRD_PARTY} and State(case.state) not in FINAL:
        raise TransitionError("this complaint is still open; answer it first")
    if not set(persons) & set(present(work, case)):
        raise TransitionError("nothing of this person is kept here")
    return journal.record(
        work,
        case,
        "erasure_ordered",
        actor,
        change={"erase_at": work.now},
        meta={"persons": sorted(persons)},
        personal={"note": from_operator(reason)},
    )


def finish(work: Work, case: Complaint) -> Written | None:
    """Erase what is due of a locked case; None when nothing is, or a hold keeps it.

    Files are deleted before the commit, so that a run that dies in between is done again by the next one.
    """
    if case.erase_at is None or case.erase_at > work.now or case.held_at is not None:
        return None
    ordered = _ordered(work, case)
    if ordered is None and State(case.state) not in FINAL:
        # Opened again since: the period begins anew when it ends.
        return journal.record(work, case, "kept", SYSTEM, change={"erase_at": None})
    kept = present(work, case)
    persons = sorted(set(ordered) & set(kept)) if ordered is not None else kept
    also = _quoting(work, case) if COMPLAINANT in persons and OPERATOR not in persons else []
    reason = "order" if ordered is not None else "request" if case.stored_only_at else "retention"
    gone = erase_all(Erasing(work, case, persons, also))
    meta: dict[str, Any] = {
        "persons": persons,
        "reason": reason,
        "fields": gone["complaints_private"],
        "attachments": gone["files"],
    }
    if also:
        meta["also"] = also
    return _announced(work, case, "erased", SYSTEM, change=_after(work, case, persons, kept), meta=meta)


def plan(work: Work, case: Complaint) -> Written | None:
    """Say until when a case is kept that ended before such a date was set; None when it has one."""
    if case.erase_at is not None or case.erased_at is not None or State(case.state) not in FINAL:
        return None
    return journal.record(work, case, "kept", SYSTEM, change={"erase_at": end_of_keeping(work, case)})


def due(work: Work, limit: int = 50) -> list[str]:
    """The uids of cases whose time of keeping is over and that nobody holds."""
    query = (
        select(Complaint.uid)
        .where(Complaint.erase_at <= work.now, Complaint.held_at.is_(None))
        .order_by(Complaint.erase_at, Complaint.id)
        .limit(limit)
    )
    return list(work.session.scalars(query))


def unplanned(work: Work, limit: int = 50) -> list[str]:
    """The uids of cases that ended without a date of erasing."""
    query = (
        select(Complaint.uid)
        .where(
            Complaint.state.in_([state.value for state in FINAL]),
            Complaint.erase_at.is_(None),
            Complaint.erased_at.is_(None),
            Complaint.closed_at.is_not(None),
        )
        .order_by(Complaint.id)
        .limit(limit)
    )
    return list(work.session.scalars(query))


def end_of_keeping(work: Work, case: Complaint) -> datetime | None:
    """When the period of keeping is over; None while the case is open, because it is counted from its end."""
    if State(case.state) not in FINAL or case.closed_at is None:
        return None
    return kept_until(work.policy_of(case.policy_version).retention, case.closed_at, case.appeal_until)


def present(work: Work, case: Complaint) -> list[str]:
    """The persons of whom this case keeps something."""
    found: set[str] = set()
    for table in (PersonKey, Private):
        found.update(work.session.scalars(select(table.person).where(table.stream == case.uid).distinct()))
    files = select(Attachment.person).where(Attachment.stream == case.uid, Attachment.sealed != b"")
    found.update(work.session.scalars(files.distinct()))
    return sorted(found)


def _after(work: Work, case: Complaint, persons: Collection[str], kept: Collection[str]) -> dict[str, Any]:
    """The row after an erasure: who is left is erased when the ordinary period is over."""
    left = set(kept) - set(persons)
    change: dict[str, Any] = {"erase_at": end_of_keeping(work, case) if left else None}
    if COMPLAINANT in persons:
        change |= {"erased_at": work.now, "reach": "", "contact_verified": False, "unread": False}
    return change


def _ordered(work: Work, case: Complaint) -> list[str] | None:
    """The persons of an order that nothing has been erased by yet."""
    entries = history(work, case.uid, types=("erasure_ordered", "erased"), opened=False)
    last: Entry | None = entries[-1] if entries else None
    return list(last.meta["persons"]) if last is not None and last.type == "erasure_ordered" else None


def _quoting(work: Work, case: Complaint) -> list[str]:
    """The operators' fields that hold the complainant's name, address or number, however they are spaced."""
    entries = history(work, case.uid)
    given: dict[str, Any] = {}
    if entries:
        asked = work.policy_of(case.policy_version).fields
        told = entries[0].data("details").items()
        given = {key: value for key, value in told if key in asked and asked[key].personal}
        given |= entries[0].data("contact")
    names = [bare(str(value)) for value in given.values()]
    marks = [each for each in names if len(each) >= (_SHORTEST_LATIN if each.isascii() else _SHORTEST)]
    ours = select(Private.seq, Private.field).where(Private.stream == case.uid, Private.person == OPERATOR)
    mine = {(row.seq, row.field) for row in work.session.execute(ours)}
    return [
        place(entry.seq, name)
        for entry in entries
        for name in entry.personal
        if (entry.seq, name) in mine and any(mark in bare(entry.text(name)) for mark in marks)
    ]


def _announced(work: Work, case: Complaint, event: str, actor: Actor, **values: Any) -> Written:
    """Record what the products that were told of this case must know as well."""
    written = journal.record(work, case, event, actor, **values)
    webhooks.announce(work, event, case.id, case.uid, written.seq)
    return written


def _alive(case: Complaint) -> None:
    if case.erased_at is not None:
        raise TransitionError("the personal data of this case has been erased")


def _leading(actor: Actor) -> None:
    if actor.role not in LEADERS:
        raise NotAllowedError("a supervisor or an admin does this")
