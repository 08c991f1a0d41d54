"""Deciding in the browser, and what two operators at once make of it."""

from __future__ import annotations

import re

import pytest
from casework import ANSWER, act, decide, numbers, page, staffed, types
from factories import BOB
from office import Forms, send_from, words

from complaints.cases import readers, relations


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def test_one_submit_takes_on_and_answers(office):
    filed = office.desk.file()
    assert (
        decide(
            office, filed, **{"action-0": "stop_generation", "target-0": "回答17", "note": "已核对"}
        ).status_code
        == 303
    )

    assert types(office, filed) == ["filed", "viewed", "accepted", "decided"]
    decided = office.desk.events(filed)[-1]
    assert decided.text("public") == "经核实，您反映的情况属实。"
    assert decided.text("note") == "已核对"
    assert decided.meta["actions"] == [{"action": "stop_generation"}]
    assert "回答17" in decided.text("action:0")


def test_the_preview_sends_nothing_and_keeps_everything(office):
    filed = office.desk.file()
    answer = decide(office, filed, do="preview", note="内部的话")
    seen = answer.get_data(as_text=True)

    assert answer.status_code == 200
    preview = seen[seen.index('id="preview"') : seen.index("</section>")]
    assert "投诉成立" in preview
    assert "经核实，您反映的情况属实。" in preview
    assert "内部的话" not in preview
    assert "内部的话" in seen
    # What Ctrl+Enter presses: the first as it stands, the second once something was changed.
    assert re.findall(r'value="(\w+)"[^>]* data-cmp-(key|changed)="', seen) == [
        ("send", "key"),
        ("preview", "changed"),
    ]
    assert types(office, filed) == ["filed", "viewed"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"outcome": ""}, "请选择处理结果"),
        ({"reason": "not_found"}, "这条理由与处理结果不符"),
        ({"text": ""}, "请写下给投诉人的答复"),
        ({"text": "已经【填写：做了什么】"}, "请先填好"),
        ({"action-0": "stop_generation"}, "停止生成"),
    ],
)
def test_a_decision_that_cannot_be_comes_back_with_all_that_was_typed(office, values, said):
    filed = office.desk.file()
    answer = decide(office, filed, **{"note": "我的备注", **values})

    assert answer.status_code == 422
    assert said in words(answer)
    assert "我的备注" in answer.get_data(as_text=True)
    assert types(office, filed) == ["filed", "viewed"]


def test_a_template_is_put_in_and_must_be_filled(office):
    filed = office.desk.file()
    answer = decide(office, filed, do="template", template="upheld", text="您好。")
    typed = next(
        form
        for form in Forms(answer.get_data(as_text=True)).found
        if "outcome" in form["data"] or "text" in form["data"]
    )

    assert typed["data"]["text"].startswith("您好。")
    assert "【填写：" in typed["data"]["text"]
    assert types(office, filed) == ["filed", "viewed"]


def test_more_rows_for_measures_keep_what_was_typed(office):
    filed = office.desk.file()
    answer = decide(office, filed, do="more", **{"action-0": "remove", "target-0": "回答1"})
    html = answer.get_data(as_text=True)

    assert 'name="action-3"' in html
    assert 'value="回答1"' in html


def test_an_answer_is_taken_back_until_its_second_and_not_after(office):
    filed = office.desk.file()
    decide(office, filed)
    assert "发出" in words(office.client("handler").get(page(filed)))
    office.desk.later(seconds=119)
    html = office.client("handler").get(page(filed)).get_data(as_text=True)
    assert act(office, filed, "take_back").status_code == 303
    assert office.desk.case(filed).state == "accepted"

    decide(office, filed)
    office.desk.later(seconds=121)
    late = office.client("handler").get(page(filed)).get_data(as_text=True)
    assert "/take_back" in html
    assert "/take_back" not in late
    version = office.desk.case(filed).version
    token = next(form for form in Forms(late).found if form["action"].endswith("/note"))["data"][
        "note-csrf_token"
    ]
    answer = office.client("handler")
    html = answer.get(page(filed)).get_data(as_text=True)
    token = next(form for form in Forms(html).found if form["action"].endswith("/note"))["data"][
        "note-csrf_token"
    ]
    refused = answer.post(
        f"{page(filed)}/take_back", data={"take_back-csrf_token": token, "take_back-version": version}
    )
    assert refused.status_code == 409
    assert office.desk.case(filed).state == "decided"


