"""Filing by a program: once however often it is sent, on each database; never closed, never by another's name."""

from __future__ import annotations

import base64
import json
import sys
import threading
from pathlib import Path

import pytest
from altcha import Challenge, Payload, solve_challenge
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parent))

from filing import PNG, cases, close_connections, filed, make_app, reading  # noqa: F401 - used by itself
from machine import REPEAT, Machine, kind, make_key

from complaints import Complaints
from complaints.base.clock import utcnow
from complaints.cases.attachments import held
from complaints.evidence import receipt_check
from complaints.store.tables import Attachment, Complaint, Idempotency

FILING = {
    "type": "other",
    "fields": {"details": "回答里说的事情完全不对😀𠮷", "mail": "reporter@example.com"},
}
SECOND = {"type": "other", "fields": {"details": "另一件事"}}


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


@pytest.fixture
def machine(app):
    noise = Machine(app).post("/complaints", SECOND, Idempotency_Key="another-key-of-somebody")
    assert noise.status_code == 201
    return Machine(app)


def count(app, table):
    return reading(app, lambda work: work.session.scalar(select(func.count()).select_from(table)))


def test_a_filing_gives_number_code_dates_and_a_promise_that_verifies(app, machine):
    answer = machine.post("/complaints", FILING)
    found = answer.json
    person = Machine(app, code=found["code"].lower().replace("-", " "))
    read = person.get(answer.headers["Location"])

    assert answer.status_code == 201
    assert read.json["number"] == found["number"]
    assert read.json["fields"] == {"details": FILING["fields"]["details"]}
    assert read.json["contact"] == {"mail": "reporter@example.com"}
    assert found["accept_due"] == read.json["accept_due"]
    assert found["receipt"]["promise"]["number"] == found["number"]
    assert found["receipt"]["promise"]["kind"] == receipt_check.PROMISE
    assert next(case for case in cases(app) if case.number == found["number"]).channel == "api"


def test_the_same_key_with_the_same_body_files_once_and_shows_the_same_code(app, machine):
    first = machine.post("/complaints", FILING, Idempotency_Key=REPEAT)
    # As another serialiser would write it.
    body = json.dumps(dict(reversed(FILING.items())), indent=2).encode()
    again = machine.post("/complaints", body, Idempotency_Key=REPEAT)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert count(app, Complaint) == 2


def test_the_same_key_with_another_body_is_refused_and_another_key_files_anew(app, machine):
    machine.post("/complaints", FILING, Idempotency_Key=REPEAT)

    assert kind(machine.post("/complaints", SECOND, Idempotency_Key=REPEAT)) == "idempotency-reused"
    assert kind(machine.post("/complaints", FILING, [("a.png", PNG)], Idempotency_Key=REPEAT)) == (
        "idempotency-reused"
    )
    assert machine.post("/complaints", FILING, Idempotency_Key=f"{REPEAT}2").status_code == 201
    assert count(app, Complaint) == 3


def test_what_is_remembered_holds_no_word_and_no_code(app, machine):
    answer = machine.post("/complaints", FILING, Idempotency_Key=REPEAT).json
    rows = reading(app, lambda work: list(work.session.scalars(select(Idempotency))))
    said = json.dumps([[row.key_hash, row.body_hash, row.result] for row in rows], ensure_ascii=False)

    assert len(rows) == 2
    assert answer["code"] not in said
    assert REPEAT not in said
    assert "完全不对" not in said


def test_a_day_later_the_same_request_still_finds_its_complaint(app, machine):
    first = machine.post("/complaints", FILING, Idempotency_Key=REPEAT).json
    installed = app.extensions["complaints"]
    installed.database.write(lambda session: [session.delete(row) for row in session.query(Idempotency)])
    again = machine.post("/complaints", FILING, Idempotency_Key=REPEAT).json

    assert (again["number"], again["code"]) == (first["number"], first["code"])
    assert count(app, Complaint) == 2


