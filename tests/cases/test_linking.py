"""Cases that belong together: an event and a row on either side, and an audit that counts both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import ALICE, BOB
from sqlalchemy import delete, update

from complaints.base.errors import InputError, TransitionError
from complaints.cases import alike, erasure, linking
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.store.tables import Complaint, Link


def both(desk, one, two, do=linking.link, actor=ALICE):
    def write(work):
        locked = {each.case.uid: each.case for each in journal.lock_all(work.session, [one.uid, two.uid])}
        do(work, locked[one.uid], locked[two.uid], actor)

    desk.installation.write(write)


def others(desk, filed):
    case = desk.case(filed)
    query = desk.read(
        lambda work: (
            work.session.query(Complaint.uid)
            .join(Link, Link.other_id == Complaint.id)
            .filter(Link.complaint_id == case.id)
            .all()
        )
    )
    return {uid for (uid,) in query}


def test_a_link_stands_on_both_sides_and_spoils_no_form(desk):
    one, two, beside = desk.file(), desk.file("billing"), desk.file()
    desk.do(two, "accept")
    before = [desk.case(each).version for each in (one, two)]
    both(desk, one, two)
    both(desk, beside, two)

    assert (others(desk, one), others(desk, two)) == ({two.uid}, {one.uid, beside.uid})
    assert [desk.events(each)[-1].meta for each in (one, beside)] == [{"other": two.uid}] * 2
    assert [desk.case(each).version for each in (one, two)] == before
    assert desk.case(two).state == "accepted"
    assert desk.codes() == set()

    both(desk, two, one, linking.unlink, BOB)
    assert (others(desk, one), others(desk, two)) == (set(), {beside.uid})
    assert [entry.type for entry in desk.events(one)] == ["filed", "linked", "unlinked"]
    assert desk.codes() == set()


def test_what_cannot_be_linked_is_refused_with_a_sentence(desk):
    one, two = desk.file(), desk.file()
    with pytest.raises(InputError, match="other"):
        both(desk, one, one)
    with pytest.raises(InputError):
        both(desk, one, two, linking.unlink)
    both(desk, one, two)
    with pytest.raises(InputError):
        both(desk, two, one)
    assert others(desk, one) == {two.uid}


def test_a_joined_case_keeps_its_links_and_an_erased_one_gets_no_more(desk):
    one, two, lead = desk.file(), desk.file(), desk.file()
    both(desk, one, two)
    desk.do(one, "merge", lead=lead)
    desk.do(two, "withdraw")
    desk.act(two, erasure.order, BOB, ["complainant"], "法院裁定")
    desk.act(two, erasure.finish)
    assert desk.case(two).erased_at is not None
    assert (others(desk, one), others(desk, two)) == ({two.uid}, {one.uid})
    with pytest.raises(TransitionError):
        both(desk, lead, two)
    assert desk.codes() == set()


def test_two_who_link_one_pair_at_the_same_time_make_one_link(desk):
    one, two = desk.file(), desk.file()

    def attempt(turn):
        try:
            both(desk, *((one, two) if turn % 2 else (two, one)))
        except InputError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert (others(desk, one), others(desk, two)) == ({two.uid}, {one.uid})


@pytest.mark.tampered
@pytest.mark.parametrize("damage", ["dropped", "added", "moved"])
def test_the_audit_finds_rows_that_no_event_made(desk, damage):
    one, two, third = desk.file(), desk.file(), desk.file()
    both(desk, one, two)
    ids = {each.uid: desk.case(each).id for each in (one, two, third)}
    row = Link.complaint_id == ids[one.uid]
    change = {
        "dropped": delete(Link).where(row),
        "added": None,
        "moved": update(Link).where(row).values(seq=1),
    }[damage]

    def write(session):
        if change is not None:
            session.execute(change)
        else:
            session.add(Link(complaint_id=ids[one.uid], other_id=ids[third.uid], seq=2))

    desk.installation.database.write(write)
    assert desk.codes() == {"link-row"}


def test_of_a_hidden_case_its_neighbours_say_nothing(desk):
    kind = desk.read(lambda work: next(key for key, row in work.policy.types.items() if row.restricted))
    one, open_one = desk.file(), desk.file()
    hidden = desk.file(fields={"details": "只有少数人可以看"})
    desk.do(hidden, "reclassify", to=kind)
    both(desk, one, hidden)
    both(desk, one, open_one)
    desk.do(hidden, "merge", lead=one)
    case, uids = desk.case(one), {hidden.uid, open_one.uid}
    for cleared, seen in ((True, {hidden.uid, open_one.uid}), (False, {open_one.uid})):
        who = Operator("op_x", "X", frozenset({"handler"}), restricted=cleared)
        found = desk.read(lambda work, who=who: alike.related(work, who, case, uids))
        assert set(found.named) == seen
        assert [each.uid for each in found.joined] == ([hidden.uid] if cleared else [])


def test_related_cases_are_the_similar_ones_without_the_case_itself(desk):
    # The desk files the same words each time.
    first, second, other = desk.file(), desk.file(), desk.file(fields={"details": "别的事情"})
    case = desk.case(second)
    who = Operator("op_x", "X", frozenset({"handler"}))
    found = desk.read(lambda work: alike.related(work, who, case, ()))
    assert [each.uid for each in found.similar] == [first.uid]
    assert other.uid not in {each.uid for each in found.similar}


def test_of_many_joined_ones_those_due_first_are_read_and_all_are_counted(desk, monkeypatch):
    monkeypatch.setattr(alike, "MOST", 2)
    said = [desk.file(fields={"details": "同一句话"}) for _ in range(7)]
    lead, free, later = said[0], said[1:3], said[3:]
    for each in later:
        desk.do(each, "merge", lead=lead)
    case, who = desk.case(lead), Operator("op_x", "X", frozenset({"handler"}))
    due = sorted(later, key=lambda each: (desk.case(each).due_next, desk.case(each).id))

    def found(**pages):
        return desk.read(lambda work: alike.related(work, who, case, (), pages))

    assert [each.uid for each in found().joined] == [each.uid for each in due[:2]]
    assert [each.uid for each in found(joined=2).joined] == [each.uid for each in due[2:]]
    assert found().counts == {"joined": 4, "similar": 2}
    # Whoever is joined already comes after those who are not, however new.
    assert [each.uid for each in found().similar] == [each.uid for each in free[::-1]]
    assert {each.uid for each in found(similar=2).similar} < {each.uid for each in later}
