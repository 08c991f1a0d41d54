"""Passing a complaint on to the model's vendor: what goes out, what comes back, and that no clock notices."""

from __future__ import annotations

import dataclasses

import pytest
from factories import ALICE, Desk
from sqlalchemy import select

from complaints.base.errors import InputError, TransitionError
from complaints.cases import erasure, forwarding, intake, views
from complaints.ledger.forwards import forwards
from complaints.ledger.work import COMPLAINANT
from complaints.policy.model import Model
from complaints.policy.profile import load
from complaints.store.tables import Forward, Milestone, Outbox

OURS = Model("自研模型", own=True)
THEIRS = Model("示例大模型", vendor="示例科技有限公司", vendor_mail="abuse@vendor.example.com")
SILENT = Model("旁边的模型", vendor="另一家公司")
SAID = "王小明的电话是13812345678，邮箱 wang@example.com，太阳绕着地球转"
ANSWER = intake.Answer(SAID, "我叫王小明，地址是……", mark="verified", model="示例大模型")
CONTACT = {"name": "王小明", "phone": "13812345678", "mail": "wang@example.com", "details": "我说的秘密"}


@pytest.fixture
def desk(desk) -> Desk:
    """The desk, under a policy that names models of its own and of others."""
    desk.installation.__dict__["file_policy"] = dataclasses.replace(load(), models=(OURS, THEIRS, SILENT))
    return desk


def key(model=THEIRS):
    return next(
        key
        for key, each in forwarding.vendors(
            dataclasses.replace(load(), models=(OURS, THEIRS, SILENT))
        ).items()
        if each == model
    )


PROOF = {
    "relation": "self",
    "right_kind": "copyright",
    "work": "《渡口》",
    "proof": "出版合同",
    "truthful": "y",
}


def filed(desk, kind="ip_notice", **values):
    beside = desk.file()
    desk.do(beside, "accept")
    hand_on(desk, beside, way="hand", text="旁边的一件")
    made = desk.file(
        kind, fields={**CONTACT, **(PROOF if kind == "ip_notice" else {})}, answer=ANSWER, **values
    )
    desk.do(made, "accept")
    return made


def hand_on(desk, made, **changes):
    given = {"vendor": key(), "way": "mail", "text": "模型说太阳绕着地球转", **changes}
    return desk.act(made, forwarding.forward, ALICE, **given)


def row(desk, made):
    query = select(Forward).where(Forward.complaint_id == desk.case(made).id)
    return desk.read(lambda work: work.session.scalars(query).one())


def letters(desk, made):
    query = select(Outbox).where(Outbox.kind == "forward", Outbox.complaint_id == desk.case(made).id)
    return desk.read(lambda work: list(work.session.scalars(query)))


def clocks(desk, made):
    case = desk.case(made)
    found = [
        (each.kind, each.step, each.revision, each.state, each.due_at, each.acted_at)
        for each in desk.milestones(made)
    ]
    return found, case.accept_due, case.result_due, case.due_next, case.paused_at, case.state


def test_only_models_of_others_have_a_vendor(desk):
    assert set(forwarding.vendors(desk.installation.file_policy).values()) == {THEIRS, SILENT}


def test_the_extract_holds_what_a_vendor_needs_and_nobodys_name(desk):
    made = filed(desk)

    text = desk.read(lambda work: forwarding.extract(work, desk.case(made), desk.events(made)))

    assert made.number in text
    assert "太阳绕着地球转" in text
    for secret in ("王小明", "13812345678", "wang@example.com", "秘密", "地址是"):
        assert secret not in text


def test_the_answer_of_a_restricted_matter_stays_here(desk):
    made = filed(desk, "minor")
    text = desk.read(lambda work: forwarding.extract(work, desk.case(made), desk.events(made)))
    assert "太阳" not in text
    assert made.number in text


def test_a_mail_is_queued_with_references_only_and_the_extract_sealed(desk):
    made = filed(desk)

    written = hand_on(desk, made)

    assert (row(desk, made).state, row(desk, made).way) == ("queued", "mail")
    (letter,) = letters(desk, made)
    assert (letter.recipient, letter.seq, letter.details) == (f"vendor:{key()}", written.seq, {})
    entry = desk.events(made)[-1]
    assert entry.meta == {"vendor": key(), "model": "示例大模型", "to": "示例科技有限公司", "way": "mail"}
    assert entry.text("extract") == "模型说太阳绕着地球转"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vendor": "nobody"}, "vendor"),
        ({"way": "pigeon"}, "way"),
        ({"vendor": key(SILENT)}, "way"),
        ({"text": " "}, "text"),
        ({"text": "字" * 5001}, "text"),
        ({"text": "投诉人是王小明"}, "text"),
        ({"text": "回电13812345678"}, "text"),
    ],
)
def test_what_cannot_go_out_says_why(desk, changes, field):
    made = filed(desk)
    with pytest.raises(InputError) as caught:
        hand_on(desk, made, **changes)
    assert set(caught.value.fields) == {field}
    assert letters(desk, made) == []


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("他叫王 小 明", True),
        ("WANG xiaoming says", True),
        ("电话 138 1234-5678", True),
        ("电话１３８１２３４５６７８", True),
        ("Wang＠Example.com", True),
        ("wang xiaomingsheng", False),
        ("138 1234 567", False),
    ],
)
def test_who_complains_is_found_however_it_is_written(said, named):
    contacts = ({**CONTACT, "name": name} for name in ("王小明", "Wang Xiaoming"))
    assert any(forwarding._names(each, said) for each in contacts) is named


