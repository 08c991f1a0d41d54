"""Every route of the operators against every role: what is not listed here fails."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from office import ADMIN, PEOPLE, Office, quick_passwords

from complaints.cases.people import Operator

STAFF = {"handler", "supervisor", "auditor", "admin"}
HANDLERS = {"handler", "supervisor", "admin"}
READERS = {"supervisor", "auditor", "admin"}
LEADERS = {"supervisor", "admin"}
ANYONE = {*STAFF, "anyone"}
# endpoint → method → who may; the number and uid of the addresses are filled with ones that do not exist.
MATRIX = {
    "login": {"GET": ANYONE, "POST": ANYONE},
    "logout": {"POST": ANYONE},
    "account": {"GET": STAFF, "POST": STAFF},
    "second_factor": {"GET": STAFF, "POST": STAFF},
    "account_monthly": {"POST": READERS},
    "sessions_end": {"POST": STAFF},
    "board": {"GET": STAFF},
    "figures": {"GET": STAFF},
    "figures_file": {"GET": STAFF},
    "figures_recount": {"POST": STAFF},
    "queue": {"GET": STAFF},
    "find": {"GET": STAFF, "POST": STAFF},
    "appeals": {"GET": STAFF},
    "bulk": {"POST": HANDLERS},
    "bulks": {"GET": HANDLERS},
    "bulk_job": {"GET": HANDLERS},
    "bulk_cancel": {"POST": HANDLERS},
    "arrived": {"GET": STAFF},
    "view_keep": {"POST": STAFF},
    "view_remove": {"POST": STAFF},
    "case": {"GET": STAFF},
    "clocks": {"GET": STAFF},
    "contact": {"POST": HANDLERS},
    "claim": {"POST": HANDLERS},
    "renew": {"POST": HANDLERS},
    "act": {"POST": HANDLERS},
    "personal": {"GET": LEADERS, "POST": LEADERS},
    "open_stored": {"POST": STAFF},
    "kept_data": {"POST": LEADERS},
    "file": {"GET": STAFF},
    "picture": {"GET": STAFF},
    "decide": {"GET": HANDLERS, "POST": HANDLERS},
    "decline": {"GET": HANDLERS, "POST": HANDLERS},
    "forward": {"GET": HANDLERS, "POST": HANDLERS},
    "review": {"GET": HANDLERS, "POST": HANDLERS},
    "new": {"GET": HANDLERS, "POST": HANDLERS},
    "office": {"GET": STAFF},
    "policy": {"GET": STAFF},
    "policy_version": {"GET": STAFF},
    "policy_difference": {"GET": STAFF},
    "outbox": {"GET": READERS},
    "outbox_again": {"GET": LEADERS, "POST": LEADERS},
    "outbox_drop": {"GET": LEADERS, "POST": LEADERS},
    "checkpoints": {"GET": READERS},
    "checkpoint": {"GET": READERS},
    "checkpoint_sign": {"POST": {"admin"}},
    "settings": {"GET": {"admin"}},
    "calendar": {"GET": LEADERS},
    "calendar_preview": {"POST": LEADERS},
    "calendar_import": {"POST": LEADERS},
    "health": {"GET": STAFF},
    "retry": {"POST": LEADERS},
    "evidence": {"GET": READERS},
    "audit": {"GET": READERS, "POST": READERS},
    "bundle_order": {"POST": READERS},
    "monthly_order": {"POST": READERS},
    "exports": {"GET": READERS},
    "export_order": {"POST": READERS},
    "export_list": {"GET": READERS, "POST": READERS},
    "export_count": {"GET": READERS},
    "export_change": {"POST": READERS},
    "export_file": {"POST": READERS},
    "operators": {"GET": READERS},
    "operator_add": {"POST": {"admin"}},
    "operator_change": {"POST": {"admin"}},
    "operator_edit": {"GET": {"admin"}, "POST": {"admin"}},
    "teams": {"GET": {"admin"}},
    "team_add": {"POST": {"admin"}},
    "team_edit": {"GET": {"admin"}, "POST": {"admin"}},
    "team_remove": {"POST": {"admin"}},
    "keys": {"GET": {"admin"}},
    "key_add": {"POST": {"admin"}},
    "key_revoke": {"GET": {"admin"}, "POST": {"admin"}},
    "webhooks": {"GET": {"admin"}},
    "webhook_add": {"POST": {"admin"}},
    "webhook_change": {"POST": {"admin"}},
    "webhook_remove": {"GET": {"admin"}, "POST": {"admin"}},
    "replies": {"GET": STAFF},
    "reply_save": {"POST": LEADERS},
    "shortcuts": {"GET": STAFF},
}
FILLED = {
    "number": "TS20261123-222222",
    "uid": "0" * 32,
    "action": "accept",
    "what": "disable",
    "which": "others",
    "deed": "cancel",
    "turn": "pause",
    "letter": 1,
    "kept": 1,
    "version": 1,
    "size": 1,
    "ref": "key_22222222",
    "key": "nobodys",
}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def admin_rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("complaints.admin.")]


def test_every_route_is_in_the_matrix_and_the_matrix_names_no_other(office):
    found = {
        (rule.endpoint.rpartition(".")[2], method)
        for rule in admin_rules(office.app)
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    assert found == {(name, method) for name, row in MATRIX.items() for method in row}


def test_every_view_below_the_admin_address_belongs_to_the_guarded_blueprint(office):
    strays = [
        rule.endpoint
        for rule in office.app.url_map.iter_rules()
        if rule.rule.startswith(ADMIN) and not rule.endpoint.startswith("complaints.admin.")
    ]

    assert strays == []


def test_whoever_sends_a_form_after_their_session_ended_comes_back_to_where_they_wrote(office):
    filed = office.desk.file()
    case = f"{ADMIN}/case/{filed.number}"
    stranger = office.client()
    for sent_to, back in (
        (f"{case}/decide?from=view%3Dall", f"{case}/decide?from%3Dview%253Dall"),
        (f"{case}/reply", case),
        (f"{ADMIN}/new", f"{ADMIN}/new"),
        (f"{ADMIN}/operators/add", ""),
    ):
        answer = stranger.post(sent_to, data={"text": "语句"})
        want = f"{ADMIN}/login" + (f"?next={back}" if back else "")
        assert (answer.status_code, unquote(answer.headers["Location"])) == (303, unquote(want)), sent_to


@pytest.mark.parametrize("who", ["anyone", *sorted(STAFF)])
def test_a_route_answers_only_the_roles_it_names(office, who):
    client = office.client("" if who == "anyone" else who)
    wrong = []
    for rule in admin_rules(office.app):
        name = rule.endpoint.rpartition(".")[2]
        with office.app.test_request_context():
            url = rule.build({key: FILLED[key] for key in rule.arguments})[1]
        for method, allowed in MATRIX[name].items():
            answer = client.open(url, method=method)
            to_login = answer.status_code == 303 and "/admin/login" in answer.headers["Location"]
            # The log-out page leads to the log-in page by itself, and a token-less POST ends no session.
            refused = answer.status_code == 403 or (to_login and name != "logout")
            if refused == (who in allowed):
                wrong.append((name, method, answer.status_code))

    assert wrong == []


def test_a_view_that_names_no_role_is_closed_to_everybody(tmp_path, clock, monkeypatch):
    from complaints.web.admin import office as module

    quick_passwords(monkeypatch)
    before = module.register

    def register(blueprint):
        before(blueprint)
        blueprint.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    monkeypatch.setattr(module, "register", register)
    office = Office(tmp_path, clock).start(clock)
    office.hire("boss", "admin", "supervisor", "handler", "auditor")

    assert office.client("boss").get(f"{ADMIN}/forgotten").status_code == 403


def test_without_a_token_nothing_is_done_by_any_post(office):
    filed = office.desk.file()
    client = office.client("admin")
    version = office.desk.case(filed).version
    for rule in admin_rules(office.app):
        if "POST" not in rule.methods or rule.endpoint.endswith(("login", "logout")):
            continue
        with office.app.test_request_context():
            url = rule.build(
                {
                    **{key: FILLED[key] for key in rule.arguments},
                    **({"number": filed.number} if "number" in rule.arguments else {}),
                }
            )[1]
        answer = client.post(
            url,
            data={
                "version": version,
                "text": "文字",
                "do": "send",
                "type": "other",
                "details": "x",
                "channel": "phone",
            },
        )

        assert answer.status_code in {200, 303, 400}, url
    assert [entry.type for entry in office.desk.events(filed)] == ["filed", "viewed"]
    assert office.desk.case(filed).version == version


def test_with_the_hosts_users_there_is_no_login_of_ours(tmp_path, clock):
    office = Office(tmp_path, clock).start(clock, hosts=True)
    client = office.client()

    assert client.get(f"{ADMIN}/").status_code == 404
    assert client.get(f"{ADMIN}/login").status_code == 404
    assert client.get(f"{ADMIN}/account").status_code == 404
    assert client.get(f"{ADMIN}/account/second-factor").status_code == 404

    office.loader = Operator("u17", "王", frozenset({"handler"}))
    page = client.get(f"{ADMIN}/")
    assert page.status_code == 200
    assert "logout" not in page.get_data(as_text=True)
    assert client.get(f"{ADMIN}/account").status_code == 404
    assert client.get(f"{ADMIN}/account/second-factor").status_code == 404


def test_a_cookie_of_ours_opens_nothing_where_the_host_has_users(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    office = Office(tmp_path, clock).start(clock, hosts=True)
    client = office.client("admin")

    assert client.get(f"{ADMIN}/").status_code == 404


def test_a_host_user_without_a_known_login_time_exports_nothing(tmp_path, clock):
    office = Office(tmp_path, clock).start(clock, hosts=True)
    office.loader = Operator("u17", "王", frozenset({"auditor"}))

    client = office.client()
    page = client.get(f"{ADMIN}/evidence").get_data(as_text=True)
    token = client.get(f"{ADMIN}/evidence/exports")
    assert "/evidence/order" not in page
    assert token.status_code == 200


def test_the_matrix_names_real_roles():
    assert {role for row in MATRIX.values() for roles in row.values() for role in roles} <= {
        *PEOPLE,
        "anyone",
    }