def test_reports_of_one_answer_are_decided_together(office):
    one, two, other = (office.desk.file(answer=ANSWER) for _ in range(3))
    stranger = office.desk.file(fields={"details": "别的事情"})
    seen = office.client("handler").get(f"{page(one)}/decide").get_data(as_text=True)
    assert numbers(office.client("handler").get(f"{page(one)}/decide"), two, other, stranger) != []
    assert stranger.number not in seen

    assert decide(office, one, also=[f"{two.uid}:1"]).status_code == 303
    assert [office.desk.case(each).state for each in (one, two, other)] == ["decided", "decided", "submitted"]


def test_nobody_reads_what_is_true_of_another_complaint_alone(office):
    one = office.desk.file(answer=ANSWER)
    office.desk.later(days=1)
    two = office.desk.file(answer=ANSWER)
    english, test = office.desk.file(answer=ANSWER, lang="en"), office.desk.file(answer=ANSWER, is_test=True)
    seen = office.client("handler").get(f"{page(one)}/decide").get_data(as_text=True)
    assert re.findall(r'name="also" value="(\w+):1"', seen) == [two.uid]
    also = [f"{two.uid}:1"]
    for text in ("您的投诉{number}已核实。", f"投诉{one.number}已核实。", "您{filed_on}的投诉已核实。"):
        answer = decide(office, one, also=also, text=text)
        assert (answer.status_code, "只适用于本投诉" in words(answer)) == (422, True), text
    for each in (english, test):
        answer = decide(office, one, also=[*also, f"{each.uid}:1"])
        assert (answer.status_code, f"选中一并答复的{each.number}" in words(answer)) == (409, True)
    assert {office.desk.case(each).state for each in (one, two, english, test)} == {"submitted"}
    # Alone it may say so, and together what is true of both.
    assert decide(office, one, also=also, text="这条回答已核实。").status_code == 303
    assert office.desk.case(two).state == "decided"
    assert decide(office, english, text="Complaint {number} was looked into.").status_code == 303


def test_nor_does_who_is_joined(office):
    one = office.desk.file()
    office.desk.do(one, "accept")
    other = office.desk.file()
    office.desk.do(other, "merge", lead=one)
    answer = decide(office, one, text="您的投诉{number}已核实。")
    assert (answer.status_code, "只适用于本投诉" in words(answer)) == (422, True)
    assert decide(office, one, text="回答已核实。").status_code == 303


def test_nobody_is_answered_in_another_language_by_what_they_are_joined_to(office):
    one, english = office.desk.file(), office.desk.file(lang="en")
    office.desk.do(one, "accept")
    office.desk.do(english, "merge", lead=one)
    answer = decide(office, one, text="回答已核实。")
    assert (answer.status_code, f"{english.number}：已并入本件" in words(answer)) == (422, True)
    office.desk.do(english, "unmerge")
    assert decide(office, one, text="回答已核实。").status_code == 303


def test_nor_does_who_is_joined_while_the_answer_is_checked(office, monkeypatch):
    one, other = office.desk.file(), office.desk.file()
    office.desk.do(one, "accept")
    looked = readers.check

    def check(*given):
        looked(*given)
        if office.desk.case(other).merged_into is None:
            office.desk.act(other, relations.merge, one.uid, BOB, "同一件事")

    monkeypatch.setattr(readers, "check", check)
    answer = decide(office, one, text="您的投诉{number}已核实。")
    assert (answer.status_code, "只适用于本投诉" in words(answer)) == (422, True)
    assert office.desk.case(one).state == "accepted"


def test_deciding_together_is_all_or_nothing(office):
    one, two = (office.desk.file(answer=ANSWER) for _ in range(2))
    stranger = office.desk.file(fields={"details": "别的事情"})
    for also in ([f"{two.uid}:7"], [f"{two.uid}:1", f"{stranger.uid}:1"]):
        answer = decide(office, one, also=also)
        assert answer.status_code == 409
        assert "经核实，您反映的情况属实。" in answer.get_data(as_text=True)
    assert {office.desk.case(each).state for each in (one, two, stranger)} == {"submitted"}


def test_declining_needs_a_reason_and_words(office):
    filed = office.desk.file()
    assert decide(office, filed, mode="decline", reason="").status_code == 422
    assert decide(office, filed, mode="decline", reason="not_ours").status_code == 303
    assert office.desk.case(filed).state == "declined"


