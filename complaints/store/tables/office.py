"""Tables of the office: operators, their sessions, policy versions, calendar years, reply templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from complaints.store.tables.base import Base
from complaints.store.types import LongText, RowId


class PolicyVersion(Base):
    """A published, resolved policy with the page it was published with."""

    __tablename__ = "complaints_policy_version"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of `resolved`")
    resolved: Mapped[bytes] = mapped_column(comment="canonical JSON (RFC 8785)")
    trial: Mapped[bool] = mapped_column(comment="试运行: published by init, not by a named person")
    published_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(String(64))
    page_zh: Mapped[str] = mapped_column(
        LongText, comment="the process page's body as rendered at publication"
    )
    page_en: Mapped[str] = mapped_column(LongText)
    forward: Mapped[bool] = mapped_column(comment="open complaints gain the earlier dates of this version")
    reached: Mapped[int] = mapped_column(RowId, comment="id of the last complaint looked at for that")
    applied_at: Mapped[datetime | None] = mapped_column(
        comment="when every open complaint had been looked at"
    )


class CalendarYear(Base):
    """A calendar year imported after the release; the newest revision of a year is in force."""

    __tablename__ = "complaints_calendar_year"
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[dict[str, Any]] = mapped_column(comment="as in policy/calendars")
    imported_at: Mapped[datetime]
    imported_by: Mapped[str] = mapped_column(String(64))
    reached: Mapped[int] = mapped_column(RowId, comment="id of the last complaint reckoned anew")
    applied_at: Mapped[datetime | None] = mapped_column(comment="when every open complaint had been")


class Operator(Base):
    """A built-in operator account; complainants and leaves know only `ref`."""

    __tablename__ = "complaints_operator"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    ref: Mapped[str] = mapped_column(String(64), unique=True)
    login: Mapped[str] = mapped_column(String(120), unique=True, comment="mail address or name, lower case")
    name: Mapped[str] = mapped_column(String(120))
    mail: Mapped[str | None] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(200), comment="Argon2id")
    must_change: Mapped[bool] = mapped_column(comment="a one-time password is in place")
    roles: Mapped[list[Any]]
    teams: Mapped[list[Any]]
    restricted: Mapped[bool] = mapped_column(comment="may see restricted types")
    lang: Mapped[str] = mapped_column(String(2))
    active: Mapped[bool]
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    pseudonym: Mapped[str | None] = mapped_column(String(60), comment="how complainants know this person")
    totp: Mapped[bytes | None] = mapped_column(comment="sealed: the secret of the second factor")
    totp_step: Mapped[int | None] = mapped_column(comment="the last time step a code was taken for")
    recovery: Mapped[list[Any] | None] = mapped_column(comment="keyed hashes of unused recovery codes")
    monthly: Mapped[bool | None] = mapped_column(comment="gets the monthly report by mail")


class Team(Base):
    """A team cases lie with; its key stays in the log, so that a removed one is still known by name."""

    __tablename__ = "complaints_team"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class OperatorSession(Base):
    """A log-in of a built-in operator; deleting the row ends it."""

    __tablename__ = "complaints_operator_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    operator_id: Mapped[int] = mapped_column(RowId, index=True)
    created_at: Mapped[datetime]
    authenticated_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    device: Mapped[str | None] = mapped_column(String(120), comment="browser and system, in a few words")


class ReplyTemplate(Base):
    """A reply an operator may start from; `key` is unique per language."""

    __tablename__ = "complaints_reply_template"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2), primary_key=True)
    use: Mapped[str] = mapped_column(String(16), comment="reply, ask, decide, decline")
    type: Mapped[str | None] = mapped_column(String(40), comment="complaint type it is for; NULL: all")
    title: Mapped[str] = mapped_column(String(120))
    body: Mapped[str] = mapped_column(LongText)


class ApiKey(Base):
    """A key of the JSON interface; the key itself is shown once and kept only as a hash."""

    __tablename__ = "complaints_api_key"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    ref: Mapped[str] = mapped_column(String(64), unique=True, comment="how leaves and pages name it")
    name: Mapped[str] = mapped_column(String(120))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, comment="keyed hash")
    scopes: Mapped[list[Any]] = mapped_column(comment="what it may do, such as read, act, export")
    restricted: Mapped[bool] = mapped_column(comment="may read restricted types")
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None] = mapped_column(comment="to the hour")
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(64))


class Webhook(Base):
    """An address that is told of events, with the key its messages are signed with."""

    __tablename__ = "complaints_webhook"
    uid: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[list[Any]] = mapped_column(comment="types of events; empty: each one that is told")
    sealed: Mapped[bytes] = mapped_column(comment="sealed: the key its messages are signed with")
    active: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    answered_at: Mapped[datetime | None] = mapped_column(comment="when it last took a message")
    refused_at: Mapped[datetime | None] = mapped_column(comment="when it last refused one")
    refusal: Mapped[str | None] = mapped_column(String(200), comment="class and code, nothing personal")


class SavedView(Base):
    """A list an operator keeps: what stands in its address; shared ones are everybody's."""

    __tablename__ = "complaints_view"
    id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(60))
    owner: Mapped[str] = mapped_column(String(64), index=True, comment="operator's ref")
    shared: Mapped[bool]
    query: Mapped[dict[str, Any]] = mapped_column(comment="filters as in the address, listed ones only")
    created_at: Mapped[datetime]
