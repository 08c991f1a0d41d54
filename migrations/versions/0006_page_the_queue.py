"""Page the queue by place: what is due next is walked in its index, also of one type and of one person."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE, DUE = "complaints_complaint", "ix_complaints_complaint_due_next"
NARROWED = ("type", "assignee")


def upgrade() -> None:
    op.drop_index(DUE, TABLE)
    op.create_index(DUE, TABLE, ["due_next", "id"])
    for name in NARROWED:
        op.create_index(f"ix_complaints_complaint_{name}", TABLE, [name, "due_next", "id"])


def downgrade() -> None:
    for name in NARROWED:
        op.drop_index(f"ix_complaints_complaint_{name}", TABLE)
    op.drop_index(DUE, TABLE)
    op.create_index(DUE, TABLE, ["due_next"])
