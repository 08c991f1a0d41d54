"""Bound what the queue's filters read.

No filter of the queue but type, state and person had an index: a rare value among all complaints made the list read
every row, three times the pages of an index. A list of each would cost every filing seven entries more. So the index
that the list is walked by anyway holds what it is narrowed to as well, and a row is read only once it is known to be
in the list: still one entry per filing. Measures whose retest is owed, and the cases joined to
one, were looked for among all there ever were.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CASE, WALK = "complaints_complaint", "ix_complaints_complaint_due_next"
DISPOSAL, RETEST = "complaints_disposal", "ix_complaints_disposal_retest"
LEAD = "ix_complaints_complaint_merged_into"
NARROW = ["due_next", "id"]
WIDE = [
    *NARROW,
    "filed_at",
    "channel",
    "lang",
    "severity",
    "risk_class",
    "answer_mark",
    "late",
    "is_test",
    "restricted",
]


def upgrade() -> None:
    op.drop_index(WALK, CASE)
    op.create_index(WALK, CASE, WIDE)
    op.create_index(RETEST, DISPOSAL, ["retest", "complaint_id"])
    op.create_index(LEAD, CASE, ["merged_into"])


def downgrade() -> None:
    op.drop_index(LEAD, CASE)
    op.drop_index(RETEST, DISPOSAL)
    op.drop_index(WALK, CASE)
    op.create_index(WALK, CASE, NARROW)
