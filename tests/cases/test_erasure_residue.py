"""What is erased is gone from the bytes of our own files too."""

from __future__ import annotations

from factories import Desk
from flask import Flask
from marked import (
    ended,
    filed_with_marks,
    finish,
    hashes,
    raw_bytes,
    stored_names,
    years,
)
from sqlalchemy import select

from complaints import Complaints
from complaints.base.keys import Keys
from complaints.base.resources import folder
from complaints.cases import (
    access,
)
from complaints.store import residue, schema
from complaints.store.tables import Attachment, PersonKey, Private


def test_no_mark_is_left_in_the_bytes_of_our_own_sqlite_file_and_in_its_folder(tmp_path, clock):
    """Keys, salts and hashes as raw bytes: in the database, its WAL, and every file of the installation."""
    app = Flask("host", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x" * 32, TESTING=True, COMPLAINTS_BASE_URL="https://ai.example.cn")
    Complaints(app)
    found = app.extensions["complaints"]
    found.now = clock
    found.__dict__["keys"] = Keys.random()
    schema.upgrade(found.database.engine, folder("migrations"))
    desk = Desk(found, clock)
    neighbour = desk.file("billing")
    filed = filed_with_marks(desk)
    case = ended(desk, filed)
    held = [value.encode() for value in [*hashes(case), case.filing_hash] if value]
    rows = desk.read(
        lambda work: list(work.session.scalars(select(Private.sealed).where(Private.stream == filed.uid)))
    )
    wrapped = desk.read(
        lambda work: list(
            work.session.scalars(select(PersonKey.wrapped).where(PersonKey.stream == filed.uid))
        )
    )
    sealed = desk.read(
        lambda work: list(
            work.session.scalars(select(Attachment.sealed).where(Attachment.stream == filed.uid))
        )
    )
    files = [found.files.get(name) for name in stored_names(desk, filed)]
    secrets = [*held, *(row[:48] for row in (*rows, *wrapped, *sealed, *files))]
    raw = raw_bytes(tmp_path)
    assert [each for each in secrets if each not in raw] == []
    years(desk)

    assert finish(desk, filed)
    assert residue.wipe(found.database.engine)

    raw = raw_bytes(tmp_path)
    assert [each for each in secrets if each in raw] == []
    assert desk.read(lambda work: access.contact(work, desk.case(neighbour)))
    assert desk.codes() == set()
    found.database.engine.dispose()
