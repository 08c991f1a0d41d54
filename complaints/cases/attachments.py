"""Attachments: taken by content, sealed with a key of their own, kept as they came.

The bytes lie encrypted in the file store under a random name; name, key and digest lie sealed in the row;
the leaf holds a salted commitment to the digest, because the plain digest of a known file would identify it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select

from complaints.base.errors import InputError, IntegrityError, NotFoundError
from complaints.base.ids import random_uid
from complaints.base.translations import gettext as t
from complaints.cases import filetypes
from complaints.ledger import private as sealing
from complaints.ledger.journal import data_key
from complaints.ledger.proof import commitment
from complaints.ledger.work import Work
from complaints.store.tables import Attachment, PersonKey

MB = 1_000_000
_NAME = 200


@dataclass(frozen=True)
class Upload:
    """A file that was checked: display name, bytes, media type, and the copy operators look at."""

    name: str
    data: bytes
    media_type: str
    view: bytes | None


@dataclass(frozen=True)
class SealedFile:
    """A file whose bytes are stored; `row` goes into the database with the event that brings it."""

    uid: str
    commit: str
    row: dict[str, Any]

    def public(self) -> dict[str, Any]:
        """What the leaf says of it."""
        return {
            "uid": self.uid,
            "commit": self.commit,
            "size": self.row["size"],
            "media_type": self.row["media_type"],
        }


@dataclass(frozen=True)
class Held:
    """An attachment as pages show it; `name` and `digest` (SHA-256, hex) are empty once erased."""

    uid: str
    seq: int | None
    person: str
    name: str
    media_type: str
    size: int
    view: bool
    digest: str = ""


def check(name: str, data: bytes, *, max_mb: int) -> Upload:
    """A file that may be taken; raises InputError that names the file and says what to do."""
    shown = display_name(name)
    if not data:
        raise InputError({"files": [t("“{file}” is empty; choose it again", file=shown)]})
    if len(data) > max_mb * MB:
        raise InputError(
            {"files": [t("“{file}” must be smaller than {size}", file=shown, size=f"{max_mb} MB")]}
        )
    kind = filetypes.detect(name, data)
    if kind is None:
        raise InputError(
            {
                "files": [
                    t(
                        "“{file}” cannot be taken; choose a JPG, PNG, PDF, Word, audio or text file",
                        file=shown,
                    )
                ]
            }
        )
    view = filetypes.viewable(data) if kind.picture else None
    return Upload(shown, data, kind.media_type, view)


def display_name(name: str) -> str:
    """A file's name as people see it: no path, no control characters, at most 200 characters."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(character for character in bare if character.isprintable()).strip()
    return (clean or "file")[-_NAME:]


def seal_all(work: Work, uid: str, person: str, uploads: Sequence[Upload]) -> list[SealedFile]:
    """Store files under the person's data key, ahead of the event that brings them."""
    if not uploads:
        return []
    key = data_key(work, uid, person, create=True)
    assert key is not None
    return [seal(work, key, uid, person, upload) for upload in uploads]


def seal(work: Work, key: bytes, stream: str, person: str, upload: Upload) -> SealedFile:
    """Encrypt and store one file; `key` is its person's data key."""
    uid, file_key, salt = random_uid(), sealing.new_data_key(), os.urandom(sealing.SALT)
    digest = hashlib.sha256(upload.data).digest()
    work.files.put(uid, sealing.encrypt(file_key, upload.data, f"file\x00{uid}"))
    if upload.view is not None:
        work.files.put(f"{uid}.view", sealing.encrypt(file_key, upload.view, f"view\x00{uid}"))
    inner = {"name": upload.name, "key": file_key.hex(), "salt": salt.hex(), "digest": digest.hex()}
    row = {
        "uid": uid,
        "stream": stream,
        "draft": None,
        "seq": None,
        "person": person,
        "media_type": upload.media_type,
        "size": len(upload.data),
        "sealed": sealing.encrypt(key, json.dumps(inner).encode(), f"attachment\x00{stream}\x00{uid}"),
        "view_size": None if upload.view is None else len(upload.view),
        "created_at": work.now,
    }
    return SealedFile(uid, commitment(salt, "file", digest), row)


