"""Search by keyed words: one row for each complaint, and how far the log has been taken into it.

The rows are written by the clock from the log's first event on, a batch at a time; nothing is filled in here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import OperationalError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WORDS = (
    sa.Text()
    .with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    .with_variant(postgresql.TSVECTOR(), "postgresql")
)
OPTIONS = {
    "mariadb_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
}
TABLE, INDEX, FTS = "complaints_search", "ix_complaints_search_words", "complaints_search_fts"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("complaint_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column(
            "seq", sa.Integer(), nullable=False, comment="the newest event of its stream when it was built"
        ),
        sa.Column(
            "words",
            WORDS,
            nullable=True,
            comment="keyed hashes of its words, twelve letters each; on SQLite in complaints_search_fts",
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaints_complaint.id"],
            name=op.f("fk_complaints_search_complaint_id_complaints_complaint"),
        ),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaints_search")),
        **OPTIONS,
    )
    op.create_table(
        "complaints_search_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="always 1"),
        sa.Column("reached", ROW_ID, nullable=False, comment="leaves of the tree that have been looked at"),
        sa.Column(
            "made_with",
            sa.String(length=24),
            nullable=False,
            comment="the way words are made and a check of the key, to notice another one",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_search_state")),
        **OPTIONS,
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # Without a list of what waits to be sorted in: every search would have to read it, and the clock can wait.
        op.create_index(
            INDEX, TABLE, ["words"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
        )
        # In the row itself: a planner that sees only small rows would read all of them, and fetch each one's words.
        op.execute(f"ALTER TABLE {TABLE} ALTER COLUMN words SET STORAGE MAIN")
        op.execute(f"ALTER TABLE {TABLE} SET (toast_tuple_target = 8160)")
    elif connection.dialect.name != "sqlite":
        op.create_index(INDEX, TABLE, ["words"], mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT")
    else:
        try:
            op.execute(
                f"CREATE VIRTUAL TABLE {FTS} USING fts5(words, tokenize='ascii', detail=none, columnsize=0)"
            )
        except OperationalError:
            # An SQLite built without FTS5: everything but the search works, and doctor says so.
            return


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TABLE IF EXISTS {FTS}")
    op.drop_table("complaints_search_state")
    op.drop_table(TABLE)
