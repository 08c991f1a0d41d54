from __future__ import annotations

from dataclasses import replace

from installing import HANDLER
from sqlalchemy import update

from complaints.administration import operators
from complaints.cases import handling
from complaints.cases.step import tell_operators
from complaints.delivery import outbox
from complaints.delivery.fanout import fan_out
from complaints.delivery.health import measure
from complaints.delivery.people import Recipient, eligible, from_table
from complaints.delivery.sending import send
from complaints.ledger.work import SYSTEM
from complaints.store.tables import Outbox

ADMIN = Recipient("op_c", "陈管理", "c@example.cn", frozenset({"admin"}), restricted=True)


def queued(office):
    return sorted(
        each.recipient for each in office.outbox(Outbox.state == "queued", Outbox.kind != "received")
    )


def spread(office):
    return fan_out(office.installation.database, office.now, office.people, office.installation.rooms)


def test_a_notice_to_all_becomes_one_per_person_once(office):
    office.file()
    assert spread(office) == 1
    assert spread(office) == 0
    assert queued(office) == ["operator:op_a", "operator:op_b"]


def test_what_comes_to_a_team_is_told_to_its_members_and_of_a_restricted_case_to_the_cleared_ones(any_office):
    office = any_office
    office.staff += [
        Recipient("op_d", "丁", "d@example.cn", frozenset({"handler"}), teams=frozenset({"legal"})),
        Recipient(
            "op_e", "戊", "e@example.cn", frozenset({"handler"}), restricted=True, teams=frozenset({"legal"})
        ),
        Recipient(
            "op_f", "己", "f@example.cn", frozenset({"auditor"}), restricted=True, teams=frozenset({"legal"})
        ),
        Recipient("op_g", "庚", "", frozenset({"handler"}), restricted=True, teams=frozenset({"model"})),
    ]
    wanted = {
        ("other", "team:legal"): {"op_d", "op_e"},
        ("self_harm", "team:legal"): {"op_e"},
        # Nobody of these can be told: then everybody who handles complaints is, so that nothing ends in silence.
        ("other", "team:model"): {"op_a", "op_b", "op_d", "op_e"},
        ("self_harm", "team:gone"): {"op_b", "op_e"},
    }
    for (kind, group), told in wanted.items():
        filed = office.file(kind)
        office.execute(update(Outbox).values(state="sent"))
        office.act(filed, lambda work, case, group=group: tell_operators(work, case, "message", 9, to=group))
        spread(office)
        assert queued(office) == sorted(f"operator:{each}" for each in told), (kind, group)
        office.execute(update(Outbox).values(state="sent"))


def test_restricted_types_are_told_only_to_those_cleared_for_them(office):
    office.file("self_harm")
    spread(office)
    assert queued(office) == ["operator:op_b"]


def test_whoever_is_in_charge_without_clearance_hears_no_more_of_a_case_that_becomes_restricted(office):
    filed, other = office.file(), office.file()
    spread(office)
    office.execute(update(Outbox).values(state="sent"))
    for each in (filed, other):
        office.act(each, handling.assign, HANDLER, "op_a")
    office.act(filed, handling.reclassify, HANDLER, complaint_type="self_harm")
    for each in (filed, other):
        office.act(each, lambda work, case: tell_operators(work, case, "message", 9))
    spread(office)
    found = office.outbox(Outbox.state == "queued", Outbox.kind == "message")
    assert sorted(each.recipient for each in found) == ["operator:op_a", "operator:op_b"]


def test_what_was_taken_back_between_look_and_claim_is_told_to_nobody(office):
    office.file()

    class Meddled:
        reading = office.installation.database.reading

        def write(self, act):
            office.execute(update(Outbox).values(state="taken_back"))
            return office.installation.database.write(act)

    assert fan_out(Meddled(), office.now, office.people, office.installation.rooms) == 0
    assert {each.state for each in office.outbox()} == {"taken_back"}


def test_an_administrator_is_told_only_when_there_is_nobody_else():
    handler = Recipient("h", "", "h@example.cn", frozenset({"handler"}))
    assert eligible([handler, ADMIN], "operators", restricted=False) == [handler]
    assert eligible([handler, ADMIN], "supervisors", restricted=False) == [ADMIN]
    assert eligible([handler, ADMIN], "operators", restricted=True) == [ADMIN]
    assert eligible([replace(ADMIN, mail="")], "operators", restricted=False) == []


def test_with_nobody_to_tell_the_notice_waits_and_health_says_so(office):
    office.staff = []
    office.file()
    office.execute(update(Outbox).where(Outbox.kind == "received").values(state="sent"))
    assert spread(office) == 0
    assert queued(office) == ["operators"]
    with office.installation.reading() as work:
        assert "nobody" in measure(work.session, office.now).alarms
    office.staff = [ADMIN]
    assert spread(office) == 0
    office.pass_time(minutes=6)
    assert spread(office) == 1
    assert queued(office) == ["operator:op_c"]


def test_a_notice_to_somebody_who_has_left_goes_to_all(office):
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    office.execute(update(Outbox).values(state="sent"))
    office.act(filed, tell_operators, "message", 2)
    assert queued(office) == ["operator:op_a"]
    assert spread(office) == 0
    office.staff = office.staff[1:]
    assert spread(office) == 1
    assert queued(office) == ["operator:op_b"]


def test_one_milestone_reaches_each_person_once_however_many_groups_they_are_in(office):
    filed = office.file()
    office.execute(update(Outbox).values(state="sent"))

    def late(work, case):
        for to in ("operator:op_b", "operators", "supervisors"):
            outbox.queue(work, "late", to, dedupe="milestone/1", complaint_id=case.id, milestone_id=1)

    office.act(filed, late)
    spread(office)
    assert queued(office) == ["operator:op_a", "operator:op_b"]


def test_everything_that_waits_for_one_operator_is_delivered_together(office):
    for _ in range(40):
        office.file()
    office.execute(update(Outbox).where(Outbox.kind == "received").values(state="sent"))
    spread(office)
    batches = []
    sent = send(office.installation.database, lambda: office.now, batches.append)
    assert sorted(len(batch) for batch in batches) == [40, 40]
    assert sent.sent == 80
    assert queued(office) == []


def test_a_digest_that_failed_is_tried_again_as_it_was(office):
    for _ in range(3):
        office.file()
    office.staff = office.staff[:1]
    office.execute(update(Outbox).where(Outbox.kind == "received").values(state="sent"))
    spread(office)

    def fail(messages):
        first.extend(messages)
        raise TimeoutError

    first, batches = [], []
    send(office.installation.database, lambda: office.now, fail)
    office.pass_time(minutes=2)
    office.file()
    office.execute(update(Outbox).where(Outbox.kind == "received").values(state="sent"))
    spread(office)
    send(office.installation.database, lambda: office.now, batches.append)
    again = next(batch for batch in batches if len(batch) > 1)
    assert [each.id for each in again] == [each.id for each in first]
    assert {each.message_id for each in again} == {first[0].message_id}
    assert len(batches) == 2


def test_the_built_in_table_lists_active_operators_with_an_address(office):
    def add(work):
        made = {
            name: operators.create(work, name, name, ("handler",), mail=mail, by=SYSTEM)[0].ref
            for name, mail in (("x", "x@example.cn"), ("y", None), ("z", "z@x.cn"))
        }
        operators.disable(work, "z", by=SYSTEM)
        return made

    made = office.installation.write(add)
    with office.installation.reading() as work:
        assert [each.ref for each in from_table(work.session)] == [made["x"]]