def test_two_that_are_sent_at_the_same_moment_make_one_complaint_with_its_files(app, machine):
    senders, answers = 4, []
    together = threading.Barrier(senders)

    def send():
        one = Machine(app)
        together.wait()
        answers.append(one.post("/complaints", FILING, [("截图.png", PNG)], Idempotency_Key=REPEAT))

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.status_code for each in answers] == [201] * senders, [each.text for each in answers]
    assert len({each.text for each in answers}) == 1
    assert count(app, Complaint) == 2
    stored = {
        path.name for path in (Path(app.instance_path) / "complaints" / "files").rglob("*") if path.is_file()
    }
    rows = reading(app, lambda work: list(work.session.scalars(select(Attachment.uid))))
    assert stored == {name for uid in rows for name in (uid, f"{uid}.view")}
    assert len(rows) == 1


def test_words_sent_twice_at_the_same_moment_are_said_once(app, machine):
    made = machine.post("/complaints", FILING).json
    senders, answers = 3, []
    together = threading.Barrier(senders)

    def send():
        one = Machine(app, code=made["code"])
        together.wait()
        address = f"/complaints/{made['number']}/messages"
        answers.append(one.post(address, {"text": "补充"}, Idempotency_Key=REPEAT))

    threads = [threading.Thread(target=send) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timeline = Machine(app, code=made["code"]).get(f"/complaints/{made['number']}").json["timeline"]

    assert {each.status_code for each in answers} == {200}
    assert [each["event"] for each in timeline] == ["message", "filed"]


def test_files_travel_with_the_filing_and_come_back(app, machine):
    made = machine.post("/complaints", FILING, [("../截图.png", PNG), ("说明.txt", "见图".encode())]).json
    person = Machine(app, code=made["code"])
    listed = person.get(f"/complaints/{made['number']}/attachments").json["files"]
    back = person.get(f"/complaints/{made['number']}/attachments/{listed[0]['uid']}")
    other = machine.post("/complaints", SECOND).json
    foreign = Machine(app, code=other["code"]).get(
        f"/complaints/{other['number']}/attachments/{listed[0]['uid']}"
    )

    assert {each["name"] for each in listed} == {"截图.png", "说明.txt"}
    assert back.data in {PNG, "见图".encode()}
    assert back.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in back.headers["Content-Security-Policy"]
    assert kind(foreign) == "not-found"


def test_a_file_that_cannot_be_taken_is_named_and_nothing_is_filed(app, machine):
    bad = [("bild.png", PNG), ("virus.exe", b"MZ\x90\x00")]
    answer = machine.post("/complaints", FILING, bad, Accept_Language="en")
    many = machine.post("/complaints", FILING, [(f"{n}.png", PNG) for n in range(11)])

    assert kind(answer) == kind(many) == "input"
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/files"]
    assert "virus.exe" in answer.json["errors"][0]["detail"]
    assert count(app, Complaint) == 1


def test_a_host_files_for_its_user_with_a_key_and_outside_the_limits_of_its_address(app, tmp_path):
    app.extensions["complaints"].settings.__dict__["LIMIT_FILINGS"] = "1/hour"
    ref, key = make_key(app.extensions["complaints"], "file")
    host = Machine(app, key)
    made = [host.post("/complaints", {**FILING, "owner": f"user-{n}"}) for n in range(3)]
    stranger = Machine(app).post("/complaints", {**FILING, "owner": "user-1"})

    assert [each.status_code for each in made] == [201, 201, 201]
    assert kind(stranger) == "not-allowed"
    owner = reading(app, lambda work: work.hash("owner", "user-1"))
    assert [case.owner_hash == owner for case in cases(app)] == [False, True, False]
    assert all(case.source_hash is None for case in cases(app))
    assert ref.startswith("key_")


def test_beyond_the_limit_work_is_asked_for_and_nobody_is_turned_away(app):
    app.extensions["complaints"].settings.__dict__["LIMIT_FILINGS"] = "1/hour"
    machine = Machine(app)
    machine.post("/complaints", FILING)
    asked = machine.post("/complaints", SECOND)
    challenge = Challenge.from_dict(asked.json["challenge"])
    payload = Payload(challenge, solve_challenge(challenge)).to_dict()
    proof = base64.b64encode(json.dumps(payload).encode()).decode()

    assert kind(asked) == "proof-of-work"
    assert machine.post("/complaints", {**SECOND, "proof": proof}).status_code == 201
    assert kind(machine.post("/complaints", {**SECOND, "proof": proof})) == "proof-of-work"
    assert machine.post("/complaints", {**SECOND, "unproven": True}).status_code == 201
    assert [filed(app, case).meta.get("unproven", False) for case in cases(app)] == [False, False, True]


@pytest.mark.parametrize(("output", "mark"), [("回答的原文", "verified"), ("改过的原文", "altered")])
def test_a_sealed_answer_is_compared_with_the_text_that_came(app, output, mark):
    with app.app_context():
        from complaints import Complaints

        token = Complaints.seal_answer(output="回答的原文", prompt="问题", model="m-1", answer_id="a-1")
    answer = {"token": token, "output": output, "prompt": "问题"}
    kind_of = "inaccurate"
    made = Machine(app).post("/complaints", {**FILING, "type": kind_of, "answer": answer})
    read = Machine(app, code=made.json["code"]).get(f"/complaints/{made.json['number']}").json

    assert read["answer_mark"] == mark
    assert read["answer"]["output"] == output


def test_an_answer_where_none_is_asked_for_and_one_too_long_are_told(app, machine):
    long = {**FILING, "type": "inaccurate", "answer": {"output": "字" * 60_000}}
    plain = next(
        each["key"]
        for each in machine.get("/types").json["types"]
        if not each["takes_answer"]
        and [row["key"] for row in each["fields"] if row["required"]] == ["details"]
    )
    strange = {**FILING, "type": plain, "answer": {"output": "x"}}

    assert machine.post("/complaints", long).json["errors"][0]["pointer"] == "#/answer/output"
    assert [each["pointer"] for each in machine.post("/complaints", strange).json["errors"]] == ["#/answer"]


def test_the_language_of_a_complaint_is_asked_for_or_that_of_the_request(app, machine):
    machine.post("/complaints", {**FILING, "lang": "en"})
    machine.post("/complaints", FILING, Accept_Language="en-GB,en;q=0.9")

    assert [case.lang for case in cases(app)] == ["zh", "en", "en"]


def test_what_can_be_filed_is_what_the_policy_in_force_says(app, machine):
    policy = reading(app, lambda work: work.policy)
    types = {each["key"]: each for each in machine.get("/types").json["types"]}
    described = machine.get("/openapi.json").json["components"]["schemas"]["NewComplaint"]

    assert list(types) == described["properties"]["type"]["enum"] == list(policy.types)
    other = policy.types["other"]
    assert [each["key"] for each in types["other"]["fields"] if each["required"]] == list(other.required)
    assert types["other"]["deadlines"][0]["due"] > f"{utcnow():%Y-%m-%d}"
    process = machine.get("/process").json
    assert process["policy_digest"] == policy.digest
    assert process["contacts"]["phone"] == "010-12345678"


def test_every_attachment_of_a_refused_repeat_is_gone(app, machine):
    machine.post("/complaints", FILING, [("a.png", PNG)], Idempotency_Key=REPEAT)
    machine.post("/complaints", FILING, [("b.txt", b"other")], Idempotency_Key=REPEAT)

    files = reading(
        app, lambda work: [held(work, case.uid) for case in work.session.scalars(select(Complaint))]
    )
    assert sorted(len(each) for each in files) == [0, 1]


@pytest.mark.parametrize(("owner", "notes"), [("user-7", ()), ("user-8", ("other_user",))])
def test_who_reports_an_answer_is_whom_the_hosts_key_names_and_never_a_cookie(
    tmp_path, database_url, owner, notes
):
    asked = []
    app = make_app(tmp_path, database_url, {"complainant_loader": lambda: asked.append(1) or "user-7"})
    with app.test_request_context():
        token = Complaints.seal_answer(output="答案是42", user_ref="user-7")
    body = {
        "type": "inaccurate",
        "fields": {"details": "不对"},
        "answer": {"output": "答案是42", "token": token},
    }
    host = Machine(app, make_key(app.extensions["complaints"], "file")[1])
    answer = host.post("/complaints", {**body, "owner": owner})

    assert answer.status_code == 201
    assert filed(app, cases(app)[-1]).meta.get("answer", []) == list(notes)
    assert asked == []
