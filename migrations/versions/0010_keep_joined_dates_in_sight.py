"""Keep the dates of joined complaints in sight, and count who wrote by the index alone.

A complaint that is joined to another keeps the date it was promised; `due_next`, by which lists are ordered and what is
late is found, was none for it, so that the date came unseen. Every page of the queue counts the complainants who wrote:
whether a case is restricted stands in that index now, so that no row is read for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NAME, UNREAD = "complaints_complaint", "ix_complaints_complaint_unread"
CASE = sa.table(NAME, sa.column("state"), sa.column("due_next"), sa.column("result_due"))


def upgrade() -> None:
    op.execute(CASE.update().where(CASE.c.state == "merged").values(due_next=CASE.c.result_due))
    op.drop_index(UNREAD, NAME)
    op.create_index(UNREAD, NAME, ["unread", "state", "restricted"])


def downgrade() -> None:
    op.drop_index(UNREAD, NAME)
    op.create_index(UNREAD, NAME, ["unread", "state"])
    op.execute(CASE.update().where(CASE.c.state == "merged").values(due_next=None))
