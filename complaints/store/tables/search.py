"""The search index: keyed words of each complaint's texts, and how far the log has been taken into it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from complaints.store.tables.base import Base
from complaints.store.types import LongText, RowId

# SQLite has it as a table of its own, which its extension FTS5 makes and SQLAlchemy does not know.
SEARCHED, FTS = "ix_complaints_search_words", "complaints_search_fts"


class Search(Base):
    """What can be found of one complaint: no row for restricted, only stored and erased ones."""

    __tablename__ = "complaints_search"
    complaint_id: Mapped[int] = mapped_column(
        ForeignKey("complaints_complaint.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(comment="the newest event of its stream when it was built")
    words: Mapped[str | None] = mapped_column(
        LongText.with_variant(TSVECTOR(), "postgresql"),
        comment="keyed hashes of its words, twelve letters each; on SQLite in complaints_search_fts",
    )
    __table_args__ = (
        Index(
            SEARCHED,
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
            mysql_prefix="FULLTEXT",
            mariadb_prefix="FULLTEXT",
        ).ddl_if(callable_=lambda *_, dialect, **__: dialect.name != "sqlite"),
        Base.__table_args__,
    )


class SearchState(Base):
    """The one row of the index as a whole: whose words it holds, and how many events went into it."""

    __tablename__ = "complaints_search_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="always 1")
    reached: Mapped[int] = mapped_column(RowId, comment="leaves of the tree that have been looked at")
    made_with: Mapped[str] = mapped_column(
        String(24), comment="the way words are made and a check of the key, to notice another one"
    )
