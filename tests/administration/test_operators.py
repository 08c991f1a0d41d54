"""Accounts of operators: one-time passwords, lockout, sessions that can be ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event

from complaints.administration import operators, passwords, roster, sessions
from complaints.base.errors import InputError, NotFoundError
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.store.tables import Event, Operator, OperatorSession

BY = Actor("admin", "setup")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobodys.cache_clear()


def add(installation, login="alice", roles=("handler",), **values):
    return installation.write(lambda work: operators.create(work, login, "Alice", roles, by=BY, **values))


def log_in(installation, login, password):
    tried = installation.write(lambda work: sessions.attempt(work, login))
    if not tried.holds(password):
        return None
    return installation.write(lambda work: sessions.begin(work, tried.operator_id, 12))


def who(installation, token):
    with installation.reading() as work:
        found = sessions.current(work, token)
        return found[0].login if found else None


def test_the_kept_password_is_argon2id():
    assert PasswordHasher().type.name == "ID"
    assert passwords.hashed("x").startswith("$argon2id$")


def test_a_new_account_logs_in_with_its_one_time_password_and_must_change_it(installation):
    add(installation, "noise")
    row, password = add(installation, " Alice ")
    token = log_in(installation, "ALICE", password)

    assert row.must_change
    assert who(installation, token) == "alice"
    new = passwords.hashed("a sentence of mine")
    installation.write(lambda work: operators.set_password(work, row.ref, row.password_hash, new))
    assert who(installation, token) is None
    assert log_in(installation, "alice", password) is None
    assert log_in(installation, "alice", "a sentence of mine")


@pytest.mark.parametrize("new", ["short", "x" * 201, "a" * 12, "the one I had", "alice.alice.alice"])
def test_a_poor_password_is_refused(new):
    with pytest.raises(InputError) as caught:
        passwords.check(new, "alice.alice.alice", "the one I had")
    assert list(caught.value.fields) == ["new"]


def test_a_password_changed_in_the_meantime_is_not_replaced(installation):
    add(installation, "noise")
    row, password = add(installation)
    _, newer = installation.write(lambda work: operators.reset(work, "alice", by=BY))
    made = passwords.hashed("a sentence of mine")

    with pytest.raises(InputError) as caught:
        installation.write(lambda work: operators.set_password(work, row.ref, row.password_hash, made))
    assert list(caught.value.fields) == ["old"]
    assert log_in(installation, "alice", newer)
    assert not log_in(installation, "alice", password)


def test_five_failures_lock_for_a_quarter_of_an_hour(installation, clock):
    _, password = add(installation)
    for _ in range(5):
        assert log_in(installation, "alice", "wrong") is None

    assert log_in(installation, "alice", password) is None
    clock.now += timedelta(minutes=14, seconds=59)
    assert log_in(installation, "alice", password) is None
    clock.now += timedelta(seconds=2)
    assert log_in(installation, "alice", password)


def test_tries_begun_side_by_side_do_not_outrun_the_lock(installation):
    _, password = add(installation)
    tries = [installation.write(lambda work: sessions.attempt(work, "alice")) for _ in range(8)]

    assert [each.holds(password) for each in tries] == [True] * 5 + [False] * 3


def test_tries_side_by_side_do_not_outrun_a_lock_that_has_just_ended(installation, clock):
    add(installation, "noise")
    row, password = add(installation)
    for _ in range(5):
        log_in(installation, "alice", "wrong")
    clock.now += timedelta(minutes=15, seconds=1)
    again = clock.now + sessions.LOCK

    table, done = Operator.__table__, []

    def late(work):
        """A try that has read the ended lock when five others take the account, and are wrong."""

        @event.listens_for(work.session, "do_orm_execute")
        def others(state):
            if state.is_update and not done:
                done.append(
                    work.session.connection().execute(
                        table.update().where(table.c.id == row.id).values(failures=5, locked_until=again)
                    )
                )

        return sessions.attempt(work, "alice")

    tried = installation.write(late)
    assert not tried.holds(password)
    with installation.reading() as work:
        kept = operators.find(work, "alice")
        assert (kept.failures, kept.locked_until) == (6, again)
        assert operators.find(work, "noise").failures == 0
    assert log_in(installation, "alice", password) is None


def test_a_good_password_forgets_earlier_failures(installation):
    _, password = add(installation)
    for _ in range(3):
        for _ in range(4):
            log_in(installation, "alice", "wrong")
        assert log_in(installation, "alice", password)


def test_an_unknown_name_is_hashed_like_a_known_one(installation, monkeypatch):
    add(installation)
    hashed = []
    monkeypatch.setattr(passwords, "matches", lambda kept, given: hashed.append(kept) or True)

    tried = installation.write(lambda work: sessions.attempt(work, "nobody"))

    assert not tried.holds("x")
    assert hashed[0].startswith("$argon2id$")


def test_disabling_ends_every_session_and_keeps_the_name(installation):
    add(installation, "boss", ("admin",))
    row, password = add(installation)
    first, second = (log_in(installation, "alice", password) for _ in range(2))
    other = log_in(installation, "boss", add(installation, "noise")[1])
    installation.write(lambda work: operators.disable(work, "alice", by=BY))

    assert [who(installation, token) for token in (first, second)] == [None, None]
    assert other is None
    assert log_in(installation, "alice", password) is None
    with installation.reading() as work:
        assert roster.read(work).names[row.ref] == "Alice"
        assert work.session.query(OperatorSession).count() == 0


def test_a_session_ends_after_its_hours_or_when_told(installation, clock):
    _, password = add(installation)
    one, two = log_in(installation, "alice", password), log_in(installation, "alice", password)
    installation.write(lambda work: sessions.end(work, one))

    assert (who(installation, one), who(installation, two)) == (None, "alice")
    clock.now += timedelta(hours=12)
    assert who(installation, two) is None


def test_a_cookie_alone_is_no_row_of_the_table(installation):
    _, password = add(installation)
    token = log_in(installation, "alice", password)
    with installation.reading() as work:
        assert token not in work.session.query(OperatorSession).one().token_hash


def test_the_last_administrator_stays(installation):
    add(installation, "noise")
    add(installation, "boss", ("admin", "handler"))
    for act in (
        lambda work: operators.disable(work, "boss", by=BY),
        lambda work: operators.change_roles(work, "boss", ("handler",), restricted=False, by=BY),
    ):
        with pytest.raises(InputError):
            installation.write(act)
    add(installation, "second", ("admin",))
    installation.write(lambda work: operators.disable(work, "boss", by=BY))


@pytest.mark.parametrize(
    ("login", "roles", "mail", "field"),
    [
        ("", ("handler",), None, "login"),
        ("ALICE", ("handler",), None, "login"),
        ("bob", (), None, "roles"),
        ("bob", ("king",), None, "roles"),
        ("bob", ("handler",), "no address", "mail"),
    ],
)
def test_an_account_that_cannot_be_is_refused(installation, login, roles, mail, field):
    add(installation)

    with pytest.raises(InputError) as caught:
        add(installation, login, roles, mail=mail)
    assert list(caught.value.fields) == [field]


def test_an_address_is_changed_or_taken_away_and_stands_in_no_event(installation):
    add(installation, "noise", mail="noise@example.cn")
    add(installation, "alice", roles=["supervisor"], mail="old@example.cn")

    def kept():
        with installation.reading() as work:
            return {row.login: (row.mail, bool(row.monthly)) for row in operators.everyone(work)}

    installation.write(lambda work: operators.send_monthly(work, "alice", wanted=True, by=BY))
    installation.write(lambda work: operators.write_to(work, "alice", " new@example.cn ", by=BY))
    assert kept() == {"noise": ("noise@example.cn", False), "alice": ("new@example.cn", True)}
    with pytest.raises(InputError) as refused:
        installation.write(lambda work: operators.write_to(work, "alice", "nowhere", by=BY))
    assert set(refused.value.fields) == {"mail"}
    # Nobody gets a report by mail without an address.
    installation.write(lambda work: operators.write_to(work, "alice", "", by=BY))
    installation.write(lambda work: operators.write_to(work, "alice", "", by=BY))
    assert kept() == {"noise": ("noise@example.cn", False), "alice": (None, False)}
    with installation.reading() as work:
        entries = history(work, "system")
        leaves = b" ".join(event.leaf for event in work.session.query(Event))
    assert [entry.type for entry in entries if entry.type == "operator_mail_changed"] == [
        "operator_mail_changed",
        "operator_mail_changed",
    ]
    assert b"@example.cn" not in leaves


def test_what_is_done_to_accounts_stands_in_the_log_without_names(installation):
    row, _ = add(installation, mail="alice@example.com")
    installation.write(lambda work: operators.reset(work, "alice", by=BY))
    with installation.reading() as work:
        leaves = [event.leaf.decode() for event in work.session.query(Event).order_by(Event.id)]
    assert [
        event for leaf in leaves for event in ("operator_added", "operator_password_reset") if event in leaf
    ] == [
        "operator_added",
        "operator_password_reset",
    ]
    assert all(row.ref in leaf and "Alice" not in leaf and "alice" not in leaf for leaf in leaves)


def test_an_unknown_account_is_not_found(installation):
    with pytest.raises(NotFoundError):
        installation.write(lambda work: operators.disable(work, "nobody", by=BY))
    with installation.reading() as work:
        assert work.session.query(Operator).count() == 0
