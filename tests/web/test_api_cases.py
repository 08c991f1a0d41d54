"""Cases in the hands of a program: read as on the desk, changed only at the version it has seen, exported masked."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from factories import ALICE, a_decision
from office import Office, quick_passwords

sys.path.insert(0, str(Path(__file__).parent))

from filing import PNG
from machine import BOSS, REPEAT, Machine, kind, make_key

from complaints.administration import api_keys
from complaints.base.errors import NotAllowedError
from complaints.cases import appeal, claims, erasure
from complaints.cases.deciding import Decision
from complaints.jobs.working import work_off
from complaints.ledger import journal
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT, Actor
from complaints.store.tables import ApiKey
from complaints.web.api.acting import ACTS

SECRET = "13812345678"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


@pytest.fixture
def machine(office):
    """A key for everything, beside one that nobody uses and a case that nobody asks for."""
    office.desk.file("billing", fields={"details": "旁边的一件"})
    make_key(office.installation, "read")
    ref, key = make_key(office.installation, "read", "act", "export")
    made = Machine(office.app, key)
    made.ref = ref
    return made


def decided(office, filed):
    """The body of a decision that the policy takes."""
    decision = a_decision(office.desk)
    actions = [{"action": each.action, "target": each.target} for each in decision.actions]
    return {
        "outcome": decision.outcome, "reason": decision.reason, "text": decision.text, "note": "内部",
        "actions": actions,
    }  # fmt: skip


def pages(machine, query=""):
    found, cursor = [], ""
    while True:
        answer = machine.get(f"/cases?limit=2{query}{cursor}").json
        found.append([row["number"] for row in answer["cases"]])
        if answer["next"] is None:
            return found
        cursor = f"&cursor={answer['next']}"


def test_what_a_key_hands_over_is_nobodys_hold_any_more_and_a_key_holds_nothing(office, machine):
    office.hire("second", "handler")
    second, filed = office.refs["second"], office.desk.file()
    case_id = office.desk.case(filed).id

    def at_it():
        return office.desk.read(lambda work: claims.of(work, [case_id])).get(case_id)

    assert machine.act(filed.number, "accept").status_code == 200
    assert at_it() is None
    # Its maker is at it: a note goes beside them, handing it over ends that.
    office.desk.act(filed, claims.take, BOSS.ref)
    assert machine.act(filed.number, "note", {"note": "内部"}).status_code == 200
    assert at_it() == BOSS.ref
    assert machine.act(filed.number, "assign", {"to": second}).status_code == 200
    assert at_it() is None
    office.desk.act(filed, claims.take, second)


def test_a_list_loses_and_repeats_nothing_while_cases_come_in(office, machine):
    numbers = [office.desk.file().number for _ in range(4)]
    first = machine.get("/cases?limit=2").json
    late = [office.desk.file().number for _ in range(3)]
    second = machine.get(f"/cases?limit=2&cursor={first['next']}").json
    third = machine.get(f"/cases?limit=2&cursor={second['next']}").json
    listed = [row["number"] for page in (first, second, third) for row in page["cases"]]

    assert listed[:4] == numbers[::-1]
    assert len(listed) == 5
    assert third["next"] is None
    assert not set(listed) & set(late)
    assert [each for page in pages(machine) for each in page] == [*late[::-1], *listed]


def test_a_list_is_narrowed_and_its_cursor_belongs_to_those_filters(office, machine):
    mine = [office.desk.file() for _ in range(3)]
    for each in mine[:2]:
        office.desk.do(each, "accept")
    accepted = [mine[1].number, mine[0].number]
    page = machine.get("/cases?state=accepted&limit=1").json

    assert [row["number"] for row in page["cases"]] == accepted[:1]
    assert pages(machine, "&state=accepted") == [accepted]
    assert pages(machine, "&type=billing&late=no&test=no")[0] != []
    assert pages(machine, f"&assignee={ALICE.ref}") == [accepted]
    assert pages(machine, "&late=yes") == [[]]
    assert kind(machine.get(f"/cases?state=submitted&limit=1&cursor={page['next']}")) == "cursor"
    assert kind(machine.get(f"/cases?state=accepted&limit=1&cursor={page['next'][:-2]}xx")) == "cursor"


def test_a_list_holds_no_word_of_anybody(office, machine):
    office.desk.file(fields={"details": "很特别的话", "mail": "special@example.com"})
    said = machine.get("/cases").text

    assert "很特别的话" not in said
    assert "special" not in said
    assert not [e for e in office.desk.read(lambda work: history(work, SYSTEM_STREAM)) if e.type == "browsed"]


def test_a_case_is_read_with_its_contact_masked_and_that_stands_in_the_log_once_an_hour(office, machine):
    filed = office.desk.file(fields={"details": "回答不对", "mail": "reporter@example.com"})
    other = office.desk.file()
    answers = [machine.get(f"/cases/{filed.number}") for _ in range(2)]
    office.desk.later(hours=1)
    machine.get(f"/cases/{filed.number}")

    assert answers[0].json["fields"]["details"] == "回答不对"
    assert answers[0].json["contact"] == {"mail": "r***@example.com"}
    assert "reporter@" not in answers[0].text
    assert answers[0].headers["ETag"] == '"1"'
    views = [entry for entry in office.desk.events(filed) if entry.type == "viewed"]
    assert [entry.actor for entry in views] == [f"handler:{machine.ref}"] * 2
    assert [entry.type for entry in office.desk.events(other)] == ["filed"]


def test_a_key_that_only_reads_stands_in_the_log_as_an_auditor(office):
    filed = office.desk.file()
    ref, key = make_key(office.installation, "read")
    can = Machine(office.app, key).get(f"/cases/{filed.number}").json["can"]

    assert can == []
    assert office.desk.events(filed)[-1].actor == f"auditor:{ref}"


def test_a_case_goes_through_its_life_by_a_key(office, machine):
    filed = office.desk.file()
    body = decided(office, filed)
    number = filed.number
    done = [machine.act(number, "accept").json, machine.act(number, "start").json]
    machine.act(number, "note", {"note": f"打给 {SECRET}"})
    machine.act(number, "measures", {"actions": [{"action": "preserve_records", "target": "answer-1"}]})
    machine.act(number, "reply", {"text": "我们在看"}, files=[("图.png", PNG)])
    reason = next(iter(office.desk.read(lambda work: work.policy.ask_reasons)))
    asked = machine.act(number, "ask", {"reason": reason, "text": "请问是哪一天？", "days": 3}).json
    person = Machine(office.app, code=filed.code)
    waiting = person.get(f"/complaints/{number}").json
    person.post(f"/complaints/{number}/messages", {"text": "是昨天"})
    answered = machine.act(number, "decide", body).json
    hidden = person.get(f"/complaints/{number}").json
    office.desk.later(minutes=5)
    office.desk.do(filed, "release")
    told = person.get(f"/complaints/{number}").json
    whole = machine.get(f"/cases/{number}").json

    assert [each["state"] for each in (*done, asked, answered)] == [
        "accepted", "processing", "awaiting_complainant", "decided",
    ]  # fmt: skip
    assert waiting["question"] == "请问是哪一天？"
    assert waiting["can"] == ["message", "supply", "withdraw"]
    assert [file["name"] for file in waiting["files"]] == ["图.png"]
    assert hidden["state"] == "processing"
    assert hidden["decisions"] == []
    assert told["decisions"][0]["text"] == body["text"]
    assert {"appeal", "rate"} <= set(told["can"])
    assert "内部" not in str(told)
    assert SECRET not in str(told)
    texts = [text for event in whole["events"] for text in event["texts"].values()]
    assert f"打给 {SECRET}" in texts
    assert office.desk.case(filed).assignee is None


def test_the_answer_of_an_act_carries_the_next_version(office, machine):
    filed = office.desk.file()
    first = machine.act(filed.number, "accept")
    second = machine.post(f"/cases/{filed.number}/start", If_Match=first.headers["ETag"])

    assert first.json["version"] == 2
    assert first.headers["ETag"] == '"2"'
    assert second.json["state"] == "processing"


def test_of_two_who_act_at_once_the_second_learns_the_present_version(office, machine):
    filed = office.desk.file()
    seen = machine.get(f"/cases/{filed.number}").headers["ETag"]
    office.desk.do(filed, "note")
    late = machine.post(f"/cases/{filed.number}/accept", If_Match=seen)

    assert kind(late) == "stale"
    assert late.json["version"] == 2
    assert late.headers["ETag"] == '"2"'
    assert office.desk.case(filed).state == "submitted"


def test_an_act_sent_again_under_its_key_is_done_once_and_answers_as_before(office, machine):
    filed = office.desk.file()
    version = machine.get(f"/cases/{filed.number}").headers["ETag"]
    address, body = f"/cases/{filed.number}/note", {"note": "一次"}
    answers = [
        machine.post(address, body, If_Match=version, Idempotency_Key=REPEAT),
        machine.post(address, body, If_Match=version, Idempotency_Key=REPEAT),
    ]
    other = machine.post(address, {"note": "两次"}, If_Match='"2"', Idempotency_Key=REPEAT)
    _, second = make_key(office.installation, "act")
    stranger = Machine(office.app, second).post(address, body, If_Match='"2"', Idempotency_Key=REPEAT)

    assert answers[0].json == answers[1].json
    assert kind(other) == "idempotency-reused"
    assert stranger.status_code == 200
    assert [entry.text("note") for entry in office.desk.events(filed) if entry.type == "noted"] == [
        "一次"
    ] * 2


def test_an_act_that_failed_is_not_remembered(office, machine):
    filed = office.desk.file()
    address = f"/cases/{filed.number}/assign"
    nobody = machine.post(address, {"to": "nobody"}, If_Match='"1"', Idempotency_Key=REPEAT)
    office.hire("lin", "handler")
    ref = office.refs["lin"]
    mended = machine.post(address, {"to": ref}, If_Match='"1"', Idempotency_Key=REPEAT)

    assert kind(nobody) == "input"
    assert mended.status_code == 200
    assert office.desk.case(filed).assignee == ref


def test_nobody_is_put_in_charge_who_may_not_handle_the_case(office, machine):
    filed = office.desk.file()
    office.hire("reader", "auditor")
    for ref in (office.refs["reader"], machine.ref, "op_unknown"):
        assert kind(machine.act(filed.number, "assign", {"to": ref})) == "input"
    machine.act(filed.number, "accept")
    machine.act(filed.number, "start")

    assert office.desk.case(filed).assignee is None


def under_review(office, filed, decide):
    office.desk.do(filed, "accept")
    decide()
    office.desk.later(minutes=5)
    office.desk.do(filed, "release")
    office.desk.do(filed, "appeal")


def test_a_key_reviews_neither_its_own_decision_nor_that_of_the_person_who_made_it(office, machine):
    own, makers, strangers = (office.desk.file() for _ in range(3))
    verdict = {"verdict": "confirm", "text": "维持原答复"}
    under_review(office, own, lambda: machine.act(own.number, "decide", decided(office, own)))
    for each in (makers, strangers):
        under_review(office, each, lambda each=each: office.desk.do(each, "decide"))
    first = machine.act(own.number, "review", verdict)
    third = machine.act(strangers.number, "review", verdict)

    def made_by_alice(work):
        work.session.query(ApiKey).filter_by(ref=machine.ref).one().created_by = ALICE.ref

    office.installation.write(made_by_alice)
    second = machine.act(makers.number, "review", verdict)

    assert [kind(first), kind(second)] == ["not-allowed", "not-allowed"]
    assert third.json["state"] == "decided"
    assert office.desk.case(own).state == office.desk.case(makers).state == "under_review"


def test_two_keys_of_one_person_are_that_person(office, machine):
    filed = office.desk.file()
    beside = Machine(office.app, make_key(office.installation, "read", "act")[1])
    under_review(office, filed, lambda: machine.act(filed.number, "decide", decided(office, filed)))
    refused = beside.act(filed.number, "review", {"verdict": "confirm", "text": "维持原答复"})

    def by_hand(work):
        case = journal.lock(work, filed.uid)
        confirmed = Decision("", "", "维持原答复")
        appeal.review(work, case, Actor("supervisor", BOSS.ref), "confirm", confirmed)

    with pytest.raises(NotAllowedError):
        office.installation.write(by_hand)
    assert kind(refused) == "not-allowed"
    assert "review" not in beside.get(f"/cases/{filed.number}").json["can"]
    assert office.desk.case(filed).state == "under_review"


def test_a_decision_is_taken_back_only_before_it_goes_out(office, machine):
    filed = office.desk.file()
    machine.act(filed.number, "accept")
    machine.act(filed.number, "decide", decided(office, filed))
    back = machine.act(filed.number, "take-back")
    machine.act(filed.number, "decide", decided(office, filed))
    office.desk.later(minutes=10)

    assert back.json["state"] == "accepted"
    assert kind(machine.act(filed.number, "take-back")) == "not-possible"


def test_what_is_only_stored_is_not_read_by_a_program(office, machine):
    filed = office.desk.file(fields={"details": "很特别的话"})
    office.desk.do(filed, "withdraw")
    office.desk.act(filed, erasure.request, COMPLAINANT)
    found = machine.get(f"/cases/{filed.number}")

    assert found.json["stored_only"] is True
    assert found.json["fields"] == {}
    assert "很特别的话" not in found.text
    assert kind(machine.act(filed.number, "reply", {"text": "您好"})) == "not-possible"
    order = {"kind": "case", "form": "pdf", "number": filed.number}
    assert kind(machine.post("/exports", order)) == "input"


def test_a_file_is_made_by_the_workers_masked_and_taken_by_its_own_key_alone(office, machine):
    office.desk.file(fields={"details": "回答不对", "mail": "reporter@example.com"})
    order = {"kind": "register", "form": "csv", "from": "2026-11-01", "to": "2026-11-30", "tests": "no"}
    ordered = machine.post("/exports", order, Idempotency_Key=REPEAT)
    again = machine.post("/exports", order, Idempotency_Key=REPEAT)
    other = machine.post("/exports", {**order, "form": "jsonl"}, Idempotency_Key=REPEAT)
    where = ordered.headers["Location"]
    work_off(office.installation)
    done = machine.get(where).json
    file = machine.get(done["file"])
    _, second = make_key(office.installation, "export", restricted=True)
    events = office.desk.read(lambda work: history(work, SYSTEM_STREAM, opened=False))

    assert (ordered.status_code, ordered.json["state"], again.json["uid"]) == (
        202,
        "queued",
        ordered.json["uid"],
    )
    assert kind(other) == "idempotency-reused"
    assert done["state"] == "done"
    assert len(file.data) == done["size"]
    assert "reporter@" not in file.get_data(as_text=True)
    assert "r***@example.com" in file.get_data(as_text=True)
    assert kind(Machine(office.app, second).get(where)) == "not-found"
    assert kind(Machine(office.app, second).get(done["file"])) == "not-found"
    made = [(entry.type, entry.actor) for entry in events if entry.type.startswith("export")]
    assert made == [("exported", f"handler:{machine.ref}"), ("export_downloaded", f"handler:{machine.ref}")]


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({"kind": "register", "form": "pdf"}, "#/form"),
        ({"kind": "register", "form": "csv", "type": "unknown"}, "#/type"),
        ({"kind": "register", "form": "csv", "from": "2026-12-01", "to": "2026-11-01"}, "#/to"),
        ({"kind": "register", "form": "csv", "to": "9999-12-31"}, "#/to"),
        ({"kind": "case", "form": "pdf", "number": "TS20261123-222222"}, "#/number"),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_pointed_at(office, machine, order, pointer):
    answer = machine.post("/exports", order, Idempotency_Key=REPEAT)
    mended = machine.post("/exports", {"kind": "register", "form": "csv"}, Idempotency_Key=REPEAT)

    assert kind(answer) == "input"
    assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    assert mended.status_code == 202


def test_what_is_remembered_of_requests_goes_after_a_day(office, machine, clock):
    from complaints.jobs.cleaning import clean
    from complaints.store.tables import Idempotency

    filed = office.desk.file()
    machine.post(f"/cases/{filed.number}/note", {"note": "x"}, If_Match='"1"', Idempotency_Key=REPEAT)
    count = lambda: office.desk.read(lambda work: work.session.query(Idempotency).count())  # noqa: E731
    clean(office.installation, clock())
    before = count()
    clock.now += timedelta(hours=24)
    clean(office.installation, clock())

    assert (before, count()) == (1, 0)


def test_a_key_is_called_by_its_name_on_the_desk(office, machine):
    from office import ADMIN, words

    filed = office.desk.file()
    machine.act(filed.number, "note", {"note": "由程序写下"})
    page = words(office.client("handler").get(f"{ADMIN}/case/{filed.number}"))
    name = office.desk.read(
        lambda work: next(row.name for row in api_keys.everything(work) if row.ref == machine.ref)
    )

    assert "由程序写下" in page
    assert name in page


def test_a_case_names_only_acts_that_have_an_address(office, machine):
    filed = office.desk.file()
    for step in ("accept", "start"):
        can = machine.get(f"/cases/{filed.number}").json["can"]
        assert "note" in can
        assert set(can) <= ACTS.keys()
        office.desk.do(filed, step)
