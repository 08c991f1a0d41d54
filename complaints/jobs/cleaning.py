"""Throw away what has served its time: links, log-ins, counters, unfinished forms, files of exports."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from complaints.administration import bulk
from complaints.administration.installation import Installation
from complaints.cases import claims
from complaints.evidence import files
from complaints.store.tables import Attachment, Draft, Idempotency, Limit, OperatorSession, Token
from complaints.store.transactions import touched

_PAGE = 200


def clean(installation: Installation, now: datetime) -> int:
    """Delete what has expired at `now`; returns the number of rows. Commits; nothing here is in the log."""

    def expired(session: Session) -> int:
        rows = 0
        for table in (Token, OperatorSession, Limit, Idempotency):
            over = delete(table).where(table.expires_at <= now)
            rows += touched(session.execute(over.execution_options(synchronize_session=False)))
        return rows + bulk.expire(session, now) + claims.expire(session, now)

    return installation.database.write(expired) + _drafts(installation, now) + files.expire(installation, now)


def _drafts(installation: Installation, now: datetime) -> int:
    with installation.database.reading() as session:
        uids = list(session.scalars(select(Draft.uid).where(Draft.expires_at <= now).limit(_PAGE)))
    return sum(_draft(installation, uid) for uid in uids)


def _draft(installation: Installation, uid: str) -> int:
    def write(session: Session) -> list[str]:
        # A draft filed in this moment has handed its rows to the complaint: only what is still its own goes.
        own = (Attachment.draft == uid, Attachment.stream.is_(None))
        files = list(session.scalars(select(Attachment.uid).where(*own)))
        session.execute(delete(Attachment).where(*own).execution_options(synchronize_session=False))
        session.execute(delete(Draft).where(Draft.uid == uid).execution_options(synchronize_session=False))
        return files

    for name in installation.database.write(write):
        installation.files.delete(name)
        installation.files.delete(f"{name}.view")
    return 1
