"""Handling in the browser: the queue, a case, and what two operators at once make of it."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from office import ADMIN, Forms, Office, quick_passwords, send, send_from, words
from PIL import Image

from complaints.cases import intake
from complaints.cases.attachments import check

TEXT = "它说葡萄柚和降压药可以一起吃 <script>alert(1)</script>"
ANSWER = intake.Answer("可以一起吃", "能一起吃吗", mark="verified")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    for who in ("handler", "second", "supervisor", "auditor"):
        made.client(who)
    return made


def page(filed):
    return f"{ADMIN}/case/{filed.number}"


def act(office, filed, name, who="handler", **values):
    return send(office.client(who), page(filed), f"/{name}", **values)


def decide(office, filed, who="handler", do="send", mode="decide", **values):
    given = {"outcome": "upheld", "reason": "verified", "text": "经核实，您反映的情况属实。", **values}
    return send(office.client(who), f"{page(filed)}/{mode}", f"/{mode}", do, **given)


def release(office, filed):
    from complaints.cases import deciding

    office.desk.later(minutes=3)
    office.desk.act(filed, deciding.release)


def types(office, filed):
    return [entry.type for entry in office.desk.events(filed)]


def system_events(office):
    from complaints.ledger.reading import history

    return [(entry.type, entry.actor) for entry in office.desk.read(lambda work: history(work, "system"))]


def numbers(answer, *filed):
    text = answer.get_data(as_text=True)
    return sorted((each.number for each in filed if each.number in text), key=text.index)


def test_the_queue_begins_with_what_is_due_first(office):
    later = office.desk.file()
    office.desk.do(later, "accept")
    office.desk.later(days=3)
    soon = office.desk.file()
    urgent = office.desk.file("illegal_content")

    assert numbers(office.client("handler").get(f"{ADMIN}/"), later, soon, urgent) == [
        urgent.number,
        soon.number,
        later.number,
    ]


def test_a_late_case_says_so_in_words(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.later(days=40)
    for address in (f"{ADMIN}/?view=late", page(filed)):
        assert "超期" in words(office.client("handler").get(address))


def test_the_queue_shows_sixty_characters_and_none_of_restricted_types(office):
    office.hire("trusted", "handler", restricted=True)
    long, secret = (
        office.desk.file(fields={"details": "字" * 80}),
        office.desk.file("minor", fields={"details": "孩子的事"}),
    )
    seen = office.client("trusted").get(f"{ADMIN}/").get_data(as_text=True)

    assert "字" * 60 + "…" in seen
    assert "字" * 61 not in seen
    assert long.number in seen
    assert secret.number in seen
    assert "孩子的事" not in seen


def test_without_the_permission_a_restricted_case_is_nowhere(office):
    secret = office.desk.file("minor")
    client = office.client("handler")

    assert secret.number not in client.get(f"{ADMIN}/?view=all").get_data(as_text=True)
    assert "全部投诉 0" in words(client.get(f"{ADMIN}/?view=all"))
    for address in (page(secret), f"{page(secret)}/decide", f"{ADMIN}/find?number={secret.number}"):
        assert client.get(address).status_code == 404
    assert client.post(f"{page(secret)}/accept", data={}).status_code == 404
    assert types(office, secret) == ["filed"]


def test_reading_the_queue_is_one_event_per_operator_and_hour(office, clock):
    office.desk.file()
    for who in ("handler", "handler", "second"):
        office.client(who).get(f"{ADMIN}/")
    browsed = [actor for kind, actor in system_events(office) if kind == "browsed"]
    assert browsed == [f"handler:{office.refs['handler']}", f"handler:{office.refs['second']}"]

    office.desk.later(hours=1)
    office.client("handler").get(f"{ADMIN}/")
    assert len([kind for kind, _ in system_events(office) if kind == "browsed"]) == 3


def test_reading_a_case_is_one_event_per_operator_and_hour_and_spoils_no_form(office):
    filed = office.desk.file()
    for _ in range(3):
        office.client("handler").get(page(filed))
    office.client("auditor").get(page(filed))
    office.desk.later(hours=1)
    office.client("handler").get(page(filed))

    assert types(office, filed) == ["filed", "viewed", "viewed", "viewed"]
    assert office.desk.case(filed).version == 1


def test_an_empty_list_names_the_next_date(office):
    office.desk.file()
    assert "下一个到期" in words(office.client("handler").get(f"{ADMIN}/?view=review"))


def test_filters_in_the_address_narrow_the_list(office):
    one, two = office.desk.file("billing"), office.desk.file("other", is_test=True)
    client = office.client("handler")

    assert numbers(client.get(f"{ADMIN}/?view=all&type=billing"), one, two) == [one.number]
    assert numbers(client.get(f"{ADMIN}/?view=all&test=no"), one, two) == [one.number]
    assert numbers(client.get(f"{ADMIN}/?view=all&state=accepted"), one, two) == []


@pytest.mark.parametrize(
    "query",
    ["view=nonsense", "page=999", "page=-1", "page=x", "state='", "type=%00", "assignee=%F0%9F%98%80"],
)
def test_a_strange_address_is_no_fault(office, query):
    office.desk.file()
    assert office.client("handler").get(f"{ADMIN}/?{query}").status_code == 200


def test_what_people_wrote_is_shown_as_text(office):
    filed = office.desk.file(fields={"details": TEXT}, answer=ANSWER)
    html = office.client("handler").get(page(filed)).get_data(as_text=True)

    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "核对一致" in html


def test_accepting_puts_one_in_charge(office):
    filed = office.desk.file()
    assert act(office, filed, "accept").status_code == 303

    case = office.desk.case(filed)
    assert (case.state, case.assignee) == ("accepted", office.refs["handler"])


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
    first, second = office.client("handler"), office.client("second")
    address = f"{page(filed)}/decide"
    old = second.get(address).get_data(as_text=True)
    send(first, page(filed), "/note", note="我先看了日志")
    answer = send_from(
        second, old, address, "/decide", "send", outcome="upheld", reason="verified", text="第二个人的答复"
    )

    assert answer.status_code == 409
    said = words(answer)
    assert "我先看了日志" in said
    assert "第二个人的答复" in said
    assert "其他人改动了这份投诉" in said
    assert office.desk.case(filed).state == "submitted"
    again = send_from(
        second, answer.get_data(as_text=True), address, "/decide", "send", outcome="upheld", reason="verified"
    )
    assert again.status_code == 303
    assert office.desk.events(filed)[-1].text("public") == "第二个人的答复"


def test_a_second_acceptance_conflicts_on_the_case_page(office):
    filed = office.desk.file()
    second = office.client("second")
    old = second.get(page(filed)).get_data(as_text=True)
    act(office, filed, "accept")
    answer = send_from(second, old, page(filed), "/accept")

    assert answer.status_code == 409
    assert "已受理" in words(answer)
    assert office.desk.case(filed).assignee == office.refs["handler"]


def test_a_note_survives_an_old_page(office):
    filed = office.desk.file()
    client = office.client("handler")
    html = client.get(page(filed)).get_data(as_text=True)
    version = next(form for form in Forms(html).found if form["action"].endswith("/note"))["data"][
        "note-version"
    ]
    answer = client.post(
        f"{page(filed)}/note",
        data={"note-note": "写了很久", "note-version": version, "note-csrf_token": "old"},
    )

    assert answer.status_code == 400
    assert "页面停留较久" in words(answer)
    assert "写了很久" in answer.get_data(as_text=True)
    assert send_from(client, answer.get_data(as_text=True), page(filed), "/note").status_code == 303
    assert office.desk.events(filed)[-1].text("note") == "写了很久"


def test_asking_pauses_and_replying_does_not(office):
    filed = office.desk.file()
    act(office, filed, "accept")
    assert act(office, filed, "reply", text="我们在看").status_code == 303
    assert office.desk.case(filed).state == "accepted"
    assert act(office, filed, "ask", text="是哪一天？", reason="").status_code == 422
    assert act(office, filed, "ask", text="是哪一天？", reason="what_happened", days="x").status_code == 422
    assert act(office, filed, "ask", text="是哪一天？", reason="what_happened", days="5").status_code == 303
    assert office.desk.case(filed).state == "awaiting_complainant"
    assert "暂停" in words(office.client("handler").get(page(filed)))


def test_a_note_and_a_reply_go_to_different_people(office):
    filed = office.desk.file()
    act(office, filed, "note", note="内部的话")
    act(office, filed, "reply", text="给您的话")
    note, reply = office.desk.events(filed)[-2:]

    assert (note.type, reply.type) == ("noted", "replied")
    assert note.text("message") == ""
    assert [kind for kind, to in office.desk.outbox(filed) if to == "complainant"] == ["received", "reply"]


def test_a_case_is_given_away_and_taken(office):
    filed = office.desk.file()
    html = office.client("handler").get(page(filed)).get_data(as_text=True)
    give = [form for form in Forms(html).found if form["action"].endswith("/assign")][-1]
    client = office.client("handler")
    html = client.get(page(filed)).get_data(as_text=True)
    give = [form for form in Forms(html).found if form["action"].endswith("/assign")][-1]
    client.post(give["action"], data={**give["data"], "assign-to": office.refs["supervisor"]})

    assert office.desk.case(filed).assignee == office.refs["supervisor"]
    act(office, filed, "assign", who="second")
    assert office.desk.case(filed).assignee == office.refs["second"]


def test_type_class_and_measures_are_recorded(office):
    filed = office.desk.file()
    act(office, filed, "accept")
    assert (
        act(office, filed, "reclassify", type="inaccurate", risk_class="A1a", reason="看错了").status_code
        == 303
    )
    assert act(office, filed, "record_action", action="").status_code == 422
    assert act(office, filed, "record_action", action="remove", target="").status_code == 422
    assert act(office, filed, "record_action", action="remove", target="回答1").status_code == 303

    case = office.desk.case(filed)
    assert (case.type, case.risk_class) == ("inaccurate", "A1a")
    assert "消除或删除" in words(office.client("handler").get(page(filed)))


def test_joining_by_number_and_separating_again(office):
    lead, filed = office.desk.file(), office.desk.file()
    assert act(office, filed, "merge", lead="TS20261123-222222", reason="同一回答").status_code == 422
    assert act(office, filed, "merge", lead=filed.number, reason="同一回答").status_code == 422
    assert (
        act(office, filed, "merge", lead=lead.number.lower().replace("-", " "), reason="同一回答").status_code
        == 303
    )
    assert office.desk.case(filed).merged_into == lead.uid
    assert lead.number in words(office.client("handler").get(page(filed)))
    assert act(office, filed, "unmerge", reason="不是同一件事").status_code == 303
    assert office.desk.case(filed).merged_into is None


def test_only_a_leader_opens_an_ended_case_again(office):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    act(office, filed, "close")
    assert "/reopen" not in office.client("handler").get(page(filed)).get_data(as_text=True)
    assert act(office, filed, "reopen", who="supervisor", reason="有新的材料").status_code == 303
    assert office.desk.case(filed).state == "processing"


@pytest.fixture
def appealed(office):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    office.desk.do(filed, "appeal")
    return filed


def test_nobody_reviews_their_own_decision(office, appealed):
    seen = words(office.client("handler").get(page(appealed)))
    assert "这是您作出的决定，需由他人复核" in seen
    assert "Second" in seen
    assert office.client("handler").get(f"{page(appealed)}/review").status_code == 303
    client = office.client("handler")
    note = next(
        form
        for form in Forms(client.get(page(appealed)).get_data(as_text=True)).found
        if form["action"].endswith("/note")
    )
    token = note["data"]["note-csrf_token"]
    answer = client.post(
        f"{page(appealed)}/review",
        data={
            "csrf_token": token,
            "version": note["data"]["note-version"],
            "do": "send",
            "verdict": "confirm",
            "text": "维持",
        },
    )
    assert answer.status_code == 409
    assert office.desk.case(appealed).state == "under_review"


@pytest.mark.parametrize(
    ("verdict", "values", "state", "event"),
    [
        (
            "confirm",
            {"text": "我们重新核对，维持原答复。", "outcome": "", "reason": ""},
            "decided",
            "confirmed",
        ),
        (
            "change",
            {"outcome": "partly", "reason": "partly_verified", "text": "部分属实。"},
            "decided",
            "changed",
        ),
        ("send_back", {"outcome": "", "reason": "", "text": "", "note": "请重测"}, "processing", "sent_back"),
    ],
)
def test_another_operator_ends_the_review(office, appealed, verdict, values, state, event):
    assert decide(office, appealed, who="second", mode="review", verdict=verdict, **values).status_code == 303
    assert office.desk.case(appealed).state == state
    assert types(office, appealed)[-1] == event


def test_a_review_without_its_end_is_refused(office, appealed):
    answer = decide(office, appealed, who="second", mode="review", text="维持")
    assert answer.status_code == 422
    assert "请选择复核结论" in words(answer)


def test_a_decline_under_review_can_be_taken_on_but_not_changed(office):
    filed = office.desk.file()
    decide(office, filed, mode="decline", reason="not_ours")
    release(office, filed)
    office.desk.do(filed, "appeal")
    seen = office.client("second").get(f"{page(filed)}/review").get_data(as_text=True)
    assert 'value="overturn"' in seen
    assert 'value="change"' not in seen
    assert (
        decide(office, filed, who="second", mode="review", verdict="overturn", text="重新受理").status_code
        == 303
    )
    assert office.desk.case(filed).state == "accepted"


def test_with_nobody_else_the_case_says_so_and_somebody_is_told_once(office, appealed):
    from complaints.administration import operators
    from complaints.ledger.work import Actor

    for login in ("second", "supervisor"):
        office.installation.write(
            lambda work, login=login: operators.disable(work, login, by=Actor("admin", "x"))
        )
    for _ in range(2):
        seen = words(office.client("handler").get(page(appealed)))
        assert "目前没有其他人可以复核" in seen
    assert office.desk.outbox(appealed).count(("no_reviewer", "compliance")) == 1
    assert office.desk.milestones(appealed, kind="review", state="pending")


def test_an_auditor_reads_everything_and_finds_no_form(office):
    filed = office.desk.file()
    html = office.client("auditor").get(page(filed)).get_data(as_text=True)
    assert [form["action"] for form in Forms(html).found if form["method"] == "post"] == [f"{ADMIN}/logout"]


def test_a_contact_is_masked_until_somebody_asks_and_that_is_an_event(office):
    filed = office.desk.file()
    client = office.client("handler")
    assert "reporter@example.com" not in client.get(page(filed)).get_data(as_text=True)
    assert "r***@example.com" in client.get(page(filed)).get_data(as_text=True)
    send(client, page(filed), "/contact")
    assert "reporter@example.com" in client.get(page(filed)).get_data(as_text=True)
    assert office.desk.events(filed)[-1].meta == {"contact": True}
    assert "reporter@example.com" not in office.client("second").get(page(filed)).get_data(as_text=True)
    office.desk.later(hours=1)
    assert "reporter@example.com" not in office.client("handler").get(page(filed)).get_data(as_text=True)


def picture():
    image, data = Image.new("RGB", (40, 30), (200, 10, 10)), BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()


def test_a_picture_is_covered_until_asked_for_and_the_original_is_inert(office):
    filed = office.desk.file(uploads=[check('现场"照片\r\n.jpg', picture(), max_mb=1)])
    client = office.client("handler")
    html = client.get(page(filed)).get_data(as_text=True)
    assert "<img" not in html
    uid = office.desk.events(filed)[0].meta["files"][0]["uid"]
    assert f"/files/{uid}/view" in client.get(f"{page(filed)}?show={uid}").get_data(as_text=True)

    view = client.get(f"{page(filed)}/files/{uid}/view")
    original = client.get(f"{page(filed)}/files/{uid}")
    assert view.status_code == 200
    assert view.data != picture()
    assert original.data == picture()
    assert original.headers["Content-Type"] == "application/octet-stream"
    assert original.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "sandbox" in original.headers["Content-Security-Policy"]
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert types(office, filed)[-2:] == ["viewed", "downloaded"]


def test_a_file_of_another_case_is_not_found(office):
    filed, other = office.desk.file(uploads=[check("a.txt", b"hello", max_mb=1)]), office.desk.file()
    uid = office.desk.events(filed)[0].meta["files"][0]["uid"]
    client = office.client("handler")
    assert client.get(f"{page(other)}/files/{uid}").status_code == 404
    assert client.get(f"{page(filed)}/files/{uid}/view").status_code == 404


def test_who_else_has_the_case_open_is_said(office):
    filed = office.desk.file()
    office.client("second").get(page(filed))
    assert "Second" in words(office.client("handler").get(page(filed)))
    office.desk.later(minutes=61)
    other = words(office.client("handler").get(page(filed)))
    assert "打开过这份投诉" not in other


def test_the_due_date_explains_itself(office, clock):
    clock.now += timedelta(days=34)
    filed = office.desk.file()
    seen = words(office.client("handler").get(page(filed)))
    assert "为什么是这一天" in seen
    assert "元旦" in seen


@pytest.mark.parametrize("to", ["张三 13800138000", "supervisor", "op_unknown", "auditor's reference"])
def test_nobody_but_a_handling_colleague_is_put_in_charge(office, to):
    filed = office.desk.file()
    office.client("auditor")
    given = office.refs["auditor"] if to.startswith("auditor") else to
    answer = act(office, filed, "assign", to=given)
    assert answer.status_code == 422
    assert office.desk.case(filed).assignee is None
    assert given not in "".join(str(entry.meta) for entry in office.desk.events(filed))


def test_a_restricted_case_is_given_only_to_whoever_is_cleared_for_it(office):
    filed = office.desk.file("self_harm")
    office.hire("cleared", "supervisor", restricted=True)
    office.hire("other", "supervisor", restricted=True)
    office.client("second")
    client = office.client("cleared")
    html = client.get(page(filed)).get_data(as_text=True)
    assert office.refs["other"] in html
    give = [form for form in Forms(html).found if form["action"].endswith("/assign")][-1]
    answer = client.post(give["action"], data={**give["data"], "assign-to": office.refs["second"]})
    assert answer.status_code == 422
    assert office.desk.case(filed).assignee is None
