"""Handing a case to another team: who works on it changes, what was promised does not."""

from __future__ import annotations

import pytest
from factories import ALICE, BOB, CAROL

from complaints.administration import api_keys, operators, teams
from complaints.base.errors import InputError, TransitionError
from complaints.cases import handling
from complaints.cases.people import Operator
from complaints.cases.transfer import transfer
from complaints.store.tables import Outbox

OFFICE = Operator("op_carol", "Carol", frozenset({"admin"}), restricted=True)


@pytest.fixture
def staffed(desk):
    """Two teams, one that was removed, and noise beside."""

    def settle(work):
        for key, name in (("legal", "法务组"), ("model", "模型组"), ("old", "旧组")):
            teams.add(work, key, name, by=CAROL)
        teams.remove(work, "old", OFFICE)

    desk.installation.write(settle)
    return desk


def dates(desk, filed):
    case = desk.case(filed)
    rows = [
        (row.kind, row.step, row.cycle, row.revision, row.state, row.due_at) for row in desk.milestones(filed)
    ]
    return case.state, case.accept_due, case.result_due, case.reply_due, case.due_next, case.late, rows


@pytest.mark.parametrize(
    "steps",
    ["", "accept", "accept start", "accept ask", "accept decide", "accept decide release appeal", "merge"],
)
def test_no_date_and_no_state_moves_and_the_log_says_what_did(staffed, steps):
    filed = staffed.file()
    for step in steps.split():
        if step == "release":
            staffed.later(minutes=5)
        staffed.do(filed, step)
    before = dates(staffed, filed)
    staffed.later(hours=2)
    staffed.act(filed, transfer, BOB, "legal", "请法务看看")

    assert dates(staffed, filed) == before
    case, event = staffed.case(filed), staffed.events(filed)[-1]
    assert (case.team, case.assignee) == ("legal", None)
    assert (event.type, event.text("note"), event.meta["team"]) == ("transferred", "请法务看看", "legal")
    assert event.meta["change"]["team"] == [None, "legal"]
    assert staffed.outbox(filed)[-1] == ("transferred", "team:legal")


@pytest.mark.parametrize("steps", ["accept decide release close", "withdraw"])
def test_what_has_ended_is_handed_to_nobody(staffed, steps):
    filed = staffed.file()
    for step in steps.split():
        staffed.do(filed, step)
    with pytest.raises(TransitionError):
        staffed.act(filed, transfer, BOB, "legal")
    assert staffed.case(filed).team is None


@pytest.mark.parametrize(
    ("team", "said"),
    [("old", "请从列表中选择小组"), ("nobody", "请从列表中选择小组"), ("model", "已经归这个小组")],
)
def test_a_team_that_is_not_there_or_has_it_already_is_refused(staffed, team, said):
    filed = staffed.file()
    staffed.act(filed, transfer, BOB, "model")
    with pytest.raises(InputError) as refused:
        staffed.act(filed, transfer, BOB, team)
    assert said in refused.value.fields["team"][0]
    assert [each.type for each in staffed.events(filed)] == ["filed", "transferred"]


def test_somebody_chosen_is_told_instead_of_the_team_and_to_none_nobody_is(staffed):
    filed = staffed.file()
    staffed.act(filed, transfer, BOB, "legal", to=ALICE.ref)
    assert staffed.case(filed).assignee == ALICE.ref
    assert staffed.outbox(filed)[-1] == ("transferred", f"operator:{ALICE.ref}")
    told = len(staffed.outbox(filed))
    staffed.act(filed, transfer, BOB, None)
    assert (staffed.case(filed).team, staffed.case(filed).assignee) == (None, None)
    assert len(staffed.outbox(filed)) == told


def test_while_nobody_is_in_charge_news_goes_to_the_team(staffed):
    filed, other = staffed.file(), staffed.file()
    staffed.act(filed, transfer, BOB, "legal")
    for each in (filed, other):
        staffed.do(each, "message")
    assert staffed.outbox(filed)[-1] == ("message", "team:legal")
    assert staffed.outbox(other)[-1] == ("message", "operators")


@pytest.mark.parametrize("by_key", [False, True])
def test_a_review_lies_with_nobody_who_made_the_decision_also_not_by_a_key(staffed, by_key):
    def people(work):
        row, _ = operators.create(work, "anna", "安娜", ["handler"], by=CAROL)
        key, _ = api_keys.create(work, "机器人", ["act"], days=None, by=operators.seen(row).actor)
        return operators.seen(row).actor, api_keys.seen(key).actor

    anna, machine = staffed.installation.write(people)
    filed = staffed.file()
    staffed.do(filed, "accept")
    # Before there is a review, whoever decides may well be in charge.
    staffed.act(filed, handling.assign, BOB, anna.ref)
    staffed.do(filed, "decide", by=machine if by_key else anna)
    staffed.do(filed, "release")
    staffed.do(filed, "appeal")
    for act, given, named in (
        (handling.assign, (BOB, anna.ref), {}),
        (transfer, (BOB, "legal"), {"to": anna.ref}),
    ):
        with pytest.raises(InputError) as refused:
            staffed.act(filed, act, *given, **named)
        assert "请另选一位" in refused.value.fields["to"][0]
    staffed.act(filed, handling.assign, BOB, ALICE.ref)
    assert staffed.case(filed).assignee == ALICE.ref


TYPED = '[types.other]\nteam = "legal"\n[types.billing]\nteam = "gone"\n'


def test_a_type_that_names_a_team_arrives_with_it(staffed, promise):
    promise(TYPED)
    found = {kind: staffed.file(kind) for kind in ("other", "billing", "service")}

    assert {kind: staffed.case(each).team for kind, each in found.items()} == {
        "other": "legal",
        # No team of this name: what is filed is taken all the same, and `doctor` says so.
        "billing": "gone",
        "service": None,
    }
    assert ("new", "team:legal") in staffed.outbox(found["other"])
    assert ("new", "operators") in staffed.outbox(found["service"])
    assert staffed.read(teams.strangers) == [("billing", "gone")]
    assert "change" in staffed.events(found["other"])[0].meta


@pytest.mark.parametrize(
    ("kind", "to", "team"),
    [("service", "other", "legal"), ("other", "service", "legal"), ("other", "billing", "gone")],
)
def test_another_type_brings_its_team_only_where_it_names_one(staffed, promise, kind, to, team):
    promise(TYPED)
    filed = staffed.file(kind)
    staffed.do(filed, "reclassify", to=to)
    assert staffed.case(filed).team == team


def test_a_type_may_not_name_what_is_no_key(promise):
    from complaints.base.errors import PolicyError

    with pytest.raises(PolicyError) as refused:
        promise('[types.other]\nteam = "法务组"\n')
    assert "types.other.team" in str(refused.value)


def test_a_policy_without_teams_keeps_its_digest_and_none_is_published(staffed, promise):
    plain = promise("")
    assert b'"team"' not in plain.bytes
    assert promise(TYPED).digest != plain.digest


def test_the_outbox_holds_a_team_as_a_group(staffed):
    filed = staffed.file()
    staffed.act(filed, transfer, BOB, "legal")
    rows = staffed.read(lambda work: work.session.query(Outbox).filter_by(kind="transferred").all())
    assert [(each.recipient, each.channel) for each in rows] == [("team:legal", "mail")]
