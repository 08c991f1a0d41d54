"""What the queue's filters read: the index the list is walked by, not the rows, and never what has long ended."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite

from complaints.cases import disposal, queries, tabs
from complaints.cases.narrowing import Filters, conditions
from complaints.cases.people import Operator
from complaints.store.constants import word
from complaints.store.tables import Complaint, Disposal

VIEWER = Operator("op_alice", "Alice")
COVERED = (
    "channel=letter",
    "language=en",
    "risk=x",
    "severity=urgent",
    "answer=altered",
    "test=yes",
    "risk=@none",
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
@pytest.mark.parametrize("asked", ["late=yes", "late=no"])
def test_who_was_late_is_counted_in_the_index_and_from_the_few_that_began_another_round(file, asked):
    scanned, _, *few = plan(file, select(Complaint.id).where(*wanted(asked)).limit(1001))

    assert scanned == "SCAN complaints_complaint USING COVERING INDEX ix_complaints_complaint_due_next"
    assert not [line for line in few if line.startswith("SCAN")]
    assert any("ix_complaints_event_type_at (type=?)" in line for line in few)
    assert any("milestone" in line and "(complaint_id=? AND cycle<?)" in line for line in few)


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_who_was_warned_is_found_from_the_dates_that_are_open(file):
    found = plan(file, select(Complaint.id).where(*wanted("late=warned")))
    outer, inner = (line for line in found if "milestone" in line)

    assert "ix_complaints_milestone_due (state=?)" in outer
    assert "(complaint_id=? AND cycle=? AND kind=?)" in inner


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
@pytest.mark.parametrize(
    ("asked", "by"),
    [
        ("promise=result.kept", "(complaint_id=? AND cycle=? AND kind=? AND step=?)"),
        ("promise=result.missed", "(complaint_id=? AND cycle=? AND kind=? AND step=?)"),
        ("promise=review.missed", "(complaint_id=? AND cycle>?)"),
        ("promise=result.running", "ix_complaints_milestone_due (state=?)"),
    ],
)
def test_promises_are_found_by_their_case_or_from_what_is_open(file, asked, by):
    found = plan(file, select(Complaint.id).where(*wanted(asked)).limit(1001))

    assert by in next(line for line in found if "milestone_1" in line)


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_what_a_review_changed_is_found_from_the_few_verdicts(file):
    found = plan(file, select(Complaint.id).where(*wanted("reached=changed")).limit(1001))

    assert not [line for line in found if line.startswith("SCAN")]
    assert [line for line in found if "ix_complaints_event_type_at (type=?)" in line]


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_measures_to_look_after_are_not_looked_for_among_all(file):
    found = plan(file, select(Disposal.complaint_id).where(disposal.unfinished()))

    assert found[0] == "MULTI-INDEX OR"
    assert not [line for line in found if line.startswith("SCAN")]


@pytest.mark.differs("only SQLite explains itself in words that stay the same")
def test_answers_that_wait_are_found_without_those_that_went_out(file):
    at = tabs.Moment.of(file.clock.now)
    listed = plan(file, select(Complaint.id).where(tabs.condition(at, VIEWER, "leaving")))
    assert any("ix_complaints_complaint_release (released_at=? AND release_due>?)" in line for line in listed)
    for piece in tabs.pieces(at, VIEWER, "open")[-2:]:
        [counted] = plan(file, select(Complaint.id).where(piece).limit(1001))
        assert "ix_complaints_complaint_release (released_at=? AND release_due>?)" in counted


def test_only_moments_and_people_are_parameters_of_a_view_that_is_counted():
    """PostgreSQL plans a statement it knows once for any parameters: of a state or a bound it then knows nothing."""
    for key in tabs.KEYS:
        counted = queries._counting(VIEWER.eyes, (Filters(key),)).compile(dialect=postgresql.dialect())
        asked = {name.rstrip("_0123456789") for name in counted.params}
        # Measures lie in a small table of their own.
        assert key == "measures" or asked <= {"now", "today", "week", "assignee", "release_due"}, key


@pytest.mark.parametrize("value", ["", "x'; DROP TABLE y", "Decided", "a b", "1"])
def test_nothing_but_a_word_of_ours_stands_in_a_statement_itself(value):
    with pytest.raises(ValueError, match="not a word of ours"):
        word(value)
