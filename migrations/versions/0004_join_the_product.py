"""Join the product: results of measures, hand-overs to vendors, keys of the interface, webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
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


def upgrade() -> None:
    with op.batch_alter_table("complaints_complaint") as batch:
        batch.add_column(
            sa.Column(
                "seal_hash",
                sa.String(length=64),
                nullable=True,
                comment="keyed hash of the sealed answer's id: links reports of one answer",
            )
        )
    op.create_index("ix_complaints_complaint_seal_hash", "complaints_complaint", ["seal_hash"])
    with op.batch_alter_table("complaints_disposal") as batch:
        batch.add_column(
            sa.Column(
                "called",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
                comment="a callback of the host carries it out",
            )
        )
        batch.add_column(
            sa.Column(
                "attempts",
                sa.Integer(),
                nullable=False,
                server_default="0",
                comment="calls of the host so far",
            )
        )
        batch.add_column(
            sa.Column(
                "result_seq", sa.Integer(), nullable=True, comment="the event that holds its last result"
            )
        )
        batch.add_column(sa.Column("acted_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("duration_ms", sa.Integer(), nullable=True, comment="of the last call"))
        batch.add_column(
            sa.Column(
                "retest",
                sa.String(length=8),
                nullable=True,
                comment="wanted, passed, failed; NULL: none asked",
            )
        )
    # The default served the rows that were there; from here on the program says it.
    with op.batch_alter_table("complaints_disposal") as batch:
        batch.alter_column(
            "called",
            existing_type=sa.Boolean(),
            existing_nullable=False,
            existing_comment="a callback of the host carries it out",
            server_default=None,
        )
        batch.alter_column(
            "attempts",
            existing_type=sa.Integer(),
            existing_nullable=False,
            existing_comment="calls of the host so far",
            server_default=None,
        )
    op.create_table(
        "complaints_forward",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("complaint_id", ROW_ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the event that ordered it"),
        sa.Column("vendor", sa.String(length=40), nullable=False, comment="key of the model in the policy"),
        sa.Column(
            "way",
            sa.String(length=8),
            nullable=False,
            comment="mail, webhook, or hand: an operator did it elsewhere",
        ),
        sa.Column("state", sa.String(length=10), nullable=False, comment="queued, sent, answered, failed"),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column(
            "answer_seq", sa.Integer(), nullable=True, comment="the event that holds the vendor's answer"
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaints_complaint.id"],
            name=op.f("fk_complaints_forward_complaint_id_complaints_complaint"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_forward")),
        sa.UniqueConstraint("complaint_id", "seq", name=op.f("uq_complaints_forward_complaint_id_seq")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_forward_complaint_id"), "complaints_forward", ["complaint_id"])
    op.create_table(
        "complaints_api_key",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False, comment="how leaves and pages name it"),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False, comment="keyed hash"),
        sa.Column("scopes", sa.JSON(), nullable=False, comment="what it may do, such as read, act, export"),
        sa.Column("restricted", sa.Boolean(), nullable=False, comment="may read restricted types"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("used_at", MOMENT, nullable=True, comment="to the hour"),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_api_key")),
        sa.UniqueConstraint("ref", name=op.f("uq_complaints_api_key_ref")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_complaints_api_key_key_hash")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_webhook",
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column(
            "events", sa.JSON(), nullable=False, comment="types of events; empty: each one that is told"
        ),
        sa.Column("sealed", BYTES, nullable=False, comment="sealed: the key its messages are signed with"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True, comment="when it last took a message"),
        sa.Column("refused_at", MOMENT, nullable=True, comment="when it last refused one"),
        sa.Column(
            "refusal", sa.String(length=200), nullable=True, comment="class and code, nothing personal"
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_complaints_webhook")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_idempotency",
        sa.Column(
            "key_hash",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash of client and Idempotency-Key",
        ),
        sa.Column(
            "body_hash", sa.String(length=64), nullable=False, comment="keyed hash of method, path and body"
        ),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False, comment="references to answer from, nothing personal"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_complaints_idempotency")),
        **OPTIONS,
    )
    op.create_index(op.f("ix_complaints_idempotency_expires_at"), "complaints_idempotency", ["expires_at"])


def downgrade() -> None:
    for name in ("idempotency", "webhook", "api_key", "forward"):
        op.drop_table(f"complaints_{name}")
    with op.batch_alter_table("complaints_disposal") as batch:
        for name in ("retest", "duration_ms", "acted_at", "result_seq", "attempts", "called"):
            batch.drop_column(name)
    op.drop_index("ix_complaints_complaint_seal_hash", "complaints_complaint")
    with op.batch_alter_table("complaints_complaint") as batch:
        batch.drop_column("seal_hash")
