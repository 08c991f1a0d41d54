"""Measures and vendors on the operators' pages: what is asked, what is shown, what can be done about it."""

from __future__ import annotations

import pytest
from office import ADMIN, Office, quick_passwords, send, send_from, words

from complaints import CallbackRefused
from complaints.cases import intake
from complaints.jobs.ticks import tick
from complaints.store.tables import Disposal

POLICY = """
extends = "cn-genai"
undo_seconds = 0
[provider]
name = "示例科技有限公司"
product = "灵犀助手"
[[models]]
name = "示例大模型"
vendor = "星河智能有限公司"
vendor_mail = "abuse@vendor.example.com"
complaint_route = "https://vendor.example.com/complaints"
vendor_webhook = "https://hooks.vendor.example.com/in/a-long-path"
"""
ANSWER = intake.Answer("太阳绕着地球转，电话13812345678", "谁绕着谁转", mark="verified", model="示例大模型")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    made = Office(tmp_path, clock, COMPLAINTS_POLICY_FILE=str(tmp_path / "policy.toml")).start(clock)
    for who in ("handler", "supervisor", "auditor"):
        made.client(who)
    made.desk.file("billing")
    return made


def page(filed):
    return f"{ADMIN}/case/{filed.number}"


def filed(office, kind="other"):
    made = office.desk.file(kind, answer=ANSWER)
    office.desk.do(made, "accept")
    return made


def act(office, made, name, **values):
    return send(office.client("handler"), page(made), f"/{name}", **values)


def shown(office, made, who="handler"):
    return words(office.client(who).get(page(made)))


def run(office):
    with office.app.app_context():
        tick(office.installation, post=None, alone=True)


def which(office, made):
    case = office.desk.case(made)
    row = office.desk.read(
        lambda work: (
            work.session.query(Disposal).filter_by(complaint_id=case.id).order_by(Disposal.id).first()
        )
    )
    return f"{row.seq}/{row.position}"


def refusing(office):
    office.complaints.on_disposal("warn")(_refuse)


def _refuse(commission):
    raise CallbackRefused("账号已注销")


def test_a_report_that_lacks_something_says_what_and_keeps_the_rest(office):
    made = filed(office)

    answer = act(office, made, "record_action", action="report_cac", report_no="举-7", channel="online")

    assert answer.status_code == 422
    assert "“报告网信部门”还缺：报告给哪个部门、报告时间" in words(answer)
    assert "举-7" in answer.get_data(as_text=True)
    answer = act(
        office, made, "record_action", action="report_cac", report_no="举-7", channel="online",
        authority="12377", reported="2026-11-23T09:30",
    )  # fmt: skip
    assert answer.status_code == 303
    text = shown(office, made)
    assert all(each in text for each in ("12377", "网上提交", "举-7", "09:30"))


def test_a_report_in_a_decision_goes_the_same_way(office):
    made = filed(office)
    given = {"outcome": "upheld", "reason": "verified", "text": "经核实属实。", "action-0": "report_police"}
    answer = send(office.client("handler"), f"{page(made)}/decide", "/decide", "send", **given)
    assert answer.status_code == 422
    assert "“报告公安机关”还缺" in words(answer)
    more = {"authority-0": "other", "name-0": "某派出所", "channel-0": "visit", "report_no-0": "无"}
    given |= {**more, "reported-0": "2026-11-23T10:01"}
    answer = send(office.client("handler"), f"{page(made)}/decide", "/decide", "send", **given)
    assert answer.status_code == 303
    assert "某派出所" in shown(office, made)


def test_a_measure_the_product_refused_is_seen_everywhere_and_tried_again(office):
    refusing(office)
    made = filed(office)
    assert act(office, made, "record_action", action="warn", target="账号 u-1").status_code == 303
    assert "执行中" in shown(office, made)
    run(office)

    text = shown(office, made)
    assert all(each in text for each in ("失败", "产品拒绝执行", "账号已注销", "重新执行"))
    assert "重新执行" not in shown(office, made, "auditor")
    listed = office.client("handler").get(f"{ADMIN}/?view=measures").get_data(as_text=True)
    assert listed.count(made.number) >= 1
    assert "1项措施未能执行" in words(office.client("supervisor").get(f"{ADMIN}/health"))

    office.complaints.on_disposal("warn")(lambda commission: "已警示")
    assert act(office, made, "retry_measure").status_code == 303
    run(office)

    text = shown(office, made)
    assert all(each in text for each in ("已完成", "已警示", "已调用产品2次"))
    assert made.number not in office.client("handler").get(f"{ADMIN}/?view=measures").get_data(as_text=True)


def test_a_measure_done_by_hand_instead_is_recorded(office):
    refusing(office)
    made = filed(office)
    act(office, made, "record_action", action="warn", target="账号 u-1")
    run(office)
    assert act(office, made, "measure_done", said="").status_code == 422
    assert act(office, made, "measure_done", said="在后台警示").status_code == 303
    assert "在后台警示" in shown(office, made)