def reseal(file: SealedFile, inner: dict[str, str], key: bytes, stream: str, person: str) -> SealedFile:
    """A draft's file under its complainant's key; the bytes stay where they are."""
    sealed = sealing.encrypt(key, json.dumps(inner).encode(), f"attachment\x00{stream}\x00{file.uid}")
    return replace(
        file, row={**file.row, "stream": stream, "draft": None, "person": person, "sealed": sealed}
    )


def attach(work: Work, stream: str, seq: int, files: Sequence[SealedFile]) -> None:
    """Write the rows of sealed files once their event is written."""
    if files:
        rows = [{**file.row, "stream": stream, "seq": seq} for file in files]
        work.session.execute(insert(Attachment.__table__), rows)  # type: ignore[arg-type]  # Table


def held(work: Work, stream: str) -> list[Held]:
    """A complaint's attachments in the order they came."""
    rows = work.session.execute(
        select(Attachment, PersonKey.wrapped)
        .outerjoin(
            PersonKey, (PersonKey.stream == Attachment.stream) & (PersonKey.person == Attachment.person)
        )
        .where(Attachment.stream == stream)
        .order_by(Attachment.seq, Attachment.uid)
    ).all()
    return [
        _held(row, _opened(row, _unwrapped(work, row, wrapped)) or {"name": "", "digest": ""})
        for row, wrapped in rows
    ]


def original(work: Work, stream: str, uid: str) -> tuple[Held, bytes]:
    """An attachment byte for byte as it came; NotFoundError for a foreign, unknown or erased one.

    The digest is compared with the one that was sealed at arrival (IntegrityError).
    """
    row, inner = _find(work, stream, uid)
    data = _bytes(work, row.uid, "file", inner)
    if hashlib.sha256(data).hexdigest() != inner["digest"]:
        raise IntegrityError("the stored file is not the one that was filed")
    return _held(row, inner), data


def view(work: Work, stream: str, uid: str) -> tuple[str, bytes]:
    """Media type and bytes of a picture's re-encoded copy; NotFoundError when there is none."""
    row, inner = _find(work, stream, uid)
    if row.view_size is None:
        raise NotFoundError("there is no copy to look at")
    data = _bytes(work, row.uid, "view", inner)
    return ("image/png" if data.startswith(b"\x89PNG") else "image/jpeg"), data


def _find(work: Work, stream: str, uid: str) -> tuple[Attachment, dict[str, str]]:
    row = work.session.scalar(select(Attachment).where(Attachment.uid == uid, Attachment.stream == stream))
    inner = _inner(work, row) if row is not None else None
    if row is None or inner is None:
        raise NotFoundError("no such file")
    return row, inner


def _bytes(work: Work, uid: str, kind: str, inner: dict[str, str]) -> bytes:
    stored = work.files.get(uid if kind == "file" else f"{uid}.view")
    return sealing.decrypt(bytes.fromhex(inner["key"]), stored, f"{kind}\x00{uid}")


def _held(row: Attachment, inner: dict[str, str]) -> Held:
    return Held(
        row.uid,
        row.seq,
        row.person,
        inner["name"],
        row.media_type,
        row.size,
        view=row.view_size is not None,
        digest=inner["digest"],
    )


def _inner(work: Work, row: Attachment) -> dict[str, str] | None:
    return _opened(row, data_key(work, row.stream or "", row.person))


def _unwrapped(work: Work, row: Attachment, wrapped: bytes | None) -> bytes | None:
    return sealing.unwrap(work.keys.data, wrapped, row.stream or "", row.person) if wrapped else None


def _opened(row: Attachment, key: bytes | None) -> dict[str, str] | None:
    if key is None:
        return None
    plain = sealing.decrypt(key, row.sealed, f"attachment\x00{row.stream}\x00{row.uid}")
    return json.loads(plain)  # type: ignore[no-any-return]  # we wrote an object
