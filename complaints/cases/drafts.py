"""Files of a form that is not submitted yet: encrypted, counted, gone after two hours, not in the log."""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update

from complaints.base.errors import InputError
from complaints.base.ids import random_uid
from complaints.base.translations import gettext as t
from complaints.cases import attachments
from complaints.cases.attachments import MB, SealedFile, Upload
from complaints.ledger import private as sealing
from complaints.ledger.proof import commitment
from complaints.ledger.work import Work
from complaints.store.tables import Attachment, Draft
from complaints.store.transactions import touched


@dataclass(frozen=True)
class Waiting:
    """A file that waits in a draft: as pages show it, and as a filing takes it."""

    uid: str
    name: str
    media_type: str
    size: int
    sealed: SealedFile
    inner: dict[str, str]


@dataclass(frozen=True)
class Quota:
    """How many bytes unsent files may take, from one source and from all together."""

    source: int
    total: int


def seal(work: Work, draft: str, uploads: Sequence[Upload]) -> list[SealedFile]:
    """Encrypt and store files ahead of their rows; `draft` names the draft they will belong to."""
    key = _key(work, draft)
    return [attachments.seal(work, key, draft, sealing.COMPLAINANT, upload) for upload in uploads]


def new_name() -> str:
    """The name of a new draft; nobody can guess it, and pages carry it signed."""
    return random_uid()


def add(work: Work, draft: str, source: str, files: Sequence[SealedFile], quota: Quota) -> None:
    """Write the rows of sealed files, and the draft's own at its first file; InputError beyond a quota."""
    size = sum(file.row["size"] for file in files)
    used, own = work.session.execute(
        select(
            func.coalesce(func.sum(Draft.bytes_total), 0),
            func.coalesce(func.sum(case((Draft.source_hash == source, Draft.bytes_total), else_=0)), 0),
        ).where(Draft.expires_at > work.now)
    ).one()
    if int(used) + size > quota.total * MB or int(own) + size > quota.source * MB:
        full = t(
            "No more files can be taken just now. Submit without them and add them later on the tracking page"
        )
        raise InputError({"files": [full]})
    expires = work.now + timedelta(hours=work.policy.retention.draft_hours)
    changed = work.session.execute(
        update(Draft)
        .where(Draft.uid == draft)
        .values(bytes_total=Draft.bytes_total + size, expires_at=expires)
        .execution_options(synchronize_session=False)
    )
    if touched(changed) == 0:
        row = {
            "uid": draft,
            "source_hash": source,
            "created_at": work.now,
            "expires_at": expires,
            "bytes_total": size,
        }
        work.session.execute(insert(Draft.__table__), [row])  # type: ignore[arg-type]  # Table
    rows = [{**file.row, "stream": None, "draft": draft} for file in files]
    work.session.execute(insert(Attachment.__table__), rows)  # type: ignore[arg-type]  # Table


def waiting(work: Work, draft: str) -> list[Waiting]:
    """The files of a draft in the order they came; none once it has expired or was filed."""
    rows = work.session.scalars(
        select(Attachment)
        .join(Draft, Draft.uid == Attachment.draft)
        .where(Attachment.draft == draft, Attachment.stream.is_(None), Draft.expires_at > work.now)
        .order_by(Attachment.created_at, Attachment.uid)
    )
    key = _key(work, draft)
    return [_waiting(key, draft, row) for row in rows]


def remove(work: Work, draft: str, uids: Collection[str]) -> list[str]:
    """Take files out of a draft; returns the names to delete from the file store once this is committed."""
    own = (Attachment.draft == draft, Attachment.stream.is_(None), Attachment.uid.in_(list(uids)))
    found = work.session.execute(select(Attachment.uid, Attachment.size).where(*own)).all()
    if not found:
        return []
    work.session.execute(delete(Attachment).where(*own).execution_options(synchronize_session=False))
    work.session.execute(
        update(Draft)
        .where(Draft.uid == draft)
        .values(bytes_total=Draft.bytes_total - sum(row.size for row in found))
        .execution_options(synchronize_session=False)
    )
    return [row.uid for row in found]


def close(work: Work, draft: str) -> None:
    """End a draft whose files a complaint has taken over."""
    work.session.execute(delete(Draft).where(Draft.uid == draft).execution_options(synchronize_session=False))


def discard(work: Work, names: Collection[str]) -> None:
    """Delete stored bytes that no row names any more."""
    for name in names:
        work.files.delete(name)
        work.files.delete(f"{name}.view")


def _waiting(key: bytes, draft: str, row: Attachment) -> Waiting:
    inner: dict[str, str] = json.loads(
        sealing.decrypt(key, row.sealed, f"attachment\x00{draft}\x00{row.uid}")
    )
    columns: dict[str, Any] = {
        column.key: getattr(row, column.key) for column in Attachment.__table__.columns
    }
    commit = commitment(bytes.fromhex(inner["salt"]), "file", bytes.fromhex(inner["digest"]))
    return Waiting(
        row.uid, inner["name"], row.media_type, row.size, SealedFile(row.uid, commit, columns), inner
    )


def _key(work: Work, draft: str) -> bytes:
    return hmac.digest(work.keys.data, b"draft\x00" + draft.encode(), "sha256")
