"""A person asks what is kept and to have it erased; operators keep to it, on pages, in mails and by command."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from factories import BOB
from following import SECRETS
from office import ADMIN, Office, quick_passwords, send

from complaints.cases import attachments, erasure
from complaints.cases.attachments import check
from complaints.cli import group
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.jobs.ticks import tick
from complaints.ledger.work import COMPLAINANT
from complaints.store.tables import Outbox
from complaints.web import mails

TEXT = "只有本人知道的事"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    made.filed = made.desk.file(
        "inaccurate", fields={"details": TEXT}, uploads=[check("合同.txt", b"words", max_mb=1)]
    )
    made.other = made.desk.file("billing", fields={"details": "旁边的一件"})
    for who in ("handler", "supervisor", "auditor"):
        made.client(who)
    return made


def page(filed, tail=""):
    return f"{ADMIN}/case/{filed.number}{tail}"


def types(desk, filed):
    return [entry.type for entry in desk.events(filed)]


def test_the_person_reads_and_takes_along_what_is_kept_and_both_stand_in_the_log_once(following):
    following.do("accept")
    following.open()
    read = following.get(following.path("/data")).text
    assert "聊天 记录.txt" in read
    assert "reporter@example.com" in read
    following.get(following.path("/data"))
    taken = following.get(following.path("/data.json"))

    assert taken.headers["Content-Disposition"] == f'attachment; filename="{following.filed.number}.json"'
    kept = json.loads(taken.data)
    assert kept["contact"]["mail"] == "reporter@example.com"
    assert [each["name"] for each in kept["files"]] == ["聊天 记录.txt"]
    assert not any(secret in taken.text for secret in SECRETS)
    told = [
        entry.meta["form"] for entry in following.desk.events(following.filed) if entry.type == "disclosed"
    ]
    assert told == ["page", "json"]
    for foreign in ("/data", "/data.json"):
        assert following.get(following.path(foreign, following.other)).status_code == 404


def test_the_person_asks_reads_until_when_and_may_change_their_mind(following):
    for step in ("accept", "decide", "release", "close"):
        following.do(step)
    following.open()
    assert following.act("erase").status_code == 303
    text = following.get().text
    assert "您已申请删除个人信息" in text
    assert "2029年11月23日" in text
    assert 'value="erase"' not in text
    assert following.act("keep").status_code == 303
    assert following.desk.case(following.filed).stored_only_at is None


def test_past_the_period_the_page_erases_at_once_and_number_and_code_still_say_so(following):
    following.do("withdraw")
    following.desk.later(days=3 * 366)
    following.open()
    assert following.act("erase").status_code == 303
    assert following.desk.case(following.filed).erased_at is not None
    page = following.get().text
    assert "个人信息已删除" in page
    assert following.get(following.path("/data")).status_code == 200
    fresh = following.app.test_client()
    following.client = fresh
    assert following.enter().status_code == 303


def test_a_stored_case_is_closed_to_operators_until_they_give_a_reason(office):
    office.desk.act(office.filed, erasure.request, COMPLAINANT)
    uid = office.desk.read(lambda work: attachments.held(work, office.filed.uid)[0].uid)
    handler = office.client("handler")
    for who in ("handler", "supervisor", "auditor"):
        shown = office.client(who).get(page(office.filed)).text
        assert TEXT not in shown
        assert "合同" not in shown
        assert "r***@" not in shown
        assert office.client(who).get(page(office.filed, f"/files/{uid}")).status_code == 403
    assert TEXT not in handler.get(f"{ADMIN}/").text
    assert handler.get(page(office.filed)).text.count("/reply") == 0

    assert send(handler, page(office.filed), "/stored", reason="  ").status_code == 303
    assert TEXT not in handler.get(page(office.filed)).text
    assert send(handler, page(office.filed), "/stored", reason="给出应有的答复").status_code == 303
    assert TEXT in handler.get(page(office.filed)).text
    assert TEXT not in office.client("supervisor").get(page(office.filed)).text
    office.desk.later(hours=1)
    assert TEXT not in handler.get(page(office.filed)).text


def test_what_is_only_stored_is_handed_over_once_a_reason_is_given(office):
    office.desk.act(office.filed, erasure.request, COMPLAINANT)
    client = office.client("supervisor")
    closed = taken(client, office.filed)
    assert (closed.status_code, TEXT in closed.text) == (303, False)
    assert "disclosed" not in types(office.desk, office.filed)
    send(client, page(office.filed), "/stored", reason="本人要求查看")
    assert TEXT in taken(client, office.filed).text
    assert types(office.desk, office.filed)[-1] == "disclosed"


def test_what_is_kept_is_handed_over_by_a_form_and_after_a_fresh_log_in_alone(office):
    client, place = office.client("supervisor"), page(office.filed, "/data.json")
    assert client.get(place).status_code == 404
    bare = client.post(place)
    assert (bare.status_code, bare.mimetype) == (400, "text/html")
    office.desk.later(minutes=16)
    late = taken(client, office.filed)
    assert (late.status_code, late.mimetype) == (422, "text/html")
    assert "15 分钟内的登录" in late.text
    assert "disclosed" not in types(office.desk, office.filed)

    given = taken(office.client("supervisor"), office.filed)
    assert (given.status_code, given.headers["Content-Disposition"][:10]) == (200, "attachment")
    assert TEXT in given.text
    assert types(office.desk, office.filed)[-1] == "disclosed"
    assert types(office.desk, office.other) == ["filed"]


def test_once_ended_a_handler_cannot_open_a_stored_case_but_an_auditor_can(office):
    office.desk.do(office.filed, "withdraw")
    office.desk.act(office.filed, erasure.request, COMPLAINANT)
    assert "/stored" not in office.client("handler").get(page(office.filed)).text
    assert send(office.client("auditor"), page(office.filed), "/stored", reason="年度审计").status_code == 303
    assert TEXT in office.client("auditor").get(page(office.filed)).text


def test_leaders_enter_requests_hold_and_order_on_the_page_and_errors_keep_the_case(office):
    office.desk.do(office.filed, "withdraw")
    client = office.client("supervisor")
    place = page(office.filed, "/personal")
    token = _forms(client.get(place).text)
    assert _post(client, place, token, "hold", reason=" ").status_code == 422
    assert _post(client, place, token, "nonsense").status_code == 400
    assert _post(client, place, token, "hold", reason="诉讼").status_code == 303
    assert office.desk.case(office.filed).held_at is not None
    assert _post(client, place, token, "hold", reason="旧页面").status_code == 409
    token = _forms(client.get(place).text)
    assert _post(client, place, token, "lift", reason="已结案").status_code == 303
    token = _forms(client.get(place).text)
    assert _post(client, place, token, "third", fields=["1/details"]).status_code == 303
    token = _forms(client.get(place).text)
    assert _post(client, place, token, "order", reason="法院", persons=["third_party"]).status_code == 303
    assert types(office.desk, office.filed)[-1] == "erased"
    assert office.desk.events(office.filed)[0].text("details") == ""
    assert client.post(page(office.filed, "/data.json"), data=token).status_code == 200
    assert types(office.desk, office.other) == ["filed"]


def test_an_order_to_erase_needs_a_fresh_log_in_and_keeps_what_was_typed(office):
    office.desk.do(office.filed, "withdraw")
    client, place = office.client("supervisor"), page(office.filed, "/personal")
    office.desk.later(minutes=16)
    token = _forms(client.get(place).text)
    late = _post(client, place, token, "order", reason="法院（2026）9号", persons=["complainant"])
    assert late.status_code == 422
    assert "15 分钟内的登录" in late.text
    assert "法院（2026）9号" in late.text
    assert types(office.desk, office.filed)[-1] == "viewed"
    fresh = office.client("supervisor")
    token = _forms(fresh.get(place).text)
    again = _post(fresh, place, token, "order", reason="法院（2026）9号", persons=["complainant"])
    assert again.status_code == 303
    assert types(office.desk, office.filed)[-1] == "erased"


def test_nothing_but_the_owed_answer_is_mailed_from_a_stored_case(office):
    office.desk.act(office.filed, erasure.request, COMPLAINANT)
    office.desk.do(office.filed, "accept")
    rows = office.desk.read(lambda work: list(work.session.query(Outbox).filter_by(
        complaint_id=office.desk.case(office.filed).id, recipient="complainant")))  # fmt: skip
    sent = {}
    with office.app.app_context():
        for row in rows:
            view = OutboxView(**{name: getattr(row, name) for name in OutboxView.__dataclass_fields__})
            try:
                sent[row.kind] = mails.letter(office.installation, view).to
            except DeliveryError as error:
                sent[row.kind] = str(error)

    assert sent["accepted"] == "reporter@example.com"
    assert "StoredOnly" in sent["received"]


def test_the_hourly_run_erases_what_is_due_and_leaves_the_rest(office):
    office.desk.do(office.filed, "withdraw")
    held = office.desk.file()
    office.desk.do(held, "withdraw")
    office.desk.act(held, erasure.hold, BOB, "诉讼")
    office.desk.later(days=3 * 366)
    with office.app.app_context():
        done = tick(office.installation, post=None, alone=True)
        assert (done.erased, done.failed) == (1, 0)
        office.desk.later(seconds=7200)
        assert tick(office.installation, post=None, alone=True).erased == 0

    assert office.desk.case(office.filed).erased_at is not None
    assert office.desk.case(held).erased_at is None
    assert office.desk.case(office.other).erased_at is None


def test_the_command_erases_and_says_what_remains(office):
    runner = office.app.test_cli_runner()
    office.desk.do(office.filed, "withdraw")
    asked = runner.invoke(
        group,
        [
            "erase",
            office.filed.number,
            "--request",
            "--reason",
            "来电，已核对编号",
            "--by",
            "lin",
        ],
    )
    assert asked.exit_code == 0, asked.output
    assert "only stored" in asked.output
    assert runner.invoke(group, ["erase"]).exit_code == 2
    assert runner.invoke(group, ["erase", "TS20260101-222222", "--request"]).exit_code == 1
    office.desk.later(days=3 * 366)
    due = runner.invoke(group, ["erase", "--due"])

    assert due.exit_code == 0, due.output
    assert "erased: 1" in due.output
    assert "Backups:" in due.output
    assert "secure_delete" in due.output
    assert office.desk.case(office.filed).erased_at is not None
    assert office.desk.case(office.filed).erased_at - office.desk.clock.now == timedelta(0)


def taken(client, filed):
    """The answer to the button that downloads what is kept."""
    return send(client, page(filed, "/personal"), "/data.json")


def _forms(text):
    values = dict(re.findall(r'name="(\w+-csrf_token)" value="([^"]+)"', text))
    return values | dict(re.findall(r'name="(\w+-version)" value="(\d+)"', text))


def _post(client, place, token, act, **values):
    data = {key: value for key, value in token.items() if key.startswith(f"{act}-")}
    return client.post(place, data={"act": act, **data, **{f"{act}-{k}": v for k, v in values.items()}})
