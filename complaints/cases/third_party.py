"""Name what in a case is a third party's, so that their data and the complainant's can be erased apart."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from complaints.base.errors import InputError, TransitionError
from complaints.base.translations import gettext as t
from complaints.ledger import journal
from complaints.ledger import private as sealing
from complaints.ledger.journal import Written, data_key
from complaints.ledger.persons import NAMED, file_place, place
from complaints.ledger.private import OPERATOR, THIRD_PARTY
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Attachment, Complaint, Private


def nameable(work: Work, case: Complaint) -> list[str]:
    """The sealed fields and files that may be named, as events name them: not ours, not named already."""
    fields = work.session.execute(
        select(Private.seq, Private.field, Private.person)
        .where(Private.stream == case.uid)
        .order_by(Private.seq, Private.field)
    )
    named = [
        place(seq, name)
        for seq, name, person in fields
        # The contact is by definition of whoever complains; an operator's words are erased with the case.
        if person not in {OPERATOR, THIRD_PARTY} and name != "contact"
    ]
    files = select(Attachment.uid, Attachment.person).where(
        Attachment.stream == case.uid, Attachment.sealed != b""
    )
    rows = work.session.execute(files.order_by(Attachment.seq, Attachment.uid))
    return named + [file_place(uid) for uid, person in rows if person not in {OPERATOR, THIRD_PARTY}]


def name(work: Work, case: Complaint, actor: Actor, places: Collection[str]) -> Written:
    """Put these fields and files under the third party's own key; an event, the commitments stay as they are."""
    if case.erased_at is not None:
        raise TransitionError("the personal data of this case has been erased")
    wanted = sorted(set(places))
    if not wanted or not set(wanted) <= set(nameable(work, case)):
        raise InputError({"fields": [t("Choose from the list")]})
    new = data_key(work, case.uid, THIRD_PARTY, create=True)
    assert new is not None
    for each in wanted:
        head, _, tail = each.partition("/")
        if head == "file":
            _file(work, case, tail, new)
        else:
            _field(work, case, int(head), tail, new)
    work.session.flush()
    return journal.record(work, case, NAMED, actor, meta={"fields": wanted})


def _field(work: Work, case: Complaint, seq: int, field: str, new: bytes) -> None:
    row = work.session.scalars(
        select(Private).where(Private.stream == case.uid, Private.seq == seq, Private.field == field)
    ).one()
    old = data_key(work, case.uid, row.person)
    assert old is not None
    row.sealed = sealing.hand_over(old, new, case.uid, seq, field, row.sealed)
    row.person = THIRD_PARTY


def _file(work: Work, case: Complaint, uid: str, new: bytes) -> None:
    row = work.session.get_one(Attachment, uid)
    old = data_key(work, case.uid, row.person)
    assert old is not None
    bound = f"attachment\x00{case.uid}\x00{uid}"
    row.sealed = sealing.encrypt(new, sealing.decrypt(old, row.sealed, bound), bound)
    row.person = THIRD_PARTY