def test_a_retest_is_asked_for_recorded_and_closing_warns_until_it_passed(office):
    made = filed(office)
    act(office, made, "record_action", action="keyword_rule", target="规则7", **{"record_action-retest": "y"})
    office.desk.do(made, "decide")
    office.desk.later(minutes=3)
    run(office)
    assert "办结不会使其了结" in shown(office, made)
    answer = act(office, made, "retest", result="", reference="T-1", day="")
    assert answer.status_code == 422
    assert "T-1" in answer.get_data(as_text=True)
    answer = act(
        office,
        made,
        "retest",
        **{"retest-result": "failed"},
        reference="T-1",
        day="2026-11-23",
        note="仍会答错",
    )
    assert answer.status_code == 303
    assert all(each in shown(office, made) for each in ("复测未通过", "仍会答错", "办结不会使其了结"))
    act(office, made, "retest", **{"retest-result": "passed"}, reference="T-2", day="2026-11-23")
    text = shown(office, made)
    assert "复测通过" in text
    assert "办结不会使其了结" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("retest", "9/9"), ("retest", "x"), ("retest", "99999999999/0"), ("vendor_answer", "77")],
)
def test_a_damaged_choice_is_answered_and_changes_nothing(office, name, value):
    made = filed(office)
    act(office, made, "record_action", action="keyword_rule", target="规则7", **{"record_action-retest": "y"})
    send(office.client("handler"), f"{page(made)}/forward", "/forward", way="hand")
    before = len(office.desk.events(made))
    answer = act(
        office,
        made,
        name,
        which=value,
        **{"retest-result": "passed"},
        reference="T",
        day="2026-11-23",
        text="a",
    )
    assert answer.status_code in {404, 422}
    assert len(office.desk.events(made)) == before


def test_an_extract_is_shown_first_edited_and_sent(office):
    made = filed(office)
    text = words(office.client("handler").get(f"{page(made)}/forward"))
    assert "太阳绕着地球转，电话138****5678" in text
    assert "谁绕着谁转" not in text
    answer = send(
        office.client("handler"), f"{page(made)}/forward", "/forward", text="reporter@example.com 说"
    )
    assert answer.status_code == 422
    assert "内容里有投诉人的姓名或联系方式" in words(answer)

    answer = send(
        office.client("handler"), f"{page(made)}/forward", "/forward", text="模型答错了", way="hand"
    )

    assert answer.status_code == 303
    assert all(
        each in shown(office, made) for each in ("星河智能有限公司", "等待答复", "今天转送", "模型答错了")
    )
    office.desk.later(days=3)
    assert "3天未答复" in shown(office, made)
    assert act(office, made, "vendor_answer", number="V-9", text="已在新版修正").status_code == 303
    assert all(each in shown(office, made) for each in ("已答复", "V-9", "已在新版修正"))


def test_a_vendors_webhook_is_offered_by_its_host_and_refused_without_a_key(office):
    made = filed(office)
    client, address = office.client("handler"), f"{page(made)}/forward"
    text = words(client.get(address))
    assert "由系统发送到对方接口" in text
    assert "hooks.vendor.example.com" in text
    assert "a-long-path" not in text
    answer = send(client, address, "/forward", text="模型答错了", way="webhook")
    assert answer.status_code == 422
    assert "没有这家提供方的密钥" in words(answer)
    office.installation.__dict__["vendor_keys"] = {"星河智能有限公司": (b"k" * 32,)}
    assert send(client, address, "/forward", text="模型答错了", way="webhook").status_code == 303
    assert "通过接口（webhook）" in shown(office, made)


def test_two_operators_who_pass_on_at_once_do_not_both_do_so(office):
    made = filed(office)
    client = office.client("handler")
    html = client.get(f"{page(made)}/forward").get_data(as_text=True)
    office.desk.do(made, "note")
    answer = send_from(client, html, f"{page(made)}/forward", "/forward", text="我改过的话", way="hand")
    assert answer.status_code == 409
    assert "我改过的话" in answer.get_data(as_text=True)
    assert "forwarded" not in [each.type for each in office.desk.events(made)]


def test_a_restricted_matter_asks_for_a_confirmation(office):
    office.hire("cleared", "handler", restricted=True)
    made = filed(office, "minor")
    assert office.client("handler").get(f"{page(made)}/forward").status_code == 404
    client = office.client("cleared")
    answer = send(client, f"{page(made)}/forward", "/forward", text="类型：未成年人", way="hand")
    assert answer.status_code == 422
    answer = send(
        client, f"{page(made)}/forward", "/forward", text="类型：未成年人", way="hand", confirmed="y"
    )
    assert answer.status_code == 303


def test_the_complainant_reads_states_in_plain_words_and_nothing_inside(office):
    refusing(office)
    made = filed(office)
    given = {"outcome": "upheld", "reason": "verified", "text": "经核实属实。"}
    given |= {
        "action-0": "warn",
        "target-0": "账号 u-1",
        "action-1": "stop_generation",
        "target-1": "回答 a-1",
    }
    assert (
        send(office.client("handler"), f"{page(made)}/decide", "/decide", "send", **given).status_code == 303
    )
    run(office)
    send(office.client("handler"), f"{page(made)}/forward", "/forward", text="模型答错了", way="hand")
    act(office, made, "vendor_answer", text="内部的答复")
    visitor = office.app.test_client()
    track = "/complaints/track"
    send(visitor, track, track, number=made.number, code=made.code)

    text = words(visitor.get(f"{track}/{made.number}"))

    assert all(
        each in text
        for each in ("警示 ：进行中", "停止生成 ：已完成", "已转送模型提供方，我们的答复期限不变")
    ) or ("警示：进行中" in text and "停止生成：已完成" in text)
    assert all(
        each not in text for each in ("u-1", "a-1", "失败", "拒绝", "星河", "内部的答复", "账号已注销")
    )
