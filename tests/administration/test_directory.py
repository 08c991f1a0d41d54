"""A host lists its operators: they are told, put in charge and counted as reviewers; its faults stop nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from office import ADMIN, Office, send, words

from complaints import Complaints
from complaints.administration import directory, reach, staffing
from complaints.administration.directory import Directory
from complaints.base.errors import ConfigError
from complaints.cases.people import Operator
from complaints.cases.transfer import transfer
from complaints.delivery.fanout import fan_out
from complaints.jobs.ticks import tick
from complaints.ledger.work import Actor
from complaints.store.tables import Outbox

WANG = Operator("u17", "王", frozenset({"handler"}), frozenset({"legal"}), mail="wang@host.example")
LI = Operator("u18", "李", frozenset({"supervisor"}), restricted=True, mail="li@host.example", lang="en")
MUTE = Operator("u19", "默", frozenset({"handler"}), frozenset({"legal"}))


@pytest.fixture(autouse=True)
def asked_each_time(monkeypatch):
    monkeypatch.setattr(directory, "SECONDS", 0.0)


def raising():
    raise RuntimeError("the host's database is away")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (raising, "RuntimeError"),
        (lambda: None, "None"),
        (lambda: 17, "TypeError"),
        (lambda: [WANG, "not an operator"], ""),
    ],
)
def test_what_the_host_said_well_goes_on_to_count(answer, said, caplog):
    answers = [lambda: [WANG, LI], answer]

    def ask():
        return answers[0]()

    kept = Directory(ask)
    assert [each.ref for each in kept.listed()] == ["u17", "u18"]
    answers.pop(0)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            listed = [each.ref for each in kept.listed()]
    assert listed == (["u17", "u18"] if said else ["u17"])
    assert kept.fault
    assert said in kept.fault
    assert len(caplog.records) == 1
    answers[0] = lambda: [LI]
    assert [each.ref for each in kept.listed()] == ["u18"]
    assert kept.fault == ""


GARBAGE = {
    "roles as a text": {"roles": "handler"},
    "roles of numbers": {"roles": frozenset({1})},
    "roles in roles": {"roles": [["handler"]]},
    "no teams at all": {"teams": None},
    "a name that is none": {"name": None},
    "a language that is none": {"lang": None},
    "a clearance in words": {"restricted": "no"},
}


@pytest.mark.parametrize("wrong", GARBAGE.values(), ids=GARBAGE)
def test_an_entry_that_would_break_a_page_or_a_message_is_left_out(hosted, wrong):
    hosted.people = [WANG, replace(MUTE, mail="mute@host.example", **wrong)]
    filed = hosted.desk.file()
    assert [each.ref for each in hosted.installation.directory.listed()] == ["u17"]
    client = hosted.app.test_client()
    for path in (f"/case/{filed.number}", "/appeals", "/health"):
        assert client.get(f"{ADMIN}{path}").status_code == 200
    assert told(hosted) == ["operator:u17"]


SHUT = {
    **GARBAGE,
    "a clearance as a form sends it": {"restricted": "0"},
    "no reference": {"ref": ""},
    "a time without its zone": {"authenticated_at": datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)},
}


@pytest.mark.parametrize("wrong", SHUT.values(), ids=SHUT)
def test_a_visitor_the_host_gives_wrongly_is_not_logged_in_and_the_log_says_why(hosted, wrong, caplog):
    hidden, client = hosted.desk.file("self_harm"), hosted.app.test_client()
    hosted.loader = replace(WANG, **wrong)
    for path in ("/", f"/case/{hidden.number}", "/operators"):
        caplog.clear()
        assert client.get(f"{ADMIN}{path}").status_code == 404
        assert ["operator_loader" in each.message for each in caplog.records] == [True]
        assert "王" not in caplog.text
    assert [entry.type for entry in hosted.desk.events(hidden)] == ["filed"]


@pytest.mark.parametrize("roles", [frozenset(), (), []])
def test_a_user_of_the_host_without_a_role_is_nobody_and_no_fault(hosted, roles, caplog):
    hosted.loader = replace(WANG, roles=roles)
    assert hosted.app.test_client().get(f"{ADMIN}/").status_code == 404
    assert caplog.records == []


def test_a_visitor_with_roles_and_teams_as_a_database_gives_them_is_let_in(hosted):
    hosted.loader = replace(WANG, roles=["handler"], teams=["legal"])
    filed, client = hosted.desk.file(), hosted.app.test_client()
    for path in ("/", "/?view=team", f"/case/{filed.number}"):
        assert client.get(f"{ADMIN}{path}").status_code == 200


def test_roles_and_teams_as_a_database_gives_them_are_as_good_as_sets(hosted):
    hosted.people = [replace(WANG, roles=["handler"], teams=("legal",))]
    filed = hosted.desk.file()
    assert hosted.app.test_client().get(f"{ADMIN}/case/{filed.number}").status_code == 200
    assert hosted.installation.directory.listed() == (WANG,)


def test_a_host_that_never_said_anything_well_has_nobody(caplog):
    assert list(Directory(raising).listed()) == []
    assert list(Directory(None).listed()) == []


def test_the_host_is_asked_once_in_some_seconds(monkeypatch):
    monkeypatch.setattr(directory, "SECONDS", 60.0)
    asked = []
    kept = Directory(lambda: asked.append(1) or [WANG])
    for _ in range(5):
        kept.listed()
    assert len(asked) == 1


def test_a_list_without_a_loader_is_a_mistake(tmp_path):
    from flask import Flask

    with pytest.raises(ConfigError, match="operator_loader"):
        Complaints(Flask("host", instance_path=str(tmp_path)), operator_directory=lambda: [WANG])


@pytest.fixture
def hosted(tmp_path, clock):
    """A product whose own users handle complaints, and which lists them."""
    office = Office(tmp_path, clock, COMPLAINTS_DIGEST_MINUTES=0)
    office.people = [WANG, LI, MUTE]
    office.directory = lambda: office.people
    office.start(clock, hosts=True)
    office.loader = LI
    return office


def told(office):
    found = office.installation
    office.desk.later(minutes=30)
    with office.app.app_context():
        fan_out(found.database, office.desk.clock.now, found.directory.people, found.rooms)
    rows = office.desk.read(
        lambda work: list(work.session.query(Outbox).filter(Outbox.recipient.like("operator:%")))
    )
    return sorted(row.recipient for row in rows)


def test_its_people_are_told(hosted):
    hosted.desk.file()
    assert told(hosted) == ["operator:u17", "operator:u18"]


def test_of_a_restricted_type_only_those_it_cleared(hosted):
    hosted.desk.file("self_harm")
    assert told(hosted) == ["operator:u18"]


@pytest.mark.parametrize(("members", "recipients"), [([WANG, LI], ["u17"]), ([LI, MUTE], ["u18"])])
def test_a_team_is_told_and_where_it_cannot_be_everybody(hosted, members, recipients):
    """Those of the team who have a mail address; without one, whoever else handles complaints."""
    from complaints.administration import teams

    hosted.people = members
    filed = hosted.desk.file()
    told(hosted)
    hosted.installation.write(lambda work: work.session.query(Outbox).delete())
    by = Actor("supervisor", "u18")
    hosted.installation.write(lambda work: teams.add(work, "legal", "法务", by=by))
    hosted.desk.act(filed, transfer, Actor("handler", "u20"), "legal")
    assert told(hosted) == [f"operator:{each}" for each in recipients]


def test_a_colleague_can_be_put_in_charge_and_a_stranger_cannot(hosted):
    filed = hosted.desk.file()
    page = f"{ADMIN}/case/{filed.number}"
    client = hosted.app.test_client()
    assert send(client, page, "/assign", to="u99").status_code == 422
    assert send(client, page, "/assign", to="u17").status_code == 303
    assert hosted.desk.case(filed).assignee == "u17"
    assert "王" in words(client.get(f"{ADMIN}/?view=all"))


def test_whoever_is_put_in_charge_is_told_where_the_host_gave_an_address(hosted):
    hosted.people = [WANG, LI, replace(MUTE, ref="u20")]
    filed = hosted.desk.file()
    told(hosted)
    hosted.installation.write(lambda work: work.session.query(Outbox).delete())
    for ref in ("u20", "u17"):
        send(hosted.app.test_client(), f"{ADMIN}/case/{filed.number}", "/assign", to=ref)
    assert told(hosted) == ["operator:u17"]


def test_a_restricted_case_is_put_only_into_cleared_hands(hosted):
    filed = hosted.desk.file("self_harm")
    page = f"{ADMIN}/case/{filed.number}"
    assert send(hosted.app.test_client(), page, "/assign", to="u17").status_code == 422


@pytest.mark.parametrize(("people", "nobody"), [([WANG, LI], False), ([LI], True), ([], False)])
def test_reviewers_are_counted_among_those_it_lists(hosted, people, nobody):
    filed = hosted.desk.file()
    decider = Actor("supervisor", "u18")
    for name, by in (("accept", decider), ("decide", decider), ("release", None), ("appeal", None)):
        hosted.desk.do(filed, name, **({"by": by} if by else {}))
    hosted.people = people
    seen = words(hosted.app.test_client().get(f"{ADMIN}/case/{filed.number}"))
    assert ("没有其他人可以复核" in seen) is nobody
    assert ("可以复核的人" in seen and "王" in seen) is (WANG in people)


def test_the_tick_tells_them_and_doctor_says_how_many_there_are(hosted):
    hosted.desk.file()
    hosted.desk.later(minutes=30)
    with hosted.app.app_context():
        tick(hosted.installation, post=None, alone=True)
        rows = hosted.desk.read(lambda work: [row.recipient for row in work.session.query(Outbox)])
        said = hosted.desk.read(lambda work: list(staffing.look(hosted.installation, work)))
        gaps = hosted.desk.read(lambda work: list(reach.gaps(hosted.installation, work.session)))
    assert {"operator:u17", "operator:u18"} <= set(rows)
    assert ("ok", "办理人员：产品自己的用户，共3人", "") in said
    assert not [gap for gap in gaps if gap.level == "fail" and "supervisors" in gap.what]
