"""Page the queue by place: what is due next is walked in its index, and what a view counts is found by one."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE, DUE = "complaints_complaint", "ix_complaints_complaint_due_next"
VIEWS = {
    "type": ["type", "due_next", "id"],
    "assignee": ["assignee", "state", "due_next"],
    "unread": ["unread", "state"],
}


def upgrade() -> None:
    op.drop_index(DUE, TABLE)
    op.create_index(DUE, TABLE, ["due_next", "id"])
    for name, columns in VIEWS.items():
        op.create_index(f"ix_complaints_complaint_{name}", TABLE, columns)


def downgrade() -> None:
    for name in VIEWS:
        op.drop_index(f"ix_complaints_complaint_{name}", TABLE)
    op.drop_index(DUE, TABLE)
    op.create_index(DUE, TABLE, ["due_next"])
