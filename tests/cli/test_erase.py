"""Holding a complaint back from erasure by command, and what ends it."""

from __future__ import annotations

import pytest
from factories import BOB
from office import Office

from complaints.cases import erasure
from complaints.cli import group

WHY = "（2026）京01民初1号，保存证据"


@pytest.fixture
def office(tmp_path, clock):
    made = Office(tmp_path, clock).start(clock)
    made.filed = made.desk.file()
    made.other = made.desk.file("billing", fields={"details": "旁边的一件"})
    for each in (made.filed, made.other):
        made.desk.do(each, "withdraw")
    return made


def run(office, *words):
    return office.app.test_cli_runner().invoke(group, ["erase", *words])


def hold(office, *more):
    return run(office, office.filed.number, "--hold", "--reason", WHY, "--by", "lin", *more)


def lift(office):
    return run(office, office.filed.number, "--lift", "--reason", "已结案", "--by", "lin")


def test_a_hold_by_command_is_the_event_of_the_page_under_a_name(office):
    said = hold(office)

    assert said.exit_code == 0, said.output
    assert f"{office.filed.number}: held" in said.output
    assert office.desk.case(office.filed).held_at == office.desk.clock.now
    assert office.desk.case(office.other).held_at is None
    event = office.desk.events(office.filed)[-1]
    assert (event.type, event.actor, event.text("note")) == ("held", "admin:lin", WHY)
    assert WHY not in str(event.meta)


def test_what_is_held_outlives_its_time_and_goes_once_the_hold_has_ended(office):
    hold(office)
    office.desk.later(days=3 * 366)
    assert "erased: 1" in run(office, "--due").output
    assert office.desk.case(office.filed).erased_at is None
    assert office.desk.case(office.other).erased_at is not None
    assert run(office, office.filed.number, "--order", "complainant", "--reason", "x").exit_code == 1

    said = lift(office)
    assert said.exit_code == 0, said.output
    assert "the next run of the clock erases it" in said.output
    assert [entry.type for entry in office.desk.events(office.filed)][-2:] == ["held", "hold_lifted"]
    assert office.desk.case(office.filed).erased_at is None
    assert "erased: 1" in run(office, "--due").output
    assert office.desk.case(office.filed).erased_at is not None


def test_a_hold_ended_within_the_period_leaves_the_day_as_it_was(office):
    until = office.desk.case(office.filed).erase_at
    hold(office)

    assert lift(office).output == f"{office.filed.number}: the hold has ended\n"
    assert (office.desk.case(office.filed).erase_at, office.desk.case(office.filed).held_at) == (until, None)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["{number}", "--hold", "--reason", WHY], 2),
        (["{number}", "--hold", "--by", "lin"], 2),
        (["{number}", "--hold", "--by", " ", "--reason", WHY], 2),
        (["{number}", "--lift", "--by", "lin", "--reason", " "], 2),
        (["{number}", "--hold", "--lift", "--by", "lin", "--reason", WHY], 2),
        (["{number}", "--hold", "--request", "--by", "lin", "--reason", WHY], 2),
        (["--hold", "--by", "lin", "--reason", WHY], 2),
        (["{number}", "--lift", "--by", "lin", "--reason", WHY], 1),
        (["TS20260101-222222", "--hold", "--by", "lin", "--reason", WHY], 1),
    ],
)
def test_without_a_name_a_reason_or_a_case_nothing_is_held(office, words, code):
    seq = office.desk.events(office.filed)[-1].seq
    said = run(office, *(each.format(number=office.filed.number) for each in words))

    assert (said.exit_code, said.exception is None or isinstance(said.exception, SystemExit)) == (code, True)
    assert said.output.strip()
    assert office.desk.events(office.filed)[-1].seq == seq


def test_a_second_hold_and_a_hold_on_an_erased_case_are_refused_in_words(office):
    hold(office)
    assert hold(office).exit_code == 1
    office.desk.act(office.filed, erasure.lift, BOB, "x")
    office.desk.later(days=3 * 366)
    run(office, "--due")
    said = hold(office)
    assert (said.exit_code, "erased" in said.output) == (1, True)
