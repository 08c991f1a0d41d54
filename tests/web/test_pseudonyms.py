"""What complainants read of who handles their case: a pseudonym or a neutral word, never a name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from casework import act, decide, release, staffed
from office import ADMIN, send, words

sys.path.insert(0, str(Path(__file__).parent))

from machine import Machine

from complaints.administration import operators
from complaints.delivery.sending import OutboxView
from complaints.ledger.work import Actor
from complaints.store.tables import Operator, Outbox
from complaints.web import mails

NAME, CALLED = "欧阳真名", "7号办理员"
BY = Actor("admin", "setup")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch)

    def rename(work):
        for row in work.session.query(Operator):
            row.name = NAME + row.login

    made.installation.write(rename)
    return made


def answered(office):
    """A complaint that one operator took on, wrote about and answered."""
    filed = office.desk.file("other")
    act(office, filed, "accept")
    act(office, filed, "reply", text="我们在看")
    decide(office, filed)
    release(office, filed)
    return filed


def tracking(office, filed):
    client = office.app.test_client()
    send(client, "/complaints/track", "/track", number=filed.number, code=filed.code)
    return words(client.get(f"/complaints/track/{filed.number}")) + words(
        client.get(f"/complaints/track/{filed.number}/data")
    )


def letters(office):
    rows = office.desk.read(lambda work: list(work.session.query(Outbox).filter_by(channel="mail")))
    with office.app.app_context():
        return [
            (row.kind, mails.letter(office.installation, view(row)).text)
            for row in rows
            if row.recipient == "complainant"
        ]


def view(row):
    return OutboxView(**{name: getattr(row, name) for name in OutboxView.__dataclass_fields__})


def everything(office, filed):
    follow = Machine(office.app, code=filed.code).get(f"/complaints/{filed.number}")
    return tracking(office, filed), follow.text, "".join(text for _, text in letters(office))


@pytest.mark.parametrize("called", ["", CALLED])
def test_no_page_mail_or_answer_names_an_operator(office, called):
    office.installation.write(lambda work: operators.call(work, "handler", called, by=BY))
    office.installation.write(lambda work: operators.call(work, "second", "旁人", by=BY))
    filed = answered(office)
    page, answer, mail = everything(office, filed)

    for said in (page, answer, mail):
        assert NAME not in said
        assert "旁人" not in said
        assert office.refs["handler"] not in said
        assert (CALLED in said) is bool(called)
    assert f"办理人：{called or '办理人员'}" in page


def test_an_administrator_sets_the_pseudonym_and_the_real_name_is_refused(office):
    client = office.client("admin")
    where = f"{ADMIN}/operators/{office.refs['handler']}"
    assert send(client, where, where, pseudonym=CALLED, roles=["handler"]).status_code == 303
    assert f"对投诉人：{CALLED}" in words(client.get(f"{ADMIN}/operators"))
    for wrong in (f"{NAME}handler", "ask for Handler please", "长" * 61):
        answer = send(client, where, where, pseudonym=wrong, roles=["handler"])
        assert answer.status_code == 422
        assert wrong in answer.get_data(as_text=True)
    kept = office.desk.read(lambda work: {row.login: row.pseudonym for row in work.session.query(Operator)})

    assert kept["handler"] == CALLED
    assert {name for name, value in kept.items() if value} == {"handler"}


def test_roles_and_clearance_are_changed_on_the_same_page(office):
    client = office.client("admin")
    where = f"{ADMIN}/operators/{office.refs['handler']}"
    send(client, where, where, roles=["handler", "auditor"], restricted="y")
    row = office.desk.read(lambda work: operators.find(work, "handler"))

    assert (row.roles, row.restricted) == (["handler", "auditor"], True)
    assert send(client, where, where, roles=[]).status_code == 422
    assert client.get(f"{ADMIN}/operators/op_nobody").status_code == 303
