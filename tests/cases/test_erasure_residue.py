"""What is erased is gone from the bytes of our own files; what a host's SQLite keeps is as the docs say."""

from __future__ import annotations

import pytest
from factories import Desk
from flask import Flask
from marked import ended, filed_with_marks, finish, raw_bytes, secrets_of, years
from searching import take_in
from sqlalchemy import create_engine, event, text

from complaints import Complaints
from complaints.administration.engine import gaps
from complaints.base.keys import Keys
from complaints.base.resources import folder
from complaints.base.translations import speaking
from complaints.cases import access, drafts
from complaints.cases.attachments import check
from complaints.jobs.ticks import tick
from complaints.store import residue, schema


def mounted(path, clock, *, engine=None):
    """A desk on an app of its own; with `engine` on a host's database."""
    app = Flask("host", instance_path=str(path))
    app.config.update(
        SECRET_KEY="x" * 32,
        TESTING=True,
        COMPLAINTS_BASE_URL="https://ai.example.cn",
        COMPLAINTS_SCHEDULER=False,
    )
    Complaints(app)
    found = app.extensions["complaints"]
    if engine is not None:
        found.database.engine.dispose()
        found.database.__dict__["engine"] = engine
    found.now = clock
    found.__dict__["keys"] = Keys.random()
    schema.upgrade(found.database.engine, folder("migrations"))
    return app, Desk(found, clock)


@pytest.fixture
def own(tmp_path, clock):
    app, desk = mounted(tmp_path, clock)
    desk.app = app
    yield desk
    desk.installation.database.engine.dispose()


def test_no_mark_is_left_in_the_bytes_of_our_own_sqlite_file_and_in_its_folder(own, tmp_path):
    """Keys, salts and hashes as raw bytes: in the database, its WAL, and every file of the installation.

    So many neighbours come before and after that pages are split while the marks lie in them.
    """
    before = [own.file("billing") for _ in range(20)]
    filed = filed_with_marks(own)
    for _ in range(40):
        own.file("service")
    ended(own, filed)
    secrets = [each for part in secrets_of(own, filed) for each in part]
    raw = raw_bytes(tmp_path)
    assert [each for each in secrets if each not in raw] == []
    years(own)

    assert finish(own, filed)
    assert residue.wipe(own.installation.database.engine)

    raw = raw_bytes(tmp_path)
    assert [each for each in secrets if each in raw] == []
    assert own.read(lambda work: access.contact(work, own.case(before[0])))
    assert own.codes() == set()
    wal = list(tmp_path.rglob("*-wal"))
    assert [path.stat().st_size for path in wal] == [0] * len(wal)


def test_files_of_a_form_that_was_never_sent_leave_no_bytes_behind_either(own, tmp_path):
    name, quota = drafts.new_name(), drafts.Quota(10, 10)
    upload = check("没有提交的.txt", "没有提交的内容".encode(), max_mb=1)
    source = "cd" * 32

    def keep(work):
        drafts.add(work, name, source, drafts.seal(work, name, [upload]), quota)

    own.installation.write(keep)
    waiting = own.read(lambda work: drafts.waiting(work, name))[0]
    secrets = [source.encode(), waiting.sealed.row["sealed"], own.installation.files.get(waiting.uid)]
    assert [each for each in secrets if each not in raw_bytes(tmp_path)] == []
    own.later(hours=3)
    with own.app.app_context():
        assert tick(own.installation, post=None, alone=True).cleaned == 1

    assert [each for each in secrets if each in raw_bytes(tmp_path)] == []


@pytest.mark.parametrize(("secure", "left"), [("OFF", True), ("ON", False)])
def test_a_hosts_sqlite_keeps_what_is_erased_where_it_does_not_overwrite_and_vacuum_ends_that(
    tmp_path, clock, secure, left
):
    path = tmp_path / "host"
    path.mkdir()
    engine = create_engine(f"sqlite:///{path / 'host.db'}")

    @event.listens_for(engine, "connect")
    def set_up(connection, record):
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"secure_delete={secure}"):
            connection.execute(f"PRAGMA {pragma}")

    _, desk = mounted(tmp_path / "instance", clock, engine=engine)
    filed = filed_with_marks(desk)
    ended(desk, filed)
    secrets, _ = secrets_of(desk, filed)
    years(desk)
    assert finish(desk, filed)
    # A host's engine is left alone.
    assert not residue.wipe(engine)
    _administer(engine, "PRAGMA wal_checkpoint(TRUNCATE)")

    assert any(each in raw_bytes(path) for each in secrets) == left
    with engine.connect() as connection, speaking("en"):
        assert any("secure_delete" in gap.what for gap in gaps(connection)) == left
    _administer(engine, "PRAGMA secure_delete=ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
    assert not any(each in raw_bytes(path) for each in secrets)
    engine.dispose()


def _administer(engine, *statements):
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_no_word_of_the_search_index_is_left_in_our_own_file_either(own, tmp_path):
    for n in range(30):
        own.file("billing", fields={"details": f"旁边的第{n}件，要求退款"})
    filed = own.file(fields={"details": "只有这里才有的稀罕词语"})
    own.do(filed, "withdraw")
    take_in(own.installation)
    case = own.case(filed)
    with own.installation.database.engine.connect() as connection:
        held = connection.execute(text("SELECT rowid, words FROM complaints_search_fts")).all()
    others = {word for row in held if row.rowid != case.id for word in row.words.split()}
    mine = next(row.words for row in held if row.rowid == case.id)
    secrets = [word.encode() for word in mine.split() if word not in others]
    assert len(secrets) > 5
    years(own)

    assert finish(own, filed)
    assert residue.wipe(own.installation.database.engine)

    raw = raw_bytes(tmp_path)
    assert mine.encode() not in raw
    # FTS5 leaves out what a word has in common with the one before it: so much of each is looked for.
    assert [each for each in secrets if each[3:] in raw] == []
