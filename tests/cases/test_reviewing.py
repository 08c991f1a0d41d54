"""The queue of reviews: due first, who may look again, the words of the newest request alone."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, CAROL
from sqlalchemy import select

from complaints.administration import api_keys, operators
from complaints.base.errors import InputError, NotAllowedError
from complaints.cases import appeal, handling, paging, reviewing
from complaints.cases.people import Operator

PEOPLE = [
    Operator(ALICE.ref, "Alice", frozenset({"handler"})),
    Operator(BOB.ref, "Bob", frozenset({"supervisor"}), restricted=True),
    Operator("op_reads", "Reads", frozenset({"auditor"})),
]
BY_REF = {one.ref: one for one in PEOPLE}


def under_review(desk, by=ALICE, kind="other", asked="请换一个人看"):
    filed = desk.file(kind)
    desk.do(filed, "accept")
    desk.do(filed, "decide", by=by)
    desk.do(filed, "release")
    desk.later(hours=1)
    desk.act(filed, appeal.appeal, asked)
    return filed


def listed(desk, who, shown, place=None):
    return desk.read(lambda work: reviewing.listing(work, BY_REF[who], shown, PEOPLE, place))


def numbers(listing):
    return [row.case.number for row in listing.rows]


def test_each_sees_what_they_may_review_and_the_counts_agree(desk):
    first, second = under_review(desk), under_review(desk, by=BOB)
    hidden = under_review(desk, kind="self_harm")
    wanted = {
        (ALICE.ref, "mine"): [second.number],
        (ALICE.ref, "own"): [first.number],
        (ALICE.ref, "all"): [first.number, second.number],
        (BOB.ref, "mine"): [first.number, hidden.number],
        (BOB.ref, "own"): [second.number],
        ("op_reads", "all"): [first.number, second.number],
    }
    for (who, shown), found in wanted.items():
        assert sorted(numbers(listed(desk, who, shown))) == sorted(found), (who, shown)
        counted = desk.read(lambda work, who=who: reviewing.counts(work, BY_REF[who]))
        assert counted[shown] == len(found), (who, shown)

    badges = {
        who: desk.read(lambda work, one=one: work.session.scalar(select(reviewing.to_review(one))))
        for who, one in BY_REF.items()
    }
    assert badges == {ALICE.ref: 1, BOB.ref: 2, "op_reads": 0}


def test_a_line_says_since_when_what_and_who_can(desk):
    filed = under_review(desk, asked="第一次的理由")
    desk.do(filed, "send_back", by=BOB)
    desk.do(filed, "decide", by=ALICE)
    noise = under_review(desk, by=BOB, asked="别的" * 200)
    assert numbers(listed(desk, BOB.ref, "all")) == [noise.number]
    (row,) = listed(desk, BOB.ref, "all").rows
    event = [each for each in desk.events(noise) if each.type == "appealed"][-1]

    assert row.since == event.at
    assert row.asked == "别的" * 60 + "…"
    assert row.own is True
    assert [one.name for one in row.able] == ["Alice"]


def test_of_a_restricted_case_no_word_is_shown(desk):
    under_review(desk, kind="self_harm")
    (row,) = listed(desk, BOB.ref, "all").rows
    assert (row.asked, row.since is not None) == ("", True)


def test_a_key_is_its_makers_hand(desk):
    def people(work):
        row, _ = operators.create(work, "anna", "安娜", ["handler"], by=CAROL)
        key, _ = api_keys.create(work, "机器人", ["act"], days=None, by=operators.seen(row).actor)
        return operators.seen(row), api_keys.seen(key).actor

    anna, machine = desk.installation.write(people)
    filed = under_review(desk, by=machine)
    found = {
        shown: numbers(desk.read(lambda work, shown=shown: reviewing.listing(work, anna, shown, [anna])))
        for shown in reviewing.SHOWN
    }
    assert found == {"mine": [], "all": [filed.number], "own": [filed.number]}


def test_whoever_decided_first_does_not_review_what_another_confirmed(desk, promise):
    promise("[review]\nmax_per_case = 2\n")
    desk.do(noise := under_review(desk), "confirm", by=BOB)
    filed = under_review(desk)
    desk.do(filed, "confirm", by=BOB)
    desk.do(filed, "release")
    desk.act(filed, appeal.appeal, "再请别人看一次")
    for one in (ALICE, BOB):
        with pytest.raises(NotAllowedError):
            desk.do(filed, "confirm", by=one)
        with pytest.raises(InputError):
            desk.act(filed, handling.assign, CAROL, one.ref)
    carol = Operator(CAROL.ref, "Carol", frozenset({"supervisor"}))
    (row,) = desk.read(lambda work: reviewing.listing(work, BY_REF[ALICE.ref], "all", [*PEOPLE, carol])).rows
    assert (row.own, [one.name for one in row.able]) == (True, ["Carol"])
    desk.do(filed, "confirm", by=CAROL)
    assert (desk.case(filed).decided_by, desk.case(noise).decided_by) == (CAROL.ref, BOB.ref)


@pytest.mark.parametrize("page", [1, 2])
def test_pages_go_on_beside_a_place(desk, monkeypatch, page):
    monkeypatch.setattr(paging, "PAGE", page)
    filed = [under_review(desk, by=BOB).number for _ in range(3)]
    found, place = [], None
    for _ in range(3):
        stretch = listed(desk, ALICE.ref, "mine", place)
        found += numbers(stretch)
        place = stretch.after
        if place is None:
            break
    assert found == filed
