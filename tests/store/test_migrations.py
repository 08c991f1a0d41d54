"""What a migration does to rows that are there already."""

from __future__ import annotations

import pytest
from alembic import command
from factories import Desk

from complaints.base.resources import folder
from complaints.store import schema


@pytest.fixture
def desk(installation, clock):
    return Desk(installation, clock)


def test_joined_complaints_of_before_get_their_date_back_and_no_other_is_touched(desk):
    lead, joined, open_one, ended = (desk.file() for _ in range(4))
    desk.do(joined, "merge", lead=lead)
    desk.do(ended, "withdraw")
    cases = (lead, joined, open_one, ended)
    after = [desk.case(each).due_next for each in cases]
    engine = desk.installation.database.engine
    with engine.begin() as connection:
        command.downgrade(schema._config(folder("migrations"), connection), "0009")
    assert [desk.case(each).due_next for each in cases] == [after[0], None, after[2], None]

    schema.upgrade(engine, folder("migrations"))
    assert [desk.case(each).due_next for each in cases] == after
    assert after[1] == desk.case(joined).result_due is not None
