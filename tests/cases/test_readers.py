"""An answer is read by whoever is joined to its case: it says nothing that is not true of them, whoever gives it."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, a_decision

from complaints.base.errors import InputError
from complaints.cases import appeal, deciding, handling, relations
from complaints.cases.step import step

NEITHER = "{own}已核实。"
FITS = "这条回答已核实。"


def joined(desk, lang="zh"):
    lead, other, _noise = desk.file(), desk.file(lang=lang), desk.file(lang="en")
    desk.do(lead, "accept")
    desk.do(other, "merge", lead=lead)
    return lead, other


def decide(desk, lead, text, others=()):
    decision = a_decision(desk, text=text.format(own=lead.number))
    desk.act(lead, deciding.decide, ALICE, decision, others)


def ending(desk, verdict, text):
    """What a review ends in; only a change orders measures."""
    return a_decision(desk, text=text, **({} if verdict == "change" else {"actions": ()}))


def decided(desk, text):
    """A decision that waits to go out."""
    lead = desk.file()
    desk.do(lead, "accept")
    decide(desk, lead, text)
    return lead


@pytest.mark.parametrize(("text", "lang"), [(NEITHER, "zh"), (FITS, "en")])
def test_an_answer_that_a_joined_complaint_cannot_read_is_refused_to_any_caller(desk, text, lang):
    lead, other = joined(desk, lang)

    with pytest.raises(InputError) as refused:
        decide(desk, lead, text)
    assert list(refused.value.fields) == ["text"]
    assert (desk.case(lead).state, desk.case(other).state) == ("accepted", "merged")
    desk.do(other, "unmerge")
    decide(desk, lead, text)
    assert desk.case(lead).state == "decided"


@pytest.mark.parametrize(("text", "lang"), [(NEITHER, "zh"), (FITS, "en")])
def test_nor_is_it_given_to_others_at_once(desk, text, lang):
    lead, other = desk.file(), desk.file(lang=lang)

    with pytest.raises(InputError):
        decide(desk, lead, text, [desk.case(other)])
    decide(desk, lead, FITS, [desk.case(desk.file())])


@pytest.mark.parametrize("verdict", ["confirm", "change"])
@pytest.mark.parametrize(("text", "lang"), [(NEITHER, "zh"), (FITS, "en")])
def test_nor_does_a_review_end_in_one(desk, verdict, text, lang):
    lead = decided(desk, FITS)
    desk.do(lead, "release")
    desk.act(lead, appeal.appeal, "请再看一次")
    other = desk.file(lang=lang)
    desk.do(other, "merge", lead=lead)

    with pytest.raises(InputError):
        desk.act(lead, appeal.review, BOB, verdict, ending(desk, verdict, text.format(own=lead.number)))
    assert desk.case(lead).state == "under_review"
    desk.do(other, "unmerge")
    desk.act(lead, appeal.review, BOB, verdict, ending(desk, verdict, text.format(own=lead.number)))


@pytest.mark.parametrize(("text", "lang"), [(NEITHER, "zh"), (FITS, "en")])
def test_nobody_is_joined_to_an_answer_on_its_way_that_they_cannot_read(desk, text, lang):
    lead, late = decided(desk, text), desk.file(lang=lang)

    with pytest.raises(InputError) as refused:
        desk.act(late, relations.merge, lead.uid, BOB, "同一件事")
    assert list(refused.value.fields) == ["lead"]
    assert desk.case(late).state == "submitted"
    desk.do(lead, "take_back")
    desk.do(late, "merge", lead=lead)
    assert desk.case(late).merged_into == lead.uid


def test_who_can_read_it_is_joined_and_gets_it(desk):
    lead, late = decided(desk, FITS), desk.file()
    desk.do(late, "merge", lead=lead)
    desk.do(lead, "release")

    assert desk.events(late)[-2].text("public") == FITS


def test_a_declined_complaint_that_a_review_lets_stand_answers_nobody_who_joined_it(desk):
    lead, other = desk.file(), desk.file()
    for name in ("decline", "release"):
        desk.do(lead, name)
    desk.act(lead, appeal.appeal, "请再看一次")
    desk.do(other, "merge", lead=lead)
    desk.act(lead, appeal.review, BOB, "confirm", ending(desk, "confirm", FITS))
    desk.do(lead, "release")

    case = desk.case(other)
    assert (case.state, case.merged_into, case.outcome) == ("accepted", None, None)
    assert desk.states(other, "result", step="due") == {"pending"}


def test_whoever_others_are_joined_to_is_joined_to_nobody(desk):
    one, two = desk.file(), desk.file()
    desk.do(one, "merge", lead=two)

    with pytest.raises(InputError) as refused:
        desk.do(two, "merge", lead=desk.file())
    assert list(refused.value.fields) == ["lead"]
    desk.do(one, "unmerge")
    desk.do(two, "merge", lead=desk.file())


def test_tests_and_real_complaints_are_neither_joined_nor_answered_together(desk):
    real, test = desk.file(), desk.file(is_test=True)

    for case, lead in ((real, test), (test, real)):
        with pytest.raises(InputError):
            desk.do(case, "merge", lead=lead)
    with pytest.raises(InputError):
        decide(desk, real, FITS, [desk.case(test)])


def test_a_restricted_complaint_is_not_named_to_whoever_decides_what_it_is_joined_to(desk):
    lead, secret = desk.file(), desk.file("minor", lang="en")
    desk.do(secret, "merge", lead=lead)

    with pytest.raises(InputError) as refused:
        decide(desk, lead, FITS)
    assert secret.number not in str(refused.value.fields)
    assert "一件受限投诉" in str(refused.value.fields)


def test_a_review_that_lets_an_answer_stand_keeps_its_reason(desk):
    lead = decided(desk, FITS)
    reason = desk.case(lead).reason
    desk.do(lead, "release")
    desk.act(lead, appeal.appeal, "请再看一次")
    desk.act(lead, appeal.review, BOB, "confirm", a_decision(desk, "not_upheld", text=FITS, actions=()))

    assert desk.case(lead).reason == reason


def test_a_chain_of_joined_complaints_from_before_is_read_to_its_end(desk):
    lead, middle, last = desk.file(), desk.file(), desk.file(lang="en")
    desk.do(last, "merge", lead=middle)
    # As an earlier version let it be.
    relations_before(desk, middle, lead)

    with pytest.raises(InputError) as refused:
        decide(desk, lead, FITS)
    assert last.number in str(refused.value.fields)


def relations_before(desk, case, lead):
    def join(work, locked):
        handling.accept(work, locked, ALICE)
        return step(work, locked, "merge", ALICE, change={"merged_into": lead.uid})

    desk.act(case, join)


@pytest.mark.parametrize("verdict", ["confirm", "send_back"])
def test_a_review_that_changes_nothing_orders_nothing_whoever_sends_it(desk, verdict):
    lead = decided(desk, FITS)
    desk.do(lead, "release")
    desk.act(lead, appeal.appeal, "请再看一次")
    wish = a_decision(desk, text=FITS, note="重做", actions=(handling.Order("stop_generation", "回答"),))

    with pytest.raises(InputError) as refused:
        desk.act(lead, appeal.review, BOB, verdict, wish)
    assert list(refused.value.fields) == ["actions"]
    assert desk.case(lead).state == "under_review"
