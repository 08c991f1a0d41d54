"""Who is at a case: one at a time, lapsing by itself, taken over in so many words, and never an event."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from factories import ALICE, BOB, CAROL

from complaints.administration import api_keys, teams
from complaints.base.errors import ClaimedError, NotFoundError
from complaints.cases import claims, handling, opened, transfer
from complaints.jobs.cleaning import clean
from complaints.ledger.work import Actor
from complaints.store.tables import Claim


def take(desk, filed, who, over=""):
    desk.act(filed, claims.take, who.ref, over=over)


def at_it(desk, *filed):
    ids = [desk.case(each).id for each in filed]
    found = desk.read(lambda work: claims.of(work, ids))
    return [found.get(each) for each in ids]


def test_the_first_has_it_until_it_lapses(desk):
    filed, beside = desk.file(), desk.file()
    take(desk, beside, BOB)
    take(desk, filed, ALICE)
    desk.later(minutes=14, seconds=59)
    with pytest.raises(ClaimedError) as refused:
        take(desk, filed, BOB)
    assert (refused.value.ref, refused.value.number) == (ALICE.ref, filed.number)
    assert at_it(desk, filed, beside) == [ALICE.ref, BOB.ref]

    desk.later(seconds=1)
    assert at_it(desk, filed) == [None]
    take(desk, filed, BOB)
    assert at_it(desk, filed) == [BOB.ref]


def test_nobody_keeps_more_than_a_desk_holds(desk, monkeypatch):
    monkeypatch.setattr(claims, "MOST", 3)
    beside, *filed = (desk.file() for _ in range(5))
    take(desk, beside, BOB)
    for each in filed:
        desk.later(seconds=1)
        take(desk, each, ALICE)
    assert at_it(desk, beside, *filed) == [BOB.ref, None, *[ALICE.ref] * 3]
    # Going on with one takes none away; taking one over does.
    take(desk, filed[1], ALICE)
    assert at_it(desk, *filed[1:]) == [ALICE.ref] * 3
    take(desk, beside, ALICE, over=BOB.ref)
    assert at_it(desk, beside, *filed) == [ALICE.ref, None, ALICE.ref, None, ALICE.ref]


def test_whoever_goes_on_keeps_it_and_since_when(desk):
    filed = desk.file()
    take(desk, filed, ALICE)
    began = desk.clock.now
    for _ in range(3):
        desk.later(minutes=10)
        take(desk, filed, ALICE)
    row = desk.read(lambda work: opened.find(work, filed.number).claim)
    assert (row.since, row.until) == (began, desk.clock.now + claims.LAPSE)

    desk.later(minutes=10)
    case_id = desk.case(filed).id
    assert desk.installation.write(lambda work: claims.renew(work, case_id, ALICE.ref))
    assert not desk.installation.write(lambda work: claims.renew(work, case_id, BOB.ref))
    desk.later(minutes=16)
    assert not desk.installation.write(lambda work: claims.renew(work, case_id, ALICE.ref))


def test_a_case_is_taken_over_only_from_whom_one_names(desk):
    filed = desk.file()
    take(desk, filed, ALICE)
    desk.later(minutes=1)
    with pytest.raises(ClaimedError):
        take(desk, filed, BOB, over="op_somebody")
    take(desk, filed, BOB, over=ALICE.ref)
    assert at_it(desk, filed) == [BOB.ref]
    with pytest.raises(ClaimedError):
        take(desk, filed, ALICE)
    assert [entry.type for entry in desk.events(filed)] == ["filed"]


@pytest.mark.parametrize(
    ("action", "left"),
    [("accept", ALICE.ref), ("note", ALICE.ref), ("decide", None), ("close", None), ("link", BOB.ref)],
)
def test_an_act_claims_the_case_and_the_end_of_the_work_lets_go(desk, action, left):
    filed = desk.file()
    take(desk, filed, BOB)
    if action != "link":
        desk.act(filed, claims.take, ALICE.ref, over=BOB.ref)
    desk.act(filed, claims.acted, ALICE.ref, action)
    assert at_it(desk, filed) == [left]


def test_handing_over_lets_go_and_taking_charge_does_not(desk):
    filed = desk.file()
    for to, left in ((ALICE.ref, ALICE.ref), (BOB.ref, None)):
        desk.act(filed, handling.assign, ALICE, to)
        desk.act(filed, claims.acted, ALICE.ref, "assign")
        assert at_it(desk, filed) == [left]


def test_handing_to_another_team_lets_go_unless_it_comes_back_to_oneself(desk):
    filed = desk.file()
    for key in ("legal", "model"):
        desk.installation.write(lambda work, key=key: teams.add(work, key, key, by=CAROL))
    for team, to, left in (("legal", ALICE.ref, ALICE.ref), ("model", None, None)):
        desk.act(filed, transfer.transfer, ALICE, team, to=to)
        desk.act(filed, claims.acted, ALICE.ref, "transfer")
        assert at_it(desk, filed) == [left]


@pytest.mark.parametrize(("action", "left"), [("note", ALICE.ref), ("decide", None)])
def test_whoever_does_not_stay_only_lets_go(desk, action, left):
    filed, beside = desk.file(), desk.file()
    take(desk, filed, ALICE)
    desk.later(minutes=1)
    for each in (filed, beside):
        desk.act(each, claims.acted, ALICE.ref, action, staying=False)
    assert at_it(desk, filed, beside) == [left, None]


def test_a_key_that_puts_its_maker_in_charge_leaves_them_at_it(desk):
    filed, by = desk.file(), Actor("admin", CAROL.ref)
    key = desk.installation.write(lambda work: api_keys.create(work, "bot", ["act"], by=by))[0].ref
    take(desk, filed, by)
    for to, left in ((by.ref, by.ref), (BOB.ref, None)):
        desk.act(filed, handling.assign, BOB, to)
        desk.act(filed, claims.acted, key, "assign", staying=False)
        assert at_it(desk, filed) == [left]


def test_a_key_is_its_makers_hand(desk):
    filed = desk.file()
    by = Actor("admin", "op_carol")
    key = desk.installation.write(lambda work: api_keys.create(work, "bot", ["act"], by=by))[0].ref
    take(desk, filed, by)
    desk.act(filed, claims.require, key)
    take(desk, filed, BOB, over=by.ref)
    with pytest.raises(ClaimedError):
        desk.act(filed, claims.require, key)


def test_what_has_lapsed_is_thrown_away_and_what_one_left_is_gone(desk):
    filed, other, third = desk.file(), desk.file(), desk.file()
    take(desk, filed, ALICE)
    desk.later(minutes=10)
    take(desk, other, ALICE)
    take(desk, third, BOB)
    desk.later(minutes=6)
    clean(desk.installation, desk.clock.now)
    assert desk.read(lambda work: work.session.query(Claim).count()) == 2
    desk.installation.write(lambda work: claims.leave_all(work, ALICE.ref))
    assert at_it(desk, filed, other, third) == [None, None, BOB.ref]
    with pytest.raises(NotFoundError):
        desk.read(lambda work: opened.find(work, "TS20261123-222222"))


class Meanwhile:
    """Added to a moment as LAPSE is, with something done just then by somebody else."""

    def __init__(self, go):
        self.go = go

    def __radd__(self, moment):
        beside = Thread(target=self.go)
        beside.start()
        # Where the claim is locked it waits for us.
        beside.join(0.3)
        return moment + timedelta(minutes=15)


@pytest.mark.parametrize("ends", ["logs out", "lapses"])
def test_a_claim_that_goes_while_it_is_taken_over_is_in_nobodys_way(desk, monkeypatch, ends):
    """What deletes claims takes no lock of a case: it must not come between reading a claim and writing it."""
    filed = desk.file()
    take(desk, filed, ALICE)
    if ends == "lapses":
        desk.later(minutes=16)
    now, write = desk.clock.now, desk.installation.write

    def go():
        if ends == "logs out":
            write(lambda work: claims.leave_all(work, ALICE.ref))
        else:
            write(lambda work: claims.expire(work.session, now))

    monkeypatch.setattr(claims, "LAPSE", Meanwhile(go))
    take(desk, filed, BOB, over=ALICE.ref)
    assert at_it(desk, filed) == [BOB.ref]