def test_the_second_of_two_operators_sees_both_texts_and_loses_nothing(office):
    filed = office.desk.file()
    second = office.client("second")
    address = f"{page(filed)}/decide"
    old = second.get(address).get_data(as_text=True)
    # Past the claim that opening the form made: from the product's own code, say.
    office.desk.do(filed, "note")
    answer = send_from(
        second, old, address, "/decide", "send", outcome="upheld", reason="verified", text="第二个人的答复"
    )

    assert answer.status_code == 409
    said = words(answer)
    assert "内部备注" in said
    assert "第二个人的答复" in said
    assert "其他人改动了这份投诉" in said
    assert office.desk.case(filed).state == "submitted"
    again = send_from(
        second, answer.get_data(as_text=True), address, "/decide", "send", outcome="upheld", reason="verified"
    )
    assert again.status_code == 303
    assert office.desk.events(filed)[-1].text("public") == "第二个人的答复"


@pytest.mark.parametrize(
    "row",
    [
        {"target-1": "回答17"},
        {"detail-1": "先停三天"},
        {"retest-1": "y"},
        {"report_no-1": "A-17"},
    ],
    ids=lambda row: next(iter(row)),
)
def test_a_line_without_its_measure_is_named_and_not_dropped(office, row):
    filed = office.desk.file()
    given = {"action-0": "warn", "target-0": "账号 u-1", "action-1": "", **row}
    for do in ("preview", "send"):
        answer = decide(office, filed, do=do, **given)
        html = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "措施2填了内容，但没有选择是哪一项" in words(answer)
        kept = next(form["data"] for form in Forms(html).found if "facts" in form["data"])
        assert row.items() <= kept.items()
    assert types(office, filed) == ["filed", "viewed"]
    # Lines that nobody touched say nothing.
    assert decide(office, filed, **{"action-0": "warn", "target-0": "账号 u-1"}).status_code == 303


def test_faults_of_measures_stand_with_the_measures_and_are_led_to(office):
    filed = office.desk.file()
    html = decide(office, filed, **{"action-0": "stop_generation"}).get_data(as_text=True)

    assert re.search(r'<a href="#actions">[^<]*停止生成', html)
    group = re.search(r'<fieldset class="cmp-field cmp-wrong" id="actions".*?</fieldset>', html, re.DOTALL)
    assert group
    assert 'id="actions-error"' in group[0]
    assert 'id="text-error"' not in html


def test_each_of_several_complaints_orders_the_measures_and_the_page_says_so(office):
    one, two, *_ = (office.desk.file(answer=ANSWER) for _ in range(4))
    said = words(office.client("handler").get(f"{page(one)}/decide"))
    assert "处置措施会对每一份分别执行。" in said
    measures = {"action-0": "warn", "target-0": "账号 u-1"}
    said = words(decide(office, one, do="preview", also=[f"{two.uid}:1"], **measures))
    assert "这2份投诉会各自重新执行一次上面的措施。" in said


def along(answer):
    """The boxes of those to be answered along, with whether each is ticked; and the part of the page they are in."""
    html = answer.get_data(as_text=True)
    part = html[html.index("一并答复</legend>") :].split("</fieldset>")[0]
    boxes = re.findall(r'name="also" value="(\w+):(\d+)"( checked)?>', part)
    return {uid: (int(version), bool(checked)) for uid, version, checked in boxes}, part


def test_a_report_that_changed_stays_ticked_and_the_page_says_that_it_changed(office):
    one, two, three = (office.desk.file(answer=ANSWER) for _ in range(3))
    also = [f"{two.uid}:1", f"{three.uid}:1"]
    office.desk.do(two, "note")
    answer = decide(office, one, do="preview", also=also)
    boxes, part = along(answer)

    assert boxes == {two.uid: (2, True), three.uid: (1, True)}
    assert part.count("选中后有改动，请再核对") == 1
    assert part.index(two.number) < part.index("选中后有改动")
    answer = decide(office, one, also=also)
    assert answer.status_code == 409
    assert f"选中一并答复的{two.number}在此期间有改动" in words(answer)
    assert along(answer)[0] == boxes
    assert {office.desk.case(each).state for each in (one, two, three)} == {"submitted"}
    # Looked at and sent as it stands now, it goes out to all.
    again = [f"{uid}:{version}" for uid, (version, _) in boxes.items()]
    assert decide(office, one, also=again).status_code == 303
    assert {office.desk.case(each).state for each in (one, two, three)} == {"decided"}


def test_a_report_that_cannot_be_answered_along_any_more_is_named(office):
    one, two, three = (office.desk.file(answer=ANSWER) for _ in range(3))
    also = [f"{two.uid}:1", f"{three.uid}:1"]
    decide(office, two)
    for do in ("preview", "send", "more"):
        answer = decide(office, one, do=do, also=also)
        boxes, part = along(answer)
        assert boxes == {three.uid: (1, True)}
        assert f"未包括在内：{two.number}" in part
        assert office.desk.case(one).state == "submitted"
