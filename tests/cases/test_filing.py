"""Filing: once however often it is sent, with what it says kept sealed, the test mark at filing or never."""

from __future__ import annotations

import json
import secrets

import pytest
from factories import ALICE, WORDS
from sqlalchemy import func, select

from complaints.base.errors import ConflictError, InputError, NotFoundError
from complaints.cases import access, attachments, fields, intake, views
from complaints.cases.attachments import check
from complaints.ledger.projection import COLUMNS
from complaints.policy.states import TRANSITIONS
from complaints.store.tables import Complaint, Outbox, Private

SECRET = secrets.token_hex(16)


def test_the_same_filing_sent_twice_is_one_complaint_with_one_code(desk):
    first, second = desk.file(secret=SECRET), desk.file(secret=SECRET)
    other = desk.file(secret=SECRET[::-1])

    assert (first.repeated, second.repeated, other.repeated) == (False, True, False)
    assert (first.number, first.code, first.uid) == (second.number, second.code, second.uid)
    assert other.code != first.code
    assert desk.read(lambda work: work.session.scalar(select(func.count()).select_from(Complaint))) == 4


def test_two_transactions_at_once_end_as_one_complaint(desk):
    filing = intake.Filing("other", {"details": WORDS}, SECRET)
    one, two = (desk.read(lambda work: intake.prepare(work, filing)) for _ in range(2))
    desk.installation.write(lambda work: intake.insert_prepared(work, one))

    def again(work):
        return intake.find_repeat(work, SECRET) or intake.insert_prepared(work, two)

    assert desk.installation.write(again).number == one.filed.number


def test_number_and_code_open_the_complaint_however_they_are_typed(desk):
    filed = desk.file()
    for number, code in (
        (filed.number, filed.code),
        (filed.number.lower().replace("-", ""), filed.code.lower()),
        (f" {filed.number} ", filed.code.replace("-", " ")),
    ):
        assert desk.read(lambda work, n=number, c=code: access.by_code(work, n, c).uid) == filed.uid


@pytest.mark.parametrize("wrong", ["code", "number", "both", "swapped"])
def test_a_wrong_number_and_a_wrong_code_are_answered_alike(desk, wrong):
    filed, other = desk.file(), desk.file()
    number = {"code": filed.number, "swapped": other.number}.get(wrong, "TS20261123-ZZZZZZ")
    code = filed.code if wrong in {"number", "swapped"} else "AAAA-AAAA-AAAA-AAAA-AAAA"

    with pytest.raises(NotFoundError, match="no complaint has this number and code"):
        desk.read(lambda work: access.by_code(work, number, code))


def test_nothing_personal_lies_readable_in_the_tables(desk):
    right = desk.read(lambda work: next(iter(work.policy.fields["pi_right"].choices)))
    filed = desk.file(
        "pi_request",
        fields={"name": "张三丰", "phone": "13800001234", "account": "u-1", "pi_right": right},
        answer=intake.Answer("太阳绕地球转", "太阳怎么动"),
    )
    secrets_told = [WORDS, "张三丰", "13800001234", "reporter@example.com", "太阳绕地球转", filed.code]

    def look(work):
        tables = Complaint.metadata.sorted_tables
        return " ".join(repr(row) for table in tables for row in work.session.execute(table.select()).all())

    stored = desk.read(look)
    for said in secrets_told:
        assert said not in stored
        assert said.encode().hex() not in stored
    assert desk.events(filed)[0].data("contact")["name"] == "张三丰"
    assert desk.events(filed)[0].data("answer")["output"] == "太阳绕地球转"


def test_the_test_mark_is_set_at_filing_and_stands_in_the_first_leaf(desk):
    marked, real = desk.file(is_test=True), desk.file()

    assert desk.events(marked)[0].meta["test"] is True
    assert desk.events(marked)[0].meta["change"]["is_test"] == [None, True]
    assert "test" not in desk.events(real)[0].meta
    assert desk.case(real).is_test is False


def test_no_step_after_filing_can_set_the_test_mark(desk):
    from factories import STEPS

    filed = desk.file()
    for name in (
        "ask",
        "supply",
        "accept",
        "note",
        "assign",
        "start",
        "reclassify",
        "record_action",
        "decide",
    ):
        desk.do(filed, name)

    assert "is_test" in COLUMNS
    assert set(STEPS) <= set(TRANSITIONS)
    assert not any("is_test" in entry.meta.get("change", {}) for entry in desk.events(filed)[1:])


def test_a_file_comes_back_byte_for_byte_and_only_through_its_own_complaint(desk):
    data = "昨天的对话\n".encode() * 1000
    filed, other = desk.file(uploads=[check("../../对话 1.txt", data, max_mb=1)]), desk.file()
    [held] = desk.read(lambda work: attachments.held(work, filed.uid))

    assert held.name == "对话 1.txt"
    assert desk.read(lambda work: attachments.original(work, filed.uid, held.uid))[1] == data
    with pytest.raises(NotFoundError):
        desk.read(lambda work: attachments.original(work, other.uid, held.uid))


