"""What lies with somebody who leaves: handed back where it can be, shown where it could not."""

from __future__ import annotations

import pytest
from factories import CAROL
from office import ADMIN, Office, quick_passwords, send, words

from complaints.administration import charges, operators
from complaints.base.errors import InputError
from complaints.cases import handling, queries, relations
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.store.tables import Operator as Account

LEADER = Operator("op_x", "x", frozenset({"admin"}), restricted=True)


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    made.hire("anna", "handler", "supervisor", restricted=True)
    made.hire("ben", "handler", restricted=True)
    return made


def filed_for(office, login, kind="other"):
    filed = office.desk.file(kind, fields={"details": "请看一看"})
    office.desk.act(filed, handling.assign, CAROL, office.refs[login])
    return filed


def restricted_type(office):
    return next(
        key
        for key, row in office.desk.read(lambda work: work.policy.types).items()
        if row.restricted and set(row.required) <= {"details"} and not row.contact_required
    )


def disable(office, login):
    return office.installation.write(lambda work: operators.disable(work, login, by=CAROL))


def change(office, login, *roles, restricted):
    return office.installation.write(
        lambda work: operators.change_roles(work, login, roles, restricted=restricted, by=CAROL)
    )


def owners(office, *filed):
    return [office.desk.case(each).assignee for each in filed]


def nobody_in_charge(office):
    return office.desk.read(lambda work: queries.counts(work, LEADER, {"x": Filters("unassigned")})["x"])


def test_the_open_cases_of_a_disabled_account_go_back_each_by_its_event(office):
    one, hidden = filed_for(office, "anna"), filed_for(office, "anna", restricted_type(office))
    ended, others = filed_for(office, "anna"), filed_for(office, "ben")
    office.desk.act(ended, relations.withdraw, "")
    assert nobody_in_charge(office) == 0
    disable(office, "anna")

    ben, anna = office.refs["ben"], office.refs["anna"]
    assert owners(office, one, hidden, others, ended) == [None, None, ben, anna]
    assert nobody_in_charge(office) == 2
    last = office.desk.events(one)[-1]
    assert (last.type, last.ref, last.meta["change"]["assignee"]) == ("assigned", CAROL.ref, [anna, None])
    assert not office.desk.codes()


def test_who_loses_clearance_hands_back_what_is_restricted_and_who_handles_no_more_all(office):
    plain, hidden = filed_for(office, "anna"), filed_for(office, "anna", restricted_type(office))
    anna = office.refs["anna"]
    change(office, "anna", "supervisor", restricted=True)
    assert owners(office, plain, hidden) == [anna, anna]
    change(office, "anna", "supervisor", restricted=False)
    assert owners(office, plain, hidden) == [anna, None]
    change(office, "anna", "auditor", restricted=True)
    assert owners(office, plain, hidden) == [None, None]


def test_what_comes_back_to_somebody_who_left_lies_with_nobody(office):
    gone, here = filed_for(office, "anna"), filed_for(office, "ben")
    for each in (gone, here):
        office.desk.act(each, relations.withdraw, "")
    disable(office, "anna")
    for each in (gone, here):
        office.desk.act(each, relations.reopen, CAROL, "又有新情况")

    assert owners(office, gone, here) == [None, office.refs["ben"]]
    assert nobody_in_charge(office) == 1


def test_more_than_can_go_back_at_once_are_handed_over_first(office, monkeypatch):
    filed = [filed_for(office, "anna") for _ in range(3)]
    monkeypatch.setattr(charges, "MOST", 2)
    with pytest.raises(InputError) as refused:
        disable(office, "anna")
    assert "2" in refused.value.fields[""][0]
    assert owners(office, *filed) == [office.refs["anna"]] * 3
    answer = send(office.client("admin"), f"{ADMIN}/operators", "/operators/disable", login="anna")
    assert answer.status_code == 422
    assert "将有超过2件未办结投诉无人负责" in words(answer)
    monkeypatch.setattr(charges, "MOST", 3)
    disable(office, "anna")
    assert owners(office, *filed) == [None] * 3


def strand(office, *logins):
    """As accounts were ended before their cases went back."""

    def write(work):
        for row in work.session.query(Account).filter(Account.login.in_(logins)):
            row.active = False

    office.installation.write(write)


def test_the_page_says_what_lies_with_whom_and_warns_where_they_can_no_longer_handle_it(office):
    filed_for(office, "anna")
    filed_for(office, "anna", restricted_type(office))
    filed_for(office, "ben")
    client = office.client("admin")
    office.hire("cleared", "admin", restricted=True)

    def said(client):
        rows = client.get(f"{ADMIN}/operators").get_data(as_text=True).split("<tr")[1:]
        return {
            login: next(row for row in rows if office.refs[login] in row)
            for login in ("anna", "ben", "admin")
        }

    rows = said(client)
    assert "负责1件未办结投诉" in rows["anna"]
    assert "负责1件未办结投诉" in rows["ben"]
    assert "未办结" not in rows["admin"]
    assert "不能办理" not in rows["anna"]
    assert "负责2件未办结投诉" in said(office.client("cleared"))["anna"]
    link = f"/?view=open&amp;assignee={office.refs['anna']}"
    assert link in rows["anna"]
    page = client.get(f"{ADMIN}/operators/{office.refs['anna']}").get_data(as_text=True)
    assert link in page
    strand(office, "anna")
    rows = said(client)
    assert "不能办理" in rows["anna"]
    assert "不能办理" not in rows["ben"]
    # The audit after the test holds accounts to their events.
    office.installation.write(
        lambda work: setattr(work.session.query(Account).filter_by(login="anna").one(), "active", True)
    )
