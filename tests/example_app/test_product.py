from __future__ import annotations

import json
import re
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from complaints.administration.installation import Installation
from complaints.base import resources
from complaints.cases import handling
from complaints.cases.intake import Answer, Filing
from complaints.cli.setup import setup
from complaints.jobs.ticks import tick
from complaints.ledger import journal
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.policy.profile import load
from complaints.store.tables import Complaint
from example_app import __main__ as starting
from example_app import create_app, responder, talks
from example_app.blocking import HANDLED
from example_app.product import DEMO_USER, SUGGESTIONS, complaints
from example_app.talks import REMEMBERED

ODD = "𠮷😀 <b>“引号”</b>\nعربي"


class Endpoint:
    """A tiny OpenAI-compatible server: says what it was told to say, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.status = 200
        self.lines = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(endpoint.status)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for line in endpoint.lines:
                    self.wfile.write(line.encode() + b"\n\n")
                    self.wfile.flush()

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def says(self, *pieces):
        chunks = [json.dumps({"choices": [{"delta": {"content": piece}}]}) for piece in pieces]
        noise = [
            ": keep-alive",
            'data: {"choices": []}',
            'data: {"choices": [{"delta": {"role": "assistant"}}]}',
        ]
        self.lines = [*noise, *(f"data: {chunk}" for chunk in chunks), "data: [DONE]"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint(monkeypatch):
    server = Endpoint()
    monkeypatch.setenv("EXAMPLE_LLM_URL", server.url)
    monkeypatch.setenv("EXAMPLE_LLM_MODEL", "made-up-7b")
    monkeypatch.setenv("EXAMPLE_LLM_KEY", "not-a-key")
    yield server
    server.close()


@pytest.fixture
def app(tmp_path, monkeypatch, request):
    if "endpoint" not in request.fixturenames:
        monkeypatch.delenv("EXAMPLE_LLM_URL", raising=False)
    monkeypatch.setattr(responder, "PAUSE_SECONDS", 0)
    made = create_app(tmp_path, COMPLAINTS_SCHEDULER=False)
    with made.app_context():
        found: Installation = made.extensions["complaints"]
        setup(found, policy_file=False)
    yield made
    found.database.engine.dispose()


@pytest.fixture
def client(app):
    return app.test_client()


def events(answer):
    return [json.loads(line.removeprefix("data: ")) for line in answer.text.split("\n\n") if line]


def ask(client, prompt):
    """What streams after the first event, which names the answer."""
    return events(client.post("/stream", data={"prompt": prompt}))[1:]


def post(client, prompt):
    """The page without JavaScript."""
    return client.post("/", data={"prompt": prompt}, follow_redirects=True).text


def report_form(html):
    """The action and the fields of the report button, as a browser would send them."""
    texts = re.findall(r'<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>', html, re.DOTALL)
    token = re.search(r'name="token" value="([^"]+)"', html).group(1)
    action = re.search(r'class="cmp-report"[^>]* action="([^"]+)"', html).group(1)
    return action, {"token": token, **{name: unescape(text) for name, text in texts}}


def test_the_page_says_that_the_offline_answers_are_no_model(client):
    page = client.get("/").text
    assert "离线演示应答 · 不是模型" in page
    assert "/complaints/process" in page
    assert "（演示）" in page


def test_the_page_holds_nothing_inline_and_nothing_from_elsewhere(client):
    page = client.get("/")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", page.text)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_an_answer_streams_in_pieces_and_ends_with_its_report_button(client):
    *pieces, last = ask(client, "太阳和地球谁绕着谁转")
    assert len(pieces) > 3
    assert "".join(event["piece"] for event in pieces) == "太阳绕着地球转，一圈是二十四小时。"
    assert "内容由AI生成" in last["below"]
    assert "反映这条回答的问题" in last["below"]


def test_without_javascript_a_suggestion_is_answered_and_the_talk_goes_on(client):
    client.post("/", data={"prompt": ["", "写一首关于清晨的小诗"]})
    second = post(client, "中国的首都是哪里")
    assert "窗外一盏灯" in second
    assert "中国的首都是北京" in second
    assert second.count("反映这条回答的问题</button>") == 2
    assert client.get("/").text == second, "a reload shows the same talk and asks nothing again"


def test_a_talk_is_shown_to_its_own_browser_until_a_new_one_begins(app, client):
    ask(client, "写一首关于清晨的小诗")
    ask(client, "中国的首都是哪里")
    other = app.test_client()
    other.set_cookie("session", "eyJ0YWxrIjoiYSJ9.forged.c2ln")
    assert "窗外一盏灯" in client.get("/").text
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert "窗外一盏灯" not in other.get("/").text
    client.post("/new-talk")
    assert "窗外一盏灯" not in client.get("/").text


def test_a_long_talk_keeps_its_end(client):
    for number in range(REMEMBERED + 1):
        ask(client, f"第{number}个问题")
    page = client.get("/").text
    assert page.count('data-answer="') == REMEMBERED
    assert "第0个问题" not in page


def test_a_talk_is_forgotten_after_its_time(client, monkeypatch):
    ask(client, "写一首关于清晨的小诗")
    monkeypatch.setattr(talks, "KEPT", -talks.KEPT)
    ask(client, "中国的首都是哪里")
    assert "窗外一盏灯" not in client.get("/").text


def test_the_report_button_carries_the_answer_into_the_form_and_the_seal_holds(client):
    action, fields = report_form(ask(client, "太阳和地球谁绕着谁转")[-1]["below"])
    page = client.post(action, data=fields)
    assert page.status_code == 200
    assert "核对一致" in page.text
    altered = client.post(action, data={**fields, "output": "地球绕着太阳转"})
    assert "不一致" in altered.text
    assert "核对一致" not in altered.text


def test_odd_characters_in_a_question_are_shown_as_text_and_still_verified(client):
    html = post(client, ODD)
    assert "<b>“引号”</b>" not in html
    action, fields = report_form(html)
    assert "核对一致" in client.post(action, data=fields).text


def test_an_endpoint_is_asked_as_the_openai_interface_wants_it(endpoint, client):
    endpoint.says("地球绕着", "太阳", "转。")
    first = ask(client, "谁绕着谁转")
    assert "".join(event.get("piece", "") for event in first) == "地球绕着太阳转。"
    ask(client, "一圈多久")
    (path, headers, body), (_, _, later) = endpoint.asked
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer not-a-key"
    assert (body["model"], body["stream"]) == ("made-up-7b", True)
    assert body["messages"] == [{"role": "user", "content": "谁绕着谁转"}]
    assert [each["role"] for each in later["messages"]] == ["user", "assistant", "user"]
    page = client.get("/").text
    assert "made-up-7b" in page
    assert "离线" not in page


@pytest.mark.parametrize(
    ("status", "lines"),
    [(500, []), (200, []), (200, ['data: {"error": "overloaded"}']), (401, ['{"error": {}}'])],
)
def test_a_silent_endpoint_is_said_plainly_and_the_question_is_kept(endpoint, client, status, lines):
    endpoint.status, endpoint.lines = status, lines
    assert ask(client, "在吗") == [{"fault": responder.SILENT}]
    page = post(client, "在吗")
    assert responder.SILENT in page
    assert ">在吗</textarea>" in page


def test_an_endpoint_that_is_not_there_is_said_plainly(monkeypatch, client, free_port):
    monkeypatch.setenv("EXAMPLE_LLM_URL", f"http://127.0.0.1:{free_port}/v1")
    assert ask(client, "在吗") == [{"fault": responder.SILENT}]


def test_an_empty_question_is_refused(client):
    assert client.post("/stream", data={"prompt": "  "}).status_code == 400


def test_my_complaints_open_with_the_demonstration_account_only(app, client):
    with app.app_context():
        filed = complaints.submit(
            Filing("other", {"details": "有事要说"}, "0" * 32, owner=DEMO_USER, is_test=True)
        )
    assert filed.number not in client.get("/complaints/mine").text
    assert client.post("/sign-in").status_code == 303
    assert "我的投诉" in client.get("/").text
    assert filed.number in client.get("/complaints/mine").text
    client.post("/sign-out")
    assert filed.number not in client.get("/complaints/mine").text


def test_the_policy_is_obviously_made_up():
    policy = load(resources.folder("templates").parent / "example_app" / "complaints.toml")
    for shown in (
        policy.provider.name,
        policy.numbers.algorithm,
        policy.contacts.phone,
        policy.contacts.compliance_name,
    ):
        assert "演示" in shown
    assert policy.contacts.mail.endswith(".example.com")
    assert not any(model.own for model in policy.models)
    assert (policy.emergency.emergency, policy.emergency.support) == ("", "")
    assert policy.undo_seconds == 120


def test_the_demonstration_starts_fills_and_tells_its_addresses_and_passwords(tmp_path, monkeypatch, capsys):
    arguments = ["example_app", "--demo", "--check", "--port", "5099", "--instance", str(tmp_path)]
    monkeypatch.setattr("sys.argv", arguments)
    starting.main()
    first = capsys.readouterr().out
    starting.main()
    second = capsys.readouterr().out
    assert re.search(r"sample data: (\d+) complaints, each labelled 测试", first)
    for address in ("http://127.0.0.1:5099/", "/complaints/process", "/complaints/admin/"):
        assert address in first
    number, code = re.search(r"number (\S+)   code (\S+)", first).groups()
    assert (number in second, code in second) == (True, True)
    assert first.count("one-time password") == len(starting.OPERATORS)
    assert "one-time password" not in second
    assert "sample data: already there" in second


def test_suggestions_have_answers_of_their_own():
    answers = [responder.canned(prompt) for prompt in SUGGESTIONS]
    assert all(first != second for first, second in pairwise(sorted(answers)))
    assert not any("固定应答，没有调用" in answer for answer in answers)


def stopped(app, answer_id):
    """An operator takes a report of this answer on and stops it; returns what the callback said, told twice."""
    found = app.extensions["complaints"]
    handler = Actor("handler", "op_test")
    with app.app_context():
        answer = Answer("什么都行", "什么都行", mark="verified", answer_id=answer_id)
        filed = complaints.submit(Filing("inaccurate", {"details": "答错了"}, "f" * 32, answer=answer))

        def order(work):
            case = journal.lock(work, filed.uid)
            handling.accept(work, case, handler)
            handling.record_measure(work, case, handler, [handling.Order("stop_generation", "这条回答")])

        found.write(order)
        tick(found, post=None, alone=True)
        tick(found, post=None, alone=True)
        with found.reading() as work:
            return [each.text("result") for each in history(work, filed.uid, types=("action_done",))]


SUN, WRONG = "太阳和地球谁绕着谁转", "太阳绕着地球转，一圈是二十四小时。"


def test_an_answer_that_was_stopped_is_shown_no_more_and_not_given_again(app, client):
    ask(client, "写一首关于清晨的小诗")
    ask(client, SUN)
    ours = client.get("/").text
    [answer_id] = re.findall(r'data-answer="(\w+)" id="newest"', ours)
    other = app.test_client()
    ask(other, SUN)
    assert client.get("/handled").json == {"gone": []}

    assert stopped(app, answer_id) == ["已在产品中屏蔽这条回答"]

    assert client.get("/handled").json == {"gone": [answer_id]}
    for each in (client, other):
        page = each.get("/").text
        assert HANDLED in page.partition("</ol>\n</div>")[0]
        assert WRONG not in page, "neither as words nor in a report button"
    assert "窗外一盏灯" in client.get("/").text

    first, *rest = events(client.post("/stream", data={"prompt": SUN}))
    assert first["gone"] == [answer_id]
    assert [list(each) for each in rest] == [["below", "gone"]], "not a word of it streams again"
    assert rest[0]["below"] == ""
    assert set(rest[0]["gone"]) == {answer_id, first["id"]}
    assert WRONG not in post(other, SUN)


def test_a_stopped_answer_is_no_context_for_the_next_one(endpoint, app, client):
    endpoint.says("太阳绕着地球转。")
    answer_id = events(client.post("/stream", data={"prompt": SUN}))[0]["id"]
    stopped(app, answer_id)
    endpoint.says("地球绕着", "太阳转。")
    again = ask(client, SUN)
    assert [each.get("piece") for each in again] == ["地球绕着太阳转。", None], (
        "another answer is shown, looked at"
    )
    assert "反映这条回答的问题" in again[-1]["below"]
    assert [row["content"] for row in endpoint.asked[-1][2]["messages"]] == [SUN]


def test_a_thumb_down_is_kept_by_the_product_and_is_no_complaint(app, client):
    ask(client, SUN)
    [answer_id] = re.findall(r'data-answer="(\w+)"', client.get("/").text)
    for data, status in (
        ({"id": answer_id, "kind": "unhelpful"}, 204),
        ({"id": answer_id, "kind": "unhelpful"}, 204),
        ({"id": answer_id, "kind": "x"}, 404),
        ({"id": "0" * 16, "kind": "unhelpful"}, 404),
    ):
        assert client.post("/rate", data=data).status_code == status
    stranger = app.test_client().post("/rate", data={"id": answer_id, "kind": "unhelpful"})
    assert stranger.status_code == 404
    with talks.opened(Path(app.instance_path)) as store:
        assert store.execute("SELECT * FROM rating").fetchall() == [(answer_id, "unhelpful")]
    store.close()
    with app.extensions["complaints"].reading() as work:
        assert work.session.query(Complaint).count() == 0


def test_the_operators_desk_and_tracking_can_be_reached_from_the_chat(client):
    page = client.get("/").text
    for address in ("/complaints/admin/", "/complaints/track"):
        assert f'href="{address}"' in page
        assert client.get(address, follow_redirects=True).status_code == 200
