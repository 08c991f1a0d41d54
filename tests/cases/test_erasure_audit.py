"""What the audit says of data that is missing without an erasure, or there in spite of one."""

from __future__ import annotations

import pytest
from factories import BOB
from marked import (
    ended,
    filed_with_marks,
    finish,
    stored_names,
    years,
)
from sqlalchemy import delete, insert, select, update
from tampering import unguarded

from complaints.cases import (
    erasure,
)
from complaints.ledger.private import COMPLAINANT, OPERATOR
from complaints.store.tables import PersonKey, Private


@pytest.mark.tampered
@pytest.mark.parametrize(("table", "code"), [(Private, "private-kept"), (PersonKey, "key-kept")])
def test_the_audit_finds_what_is_still_there_after_an_erasure(desk, table, code):
    filed = desk.file()
    desk.do(filed, "withdraw")
    query = select(table.__table__).where(table.stream == filed.uid, table.person == COMPLAINANT)
    row = desk.read(lambda work: dict(work.session.execute(query).mappings().first()))
    years(desk)
    finish(desk, filed)

    unguarded(desk.installation.database, lambda session: session.execute(insert(table), [row]) and None)

    assert code in desk.codes()


@pytest.mark.tampered
def test_an_erasure_of_one_person_excuses_nobody_elses_missing_words(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    desk.act(filed, erasure.order, BOB, [COMPLAINANT], "x")
    finish(desk, filed)
    assert desk.codes() == set()
    lost = delete(Private).where(
        Private.stream == filed.uid, Private.person == OPERATOR, Private.field == "note"
    )

    unguarded(desk.installation.database, lambda session: session.execute(lost) and None)

    assert desk.codes() == {"private-missing"}


@pytest.mark.tampered
def test_words_filed_under_another_person_are_found(desk):
    filed = desk.file()
    moved = update(Private).where(Private.stream == filed.uid, Private.field == "details")

    unguarded(desk.installation.database, lambda s: s.execute(moved.values(person=OPERATOR)) and None)

    assert desk.codes() == {"private-person"}


@pytest.mark.tampered
def test_a_file_that_came_back_after_an_erasure_is_found(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    years(desk)
    name = min(stored_names(desk, filed), key=len)
    data = desk.installation.files.get(name)
    finish(desk, filed)
    desk.installation.files.put(name, data)

    assert desk.codes() == {"file-kept"}