@pytest.mark.parametrize(
    ("kind", "given", "wrong"),
    [
        ("nowhere", {"details": "x"}, {"type"}),
        ("other", {}, {"details"}),
        ("other", {"details": "   "}, {"details"}),
        ("other", {"details": "长" * 5001}, {"details"}),
        ("other", {"details": "有\x07铃"}, {"details"}),
        ("other", {"details": "x", "mail": "nobody"}, {"mail"}),
        ("other", {"details": "x", "mail": "a@b.cn\nBcc: c@d.cn"}, {"mail"}),
        (
            "ip_notice",
            {"details": "x"},
            {"name", "relation", "right_kind", "work", "proof", "truthful", "mail"},
        ),
        ("other", {"details": "x"}, set()),
        ("other", {"details": "长" * 5000, "mail": "a@b.cn"}, set()),
    ],
)
def test_each_type_says_what_it_needs(desk, kind, given, wrong):
    policy = desk.read(lambda work: work.policy)
    if not wrong:
        assert fields.check(policy, kind, given, phone=False)["details"]
        return
    with pytest.raises(InputError) as raised:
        fields.check(policy, kind, given, phone=False)

    assert set(raised.value.fields) == wrong


def test_what_came_by_phone_says_who_wrote_it_down_and_when_it_came(desk):
    arrived = desk.clock.now
    desk.later(days=1)
    filed = desk.file(channel="phone", recorded_by=ALICE, arrived_at=arrived)

    case = desk.case(filed)
    assert (case.channel, case.filed_at) == ("phone", arrived)
    assert desk.events(filed)[0].meta["recorded_by"] == str(ALICE)
    assert desk.events(filed)[0].at == desk.clock.now


def test_only_who_can_be_reached_is_told(desk):
    with_mail = desk.file()
    without = desk.file(fields={"mail": ""})

    assert ("received", "complainant") in desk.outbox(with_mail)
    assert desk.outbox(without) == [("new", "operators")]


def test_the_outbox_holds_references_and_no_words(desk):
    filed = desk.file()
    for name in ("accept", "ask", "supply", "decide", "release"):
        desk.do(filed, name)

    rows = desk.read(lambda work: [repr(vars(row)) for row in work.session.scalars(select(Outbox))])
    for said in ("reporter@example.com", WORDS, "请问是哪一天", "情况属实", filed.code):
        assert not any(said in row for row in rows)


def test_a_complainant_sees_no_decision_before_its_release_and_never_a_note(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "note")
    desk.do(filed, "decide")
    view = desk.read(lambda work: views.public_view(work, access.find(work, filed.number)))
    assert (view.state.value, view.decision) == ("accepted", None)
    assert "情况属实" not in repr(view.timeline)

    desk.do(filed, "release")
    view = desk.read(lambda work: views.public_view(work, access.find(work, filed.number)))
    assert view.decision.text == "我们核实了，情况属实"
    for hidden in ("内部：模型版本7", "内部备注", "answer-1"):
        assert hidden not in repr([view.timeline, view.decisions])


def test_a_new_code_ends_the_old_one_and_its_link_works_once(desk):
    filed = desk.file()
    token = desk.installation.write(lambda work: access.new_token(work, desk.case(filed).id, "new_code"))
    _, code = desk.installation.write(lambda work: access.renew(work, token))

    assert desk.read(lambda work: access.by_code(work, filed.number, code)).uid == filed.uid
    with pytest.raises(NotFoundError):
        desk.read(lambda work: access.by_code(work, filed.number, filed.code))
    with pytest.raises(NotFoundError):
        desk.installation.write(lambda work: access.renew(work, token))
    assert desk.events(filed)[-1].type == "code_renewed"


def test_a_link_ends_with_its_day(desk):
    filed = desk.file()
    token = desk.installation.write(lambda work: access.new_token(work, desk.case(filed).id, "new_code"))
    desk.later(hours=24)

    with pytest.raises(NotFoundError):
        desk.read(lambda work: access.token_open(work, token, "new_code"))


def test_each_private_field_is_sealed_under_its_own_place(desk):
    filed = desk.file()
    rows = desk.read(
        lambda work: work.session.execute(
            select(Private.field, Private.sealed).where(Private.stream == filed.uid)
        ).all()
    )

    assert {row.field for row in rows} == {"details", "contact"}
    assert len({row.sealed for row in rows}) == len(rows)
    assert json.loads(desk.events(filed)[0].personal["details"])["details"] == WORDS


def test_one_of_two_steps_at_once_gets_a_conflict(desk):
    from complaints.cases import handling
    from complaints.ledger import journal

    filed = desk.file()
    seen = desk.case(filed).version

    def accept(work):
        return handling.accept(work, journal.lock(work, filed.uid, version=seen), ALICE)

    desk.installation.write(accept)
    with pytest.raises(ConflictError):
        desk.installation.write(accept)
