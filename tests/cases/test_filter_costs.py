"""What the queue's filters read: the index the list is walked by, not the rows, and never what has long ended."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import sqlite

from complaints.cases import disposal
from complaints.cases.narrowing import Filters, conditions
from complaints.cases.people import Operator
from complaints.store.tables import Complaint, Disposal

VIEWER = Operator("op_alice", "Alice")
COVERED = (
    "channel=letter",
    "language=en",
    "risk=x",
    "severity=urgent",
    "answer=altered",
    "late=yes",
    "test=yes",
)


def plan(desk, query):
    words = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    rows = desk.read(lambda work: work.session.execute(text(f"EXPLAIN QUERY PLAN {words}")).all())
    return [row[3] for row in rows]


@pytest.fixture
def file(desk):
    if desk.installation.database.engine.dialect.name != "sqlite":
        pytest.skip("the plan is read from SQLite")
    return desk


def wanted(asked):
    name, _, value = asked.partition("=")
    filters = Filters.of({"view": "all", name: value})
    return [Complaint.restricted.is_(False), *conditions(filters, VIEWER)]


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
@pytest.mark.parametrize("asked", COVERED)
def test_a_filter_is_counted_in_the_index_alone(file, asked):
    found = plan(file, select(Complaint.id).where(*wanted(asked)).limit(1001))

    assert found == ["SCAN complaints_complaint USING COVERING INDEX ix_complaints_complaint_due_next"]


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_who_was_warned_is_found_from_the_dates_that_are_open(file):
    found = plan(file, select(Complaint.id).where(*wanted("late=warned")))
    outer, inner = (line for line in found if "milestone" in line)

    assert "ix_complaints_milestone_due (state=?)" in outer
    assert "(complaint_id=? AND cycle=? AND kind=?)" in inner


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_measures_to_look_after_are_not_looked_for_among_all(file):
    found = plan(file, select(Disposal.complaint_id).where(disposal.unfinished()))

    assert found[0] == "MULTI-INDEX OR"
    assert not [line for line in found if line.startswith("SCAN")]
