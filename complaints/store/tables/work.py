"""Tables of background work: outbox, leases, counted limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from complaints.store.tables.base import Base
from complaints.store.types import RowId


class Outbox(Base):
    """A message to send once its business transaction has committed: kinds and references, never text."""

    __tablename__ = "complaints_outbox"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    dedupe: Mapped[str] = mapped_column(String(120), unique=True, comment="the same cause queues once")
    kind: Mapped[str] = mapped_column(
        String(32), comment="received, accepted, question, … or a callback's name"
    )
    channel: Mapped[str] = mapped_column(String(16), comment="mail, notify, callback")
    recipient: Mapped[str] = mapped_column(String(64), comment="complainant, operators, or operator:<ref>")
    complaint_id: Mapped[int | None] = mapped_column(RowId, index=True)
    milestone_id: Mapped[int | None] = mapped_column(RowId)
    seq: Mapped[int | None] = mapped_column(comment="the event it tells of")
    details: Mapped[dict[str, Any]] = mapped_column(comment="references only, nothing personal")
    state: Mapped[str] = mapped_column(String(10), comment="queued, sending, sent, dead, dropped, taken_back")
    not_before: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    last_error: Mapped[str | None] = mapped_column(
        String(200), comment="class and code of the failure, nothing personal"
    )
    message_id: Mapped[str] = mapped_column(
        String(120), comment="RFC 5322 Message-ID, the same at each attempt"
    )
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("milestone_id", "recipient", "channel"),
        Index("ix_complaints_outbox_due", "state", "not_before"),
        Base.__table_args__,
    )


class Lease(Base):
    """Who does a job now, and when it last went well: saves idle work and shows lag, guards nothing."""

    __tablename__ = "complaints_lease"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime]
    beat_at: Mapped[datetime | None] = mapped_column(comment="end of the last good run")
    lag_seconds: Mapped[int | None] = mapped_column(comment="age of the oldest work left over, seconds")


class Claim(Base):
    """Who is at a case now: a courtesy that lapses, no event; the case's version guards against overwriting."""

    __tablename__ = "complaints_claim"
    complaint_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(String(64), comment="operator's ref")
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(comment="when it lapses unless renewed")


class Job(Base):
    """Long work that somebody ordered: an export, an evidence bundle, an audit; any worker goes on with it."""

    __tablename__ = "complaints_job"
    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), comment="export, bundle, report, audit")
    params: Mapped[dict[str, Any]] = mapped_column(comment="what was asked for, nothing personal")
    state: Mapped[str] = mapped_column(String(10), comment="queued, running, done, failed, cancelled")
    ordered_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)
    done: Mapped[int] = mapped_column(RowId, comment="units of work behind it")
    total: Mapped[int] = mapped_column(RowId, comment="units in all; 0: not counted yet")
    place: Mapped[dict[str, Any]] = mapped_column(comment="where to go on after an interruption")
    result: Mapped[dict[str, Any]] = mapped_column(comment="file name, size, SHA-256, counts or findings")
    error: Mapped[str | None] = mapped_column(String(200), comment="class of the failure, nothing personal")
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True, comment="when its file is deleted")
    __table_args__ = (Index("ix_complaints_job_state", "state", "created_at"), Base.__table_args__)


class Limit(Base):
    """A counter of the rate limiter, shared by all workers; keys are hashes."""

    __tablename__ = "complaints_limit"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Idempotency(Base):
    """A request of the JSON interface that was carried out: the same key with the same body does nothing again."""

    __tablename__ = "complaints_idempotency"
    key_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="keyed hash of client and Idempotency-Key"
    )
    body_hash: Mapped[str] = mapped_column(String(64), comment="keyed hash of method, path and body")
    status: Mapped[int]
    result: Mapped[dict[str, Any]] = mapped_column(comment="references to answer from, nothing personal")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
