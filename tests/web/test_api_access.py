"""Who may do what at the interface: every route against every credential; what is not listed here fails."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from office import Office, quick_passwords

sys.path.insert(0, str(Path(__file__).parent))

from machine import BASE, BOSS, Machine, kind, make_key

from complaints.administration import api_keys
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.store.tables import ApiKey
from complaints.web.api.routing import routes_of

ANYBODY, CODE = {"anybody", "code", *api_keys.SCOPES}, {"code"}
READ, ACT, EXPORT = {"read"}, {"act"}, {"export"}
# endpoint → method, and who gets past the door; a filing takes a key only with the scope for it.
MATRIX = {
    "openapi": ("GET", ANYBODY),
    "problems": ("GET", ANYBODY),
    "problem": ("GET", ANYBODY),
    "types": ("GET", ANYBODY),
    "process": ("GET", ANYBODY),
    "file": ("POST", {"anybody", "file"}),
    "follow": ("GET", CODE),
    "message": ("POST", CODE),
    "attach": ("POST", CODE),
    "withdraw": ("POST", CODE),
    "appeal": ("POST", CODE),
    "rate": ("POST", CODE),
    "files": ("GET", CODE),
    "take": ("GET", CODE),
    "proof": ("GET", CODE),
    "cases": ("GET", READ),
    "case": ("GET", READ),
    "original": ("GET", READ),
    "accept": ("POST", ACT),
    "start": ("POST", ACT),
    "resume": ("POST", ACT),
    "close": ("POST", ACT),
    "take_back": ("POST", ACT),
    "assign": ("POST", ACT),
    "ask": ("POST", ACT),
    "reply": ("POST", ACT),
    "note": ("POST", ACT),
    "reclassify": ("POST", ACT),
    "transfer": ("POST", ACT),
    "measures": ("POST", ACT),
    "merge": ("POST", ACT),
    "unmerge": ("POST", ACT),
    "decide": ("POST", ACT),
    "decline": ("POST", ACT),
    "review": ("POST", ACT),
    "export_order": ("POST", EXPORT),
    "export": ("GET", EXPORT),
    "export_file": ("GET", EXPORT),
    "seal": ("POST", {"seal"}),
}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock, COMPLAINTS_LIMIT_TRACKING="10000/hour").start(clock)


def rules(app):
    return {
        rule.endpoint.rpartition(".")[2]: rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("complaints_api.")
    }


def system_events(office):
    return office.desk.read(lambda work: history(work, SYSTEM_STREAM, opened=False))


def test_every_route_is_in_the_matrix_and_the_matrix_names_no_other(office):
    described = {endpoint.rpartition(".")[2] for endpoint, _ in routes_of(office.app.view_functions)}

    assert described == set(MATRIX)
    for name, rule in rules(office.app).items():
        if name in MATRIX:
            assert rule.methods - {"HEAD"} == {MATRIX[name][0]}
        else:
            assert name.startswith(("other", "nowhere")), name


@pytest.mark.parametrize("who", ["anybody", "code", *api_keys.SCOPES])
def test_a_route_lets_in_only_whom_it_names(office, who):
    filed = office.desk.file()
    machine = Machine(office.app)
    if who == "code":
        machine = Machine(office.app, code=filed.code)
    elif who != "anybody":
        machine = Machine(office.app, make_key(office.installation, who)[1])
    wrong = []
    for name, (method, allowed) in MATRIX.items():
        values = {"number": filed.number, "uid": "0" * 32, "name": "stale"}
        rule = rules(office.app)[name]
        with office.app.test_request_context():
            url = rule.build({key: values[key] for key in rule.arguments})[1]
        answer = machine.send(method, url)
        if (answer.status_code in {401, 403}) == (who in allowed):
            wrong.append((name, answer.status_code))

    assert wrong == []
    assert {entry.type for entry in office.desk.events(filed)} <= {"filed", "viewed"}


def test_a_key_that_has_ended_opens_nothing_and_says_no_more_than_an_unknown_one(office, clock):
    ref, key = make_key(office.installation, "read")
    _, short = make_key(office.installation, "read", days=2)
    answers = [Machine(office.app, key).get("/cases"), Machine(office.app, short).get("/cases")]
    clock.now += timedelta(days=2)
    ended = Machine(office.app, short).get("/cases")
    office.installation.write(lambda work: api_keys.revoke(work, ref, by=BOSS))
    revoked = Machine(office.app, key).get("/cases")
    unknown = Machine(office.app, "cmp_" + "a" * 43).get("/cases")

    assert [each.status_code for each in answers] == [200, 200]
    assert ended.json == revoked.json == unknown.json
    assert kind(unknown) == "no-key"
    assert unknown.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_is_kept_as_a_hash_and_its_life_stands_in_the_log(office):
    ref, key = make_key(office.installation, "read", "act", restricted=True, days=30)
    office.installation.write(lambda work: api_keys.revoke(work, ref, by=BOSS))
    office.installation.write(lambda work: api_keys.revoke(work, ref, by=BOSS))
    row = office.desk.read(lambda work: work.session.query(ApiKey).filter_by(ref=ref).one())
    events = [entry for entry in system_events(office) if entry.type.startswith("api_key_")]

    assert key not in repr(vars(row))
    assert [(entry.type, entry.meta["key"], entry.actor) for entry in events] == [
        ("api_key_created", ref, "admin:op_boss"),
        ("api_key_revoked", ref, "admin:op_boss"),
    ]
    assert events[0].meta["scopes"] == ["read", "act"]
    assert events[0].meta["restricted"] is True
    assert events[0].meta["expires"].startswith("2026-12-23")
    assert "read+act" not in str(events[0].meta)


def test_the_use_of_a_key_is_noted_once_an_hour(office, clock):
    ref, key = make_key(office.installation, "read")
    make_key(office.installation, "read")
    machine = Machine(office.app, key)
    seen = []
    for minutes in (5, 10, 60):
        clock.now += timedelta(minutes=minutes)
        machine.get("/cases")
        seen.append(
            office.desk.read(lambda work: work.session.query(ApiKey).filter_by(ref=ref).one().used_at)
        )

    assert [f"{each:%H:%M}" for each in seen] == ["02:00", "02:00", "03:00"]
    others = office.desk.read(
        lambda work: [row.used_at for row in work.session.query(ApiKey) if row.ref != ref]
    )
    assert others == [None]


def test_no_cookie_of_the_desk_or_of_a_person_opens_anything(office):
    filed = office.desk.file()
    client = office.client("admin")

    assert client.get(f"{BASE}/cases").status_code == 401
    assert client.get(f"{BASE}/complaints/{filed.number}").status_code == 401
    assert client.post(f"{BASE}/exports", json={}).status_code == 401


def test_an_unknown_number_and_a_wrong_code_answer_alike(office):
    filed = office.desk.file()
    other = office.desk.file()
    asked = [
        Machine(office.app, code=other.code).get(f"/complaints/{filed.number}"),
        Machine(office.app, code=filed.code).get("/complaints/TS20261123-222222"),
        Machine(office.app, code="x").get("/complaints/nonsense"),
    ]

    assert {(each.status_code, each.text) for each in asked} == {(401, asked[0].text)}
    assert {each.headers["WWW-Authenticate"] for each in asked} == {"Complaint"}


def test_a_restricted_case_is_nowhere_for_a_key_that_may_not_see_it(office, clock):
    hidden = (
        office.desk.file("minor_harm")
        if "minor_harm" in types(office)
        else office.desk.file(restricted(office))
    )
    plain = office.desk.file()
    _, key = make_key(office.installation, "read", "act", "export")
    _, open_key = make_key(office.installation, "read", "export", restricted=True)
    machine, trusted = Machine(office.app, key), Machine(office.app, open_key)
    unknown = machine.get("/cases/TS20261123-222222")

    assert [row["number"] for row in machine.get("/cases").json["cases"]] == [plain.number]
    assert machine.get(f"/cases/{hidden.number}").json == unknown.json
    for act, body in (("accept", None), ("note", {"note": "x"})):
        answer = machine.post(f"/cases/{hidden.number}/{act}", body, If_Match='"1"')
        assert kind(answer) == "not-found"
    merged = machine.act(plain.number, "merge", {"lead": hidden.number, "reason": "同一件事"})
    assert [each["pointer"] for each in merged.json["errors"]] == ["#/lead"]
    wanted = {"kind": "case", "form": "pdf", "number": hidden.number}
    guessed = machine.post("/exports", {**wanted, "number": "TS20261123-222222"})
    assert machine.post("/exports", wanted).json == guessed.json
    assert {row["number"] for row in trusted.get("/cases").json["cases"]} == {hidden.number, plain.number}
    assert trusted.get(f"/cases/{hidden.number}").status_code == 200
    assert trusted.post("/exports", wanted).status_code == 202


def types(office):
    return office.desk.read(lambda work: work.policy.types)


def restricted(office):
    return next(
        key
        for key, row in types(office).items()
        if row.restricted and set(row.required) <= {"details"} and not row.contact_required
    )


def test_what_needs_a_persons_fresh_login_has_no_address_here(office):
    described = Machine(office.app).get("/openapi.json").json
    words = str(sorted(described["paths"])) + str(described["components"]["schemas"]["Export"])

    assert not [word for word in ("erase", "erasure", "unmasked", "hold", "revealed") if word in words]


def test_administrators_make_and_end_keys_on_the_desk_after_a_fresh_login(office, clock):
    from office import ADMIN, send, words

    client = office.client("admin")
    made = send(client, f"{ADMIN}/keys", "/keys/add", name="客服系统", scopes=["read", "act"], days="30")
    secret = next(part for part in words(made).split() if part.startswith("cmp_"))
    answer = Machine(office.app, secret).get("/cases")
    listed = words(client.get(f"{ADMIN}/keys"))
    ref = office.desk.read(lambda work: api_keys.everything(work)[0].ref)
    asked = client.get(f"{ADMIN}/keys/{ref}/revoke")
    ended = send(client, f"{ADMIN}/keys/{ref}/revoke", f"/keys/{ref}/revoke")

    assert answer.status_code == 200
    assert secret not in listed
    assert "客服系统" in words(asked)
    assert ended.status_code == 303
    assert kind(Machine(office.app, secret).get("/cases")) == "no-key"

    wrong = send(client, f"{ADMIN}/keys", "/keys/add", name="", scopes=[], days="0")
    assert wrong.status_code == 422
    assert wrong.get_data(as_text=True).count("cmp-error") >= 3
    clock.now += timedelta(minutes=16)
    stale = send(client, f"{ADMIN}/keys", "/keys/add", name="迟了", scopes=["read"])
    assert stale.status_code == 422
    assert len(office.desk.read(api_keys.everything)) == 1


def test_the_command_line_makes_lists_and_ends_keys(office):
    runner = office.app.test_cli_runner()

    def run(*words):
        from complaints.cli import group

        return runner.invoke(group, ["key", *words])

    made = run("add", "night bot", "--scope", "read", "--days", "7", "--by", "boss")
    ref = office.desk.read(lambda work: api_keys.everything(work)[0].ref)
    secret = made.stdout.strip().splitlines()[-1]

    assert Machine(office.app, secret).get("/cases").status_code == 200
    assert f"{ref}\tnight bot\tread\tactive\t2026-11-23 10:00" in run("list").output
    assert run("revoke", ref, "--by", "boss").exit_code == 0
    assert "revoked" in run("list").output
    assert run("revoke", "key_unknown").exit_code == 1
    assert run("add", "no days", "--scope", "read", "--days", "0").exit_code == 1
    assert secret not in run("list").output
