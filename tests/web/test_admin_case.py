"""Handling a case in the browser: what it shows, and each act on it."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
from casework import ANSWER, TEXT, act, decide, page, release, staffed, types
from office import ADMIN, Forms, send, send_from, words
from PIL import Image

from complaints.cases.attachments import check


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def test_a_late_case_says_so_in_words(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.later(days=40)
    for address in (f"{ADMIN}/?view=late", page(filed)):
        assert "超期" in words(office.client("handler").get(address))


def test_reading_a_case_is_one_event_per_operator_and_hour_and_spoils_no_form(office):
    filed = office.desk.file()
    for _ in range(3):
        office.client("handler").get(page(filed))
    office.client("auditor").get(page(filed))
    office.desk.later(hours=1)
    office.client("handler").get(page(filed))

    assert types(office, filed) == ["filed", "viewed", "viewed", "viewed"]
    assert office.desk.case(filed).version == 1


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
    # What was promised to who is joined stands on the page where it is kept.
    led = office.client("handler").get(page(lead)).get_data(as_text=True)
    assert re.search(rf"{filed.number}</a>.*?已并入这一份.*?处理结果.*?还有10个工作日", led, re.DOTALL)
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


def test_a_case_that_becomes_restricted_leaves_the_hands_that_may_not_hold_it(office):
    office.hire("cleared", "handler", restricted=True)
    for who, stays in (("handler", False), ("cleared", True)):
        filed, other = office.desk.file("other"), office.desk.file("other")
        for each in (filed, other):
            assert act(office, each, "accept", who=who).status_code == 303
        assert {office.desk.case(each).assignee for each in (filed, other)} == {office.refs[who]}
        act(office, filed, "reclassify", who=who, type="minor", reason="涉及未成年人")
        case = office.desk.case(filed)
        assert (case.restricted, case.assignee is not None) == (True, stays)
        assert office.desk.case(other).assignee is not None
        told = [to for kind, to in office.desk.outbox(filed) if kind == "new"][1:]
        assert told == ([] if stays else ["operators"])
        # Nobody is held off by a claim of who cannot open it.
        assert act(office, filed, "note", who="cleared", note="看过").status_code == 303


def drafts(office, filed, address=""):
    """Under what the browser keeps the words of each form of the page; what it forgets; to what a text was added."""
    html = office.client("handler").get(page(filed) + address).get_data(as_text=True)
    kept = re.findall(rf'data-cmp-draft="(\w+)-{filed.number}-(\d+)"', html)
    forgotten = re.findall(rf'data-cmp-forget="(reply|ask|note)-{filed.number}-(\d+)"', html)
    added = re.findall(rf'data-cmp-draft="(\w+)-{filed.number}-\d+" data-cmp-added="(\w+)"', html)
    return dict(kept), dict(forgotten), added


def test_half_written_words_outlast_every_act_but_their_own(office):
    filed, other = office.desk.file(), office.desk.file()
    act(office, other, "reply", text="别的")
    kept = {"reply": "0", "note": "0", "ask": "0"}
    assert drafts(office, filed) == (kept, {}, [])
    act(office, filed, "accept")
    act(office, filed, "start")
    # A colleague's words end none of one's own.
    for name, values in (("reply", {"text": "同事的话"}), ("note", {"note": "同事的话"})):
        act(office, filed, name, "second", **values)
    assert drafts(office, filed) == (kept, {}, [])
    # Sent, they are forgotten.
    act(office, filed, "note", note="写好了")
    assert drafts(office, filed) == ({**kept, "note": "1"}, {"note": "0"}, [])
    act(office, filed, "reply", text="写好了")
    act(office, filed, "reply", text="还有一句")
    assert drafts(office, filed) == ({**kept, "note": "1", "reply": "2"}, {"note": "0", "reply": "1"}, [])
    act(office, filed, "ask", text="是哪一天？", reason="what_happened")
    assert drafts(office, filed)[1]["ask"] == "0"


def test_a_text_to_start_from_says_to_which_form_it_was_added(office):
    filed = office.desk.file()
    html = office.client("handler").get(page(filed)).get_data(as_text=True)
    for use in ("reply", "ask"):
        key = re.search(rf"template=(\w+)#{use}", html)[1]
        assert drafts(office, filed, f"?template={key}")[2] == [(use, key)]
