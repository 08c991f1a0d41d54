"""Cases that belong together, and cases that go from hand to hand, on the case page."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import pytest
from casework import act, page, staffed
from factories import ALICE
from office import Forms, send, words
from PIL import Image
from sqlalchemy import update

from complaints.cases import conversation, handling
from complaints.cases.attachments import check
from complaints.delivery.people import Recipient
from complaints.delivery.sending import OutboxView
from complaints.store.tables import Operator, Outbox
from complaints.web import notices


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def _view(row):
    return OutboxView(**{name: getattr(row, name) for name in OutboxView.__dataclass_fields__})


def shown(office, filed, who="handler", query=""):
    return office.client(who).get(page(filed) + query)


def test_a_link_is_made_by_number_listed_on_both_and_taken_away(office):
    one, two = office.desk.file(), office.desk.file("billing", fields={"details": "另一件事"})
    assert act(office, one, "link", other=f" {two.number.lower()} ").status_code == 303
    for here, there in ((one, two), (two, one)):
        told = shown(office, here).get_data(as_text=True)
        assert re.search(rf'id="linked".*?{there.number}.*?已提交', told, re.DOTALL)
        assert f"关联到其他投诉 {there.number}" in words(shown(office, here))

    assert act(office, two, "unlink", **{"unlink-other": one.number}).status_code == 303
    assert 'id="linked"' not in shown(office, one).get_data(as_text=True)
    assert f"取消与其他投诉的关联 {two.number}" in words(shown(office, one))


def test_a_similar_report_is_joined_without_typing_its_number(office):
    said = {"details": "同一句话，一字不差"}
    lead, here = office.desk.file(fields=said), office.desk.file(fields=said)
    ended, other = office.desk.file(fields=said), office.desk.file("billing", fields={"details": "另一件事"})
    # What answers the one answers the other: not in another language, nor a test for a real one.
    office.desk.file(fields=said, lang="en")
    office.desk.file(fields=said, is_test=True)
    for name in ("decide", "release", "close"):
        office.desk.do(ended, name)
    html = shown(office, here).get_data(as_text=True)
    ways = [unescape(each) for each in re.findall(r'href="([^"]*join=[^"]*)"', html)]
    assert [lead.uid in each for each in ways] == [True]

    forms = Forms(office.client("handler").get(ways[0]).get_data(as_text=True)).found
    form = next(each for each in forms if each["action"].endswith("/merge"))
    assert form["data"]["merge-lead"] == lead.number
    assert form["data"]["merge-reason"]
    assert send(office.client("handler"), ways[0], "/merge").status_code == 303
    assert office.desk.case(here).merged_into == lead.uid
    # An address that names any other case begins nothing.
    assert lead.number not in shown(office, other, query=f"?join={lead.uid}").get_data(as_text=True)


@pytest.mark.parametrize("given", ["", "TS20261123-222222", "hidden"])
def test_a_number_that_leads_nowhere_says_so_and_so_does_a_hidden_one(office, given):
    filed = office.desk.file()
    if given == "hidden":
        given = office.desk.file("minor").number
    answer = act(office, filed, "link", other=given)
    assert answer.status_code == 422
    assert "没有这个编号" in words(answer)


def test_a_link_to_a_hidden_case_is_nowhere_for_whoever_is_not_cleared(office):
    office.hire("trusted", "supervisor", restricted=True)
    office.client("trusted")
    filed, hidden = office.desk.file(), office.desk.file("minor")
    before = shown(office, filed)
    assert act(office, filed, "link", "trusted", other=hidden.number).status_code == 303
    assert hidden.number in shown(office, filed, "trusted").get_data(as_text=True)
    for who in ("handler", "supervisor", "auditor"):
        told = shown(office, filed, who)
        assert hidden.number not in told.get_data(as_text=True)
        assert "关联到其他投诉" not in words(told)
    assert before.status_code == 200


def test_a_case_is_handed_over_with_a_note_and_the_next_one_is_told(office):
    filed = office.desk.file()
    act(office, filed, "accept")
    mail = update(Operator).where(Operator.login == "second").values(mail="second@example.com")
    office.installation.write(lambda work: work.session.execute(mail))
    act(office, filed, "assign", to=office.refs["second"], note="请先看第二张图")
    assert office.desk.case(filed).assignee == office.refs["second"]
    told = words(shown(office, filed, "second"))
    assert "由Handler转交给Second" in told
    assert told.count("请先看第二张图") == 2
    queued = [each for each in office.desk.outbox(filed) if each[0] == "handed_over"]
    assert queued == [("handed_over", f"operator:{office.refs['second']}")]

    row = office.desk.read(lambda work: work.session.query(Outbox).filter_by(kind="handed_over").one())
    person = Recipient(office.refs["second"], "Second", "second@example.com", frozenset({"handler"}))
    with office.app.app_context():
        letter = notices.digest(office.installation, [_view(row)], person)
    assert filed.number in letter.subject
    assert "已转交" in letter.subject
    assert "请先看第二张图" not in letter.text + letter.html


@pytest.mark.parametrize("to", ["handler", "supervisor"])
def test_who_takes_a_case_or_has_no_address_is_told_nothing(office, to):
    filed = office.desk.file()
    act(office, filed, "assign", to=office.refs[to])
    assert "handed_over" not in [kind for kind, _ in office.desk.outbox(filed)]


def test_a_colleague_is_asked_to_look_at_a_picture(office):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    office.desk.act(filed, conversation.write, "图", [check("x.png", data.getvalue(), max_mb=1)])
    html = shown(office, filed).get_data(as_text=True)
    href = re.search(r'href="[^"]*(\?hand=\w+)#hand-over"', html)[1]
    form = next(
        each
        for each in Forms(shown(office, filed, query=href).get_data(as_text=True)).found
        if "assign-note" in each["data"]
    )
    assert form["data"]["assign-note"] == "请代我查看这张图片。"


def test_each_field_says_what_it_was_and_who_changed_it(office):
    filed = office.desk.file()
    act(office, filed, "accept")
    act(office, filed, "reclassify", type="billing", reason="看过内容")
    office.desk.act(filed, handling.assign, ALICE, office.refs["second"])
    html = shown(office, filed).get_data(as_text=True)
    part = re.search(r'id="changes".*?</section>', html, re.DOTALL)[0]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))
    labels = office.desk.read(
        lambda work: {key: work.policy.types[key].label("zh") for key in ("other", "billing")}
    )
    assert f"{labels['other']} → 变为 {labels['billing']} Handler" in said
    assert "已提交 → 变为 已受理 Handler" in said
    assert "无 → 变为 Handler Handler" in said
    assert "Handler → 变为 Second op_alice" in said
    for raw in ("billing", "submitted", "accepted", office.refs["second"], "assignee"):
        assert raw not in said
    for seq in re.findall(r"#e(\d+)", part):
        assert f'id="e{seq}"' in html
