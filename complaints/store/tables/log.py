"""The handling log's tables: streams, events, and the personal data beside them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from complaints.store.tables.base import Base
from complaints.store.types import LongText, RowId

WAITING = "ix_complaints_event_waiting"


class Stream(Base):
    """The head of one chain of events; locked before anything of its complaint is read for writing."""

    __tablename__ = "complaints_stream"
    uid: Mapped[str] = mapped_column(String(32), primary_key=True, comment="a complaint's uid, or 'system'")
    seq: Mapped[int] = mapped_column(comment="sequence number of the newest event, from 1")
    head: Mapped[bytes] = mapped_column(comment="RFC 6962 leaf hash of the newest event, 32 bytes")


class Event(Base):
    """One leaf of the handling log, stored as written and hashed as stored."""

    __tablename__ = "complaints_event"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    stream: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(comment="copy of the leaf's time, for queries only")
    leaf: Mapped[bytes] = mapped_column(comment="canonical JSON (RFC 8785)")
    leaf_index: Mapped[int | None] = mapped_column(
        RowId, unique=True, comment="position in the Merkle tree; NULL until sequenced"
    )
    __table_args__ = (
        UniqueConstraint("stream", "seq"),
        Index("ix_complaints_event_type_at", "type", "at"),
        Index("ix_complaints_event_at", "at"),
        # PostgreSQL would walk the key from the first event to find those that wait; the others need no help.
        Index(WAITING, "id", postgresql_where=text("leaf_index IS NULL")).ddl_if(dialect="postgresql"),
        Base.__table_args__,
    )


class LogState(Base):
    """The one row of the tree over all events: how many are in it, and the root over them."""

    __tablename__ = "complaints_log_state"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="always 1")
    size: Mapped[int] = mapped_column(RowId)
    root: Mapped[bytes] = mapped_column(comment="RFC 6962 root over the leaves 0 … size - 1, 32 bytes")


class LogTile(Base):
    """Up to 256 hashes of the tree side by side, so that a proof needs few rows (as C2SP tlog-tiles)."""

    __tablename__ = "complaints_log_tile"
    level: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="0: leaf hashes; n: roots over 256**n leaves each"
    )
    place: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(comment="32 bytes each")


class Checkpoint(Base):
    """A signed statement of the tree's size and root, as it left the house."""

    __tablename__ = "complaints_checkpoint"
    size: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str] = mapped_column(LongText, comment="C2SP signed note")
    at: Mapped[datetime] = mapped_column(index=True)
    mailed_at: Mapped[datetime | None] = mapped_column(comment="when it was queued for the witnesses")
    stamp: Mapped[bytes | None] = mapped_column(comment="RFC 3161 response as it came, DER")
    stamp_state: Mapped[str] = mapped_column(String(8), comment="none, pending, done")
    stamp_after: Mapped[datetime | None] = mapped_column(comment="not to be asked for before")
    stamp_error: Mapped[str | None] = mapped_column(String(200))
    __table_args__ = (
        Index("ix_complaints_checkpoint_stamp", "stamp_state", "stamp_after"),
        Base.__table_args__,
    )


class Private(Base):
    """One personal field of an event: salt and payload, sealed with its person's data key."""

    __tablename__ = "complaints_private"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    stream: Mapped[str] = mapped_column(String(32))
    seq: Mapped[int]
    field: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(16), comment="complainant, third_party or operator")
    sealed: Mapped[bytes] = mapped_column(comment="AES-256-GCM over salt32 + payload; AAD stream, seq, field")
    __table_args__ = (UniqueConstraint("stream", "seq", "field"), Base.__table_args__)


class PersonKey(Base):
    """The data key of one person in one complaint, wrapped by the installation's key; erasing deletes it."""

    __tablename__ = "complaints_person_key"
    stream: Mapped[str] = mapped_column(String(32), primary_key=True)
    person: Mapped[str] = mapped_column(String(16), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(comment="key id byte + nonce + AES-256-GCM of the data key")
