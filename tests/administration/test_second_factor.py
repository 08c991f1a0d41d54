"""The second factor of accounts: codes by time that count once, recovery codes, what the log holds of it."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from complaints.administration import operators, passwords, second_factor, sessions
from complaints.base.errors import InputError, NotFoundError
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.store.tables import Operator, OperatorSession

BY = Actor("admin", "setup")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords.nobodys.cache_clear()


def add(installation, login="alice"):
    return installation.write(lambda work: operators.create(work, login, login.title(), ("handler",), by=BY))[
        0
    ]


def code_at(secret, moment):
    return pyotp.TOTP(secret).at(moment)


def set_up(installation, clock, login="alice"):
    """An account with a second factor; two others beside it have one as well and none."""
    if login == "alice":
        add(installation, "noise")
        set_up(installation, clock, "other")
    row = add(installation, login)
    with installation.reading() as work:
        made = second_factor.offer(work, row, "小问")
    codes = installation.write(
        lambda work: second_factor.switch_on(work, row.ref, made.sealed, code_at(made.secret, clock.now))
    )
    clock.now += timedelta(seconds=30)
    return row, made.secret, codes


def passes(installation, row, code, *, spend=True):
    return installation.write(lambda work: second_factor.passes(work, row.id, code, spend=spend))


def kept(installation, row):
    with installation.reading() as work:
        return work.session.get(Operator, row.id)


def told(installation, row):
    with installation.reading() as work:
        return [
            (entry.type, {key: value for key, value in entry.meta.items() if key != "operator"})
            for entry in history(work, SYSTEM_STREAM)
            if entry.meta.get("operator") == row.ref
        ]


def test_what_is_kept_of_the_secret_and_the_codes_opens_nothing(installation, clock):
    row, secret, codes = set_up(installation, clock)
    found = kept(installation, row)

    assert secret.encode() not in found.totp
    assert len(codes) == len(set(codes)) == len(found.recovery) == second_factor.CODES
    assert not {each.replace("-", "") for each in codes} & set(found.recovery)
    assert all(len(each) == 64 for each in found.recovery)


def test_a_sealed_secret_moved_to_another_account_does_not_open(installation, clock):
    from complaints.base.errors import IntegrityError

    row, _, _ = set_up(installation, clock)
    thief = add(installation, "thief")

    def move(work):
        work.session.get(Operator, thief.id).totp = kept(installation, row).totp

    installation.write(move)
    with pytest.raises(IntegrityError):
        passes(installation, thief, "000000")


@pytest.mark.parametrize(
    ("off", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)], ids=str
)
def test_a_phone_may_be_one_step_off_and_no_more(installation, clock, off, good):
    row, secret, _ = set_up(installation, clock)
    clock.now += timedelta(minutes=5)

    assert passes(installation, row, code_at(secret, clock.now + timedelta(seconds=30 * off))) is good


def test_a_code_counts_once_and_so_does_the_one_that_switched_it_on(installation, clock):
    row, secret, _ = set_up(installation, clock)

    assert not passes(installation, row, code_at(secret, clock.now - timedelta(seconds=30)))
    code = code_at(secret, clock.now)
    assert passes(installation, row, code, spend=False)
    assert passes(installation, row, code)
    assert not passes(installation, row, code)
    # After a later one an earlier one is worth nothing, though it is near.
    clock.now += timedelta(seconds=60)
    assert passes(installation, row, code_at(secret, clock.now))
    assert not passes(installation, row, code_at(secret, clock.now - timedelta(seconds=30)))


def test_a_recovery_code_opens_once_however_it_is_typed_and_the_log_says_how_many_are_left(
    installation, clock
):
    row, _, codes = set_up(installation, clock)
    typed = f" {codes[3].lower().replace('-', ' ')} "

    assert passes(installation, row, typed, spend=False)
    assert passes(installation, row, typed)
    assert not passes(installation, row, codes[3])
    assert passes(installation, row, codes[0])
    assert second_factor.left(kept(installation, row)) == 8
    assert told(installation, row)[-2:] == [
        ("recovery_code_used", {"left": 9}),
        ("recovery_code_used", {"left": 8}),
    ]


def test_a_code_of_one_account_opens_no_other(installation, clock):
    row, secret, codes = set_up(installation, clock)
    with installation.reading() as work:
        other = operators.find(work, "other")

    assert not passes(installation, other, codes[0])
    assert not passes(installation, other, code_at(secret, clock.now))
    assert second_factor.left(kept(installation, row)) == second_factor.CODES


def test_without_a_second_factor_any_code_or_none_will_do(installation):
    row = add(installation)

    assert passes(installation, row, "")
    assert passes(installation, row, "123456")
    assert not installation.write(lambda work: second_factor.passes(work, row.id + 99, "", spend=True))


@pytest.mark.parametrize("wrong", ["", "000", "abcdef", "1234567", "ABCDE-FGHJK", "０１２３４５", "\x00" * 6])
def test_a_wrong_code_opens_nothing_and_spends_nothing(installation, clock, wrong):
    row, secret, _ = set_up(installation, clock)
    good = code_at(secret, clock.now)
    before = kept(installation, row)

    assert wrong == good or not passes(installation, row, wrong)
    after = kept(installation, row)
    assert (after.totp_step, after.recovery) == (before.totp_step, before.recovery)
    assert passes(installation, row, good)


def test_a_secret_is_kept_only_when_a_code_proves_that_an_app_has_it(installation, clock):
    row, thief = add(installation), add(installation, "thief")
    with installation.reading() as work:
        made, theirs = second_factor.offer(work, row, "小问"), second_factor.offer(work, thief, "小问")
        again = second_factor.offer(work, row, "小问", made.sealed)
    right = code_at(made.secret, clock.now)
    for sealed, code, field in (
        (made.sealed, "000000" if right != "000000" else "111111", "code"),
        (theirs.sealed, code_at(theirs.secret, clock.now), ""),
        ("nonsense", right, ""),
        ("", right, ""),
        ("é", right, ""),
    ):
        with pytest.raises(InputError) as caught:
            installation.write(
                lambda work, sealed=sealed, code=code: second_factor.switch_on(work, row.ref, sealed, code)
            )
        assert list(caught.value.fields) == [field]

    assert kept(installation, row).totp is None
    assert (again.secret, again.sealed) == (made.secret, made.sealed)
    assert made.address.startswith("otpauth://totp/")
    assert "alice" in made.address
    installation.write(lambda work: second_factor.switch_on(work, row.ref, made.sealed, right))
    with pytest.raises(InputError):
        installation.write(lambda work: second_factor.switch_on(work, row.ref, made.sealed, right))


def test_new_codes_end_the_old_ones_and_switching_off_ends_all(installation, clock):
    row, secret, codes = set_up(installation, clock)
    fresh = installation.write(lambda work: second_factor.new_codes(work, row.ref, codes[0]))

    assert not passes(installation, row, codes[1])
    assert passes(installation, row, fresh[0])
    with pytest.raises(InputError):
        installation.write(lambda work: second_factor.switch_off(work, row.ref, codes[1]))
    installation.write(lambda work: second_factor.switch_off(work, row.ref, code_at(secret, clock.now)))
    found = kept(installation, row)
    assert (found.totp, found.totp_step, found.recovery) == (None, None, None)
    assert [event for event, _ in told(installation, row)] == [
        "operator_added",
        "second_factor_on",
        "recovery_code_used",
        "recovery_codes_made",
        "recovery_code_used",
        "second_factor_off",
    ]
    with pytest.raises(InputError):
        installation.write(lambda work: second_factor.new_codes(work, row.ref, fresh[1]))


def test_a_reset_takes_it_away_and_ends_the_sessions_of_that_account_alone(installation, clock):
    row, _, _ = set_up(installation, clock)
    with installation.reading() as work:
        other = operators.find(work, "other")
    for each in (row, other):
        installation.write(lambda work, each=each: sessions.begin(work, each.id, 12))
    installation.write(lambda work: second_factor.reset(work, "ALICE", by=BY))

    with installation.reading() as work:
        assert [each.operator_id for each in work.session.query(OperatorSession)] == [other.id]
    assert passes(installation, row, "")
    assert not passes(installation, other, "")
    assert told(installation, row)[-1] == ("second_factor_reset", {})
    installation.write(lambda work: second_factor.reset(work, "alice", by=BY))
    assert [event for event, _ in told(installation, row)].count("second_factor_reset") == 1
    with pytest.raises(NotFoundError):
        installation.write(lambda work: second_factor.reset(work, "nobody", by=BY))


@given(st.integers(120, 2**33), st.integers(-3, 3))
def test_the_codes_are_those_of_rfc_6238_within_one_step(seconds, off):
    from datetime import UTC, datetime

    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    moment = datetime.fromtimestamp(seconds, UTC)
    step = seconds // 30 + off
    found = second_factor._step(secret, pyotp.TOTP(secret).generate_otp(step), moment, None)

    assert (found is not None) or abs(off) > 1
    assert found is None or abs(found - seconds // 30) <= 1


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]
)
def test_the_vectors_of_the_rfc(seconds, code):
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(seconds, UTC)
    assert second_factor._step("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", code, moment, None) == seconds // 30