def test_a_name_is_masked_in_either_case_and_only_as_a_name():
    assert forwarding._without({"name": "Li Wei"}, "LI  WEI and Li Weiss") == "L** and Li Weiss"


def test_a_restricted_matter_goes_only_when_somebody_confirms_it(desk):
    made = filed(desk, "minor")
    with pytest.raises(InputError) as caught:
        hand_on(desk, made)
    assert set(caught.value.fields) == {"confirmed"}
    hand_on(desk, made, confirmed=True)
    assert row(desk, made).state == "queued"


@pytest.mark.parametrize("name", ["withdraw", "merge"])
def test_what_has_ended_or_is_joined_is_not_passed_on(desk, name):
    made = filed(desk)
    desk.do(made, name)
    with pytest.raises(TransitionError):
        hand_on(desk, made)


def test_a_case_that_is_only_stored_is_not_passed_on(desk):
    made = filed(desk)
    desk.act(made, erasure.request, COMPLAINANT)
    with pytest.raises(TransitionError):
        hand_on(desk, made)


@pytest.mark.parametrize("way", ["mail", "hand"])
@pytest.mark.parametrize("before", [(), ("start",), ("ask",), ("decide",), ("decide", "release")])
def test_no_clock_moves_whatever_is_passed_on_and_answered(desk, way, before):
    made = filed(desk)
    for name in before:
        desk.do(made, name)
    stood = clocks(desk, made)

    written = hand_on(desk, made, way=way)
    if way == "mail":
        desk.act(
            made, lambda work, case: forwarding.sent(work, case, forwarding.found(work, case, written.seq))
        )
    desk.act(made, forwarding.answered, ALICE, written.seq, number="V-77")
    desk.later(days=1)
    desk.act(made, forwarding.answered, ALICE, written.seq, text="已在 1.3 版修正")

    assert clocks(desk, made) == stood
    assert row(desk, made).state == "answered"


def test_what_the_vendor_says_is_sealed_and_read_back(desk):
    made = filed(desk)
    written = hand_on(desk, made, way="hand")
    desk.act(made, forwarding.answered, ALICE, written.seq, number="V-77")
    desk.act(made, forwarding.answered, ALICE, written.seq, text="已修正")

    (told,) = forwards(desk.events(made))

    assert (told.state, told.number, [each.text("vendor_answer") for each in told.answers]) == (
        "answered",
        "V-77",
        ["已修正"],
    )
    assert all("V-77" not in str(each.meta) and "已修正" not in str(each.meta) for each in desk.events(made))


def test_an_answer_before_the_vendor_was_told_and_an_empty_one_are_refused(desk):
    made = filed(desk)
    written = hand_on(desk, made)
    with pytest.raises(TransitionError):
        desk.act(made, forwarding.answered, ALICE, written.seq, text="已修正")
    desk.act(made, lambda work, case: forwarding.sent(work, case, forwarding.found(work, case, written.seq)))
    with pytest.raises(InputError):
        desk.act(made, forwarding.answered, ALICE, written.seq, number=" ", text=" ")


def test_the_complainant_reads_that_it_was_passed_on_once_it_was(desk):
    made = filed(desk)
    written = hand_on(desk, made)

    def told():
        view = desk.read(lambda work: views.public_view(work, desk.case(made)))
        return [each.kind for each in view.timeline if each.kind.startswith(("forward", "vendor"))]

    assert told() == []
    desk.act(made, lambda work, case: forwarding.sent(work, case, forwarding.found(work, case, written.seq)))
    desk.act(made, forwarding.answered, ALICE, written.seq, text="内部的话")
    assert told() == ["forward_sent"]


def test_no_milestone_of_anybody_was_made_or_moved(desk):
    made = filed(desk)
    before = desk.read(lambda work: len(work.session.scalars(select(Milestone)).all()))
    hand_on(desk, made)
    assert desk.read(lambda work: len(work.session.scalars(select(Milestone)).all())) == before
