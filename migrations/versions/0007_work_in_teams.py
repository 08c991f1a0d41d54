"""Work in teams: whose a case is, who is at it now, which cases belong together, who reads the monthly report."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
)
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OPTIONS = {
    "mariadb_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
}
CASE, DISPOSAL = "complaints_complaint", "complaints_disposal"
OF_TEAM, BY_STATE = "ix_complaints_complaint_team", "ix_complaints_disposal_state"


def upgrade() -> None:
    with op.batch_alter_table("complaints_operator") as batch:
        batch.add_column(
            sa.Column("monthly", sa.Boolean(), nullable=True, comment="gets the monthly report by mail")
        )
    # Not in a batch: a column more needs no table anew, and SQLite would copy every complaint.
    op.add_column(
        CASE, sa.Column("team", sa.String(length=40), nullable=True, comment="key of the team it lies with")
    )
    op.create_index(OF_TEAM, CASE, ["team", "state", "due_next"])
    op.create_index(BY_STATE, DISPOSAL, ["state", "complaint_id"])
    op.create_table(
        "complaints_team",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_complaints_team")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_link",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("other_id", ROW_ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the event of this case that made it"),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            [f"{CASE}.id"],
            name=op.f("fk_complaints_link_complaint_id_complaints_complaint"),
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], [f"{CASE}.id"], name=op.f("fk_complaints_link_other_id_complaints_complaint")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_link")),
        sa.UniqueConstraint(
            "complaint_id", "other_id", name=op.f("uq_complaints_link_complaint_id_other_id")
        ),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_link_other_id"), "complaints_link", ["other_id"])
    op.create_table(
        "complaints_claim",
        sa.Column("complaint_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False, comment="operator's ref"),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False, comment="when it lapses unless renewed"),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaints_claim")),
        **OPTIONS,
    )


def downgrade() -> None:
    for name in ("claim", "link", "team"):
        op.drop_table(f"complaints_{name}")
    # MySQL would otherwise use it for the foreign key, and has one of its own again.
    op.drop_index(BY_STATE, DISPOSAL)
    op.drop_index(OF_TEAM, CASE)
    op.drop_column(CASE, "team")
    with op.batch_alter_table("complaints_operator") as batch:
        batch.drop_column("monthly")
