"""Furnish the console: views that are kept, a second factor, a name for the public, the devices of sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
)
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BYTES = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
OPTIONS = {
    "mariadb_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
}
OPERATOR = (
    ("pseudonym", sa.String(length=60), "how complainants know this person"),
    ("totp", BYTES, "sealed: the secret of the second factor"),
    ("totp_step", sa.Integer(), "the last time step a code was taken for"),
    ("recovery", sa.JSON(), "keyed hashes of unused recovery codes"),
)


def upgrade() -> None:
    with op.batch_alter_table("complaints_operator") as batch:
        for name, kind, comment in OPERATOR:
            batch.add_column(sa.Column(name, kind, nullable=True, comment=comment))
    with op.batch_alter_table("complaints_operator_session") as batch:
        batch.add_column(
            sa.Column(
                "device", sa.String(length=120), nullable=True, comment="browser and system, in a few words"
            )
        )
    op.create_table(
        "complaints_view",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False, comment="operator's ref"),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False, comment="filters as in the address, listed ones only"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_view")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_view_owner"), "complaints_view", ["owner"])


def downgrade() -> None:
    op.drop_table("complaints_view")
    with op.batch_alter_table("complaints_operator_session") as batch:
        batch.drop_column("device")
    with op.batch_alter_table("complaints_operator") as batch:
        for name, _, _ in OPERATOR:
            batch.drop_column(name)
