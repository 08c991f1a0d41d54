"""The signal of each event: after the commit, once, with nothing personal, and whatever a receiver does."""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager

import pytest
import servers
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from installing import HANDLER, SECRET_WORDS
from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError

from complaints import Complaints, Filing, signals
from complaints.base.errors import InputError
from complaints.base.keys import Keys
from complaints.cases import conversation, handling
from complaints.ledger import journal
from complaints.store.tables import Complaint

UID = select(Complaint.uid).where(Complaint.number == bindparam("number"))


@contextmanager
def heard(app):
    """What the receivers of one app hear: event, number, place and whether it is a test."""
    found = []

    def receiver(sender, **told):
        assert sender is app
        found.append(told)

    signals.event_recorded.connect(receiver, sender=app)
    try:
        yield found
    finally:
        signals.event_recorded.disconnect(receiver, sender=app)


def mounted(tmp_path, url):
    app = Flask(__name__, instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x", TESTING=True, COMPLAINTS_SCHEDULER=False, SQLALCHEMY_DATABASE_URI=url)
    db = SQLAlchemy()
    db.init_app(app)
    extension = Complaints(app, db=db)
    installation = app.extensions["complaints"]
    installation.__dict__["keys"] = Keys.random()
    with app.app_context():
        servers.furnish(installation.database.engine)
    return app, db, extension, installation


@pytest.fixture
def house(tmp_path, database_url):
    """A product with the module mounted, and another in the same process that must hear nothing."""
    made = mounted(tmp_path, database_url)
    (tmp_path / "other").mkdir()
    other = mounted(tmp_path / "other", f"sqlite:///{tmp_path / 'other' / 'host.db'}")
    with made[0].app_context(), heard(other[0]) as beside:
        yield made
        made[1].session.remove()
        made[1].engine.dispose()
    assert beside == []
    with other[0].app_context():
        other[1].engine.dispose()


def filing(**more):
    values = {"details": SECRET_WORDS, "mail": "reporter@example.com"}
    return Filing("other", values, secrets.token_hex(16), **more)


def act(installation, filed, step, *arguments):
    return installation.write(lambda work: step(work, journal.lock(work, filed.uid), *arguments))


def test_each_event_is_told_after_its_commit_with_nothing_personal(house):
    app, _, extension, installation = house
    with heard(app) as told:
        first, trial = extension.submit(filing()), extension.submit(filing(is_test=True))
        act(installation, first, handling.accept, HANDLER)
        act(installation, first, conversation.reply, HANDLER, SECRET_WORDS)
        repeated = filing()
        extension.submit(repeated)
        extension.submit(repeated)
    assert told[:4] == [
        {"number": first.number, "event": "filed", "seq": 1, "is_test": False},
        {"number": trial.number, "event": "filed", "seq": 1, "is_test": True},
        {"number": first.number, "event": "accepted", "seq": 2, "is_test": False},
        {"number": first.number, "event": "replied", "seq": 3, "is_test": False},
    ]
    assert [each["event"] for each in told[4:]] == ["filed"]


def test_a_receiver_finds_the_event_in_the_database_and_may_write_itself(house):
    app, _, extension, installation = house
    seen = []

    def accept(sender, number, event, **rest):
        with installation.reading() as work:
            uid = work.session.execute(UID, {"number": number}).scalar_one()
        if event == "filed":
            installation.write(lambda work: handling.accept(work, journal.lock(work, uid), HANDLER))
        seen.append(event)

    signals.event_recorded.connect(accept, sender=app)
    try:
        extension.submit(filing())
    finally:
        signals.event_recorded.disconnect(accept, sender=app)
    assert sorted(seen) == ["accepted", "filed"]


def test_what_is_rolled_back_is_told_to_nobody(house):
    app, _, extension, installation = house
    with heard(app) as told:
        filed = extension.submit(filing())
        with pytest.raises(InputError):
            extension.submit(Filing("other", {}, "s"))

        def fails(work):
            handling.accept(work, journal.lock(work, filed.uid), HANDLER)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            installation.write(fails)
    assert [each["event"] for each in told] == ["filed"]


def test_what_is_tried_again_is_told_once(house):
    app, _, extension, installation = house
    filed, tries = extension.submit(filing()), []

    def locked_once(work):
        handling.accept(work, journal.lock(work, filed.uid), HANDLER)
        work.session.flush()
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))

    with heard(app) as told:
        installation.write(locked_once)
    assert (len(tries), [(each["event"], each["seq"]) for each in told]) == (2, [("accepted", 2)])


def test_a_receiver_that_fails_is_named_by_its_errors_class_and_stops_nobody(house, caplog):
    app, _, extension, installation = house

    def broken(sender, **told):
        raise ValueError(SECRET_WORDS)

    signals.event_recorded.connect(broken, sender=app)
    try:
        with heard(app) as told, caplog.at_level(logging.ERROR):
            filed = extension.submit(filing())
    finally:
        signals.event_recorded.disconnect(broken, sender=app)
    assert [each["number"] for each in told] == [filed.number]
    assert "event_recorded failed: ValueError" in caplog.text
    assert SECRET_WORDS not in caplog.text
    with installation.reading() as work:
        assert list(work.session.execute(UID, {"number": filed.number}))


@pytest.mark.parametrize(
    ("ending", "events"),
    [
        ("commit", ["filed"]),
        ("rollback", []),
        ("rollback, commit", []),
        ("savepoint released, commit", ["filed"]),
        ("savepoint released, rollback", []),
        ("savepoint rolled back, commit", []),
        ("another savepoint rolled back, commit", ["filed"]),
    ],
)
def test_in_the_hosts_transaction_it_is_told_after_the_hosts_commit(house, ending, events):
    app, db, extension, _ = house
    session = db.session
    with heard(app) as told:
        inner = session.begin_nested() if ending.startswith("savepoint") else None
        filed = extension.submit(filing(), session=session)
        if ending.startswith("another"):
            session.begin_nested().rollback()
        if inner is not None:
            inner.rollback() if "rolled back" in ending else inner.commit()
        assert told == []
        for word in ending.rpartition("released, ")[2].replace("another ", "").split(", "):
            getattr(session, {"savepoint rolled back": "flush"}.get(word, word))()
        # The next transaction of the same session has nothing to tell of this one.
        session.execute(UID, {"number": filed.number})
        session.commit()
    assert [each["event"] for each in told] == events


def test_a_receiver_may_use_the_hosts_session_that_has_just_committed(house):
    app, db, extension, _ = house
    found = []

    def look(sender, number, **rest):
        found.extend(db.session.execute(UID, {"number": number}).scalars())

    signals.event_recorded.connect(look, sender=app)
    try:
        filed = extension.submit(filing(), session=db.session)
        db.session.commit()
    finally:
        signals.event_recorded.disconnect(look, sender=app)
    assert found == [filed.uid]
