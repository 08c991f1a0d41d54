"""What a complainant reads in each state, and what they can do; never what is not released."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from following import SECRETS

from complaints.base.ids import sha256_hex
from complaints.cases import attachments, conversation, deciding
from complaints.cases.attachments import check
from complaints.cases.deciding import Decision


def _shape(page: str) -> str:
    """The page without tokens and without the number of working days or hours a later clock changes."""
    return re.sub(r'value="[^"]*"', "", page)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (
            (),
            (
                "已提交",
                "最迟2026年11月25日（周三）告知是否受理",
                "最迟2026年12月7日（周一）答复，还有10个工作日",
            ),
        ),
        (("accept",), ("已受理", "最迟2026年12月7日（周一）告知处理结果", "还有10个工作日")),
        (("accept", "start"), ("处理中", "正在核实，暂不需要您做什么")),
        (("ask",), ("待补充材料", "请问是哪一天？", "计时已暂停", "自2026年11月23日（周一）起暂停计时")),
        (
            ("accept", "decide", "release"),
            ("已答复", "投诉成立", "我们核实了，情况属实", "停止生成", "申请复核"),
        ),
        (
            ("decline", "release"),
            ("不予受理", "不属于本产品", "可以申请复核，免费，最迟2026年12月23日（周三）提出"),
        ),
        (("accept", "decide", "release", "appeal"), ("复核中", "由未参与原处理的人员办理", "原处理结果")),
        (
            ("accept", "decide", "release", "appeal", "confirm", "release"),
            ("已答复", "维持原答复", "已经复核过"),
        ),
        (("accept", "decide", "release", "appeal", "send_back"), ("处理中", "退回重新办理", "原处理结果")),
        (("accept", "decide", "release", "close"), ("已办结", "投诉成立", "问题解决了吗")),
        (("withdraw",), ("已撤回",)),
        (("accept", "merge"), ("已并案", "您的期限不变")),
        (("withdraw", "reopen"), ("处理中", "重新办理")),
    ],
)
def test_each_state_says_whose_turn_it_is_and_by_when(following, steps, says) -> None:
    for step in steps:
        following.do(step)

    page = following.open()

    for words in says:
        assert words in page
    assert not any(secret in page for secret in (*SECRETS, "内部", "请重新核对日志"))


@pytest.mark.parametrize("before", [("accept", "start"), ("accept", "ask"), ("accept",)])
@pytest.mark.parametrize("decision", ["decide"])
def test_a_decision_that_is_not_released_changes_nothing_on_the_page(following, before, decision) -> None:
    for step in before:
        following.do(step)
    seen = following.open()
    following.do(decision)

    hidden = following.get().text
    following.do("release")

    assert _shape(hidden) == _shape(seen)
    assert "投诉成立" not in hidden
    assert "投诉成立" in following.get().text


def test_a_decline_and_a_review_answer_wait_for_their_release_too(following) -> None:
    seen = following.open()
    following.do("decline")
    assert _shape(following.get().text) == _shape(seen)
    following.do("release")
    following.do("appeal")
    waiting = following.get().text
    following.do("confirm")

    assert _shape(following.get().text) == _shape(waiting)


def test_withdrawing_while_a_decision_waits_is_refused_without_telling_of_it(following) -> None:
    following.do("accept")
    following.do("decide")
    following.open()

    answer = following.act("withdraw", text="算了")

    assert answer.status_code == 409
    assert "算了</textarea>" in answer.text
    assert "投诉成立" not in answer.text
    assert following.desk.case(following.filed).state == "decided"


def test_a_question_is_answered_with_words_and_files(following) -> None:
    following.do("ask")
    following.open()

    sent = following.act("message", text="是昨天", files=(io.BytesIO(b"%PDF-1.4 a"), "记录.pdf"))
    page = following.get(sent.location).text

    assert sent.status_code == 303
    assert "已发送" in page
    assert following.desk.events(following.filed)[-1].type == "supplied"
    assert following.desk.case(following.filed).state == "submitted"
    assert "是昨天" in page
    assert "记录.pdf" in page


def test_a_date_that_a_pause_moved_is_shown_old_and_new_with_its_reason(following, clock) -> None:
    following.do("ask")
    clock.now += timedelta(days=3)
    following.do("supply")

    page = following.open()

    assert "期限由2026年12月7日（周一）改为2026年12月10日（周四），原因：等您补充期间暂停计时" in page


def test_a_wrong_file_names_itself_keeps_the_text_and_names_the_good_one(following) -> None:
    following.open()
    token = following.token(following.get().text, "message-")
    data = {
        "act": "message",
        "message-text": "看附件",
        "message-files": [(io.BytesIO(b"<script>"), "页面.png"), (io.BytesIO(b"%PDF-1.4"), "好的.pdf")],
        **token,
    }

    answer = following.client.post(following.path(), data=data, content_type="multipart/form-data")

    assert answer.status_code == 400
    assert "看附件</textarea>" in answer.text
    assert "“页面.png”" in answer.text
    assert "没有收到“好的.pdf”" in answer.text
    assert answer.text.index("错误：") < answer.text.index("</title>")
    assert [entry.type for entry in following.desk.events(following.filed)] == ["filed"]


def test_an_empty_message_an_empty_appeal_and_no_stars_are_told_what_to_do(following) -> None:
    following.do("accept")
    following.do("decide")
    following.do("release")
    following.open()

    answers = {name: following.act(name, text=" ") for name in ("message", "appeal", "rate")}

    assert {each.status_code for each in answers.values()} == {400}
    assert "请写几句话，或选择一个文件" in answers["message"].text
    assert "请写几句话" in answers["appeal"].text
    assert "请选择一项" in answers["rate"].text
    assert following.desk.events(following.filed)[-1].type == "released"


def test_a_complaint_is_withdrawn_appealed_and_rated_from_its_page(make_following) -> None:
    following = make_following()
    following.open()
    assert following.act("withdraw", text="已经解决").status_code == 303
    assert following.desk.case(following.filed).state == "withdrawn"
    left = re.findall(r'name="act" value="(\w+)"', following.get().text)
    assert left == ["erase"], "nothing is left to do but to ask for deletion"

    other = make_following()
    for step in ("accept", "decide", "release"):
        other.do(step)
    other.open()
    assert other.act("rate", rating="2", text="太慢").status_code == 303
    assert other.act("appeal", text="我不同意").status_code == 303
    case = other.desk.case(other.filed)
    assert (case.state, case.rating, case.appeals) == ("under_review", 2, 1)


def test_when_the_window_is_over_the_page_says_so_and_names_other_places(make_following, clock) -> None:
    following = make_following("illegal_content")
    for step in ("accept", "decide", "release"):
        following.do(step)
    clock.now += timedelta(days=40)

    page = following.open()

    assert "申请复核的时间已于2026年12月23日（周三）截止" in page
    assert "form-appeal" not in page
    assert "12377" in page


def test_a_late_complaint_says_so_first_and_can_be_reminded_once(make_following, clock) -> None:
    following = make_following("illegal_content")
    following.do("accept")
    clock.now = datetime(2026, 12, 20, 3, tzinfo=UTC)
    following.desk.sweep()

    page = following.open()
    sent = following.act("remind")
    after = following.get().text
    english = following.get(following.path("?lang=en")).text

    assert page.index("抱歉") < page.index("您现在可以")
    assert "已超期" in page
    assert "12377" in page
    assert sent.status_code == 303
    assert "您已于2026年12月20日（周日）11:00提醒我们" in after
    assert "form-remind" not in after + english
    assert "You reminded us on" in english


def test_a_missed_acceptance_is_owned_and_the_result_date_stands(following, clock) -> None:
    clock.now += timedelta(days=3)
    following.desk.sweep()

    page = following.open()

    assert "我们未能按期告知是否受理，抱歉。本件已视为受理，答复期限不变。" in page
    assert "我们未按期告知，视为已受理" in page
    assert "最迟2026年12月7日（周一）告知处理结果" in page


@pytest.mark.parametrize(
    "name", ["聊天\"记录'.pdf", "a b.pdf", "../../x.pdf", "\r\nSet-Cookie: a=b.pdf", "x" * 190 + ".pdf"]
)
def test_files_come_back_byte_for_byte_and_inert(following, name) -> None:
    data = b"%PDF-1.7\n" + bytes(range(256)) * 40
    following.desk.act(following.filed, conversation.write, "附件", [check(name, data, max_mb=1)])
    following.open()
    uid = following.desk.read(lambda work: attachments.held(work, following.filed.uid)[-1].uid)

    answer = following.get(following.path(f"/files/{uid}"))

    assert answer.data == data
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert "\n" not in answer.headers["Content-Disposition"]
    assert "Set-Cookie: a" not in str(answer.headers.getlist("Set-Cookie"))
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_text_comes_back_as_bytes_so_that_no_browser_reads_it(following) -> None:
    following.open()
    uid = following.desk.read(lambda work: attachments.held(work, following.filed.uid)[0].uid)

    answer = following.get(following.path(f"/files/{uid}"))

    assert answer.mimetype == "application/octet-stream"
    assert answer.data == "当时的对话".encode()


def test_files_of_a_restricted_matter_stay_with_us_and_ours_are_handed_out(make_following) -> None:
    following = make_following("minor")
    following.do("accept")
    following.desk.act(
        following.filed, conversation.reply, _alice(), "见附件", [check("说明.pdf", b"%PDF-1.4", max_mb=1)]
    )
    page = following.open()
    theirs, ours = following.desk.read(lambda work: attachments.held(work, following.filed.uid))

    assert f"/files/{theirs.uid}" not in page
    assert sha256_hex("当时的对话".encode()) in page
    assert "聊天 记录.txt" in page
    assert following.get(following.path(f"/files/{theirs.uid}")).status_code == 404
    assert following.get(following.path(f"/files/{ours.uid}")).data == b"%PDF-1.4"


def test_what_was_filed_is_there_with_the_answer_and_its_mark(following) -> None:
    page = following.open()

    for words in ("先涂牙膏", "烫伤了怎么办", "与系统记录一致", "聊天 记录.txt", "reporter@example.com"):
        assert words in page


def test_what_people_wrote_is_text_and_never_markup(following) -> None:
    following.desk.act(following.filed, conversation.write, "<script>alert(1)</script>", ())

    page = following.open()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_language_switch_after_an_error_keeps_the_text_and_writes_nothing(following) -> None:
    following.open()
    token = following.token(following.get().text, "message-")

    answer = following.client.post(
        following.path("?lang=en"), data={"act": "message", "message-text": "写到一半", "lang": "en", **token}
    )

    assert answer.status_code == 200
    assert "写到一半</textarea>" in answer.text
    assert "Your complaint" in answer.text
    assert [entry.type for entry in following.desk.events(following.filed)] == ["filed"]


def test_a_partly_upheld_answer_says_outcome_measures_reason_and_next_step_in_that_order(following) -> None:
    following.do("accept")
    reason = following.desk.read(
        lambda work: next(
            key for key, one in work.policy.decision_reasons.items() if one.fits("inaccurate", "partly")
        )
    )
    decision = Decision("partly", reason, "其中一部分属实", "INTERNAL-7")
    following.desk.act(following.filed, deciding.decide, _alice(), decision)
    following.do("release")

    page = following.open()

    order = [
        page.index(words)
        for words in ("部分成立", "为什么", "其中一部分属实", "与系统记录一致", "您还可以怎么做")
    ]
    assert order == sorted(order)
    assert "INTERNAL-7" not in page


def _alice():
    from factories import ALICE

    return ALICE


def test_a_change_of_type_never_moves_a_date_back_not_even_one_that_has_just_passed(following, clock) -> None:
    due = following.desk.case(following.filed).accept_due
    clock.now = due + timedelta(hours=1)

    following.do("reclassify", to="ncii")

    assert following.desk.case(following.filed).accept_due == due
