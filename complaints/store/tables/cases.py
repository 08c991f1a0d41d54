"""The working tables of complaints: what lists and clocks need; every value follows from the events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from complaints.store.tables.base import Base
from complaints.store.types import RowId

_NARROWED = (
    "filed_at",
    "channel",
    "lang",
    "severity",
    "risk_class",
    "answer_mark",
    "late",
    "is_test",
    "restricted",
)


class Complaint(Base):
    """One complaint as it stands now: a projection of its stream, written only by the journal."""

    __tablename__ = "complaints_complaint"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, comment="name of its stream")
    number: Mapped[str] = mapped_column(String(24), unique=True)
    # --- projection: each of these changes only through an event's `change`
    state: Mapped[str] = mapped_column(String(24))
    resume_state: Mapped[str | None] = mapped_column(
        String(80), comment="states to return to (supply, take_back, unmerge), innermost first, by comma"
    )
    type: Mapped[str] = mapped_column(String(40))
    filed_type: Mapped[str] = mapped_column(String(40), comment="the type its public dates come from")
    risk_class: Mapped[str | None] = mapped_column(String(8))
    severity: Mapped[str] = mapped_column(String(8))
    restricted: Mapped[bool]
    is_test: Mapped[bool]
    channel: Mapped[str] = mapped_column(
        String(16), comment="web, embed, api, host, phone, mail, letter, visit"
    )
    lang: Mapped[str] = mapped_column(String(2))
    policy_version: Mapped[int]
    answer_mark: Mapped[str] = mapped_column(String(12), comment="none, verified, altered, unverified")
    filed_at: Mapped[datetime]
    cycle: Mapped[int] = mapped_column(comment="0 at filing; rises on appeal and reopening")
    accept_due: Mapped[datetime | None] = mapped_column(comment="published")
    result_due: Mapped[datetime | None] = mapped_column(comment="published; of the review while under review")
    provisional: Mapped[bool] = mapped_column(comment="a date rests on a calendar year not yet final")
    accepted_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(comment="a published date passed unmet")
    paused_at: Mapped[datetime | None]
    reply_due: Mapped[datetime | None] = mapped_column(comment="until when the complainant is asked to reply")
    assignee: Mapped[str | None] = mapped_column(String(64))
    team: Mapped[str | None] = mapped_column(String(40), comment="key of the team it lies with")
    outcome: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(40))
    decided_at: Mapped[datetime | None] = mapped_column(comment="the click")
    decided_by: Mapped[str | None] = mapped_column(String(64))
    release_due: Mapped[datetime | None] = mapped_column(comment="decided_at plus the undo time")
    released_at: Mapped[datetime | None] = mapped_column(comment="until then the complainant sees nothing")
    appeal_until: Mapped[datetime | None]
    appeals: Mapped[int]
    closed_at: Mapped[datetime | None]
    merged_into: Mapped[str | None] = mapped_column(String(32), comment="uid of the other complaint")
    reach: Mapped[str] = mapped_column(
        String(16), comment="how the complainant can be told: mail, phone, both or none"
    )
    contact_verified: Mapped[bool]
    rating: Mapped[int | None]
    erased_at: Mapped[datetime | None]
    stored_only_at: Mapped[datetime | None] = mapped_column(
        comment="since when its personal data is kept in storage only, at the person's request"
    )
    erase_at: Mapped[datetime | None] = mapped_column(comment="when its personal data is erased by itself")
    held_at: Mapped[datetime | None] = mapped_column(comment="since when a legal hold keeps it from erasure")
    files: Mapped[int] = mapped_column(comment="number of attachments from the complainant")
    unread: Mapped[bool] = mapped_column(comment="the complainant wrote and nobody has answered since")
    version: Mapped[int] = mapped_column(comment="rises with each event but readings; forms carry it")
    # --- derived, keyed, erased with the person
    due_next: Mapped[datetime | None] = mapped_column(
        comment="earliest pending published date; orders the queue"
    )
    filing_hash: Mapped[str] = mapped_column(
        String(64), unique=True, comment="keyed hash of the draft's secret"
    )
    code_hash: Mapped[str] = mapped_column(String(64), comment="keyed hash of the access code")
    mail_hash: Mapped[str | None] = mapped_column(String(64), comment="keyed hash of the mail address")
    owner_hash: Mapped[str | None] = mapped_column(
        String(64), comment="keyed hash of the host's user reference"
    )
    answer_hash: Mapped[str | None] = mapped_column(String(64), comment="keyed hash of the reported answer")
    seal_hash: Mapped[str | None] = mapped_column(
        String(64), comment="keyed hash of the sealed answer's id: links reports of one answer"
    )
    text_hash: Mapped[str | None] = mapped_column(String(64), comment="keyed hash of the normalised text")
    source_hash: Mapped[str | None] = mapped_column(String(64), comment="keyed hash of /24 or /64")
    __table_args__ = (
        Index("ix_complaints_complaint_queue", "state", "due_next"),
        # The queue is walked by it; what it may be narrowed to is in it, so that only what it shows is read.
        Index("ix_complaints_complaint_due_next", "due_next", "id", *_NARROWED),
        Index("ix_complaints_complaint_type", "type", "due_next", "id"),
        Index("ix_complaints_complaint_assignee", "assignee", "state", "due_next"),
        Index("ix_complaints_complaint_team", "team", "state", "due_next"),
        # Counted on every page, and never for somebody who may not know of what is restricted.
        Index("ix_complaints_complaint_unread", "unread", "state", "restricted"),
        Index("ix_complaints_complaint_filed_at", "filed_at"),
        Index("ix_complaints_complaint_answer_hash", "answer_hash"),
        Index("ix_complaints_complaint_seal_hash", "seal_hash"),
        Index("ix_complaints_complaint_owner_hash", "owner_hash"),
        Index("ix_complaints_complaint_merged_into", "merged_into"),
        Index("ix_complaints_complaint_release", "released_at", "release_due"),
        Index("ix_complaints_complaint_erase_at", "erase_at"),
        Base.__table_args__,
    )


class Milestone(Base):
    """One step of one clock of one complaint."""

    __tablename__ = "complaints_milestone"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    cycle: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16), comment="accept, first_action, result, review, reply")
    step: Mapped[str] = mapped_column(String(16), comment="warn1…, due, escalate1…, target, alarm")
    revision: Mapped[int]
    since: Mapped[datetime] = mapped_column(comment="what it counts from: arrival, appeal, message …")
    due_at: Mapped[datetime]
    publish: Mapped[bool] = mapped_column(comment="promised on pages, receipts and documents")
    provisional: Mapped[bool]
    state: Mapped[str] = mapped_column(String(8), comment="pending, met, acted, void, paused")
    acted_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint(
            "complaint_id", "cycle", "kind", "step", "revision", name="uq_complaints_milestone_step"
        ),
        Index("ix_complaints_milestone_due", "state", "due_at"),
        Base.__table_args__,
    )


class Attachment(Base):
    """A file from or to the complainant; its bytes lie encrypted in the file store under `uid`."""

    __tablename__ = "complaints_attachment"
    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str | None] = mapped_column(String(32), index=True, comment="NULL while in a draft")
    draft: Mapped[str | None] = mapped_column(String(32), index=True)
    seq: Mapped[int | None] = mapped_column(comment="the event that brought it")
    person: Mapped[str] = mapped_column(String(16))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(comment="bytes of the original")
    sealed: Mapped[bytes] = mapped_column(comment="sealed: name, file key, salt and digest")
    view_size: Mapped[int | None] = mapped_column(comment="bytes of the re-encoded copy; NULL: none")
    created_at: Mapped[datetime]


class Disposal(Base):
    """One disposal action of a complaint, with what became of it."""

    __tablename__ = "complaints_disposal"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"), index=True)
    seq: Mapped[int] = mapped_column(comment="the event that ordered it")
    position: Mapped[int]
    action: Mapped[str] = mapped_column(String(40))
    immediate: Mapped[bool] = mapped_column(comment="acts at the click (harm), not after release")
    state: Mapped[str] = mapped_column(String(12), comment="recorded, pending, done, failed, taken_back")
    called: Mapped[bool] = mapped_column(comment="a callback of the host carries it out")
    attempts: Mapped[int] = mapped_column(comment="calls of the host so far")
    result_seq: Mapped[int | None] = mapped_column(comment="the event that holds its last result")
    acted_at: Mapped[datetime | None]
    duration_ms: Mapped[int | None] = mapped_column(comment="of the last call")
    retest: Mapped[str | None] = mapped_column(String(8), comment="wanted, passed, failed; NULL: none asked")
    __table_args__ = (
        UniqueConstraint("complaint_id", "seq", "position"),
        Index("ix_complaints_disposal_state", "state", "complaint_id"),
        Index("ix_complaints_disposal_retest", "retest", "complaint_id"),
        Base.__table_args__,
    )


class Forward(Base):
    """A complaint handed on to the vendor of the model, and what came back; texts and numbers are sealed fields."""

    __tablename__ = "complaints_forward"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"), index=True)
    seq: Mapped[int] = mapped_column(comment="the event that ordered it")
    vendor: Mapped[str] = mapped_column(String(40), comment="key of the model in the policy")
    way: Mapped[str] = mapped_column(
        String(8), comment="mail, webhook, or hand: an operator did it elsewhere"
    )
    state: Mapped[str] = mapped_column(String(10), comment="queued, sent, answered, failed")
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer_seq: Mapped[int | None] = mapped_column(comment="the event that holds the vendor's answer")
    __table_args__ = (UniqueConstraint("complaint_id", "seq"), Base.__table_args__)


class Link(Base):
    """Two cases that belong together, one row for each of them, made by an event of its own stream."""

    __tablename__ = "complaints_link"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"), index=True)
    seq: Mapped[int] = mapped_column(comment="the event of this case that made it")
    __table_args__ = (UniqueConstraint("complaint_id", "other_id"), Base.__table_args__)


class Draft(Base):
    """A form with files before filing: encrypted, two hours, not in the log."""

    __tablename__ = "complaints_draft"
    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    source_hash: Mapped[str] = mapped_column(String(64), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    bytes_total: Mapped[int]


class Token(Base):
    """A one-time link: confirm a mail address, get a new access code."""

    __tablename__ = "complaints_token"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16), comment="verify or new_code")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
