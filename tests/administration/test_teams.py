"""Teams of an office: added, renamed, removed with their events; never while open cases lie with them."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, CAROL

from complaints.administration import clearance, operators, roster, teams
from complaints.base.errors import ConflictError, InputError, NotFoundError
from complaints.cases import queries
from complaints.cases import teams as known
from complaints.cases.narrowing import MINE, NONE, Filters
from complaints.cases.people import Operator
from complaints.cases.transfer import transfer
from complaints.ledger.reading import history

BOSS = Operator("op_carol", "Carol", frozenset({"admin"}))
CLEARED = Operator("op_dora", "Dora", frozenset({"admin"}), restricted=True)


def said(desk):
    found = desk.read(lambda work: history(work, "system"))
    return [(each.type, each.meta) for each in found if each.type.startswith(("team_", "operator_"))]


def write(desk, act, *given, **named):
    return desk.installation.write(lambda work: act(work, *given, **named))


@pytest.fixture
def crew(desk):
    """Two teams, and two people of whom one is in one of them."""

    def settle(work):
        for key in ("legal", "model"):
            teams.add(work, key, key.title(), by=CAROL)
        anna, _ = operators.create(work, "anna", "安娜", ["handler"], teams=["legal"], by=CAROL)
        ben, _ = operators.create(work, "ben", "本", ["supervisor"], by=CAROL)
        return {"anna": anna.ref, "ben": ben.ref}

    return desk.installation.write(settle)


def test_each_change_is_an_event_and_the_audit_agrees(desk, crew):
    write(desk, teams.rename, "legal", "法务组", by=CAROL)
    write(desk, teams.rename, "legal", "法务组", by=CAROL)
    write(desk, teams.members, "model", {crew["anna"], crew["ben"]}, by=CAROL)
    write(desk, teams.remove, "legal", BOSS)

    def of(name, role, *inside):
        return {
            "operator": crew[name],
            "roles": [role],
            "restricted": False,
            "teams": list(inside),
            "monthly": False,
        }

    found = said(desk)
    assert found[:5] == [
        ("team_added", {"team": "legal", "name": "Legal"}),
        ("team_added", {"team": "model", "name": "Model"}),
        ("operator_added", of("anna", "handler", "legal")),
        ("operator_added", of("ben", "supervisor")),
        ("team_renamed", {"team": "legal", "name": "法务组"}),
    ]
    put_in = [
        ("operator_changed", of("anna", "handler", "legal", "model")),
        ("operator_changed", of("ben", "supervisor", "model")),
    ]
    assert [each for each in put_in if each in found[5:7]] == put_in
    assert found[7:] == [
        ("team_removed", {"team": "legal"}),
        ("operator_changed", of("anna", "handler", "model")),
    ]
    assert desk.read(known.standing) == {"model": "Model"}
    assert desk.read(known.names)["legal"] == "法务组"
    assert desk.codes() == set()


def test_a_team_with_open_cases_stays_until_they_are_handed_over(desk, crew):
    filed, other = desk.file(), desk.file()
    for each in (filed, other):
        desk.act(each, transfer, BOB, "legal")
    with pytest.raises(teams.BusyError) as refused:
        write(desk, teams.remove, "legal", BOSS)
    assert "还有2件" in refused.value.fields["key"][0]
    desk.act(filed, transfer, BOB, "model")
    desk.do(other, "withdraw")
    write(desk, teams.remove, "legal", BOSS)
    # What has ended keeps naming it.
    assert desk.case(other).team == "legal"


def test_hidden_cases_are_no_part_of_what_an_uncleared_administrator_is_told(desk, crew):
    filed = desk.file("self_harm")
    desk.act(filed, transfer, BOB, "legal")
    counted = {
        who: desk.read(lambda work, who=who: teams.open_cases(work, who, ["legal", "model"]))
        for who in (BOSS, CLEARED)
    }
    assert counted == {BOSS: {"legal": 0, "model": 0}, CLEARED: {"legal": 1, "model": 0}}


@pytest.mark.parametrize(
    ("key", "name", "field"),
    [
        ("", "法务", "key"),
        ("有字", "法务", "key"),
        ("a" * 41, "法务", "key"),
        ("legal", "别的", "key"),
        ("new", "  ", "name"),
        ("new", "字" * 61, "name"),
        ("new", "LEGAL", "name"),
    ],
)
def test_a_team_needs_a_key_and_a_name_of_its_own(desk, crew, key, name, field):
    with pytest.raises(InputError) as refused:
        write(desk, teams.add, key, name, by=CAROL)
    assert list(refused.value.fields) == [field]
    assert len(desk.read(known.names)) == 2


def test_nobody_is_put_into_a_team_that_is_not_there_and_no_stranger_into_one(desk, crew):
    write(desk, teams.remove, "model", BOSS)
    with pytest.raises(InputError):
        write(
            desk,
            operators.change_roles,
            "anna",
            ["handler"],
            restricted=False,
            teams=["legal", "model"],
            by=CAROL,
        )
    with pytest.raises(ConflictError):
        write(desk, teams.members, "legal", {"op_stranger"}, by=CAROL)
    for key in ("model", "nobody", "", "\x00", "字"):
        with pytest.raises(NotFoundError):
            write(desk, teams.rename, key, "新名", by=CAROL)
    write(desk, operators.change_roles, "anna", ["auditor"], restricted=False, by=CAROL)
    (anna,) = [one for one in desk.read(roster.read).staff if one.ref == crew["anna"]]
    assert (anna.teams, anna.roles) == ({"legal"}, {"auditor"})


def test_a_list_is_narrowed_by_team_and_a_view_shows_mine(desk, crew):
    mine, others, restricted = desk.file(), desk.file(), desk.file("self_harm")
    desk.act(mine, transfer, BOB, "legal")
    desk.act(restricted, transfer, BOB, "legal")
    desk.act(others, transfer, BOB, "model")
    viewer = Operator("op_x", "X", frozenset({"handler"}), frozenset({"legal"}))
    nobodys = Operator("op_y", "Y", frozenset({"handler"}))

    def found(who, filters):
        rows = desk.read(lambda work: queries.queue(work, who, filters).rows)
        return {row.case.number for row in rows}

    assert found(viewer, Filters("all", team="legal")) == {mine.number}
    assert found(viewer, Filters("all", team=MINE)) == {mine.number}
    assert found(viewer, Filters("teams")) == {mine.number}
    assert found(viewer, Filters("all", team="model")) == {others.number}
    assert found(nobodys, Filters("teams")) == found(nobodys, Filters("all", team=MINE)) == set()
    assert found(viewer, Filters("all", team=NONE)).isdisjoint({mine.number, others.number})
    assert len(found(viewer, Filters("all", team=NONE))) == 2
    assert found(nobodys, Filters("all")) >= {mine.number, others.number}


def test_who_may_see_restricted_types_stands_with_the_event_that_gave_it(desk, crew):
    def settle(work):
        operators.change_roles(work, "ben", ["supervisor"], restricted=True, by=CAROL)

    desk.later(minutes=5)
    desk.installation.write(settle)
    given = desk.clock.now
    desk.later(minutes=5)
    # Another change does not begin it anew, and whoever lost it is not there.
    write(desk, operators.change_roles, "ben", ["handler"], restricted=True, by=ALICE)
    write(desk, operators.change_roles, "anna", ["handler"], restricted=True, by=CAROL)
    write(desk, operators.change_roles, "anna", ["handler"], restricted=False, by=CAROL)
    (ben,) = desk.read(clearance.cleared)
    events = {each.seq: each for each in desk.read(lambda work: history(work, "system"))}

    assert (ben.name, ben.at, ben.by) == ("本", given, CAROL.ref)
    assert (events[ben.seq].type, events[ben.seq].meta["operator"]) == ("operator_changed", crew["ben"])
