"""Logging in, recording by hand, accounts, health and evidence, as operators use them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from office import ADMIN, Forms, Office, quick_passwords, send, send_from, words

from complaints.administration import checkpoints, operators
from complaints.delivery import outbox
from complaints.jobs import leases
from complaints.store.tables import Complaint, Operator, Outbox


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


def log_in(office, login, password, **values):
    return send(office.client(), f"{ADMIN}/login", "/login", login=login, password=password, **values)


def cookie(answer):
    return next(
        (line for line in answer.headers.getlist("Set-Cookie") if line.startswith("complaints_operator=")), ""
    )


def test_a_stranger_is_sent_to_the_log_in_page_and_back(office):
    password = office.hire("alice", "handler")
    filed = office.desk.file()
    client = office.client()
    answer = client.get(f"{ADMIN}/case/{filed.number}")
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert filed.number not in words(page)
    answer = send_from(
        client, page.get_data(as_text=True), f"{ADMIN}/login", "/login", login="alice", password=password
    )

    assert answer.headers["Location"].endswith(f"/case/{filed.number}")
    assert office.desk.events(filed)[-1].type == "filed"


def test_the_cookie_is_our_own_strict_and_out_of_scripts_reach(office):
    password = office.hire("alice", "handler")
    plain = cookie(log_in(office, "alice", password))
    assert {"HttpOnly", "SameSite=Strict", f"Path={ADMIN}"} <= {part.strip() for part in plain.split(";")}
    assert "Secure" not in plain
    client = office.app.test_client()
    page = client.get(f"{ADMIN}/login", base_url="https://localhost").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post(
        f"{ADMIN}/login",
        data={"login": "alice", "password": password, "csrf_token": token},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/"},
    )
    assert "Secure" in cookie(answer)


@pytest.mark.parametrize("who", ["alice", "nobody", "gone"])
def test_every_failed_log_in_reads_alike(office, who):
    from complaints.administration import operators
    from complaints.ledger.work import Actor

    office.hire("alice", "handler")
    office.hire("gone", "handler")
    office.installation.write(lambda work: operators.disable(work, "gone", by=Actor("admin", "x")))
    answer = log_in(office, who, "wrong password")

    assert answer.status_code == 403
    assert "登录名、密码或动态码不正确" in words(answer)
    assert not cookie(answer)
    assert "wrong password" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", f"{ADMIN}/..//evil\\x", "/elsewhere"]
)
def test_after_the_log_in_nobody_is_led_elsewhere(office, where):
    password = office.hire("alice", "handler")
    assert log_in(office, "alice", password, next=where).headers["Location"] == f"{ADMIN}/board"


def test_a_one_time_password_opens_only_its_own_change(office):
    password = office.hire("alice", "admin")
    client = office.client()
    answer = send(client, f"{ADMIN}/login", "/login", login="alice", password=password)
    assert answer.status_code == 303
    for page in ("/", "/operators", "/health"):
        assert client.get(f"{ADMIN}{page}").headers["Location"].endswith("/account")
    assert send(client, f"{ADMIN}/account", "/account", old=password, new="short").status_code == 422
    assert (
        send(client, f"{ADMIN}/account", "/account", old=password, new="a sentence of mine").status_code
        == 303
    )
    assert client.get(f"{ADMIN}/").status_code == 200


def test_logging_out_ends_the_session_on_the_server(office):
    client = office.client("handler")
    token = client.get_cookie("complaints_operator", path=ADMIN).value
    assert client.post(f"{ADMIN}/logout").status_code == 303
    assert client.get(f"{ADMIN}/").status_code == 200
    send(client, f"{ADMIN}/", "/logout")
    thief = office.client()
    thief.set_cookie("complaints_operator", token, path=ADMIN, domain="localhost")
    assert thief.get(f"{ADMIN}/").status_code == 303


def record(office, who="handler", kind="billing", **values):
    given = {"channel": "phone", "details": "电话里说扣了两次钱", **values}
    client = office.client(who)
    return send(client, f"{ADMIN}/new?type={kind}", "/new", **given)


def only_case(office):
    return office.desk.read(lambda work: work.session.query(Complaint).one())


def test_a_complaint_by_phone_gets_a_number_a_code_and_its_own_date(office, clock):
    arrived = clock.now - timedelta(days=3)
    answer = record(office, arrived=(arrived + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"))
    case = only_case(office)
    entry = office.desk.read(
        lambda work: __import__("complaints.ledger.reading").ledger.reading.history(work, case.uid)
    )[0]

    assert answer.status_code == 200
    assert case.number in words(answer)
    assert (case.channel, case.filed_at) == ("phone", arrived)
    assert entry.actor == entry.meta["recorded_by"] == f"handler:{office.refs['handler']}"
    assert case.result_due < clock.now + timedelta(days=14)
    code = answer.get_data(as_text=True).split("cmp-secret")[1].split(">")[1].split("<")[0]
    from complaints.cases import access

    assert office.desk.read(lambda work: access.by_code(work, case.number, code).uid) == case.uid


def test_recording_twice_files_once(office):
    client = office.client("handler")
    html = client.get(f"{ADMIN}/new?type=billing").get_data(as_text=True)
    first, second = (
        send_from(client, html, f"{ADMIN}/new", "/new", channel="letter", details="来信说扣了两次钱")
        for _ in range(2)
    )
    number = only_case(office).number
    assert number in words(first)
    assert number in words(second)
    assert "没有重复登记" in words(second)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"channel": "carrier pigeon"}, "请选择投诉方式"),
        ({"arrived": "2027-01-01T00:00"}, "请填写日期和时间"),
        ({"arrived": "yesterday"}, "请填写日期和时间"),
        ({"arrived": "2026-01-01T00:00"}, "请填写日期和时间"),
        ({"details": ""}, "请写下发生了什么"),
        ({"mail": "no address"}, "邮箱应类似"),
    ],
)
def test_a_record_that_cannot_be_comes_back_whole(office, values, said):
    answer = record(office, **{"order": "订单88", **values})
    assert answer.status_code == 422
    assert said in words(answer)
    assert "订单88" in answer.get_data(as_text=True)
    assert office.desk.read(lambda work: work.session.query(Complaint).count()) == 0


def test_an_account_is_made_and_its_password_shown_once(office):
    client = office.client("admin")
    answer = send(
        client,
        f"{ADMIN}/operators",
        "/operators/add",
        login="dora",
        name="多拉",
        mail="dora@example.com",
        roles=["handler", "auditor"],
    )
    password = answer.get_data(as_text=True).split('id="one-time">')[1].split("<")[0]

    assert log_in(office, "dora", password).status_code == 303
    assert password not in client.get(f"{ADMIN}/operators").get_data(as_text=True)
    assert (
        send(client, f"{ADMIN}/operators", "/operators/add", login="dora", roles=["handler"]).status_code
        == 422
    )


def people(office):
    """What accounts may do, and how one enters them."""
    return office.desk.read(
        lambda work: [
            (row.login, row.roles, row.restricted, row.password_hash, row.pseudonym)
            for row in operators.everyone(work)
        ]
    )


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/operators/add", {"login": "dora", "roles": ["admin"]}),
        ("/operators/reset", {"login": "handler"}),
        ("/operators/factor", {"login": "handler"}),
        ("/operators/{ref}", {"roles": ["handler", "admin"]}),
        ("/operators/enable", {"login": "handler"}),
        ("/operators/{ref}", {"roles": ["handler"], "restricted": "y"}),
        ("/operators/{ref}", {"roles": ["handler"], "mail": "somebody@elsewhere.example"}),
    ],
)
def test_whoever_opens_a_door_has_logged_in_just_now(office, clock, path, given):
    office.client("second")
    office.client("handler")
    client, before = office.client("admin"), people(office)
    clock.now += timedelta(minutes=16)
    where = f"{ADMIN}{path}".format(ref=office.refs["handler"])
    token = Forms(client.get(f"{ADMIN}/operators").get_data(as_text=True)).found[-1]["data"]["csrf_token"]
    answer = client.post(where, data={**given, "csrf_token": token})

    assert answer.status_code == 422
    assert "请先退出并重新登录" in words(answer)
    assert people(office) == before


def test_a_pseudonym_is_changed_without_logging_in_again(office, clock):
    office.client("handler")
    client = office.client("admin")
    clock.now += timedelta(minutes=16)
    where = f"{ADMIN}/operators/{office.refs['handler']}"
    assert send(client, where, where, pseudonym="7号办理员", roles=["handler"]).status_code == 303

    assert next(row[-1] for row in people(office) if row[0] == "handler") == "7号办理员"


def test_nobody_gives_themselves_a_new_one_time_password(office):
    office.client("handler")
    client, before = office.client("admin"), people(office)
    html = client.get(f"{ADMIN}/operators").get_data(as_text=True)
    forms = [each["data"] for each in Forms(html).found if each["action"].endswith("/operators/reset")]
    assert [each["login"] for each in forms] == ["handler"]
    own = client.post(f"{ADMIN}/operators/reset", data={**forms[0], "login": "admin"})

    assert own.status_code == 422
    assert "自己的密码请在“我的账号”中" in words(own)
    assert people(office) == before
    other = client.post(f"{ADMIN}/operators/reset", data=forms[0])
    assert 'id="one-time"' in other.get_data(as_text=True)


def test_disabling_an_account_logs_it_out(office):
    office.hire("noise", "handler")
    other, client = office.client("handler"), office.client("admin")
    html = client.get(f"{ADMIN}/operators").get_data(as_text=True)
    token = html.split('name="csrf_token" value="')[1].split('"')[0]
    assert (
        client.post(f"{ADMIN}/operators/disable", data={"login": "handler", "csrf_token": token}).status_code
        == 303
    )
    assert other.get(f"{ADMIN}/").status_code == 303
    assert (
        client.post(f"{ADMIN}/operators/disable", data={"login": "admin", "csrf_token": token}).status_code
        == 422
    )
    assert office.desk.read(
        lambda work: {row.login for row in work.session.query(Operator) if row.active}
    ) == {"admin", "noise"}


def test_a_message_given_up_is_sent_again_by_its_button(office):
    filed = office.desk.file()
    case = office.desk.case(filed)

    def give_up(work):
        work.session.query(Outbox).delete()
        outbox.queue(work, "received", "complainant", dedupe="x", complaint_id=case.id)
        work.session.query(Outbox).one().state = "dead"

    office.installation.write(give_up)
    client = office.client("supervisor")
    assert "1条消息已放弃发送" in words(client.get(f"{ADMIN}/health"))
    assert filed.number in words(client.get(f"{ADMIN}/outbox"))
    letter = office.desk.read(lambda work: work.session.query(Outbox).one().id)
    assert send(client, f"{ADMIN}/outbox", f"/{letter}/retry").status_code == 303
    assert office.desk.read(lambda work: work.session.query(Outbox).one().state) == "queued"
    assert "/retry" not in office.client("auditor").get(f"{ADMIN}/outbox").get_data(as_text=True)
    assert office.desk.events(filed)[-1].type == "message_retried"


def test_the_policy_page_names_what_is_missing_and_not_published(office):
    seen = words(office.client("handler").get(f"{ADMIN}/policy"))
    assert "尚未发布" in seen
    assert "服务提供者" in seen


@pytest.mark.parametrize("page", ["health", "evidence"])
def test_why_nothing_is_signed_is_told_in_the_readers_language(office, page):
    office.desk.file()
    checkpoints.sign(office.installation)
    (office.installation.settings.state_folder / "checkpoint.json").unlink()
    client = office.client("admin")
    seen = words(client.get(f"{ADMIN}/{page}"))
    assert "本机不记得自己最后签过哪一个" in seen
    assert "flask complaints checkpoint --adopt OLDER" in seen
    assert "this host" not in seen
    client.set_cookie("complaints_lang", "en")
    seen = words(client.get(f"{ADMIN}/{page}?lang=en"))
    assert "does not remember what it signed last" in seen


def test_a_template_of_ones_own_is_offered(office):
    client = office.client("supervisor")
    answer = send(
        client,
        f"{ADMIN}/replies",
        "/save",
        use="reply",
        lang="zh",
        type="",
        key="mine",
        title="我的模板",
        body="您好【填写：内容】",
    )
    assert answer.status_code == 303
    filed = office.desk.file()
    seen = client.get(f"{ADMIN}/case/{filed.number}?template=mine").get_data(as_text=True)
    assert "您好【填写：内容】" in seen


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_comes_in_both_languages(office, lang):
    filed = office.desk.file()
    client = office.client("admin")
    for page in (
        "/",
        "/office",
        "/policy",
        "/policy/difference",
        "/outbox",
        "/outbox/again",
        "/checkpoints",
        "/settings",
        "/calendar",
        "/evidence",
        "/evidence/audit",
        "/evidence/exports",
        "/operators",
        "/health",
        "/replies",
        "/new",
        "/new?type=ip_notice",
        "/account",
        f"/case/{filed.number}",
        f"/case/{filed.number}/decide",
        f"/case/{filed.number}/decline",
    ):
        joint = "&" if "?" in page else "?"
        answer = client.get(f"{ADMIN}{page}{joint}lang={lang}")
        assert answer.status_code == 200, page
        assert f'lang="{"zh-Hans" if lang == "zh" else "en"}"' in answer.get_data(as_text=True)
        assert " style=" not in answer.get_data(as_text=True)
        assert "<script>" not in answer.get_data(as_text=True)


def test_every_page_says_when_nobody_watches_the_dates_and_none_once_the_clock_has_run(office, clock):
    client = office.client("supervisor")
    pages = ("/", "/policy", "/evidence", "/operators", "/health", "/account")
    for page in pages:
        assert "定时检查从未运行过" in words(client.get(f"{ADMIN}{page}")), page
    database = office.desk.installation.database
    leases.take(database, "tick", clock.now, 60)
    leases.beat(database, "tick", clock.now, 0)
    assert "定时检查" not in words(client.get(f"{ADMIN}/"))
    clock.now += timedelta(minutes=11)
    assert "定时检查上次运行是11 分钟前" in words(client.get(f"{ADMIN}/policy")).replace("11分钟", "11 分钟")


def test_every_page_says_when_a_date_has_waited_for_more_than_ten_minutes(office, clock):
    office.desk.file()
    database = office.desk.installation.database
    clock.now += timedelta(days=10)
    client = office.client("supervisor")
    leases.take(database, "tick", clock.now, 60)
    leases.beat(database, "tick", clock.now, 0)
    for page in ("/", "/policy"):
        assert "还没有处理" in words(client.get(f"{ADMIN}{page}")), page
