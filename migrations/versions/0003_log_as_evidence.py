"""Keep the tree over all events, its checkpoints, long work, and what keeps personal data from use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from complaints.store import triggers

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = (
    sa.DateTime()
    .with_variant(sa.DateTime(timezone=True), "postgresql")
    .with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
)
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BYTES = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
OPTIONS = {
    "mariadb_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
}
COMPLAINT = {
    "stored_only_at": "since when its personal data is kept in storage only, at the person's request",
    "erase_at": "when its personal data is erased by itself",
    "held_at": "since when a legal hold keeps it from erasure",
}


def upgrade() -> None:
    op.create_table(
        "complaints_log_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("size", ROW_ID, nullable=False),
        sa.Column(
            "root", BYTES, nullable=False, comment="RFC 6962 root over the leaves 0 … size - 1, 32 bytes"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_log_state")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_log_tile",
        sa.Column(
            "level",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="0: leaf hashes; n: roots over 256**n leaves each",
        ),
        sa.Column("place", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("hashes", BYTES, nullable=False, comment="32 bytes each"),
        sa.PrimaryKeyConstraint("level", "place", name=op.f("pk_complaints_log_tile")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_checkpoint",
        sa.Column("size", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("root", BYTES, nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False, comment="C2SP signed note"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("mailed_at", MOMENT, nullable=True, comment="when it was queued for the witnesses"),
        sa.Column("stamp", BYTES, nullable=True, comment="RFC 3161 response as it came, DER"),
        sa.Column("stamp_state", sa.String(length=8), nullable=False, comment="none, pending, done"),
        sa.Column("stamp_after", MOMENT, nullable=True, comment="not to be asked for before"),
        sa.Column("stamp_error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_complaints_checkpoint")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_checkpoint_at"), "complaints_checkpoint", ["at"])
    op.create_index("ix_complaints_checkpoint_stamp", "complaints_checkpoint", ["stamp_state", "stamp_after"])
    op.create_table(
        "complaints_job",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="export, bundle, report, audit"),
        sa.Column("params", sa.JSON(), nullable=False, comment="what was asked for, nothing personal"),
        sa.Column(
            "state", sa.String(length=10), nullable=False, comment="queued, running, done, failed, cancelled"
        ),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("done", ROW_ID, nullable=False, comment="units of work behind it"),
        sa.Column("total", ROW_ID, nullable=False, comment="units in all; 0: not counted yet"),
        sa.Column("place", sa.JSON(), nullable=False, comment="where to go on after an interruption"),
        sa.Column(
            "result", sa.JSON(), nullable=False, comment="file name, size, SHA-256, counts or findings"
        ),
        sa.Column(
            "error", sa.String(length=200), nullable=True, comment="class of the failure, nothing personal"
        ),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True, comment="when its file is deleted"),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_complaints_job")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_job_created_at"), "complaints_job", ["created_at"])
    op.create_index(op.f("ix_complaints_job_expires_at"), "complaints_job", ["expires_at"])
    op.create_index("ix_complaints_job_state", "complaints_job", ["state", "created_at"])
    with op.batch_alter_table("complaints_complaint") as batch:
        for name, comment in COMPLAINT.items():
            batch.add_column(sa.Column(name, MOMENT, nullable=True, comment=comment))
    op.create_index("ix_complaints_complaint_erase_at", "complaints_complaint", ["erase_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_complaints_event_waiting",
            "complaints_event",
            ["id"],
            postgresql_where=sa.text("leaf_index IS NULL"),
        )
    # A server that refuses them does not stop the upgrade: `doctor` says what to set.
    triggers.install(op.get_bind())


def downgrade() -> None:
    triggers.remove(op.get_bind())
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_complaints_event_waiting", "complaints_event")
    op.drop_index("ix_complaints_complaint_erase_at", "complaints_complaint")
    with op.batch_alter_table("complaints_complaint") as batch:
        for name in COMPLAINT:
            batch.drop_column(name)
    for name in ("job", "checkpoint", "log_tile", "log_state"):
        op.drop_table(f"complaints_{name}")
