"""What SQL can do to accounts, teams, keys and webhooks is found, and nothing is where only services were at it."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update
from tampering import unguarded

from complaints.administration import api_keys, operators, teams, webhooks
from complaints.cases.people import Operator as Viewer
from complaints.delivery.calling import Reach
from complaints.ledger.audit_office import Office
from complaints.ledger.work import Actor
from complaints.store.tables import ApiKey, Event, Operator, Stream, Team, Webhook

BY = Actor("admin", "op_admin")
URL = "https://hooks.example.com/in/secret"


@pytest.fixture
def house(desk):
    """A desk with somebody and something of each kind, changed in every way, and others beside them."""

    def settle(work):
        found = {}
        for name in ("legal", "model", "old"):
            found[name] = teams.add(work, name, name.title(), by=BY).key
            teams.rename(work, name, f"{name}组", by=BY)
        for name in ("alice", "bob"):
            row, _ = operators.create(work, name, name, ["handler"], mail=f"{name}@example.cn", by=BY)
            operators.disable(work, name, by=BY)
            operators.enable(work, name, by=BY)
            given = {"restricted": True, "teams": ["legal", "old"], "by": BY}
            operators.change_roles(work, name, ["handler", "auditor"], **given)
            operators.send_monthly(work, name, wanted=True, by=BY)
            found[name] = row.ref
        operators.send_monthly(work, "bob", wanted=False, by=BY)
        operators.disable(work, "bob", by=BY)
        teams.remove(work, "old", Viewer("op_admin", "", frozenset({"admin"})))
        for name in ("reading", "ended"):
            row, _ = api_keys.create(work, name, ["read"], days=30, by=BY)
            found[name] = row.ref
        api_keys.revoke(work, found["ended"], by=BY)
        for name in ("told", "paused", "removed"):
            row, _ = webhooks.create(work, URL, ["filed", "closed"], Reach(), BY)
            found[name] = row.uid
            webhooks.pause(work, row.uid, BY)
            webhooks.resume(work, row.uid, BY)
        webhooks.rotate(work, found["told"], BY)
        webhooks.pause(work, found["paused"], BY)
        webhooks.remove(work, found["removed"], BY)
        return found

    found = desk.installation.write(settle)
    desk.file()
    assert desk.codes() == set()
    return found


CHANGES = [
    (Operator, "bob", {"active": True}, "operator-row"),
    (Operator, "alice", {"active": False}, "operator-row"),
    (Operator, "alice", {"roles": ["handler", "admin"]}, "operator-row"),
    (Operator, "alice", {"restricted": False}, "operator-row"),
    (Operator, "alice", {"teams": ["legal", "model"]}, "operator-row"),
    (Operator, "bob", {"teams": []}, "operator-row"),
    (Team, "legal", {"name": "Model"}, "team-row"),
    (Team, "old", {"removed_at": None}, "team-row"),
    (Operator, "alice", {"monthly": None}, "operator-row"),
    (Operator, "bob", {"monthly": True}, "operator-row"),
    (ApiKey, "ended", {"revoked_at": None}, "api-key-row"),
    (ApiKey, "reading", {"scopes": ["read", "act", "export"]}, "api-key-row"),
    (ApiKey, "reading", {"restricted": True}, "api-key-row"),
    (ApiKey, "reading", {"expires_at": None}, "api-key-row"),
    (Webhook, "paused", {"active": True}, "webhook-row"),
    (Webhook, "told", {"events": []}, "webhook-row"),
    (Webhook, "told", {"url": "https://hooks.example.net/in/secret"}, "webhook-row"),
]


KEYS = {Webhook: "uid", Team: "key"}


def which(table, house, name):
    return getattr(table, KEYS.get(table, "ref")) == house[name]


def tamper(desk, statement):
    unguarded(desk.installation.database, lambda session: session.execute(statement) and None)


@pytest.mark.tampered
@pytest.mark.parametrize(
    ("table", "name", "values", "code"), CHANGES, ids=[f"{each[1]}-{next(iter(each[2]))}" for each in CHANGES]
)
def test_a_row_that_was_changed_is_found(desk, house, table, name, values, code):
    tamper(desk, update(table).where(which(table, house, name)).values(**values))
    (found,) = desk.audit().findings
    assert (found.code, found.where) == (code, f"system/{house[name]}")
    said = {"revoked_at": "revoked", "removed_at": "removed", "expires_at": "expires", "url": "host"}
    column = next(iter(values))
    assert found.text.endswith(f": {said.get(column, column)}")


@pytest.mark.tampered
@pytest.mark.parametrize(
    ("table", "name", "code"),
    [
        (Operator, "alice", "operator-row"),
        (Team, "legal", "team-row"),
        (ApiKey, "ended", "api-key-row"),
        (Webhook, "told", "webhook-row"),
    ],
)
def test_a_row_that_was_taken_out_or_put_in_is_found(desk, house, table, name, code):
    with desk.installation.reading() as work:
        row = work.session.query(table).where(which(table, house, name)).one()
        copied = {each.name: getattr(row, each.name) for each in table.__table__.columns if each.name != "id"}
    tamper(desk, delete(table).where(which(table, house, name)))
    (found,) = desk.audit().findings
    assert (found.code, found.where) == (code, f"system/{house[name]}")
    assert "is gone" in found.text
    copied[KEYS.get(table, "ref")] = "put_in"
    tamper(desk, table.__table__.insert().values(**copied))
    (_, found) = sorted(desk.audit().findings, key=lambda each: "opened" in each.text)
    assert (found.code, found.where) == (code, "system/put_in")
    assert "opened by no event" in found.text


@pytest.mark.tampered
def test_rows_are_found_too_where_the_whole_stream_of_the_installation_is_gone(desk, house):
    tamper(desk, delete(Event).where(Event.stream == "system"))
    tamper(desk, delete(Stream).where(Stream.uid == "system"))
    assert {"operator-row", "team-row", "api-key-row", "webhook-row"} <= desk.codes()


def test_accounts_from_before_there_were_teams_are_as_their_events_say(desk):
    def settle(work):
        row, _ = operators.create(work, "early", "早", ["handler"], by=BY)
        return row.ref

    ref = desk.installation.write(settle)
    office = Office()
    office.take("operator_added", {"operator": ref, "roles": ["handler"], "restricted": False})
    assert (
        desk.read(lambda work: [each for each in office.compare(work) if each.where == f"system/{ref}"]) == []
    )
