"""Say what a milestone counts from, and how far open complaints were reckoned anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
)
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OLD_STEPS, STEPS = "warn1, warn2, due, late1…, target", "warn1…, due, escalate1…, target, alarm"
# table → its new columns: name, type, the value of rows that are there already (SQL; None stays NULL), comment
COLUMNS = {
    "complaints_milestone": (
        (
            "since",
            MOMENT,
            "(SELECT filed_at FROM complaints_complaint WHERE complaints_complaint.id = complaint_id)",
            "what it counts from: arrival, appeal, message …",
        ),
    ),
    "complaints_calendar_year": (
        ("reached", ROW_ID, "0", "id of the last complaint reckoned anew"),
        ("applied_at", MOMENT, None, "when every open complaint had been"),
    ),
    "complaints_policy_version": (
        ("forward", sa.Boolean(), "(1 = 0)", "open complaints gain the earlier dates of this version"),
        ("reached", ROW_ID, "0", "id of the last complaint looked at for that"),
        ("applied_at", MOMENT, None, "when every open complaint had been looked at"),
    ),
}


def upgrade() -> None:

    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name, kind, _, comment in columns:
                batch.add_column(sa.Column(name, kind, nullable=True, comment=comment))
        for name, _, value, _ in columns:
            if value is not None:
                op.execute(sa.text(f"UPDATE {table} SET {name} = {value}"))  # noqa: S608 - our own names
        with op.batch_alter_table(table) as batch:
            for name, kind, value, comment in columns:
                if value is not None:
                    batch.alter_column(name, existing_type=kind, existing_comment=comment, nullable=False)
    with op.batch_alter_table("complaints_milestone") as batch:
        batch.alter_column(
            "step",
            existing_type=sa.String(length=16),
            existing_nullable=False,
            comment=STEPS,
            existing_comment=OLD_STEPS,
        )
    # What was published before reckoned nothing anew, so there is nothing left to do for it.
    op.execute("UPDATE complaints_policy_version SET applied_at = published_at")


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name, *_ in columns:
                batch.drop_column(name)
