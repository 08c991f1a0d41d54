"""The form in the dialog of another page: framed by whom it may be, without a cookie, and nothing typed lost."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))

from filing import (
    PNG,
    WORDS,
    Person,
    attachments,
    cases,
    close_connections,  # noqa: F401 - used by itself
    filed,
    make_app,
    solution,
)

from complaints import Complaints
from complaints.base.errors import ConfigError
from complaints.base.settings import Settings
from complaints.store.transactions import Database

PARENT, OWN = "https://www.example.cn", "http://localhost"
NEW = "/complaints/embed/new"
TYPED = {"details": WORDS, "mail": "reporter@example.com"}


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url, COMPLAINTS_EMBED_ORIGINS=[PARENT, "https://app.example.cn:8443"])


@pytest.fixture
def person(app):
    return Person(app, Origin=OWN)


def arrive(person, parent=PARENT, **more):
    query = "&".join(f"{name}={value}" for name, value in {"parent": parent, "lang": "en", **more}.items())
    return person.open(f"{NEW}?{query}")


def token(app, output="答案是42", prompt="问题"):
    with app.test_request_context():
        return Complaints().seal_answer(output=output, prompt=prompt, model="m-1")


def sent_with_answer(person, kind="inaccurate", **texts):
    arrive(person, answer=1)
    return person.send(type=kind, **texts)


def test_an_answer_chosen_on_another_page_becomes_a_verified_complaint_without_a_cookie(app, person):
    answers = [arrive(person, answer=1)]
    answers.append(person.send(type="inaccurate", token=token(app), output="答案是42\r\n", prompt="问题"))
    assert "Matches our record" in person.text()
    answers.append(person.send(**TYPED))
    number, code = person.codes()
    [case] = cases(app)
    assert (case.number, case.channel, case.type, case.answer_mark) == (
        number,
        "embed",
        "inaccurate",
        "verified",
    )
    assert (case.lang, case.owner_hash) == ("en", None)
    assert filed(app, case).data("details")["details"] == WORDS
    assert len(code.replace("-", "")) == 20
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not any(answer.headers.getlist("Set-Cookie") for answer in answers)


@pytest.mark.parametrize(
    ("output", "mark"), [("答案是42", "verified"), ("答案是43", "altered"), ("", "verified")]
)
def test_what_the_page_says_was_answered_is_compared_with_the_seal(app, person, output, mark):
    sent_with_answer(person, token=token(app), output=output, prompt="问题")
    person.send(**TYPED, **({} if output else {"answer": "答案是42"}))
    assert cases(app)[0].answer_mark == mark


BEFORE = [{"prompt": f"第{n}问", "output": f"第{n}答", "token": ""} for n in (1, 2)]


@pytest.mark.parametrize("tick", [{}, {"along": "y"}])
def test_turns_of_the_page_are_offered_and_filed_only_with_a_tick(app, person, tick):
    sent_with_answer(
        person, token=token(app), output="答案是42", prompt="问题", turns=json.dumps(BEFORE, indent=1)
    )
    for words in ("第1问", "第2答"):
        assert words in person.text()
    assert 'name="along" value="y" data-cmp-nodraft>' in person.page.text
    person.send(details="", **tick)
    person.send(details=WORDS, back="1", **tick)
    person.send(type="other")
    assert person.page.text.count("data-cmp-nodraft checked") == len(tick), "going back keeps the tick"
    person.send(**TYPED, **tick)
    first = filed(app, cases(app)[0])
    assert first.meta.get("turns", 0) == (2 if tick else 0)
    kept = first.data("context")["turns"] if tick else []
    assert [each["output"] for each in kept] == (["第1答", "第2答"] if tick else [])


def test_an_answer_that_travels_once_is_not_replaced_by_another(app, person):
    sent_with_answer(person, token=token(app), output="答案是42", prompt="问题")
    person.send(back="1", details=WORDS)
    person.send(type="inaccurate", output="别的话")
    assert "答案是42" in person.text()
    person.send(**TYPED)
    assert filed(app, cases(app)[0]).data("answer")["output"] == "答案是42"


def test_cookies_of_the_same_browser_say_nothing_to_the_frame(tmp_path, database_url):
    asked = []
    app = make_app(tmp_path, database_url, {"complainant_loader": lambda: asked.append(1) or "user-7"})
    person = Person(app, Origin=OWN)
    person.client.set_cookie("complaints_lang", "zh", path="/complaints")
    arrive(person, OWN, type="other")
    assert "Tell us what happened" in person.text()
    person.send(**TYPED)
    assert cases(app)[0].owner_hash is None
    assert asked == []


@pytest.mark.parametrize(
    ("parent", "may"),
    [
        (PARENT, True),
        ("https://app.example.cn:8443", True),
        (OWN, True),
        ("https://ai.example.cn", True),
        ("", False),
        ("null", False),
        ("*", False),
        ("http://www.example.cn", False),
        ("https://www.example.cn:8443", False),
        ("https://app.example.cn", False),
        ("https://www.example.cn.evil.com", False),
        ("https://evil.com", False),
        ("https://www.example.cn/", False),
        ("https://www.example.cn https://evil.com", False),
        ("https://www.example.cn; script-src *", False),
        ("HTTPS://WWW.EXAMPLE.CN", False),
    ],
)
def test_only_the_listed_origin_that_asks_may_frame_the_form(person, parent, may):
    answer = person.client.get(NEW, query_string={"parent": parent}, headers=person.headers)
    policy = [each.strip() for each in answer.headers["Content-Security-Policy"].split(";")]
    assert answer.status_code == (200 if may else 403)
    assert "frame-ancestors " + (parent if may else "'none'") in policy
    assert sum(each.startswith("frame-ancestors") for each in policy) == 1
    assert ("X-Frame-Options" in answer.headers) is not may
    assert "script-src 'self'" in policy
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_other_page_can_be_framed_whatever_it_is_asked(app):
    client = app.test_client()
    framed = set()
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        with app.test_request_context():
            filled = dict.fromkeys(rule.arguments, "TS20261123-222222")
            try:
                address = rule.build({**filled, **dict.fromkeys(rule.arguments & {"letter", "version"}, 1)})[
                    1
                ]
            except (TypeError, ValueError):
                continue
        with client.get(address, query_string={"parent": PARENT}) as answer:
            if (
                "frame-ancestors 'none'" not in answer.headers["Content-Security-Policy"]
                and "sandbox" not in answer.headers["Content-Security-Policy"]
            ):
                framed.add(rule.endpoint)
            assert (answer.headers.get("X-Frame-Options") == "DENY") is (
                rule.endpoint != "complaints.embed_new"
            )
    assert framed == {"complaints.embed_new"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.com"},
        {"Origin": PARENT},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.com"},
        {},
        {"Referer": "https://evil.com/complaints/embed/new"},
        {"Referer": "http://localhost_x.evil.com/"},
        {"Referer": "http://localhost@evil.com/"},
        {"Referer": "http://localhost:80x.evil.com/"},
    ],
)
@pytest.mark.parametrize("path", ["new", "receipt"])
def test_a_form_of_another_site_is_refused(app, headers, path):
    person = Person(app, Origin=OWN)
    arrive(person, type="other")
    action = person.action().replace("/new", f"/{path}")
    person.headers = headers
    person.send(path=action, **TYPED)
    assert person.page.status_code == 403
    assert cases(app) == []


def test_a_view_that_names_no_origin_is_believed_by_its_referrer(app):
    person = Person(app, Referer=f"{OWN}{NEW}?parent={PARENT}")
    arrive(person, type="other")
    person.send(**TYPED)
    assert len(person.codes()) == 2


@pytest.mark.parametrize("how", ["forged", "missing", "of another page", "of another form", "unsigned draft"])
def test_a_form_that_was_not_made_for_this_page_files_nothing_and_loses_nothing(app, person, how):
    arrive(person, "https://app.example.cn:8443" if how == "of another page" else PARENT, type="other")
    other = person.hidden()
    arrive(person, type="other")
    values = {
        "forged": {"visit": "0" * 64},
        "missing": {"visit": ""},
        "of another page": {"kept": other["kept"], "visit": other["visit"]},
        "of another form": {"visit": other["visit"]},
        "unsigned draft": {"kept": "e30.nonsense"},
    }[how]
    person.send([("证据.png", PNG)], **TYPED, **values)
    assert person.page.status_code == 400
    assert cases(app) == []
    assert person.field("details") == WORDS
    assert person.errors()[0] == "The page was open a long time. All is still here. Submit again"
    assert "证据.png" in person.errors()[1]
    person.send(**TYPED)
    assert len(person.codes()) == 2
    assert len(cases(app)) == 1


def test_the_token_of_the_full_form_files_nothing_here(app, person):
    person.open("/complaints/new?type=other&form=short")
    full = person.hidden()
    arrive(person, type="other")
    person.send(**TYPED, kept=full["kept"], visit=full["csrf_token"])
    assert person.page.status_code == 400
    person.page = arrive(person, type="other")
    token_here = person.hidden()
    sent = person.client.post("/complaints/new?type=other&form=short", data={**token_here, **TYPED})
    assert sent.status_code == 400
    assert cases(app) == []


def test_the_same_form_sent_twice_is_one_complaint_with_one_receipt(app, person):
    arrive(person, type="other")
    form = person.page
    person.send(**TYPED)
    first = person.codes()
    person.page = form
    person.send(**TYPED)
    assert person.codes() == first
    assert f"You already submitted this as {first[0]}; nothing was filed twice" in person.text()
    assert len(cases(app)) == 1


def test_a_wrong_answer_is_said_and_files_wait(app, person):
    arrive(person, type="other")
    person.send([("证据.png", PNG)], details="", mail="no address")
    assert person.page.status_code == 422
    assert len(person.errors()) == 2
    assert person.field("mail") == "no address"
    assert "证据.png" in person.text()
    assert f"frame-ancestors {PARENT}" in person.page.headers["Content-Security-Policy"]
    person.send(**TYPED)
    assert len(person.codes()) == 2
    assert [row.stream for row in attachments(app)] == [cases(app)[0].uid]


def test_files_come_along_at_the_first_try(app, person):
    arrive(person, type="other")
    person.send([("证据.png", PNG)], **TYPED)
    assert len(person.codes()) == 2
    assert len(attachments(app)) == cases(app)[0].files == 1


def test_going_back_to_the_types_keeps_what_was_typed_and_the_files(app, person):
    arrive(person, type="other")
    person.send([("证据.png", PNG)], **TYPED, back="1")
    assert "data-cmp-typed" in person.page.text
    person.send(type="inaccurate")
    assert person.field("details") == WORDS
    assert "证据.png" in person.text()
    person.send(**TYPED)
    [case] = cases(app)
    assert (case.type, case.files) == ("inaccurate", 1)


@pytest.mark.parametrize("kind", ["", "no such type"])
def test_an_unknown_type_leads_to_the_list(person, kind):
    arrive(person, type=kind)
    assert person.page.status_code == 200
    person.send(type=kind)
    assert person.page.status_code == 404
    assert "Choose a type" in person.errors()[0]


def test_a_type_chosen_by_the_page_waits_for_the_answer_alone(app, person):
    arrive(person, type="inaccurate", answer=1)
    assert person.page.text.count('name="type"') == 1
    person.send(output="答案是43")
    assert "答案是43" in person.text()
    assert "Not checked" in person.text()


def test_a_type_chosen_before_the_answer_came_waits_for_it_once(app, person):
    arrive(person, answer=1)
    person.send(type="inaccurate")
    assert person.page.text.count('name="type"') == 1, "the choice is kept"
    assert "Waiting for the answer you report" in person.text()
    assert "data-cmp-arrives" in person.page.text
    person.send(token=token(app), output="答案是42", prompt="问题")
    person.send(**TYPED)
    assert cases(app)[0].answer_mark == "verified"


def test_an_answer_that_never_comes_stops_nobody(app, person):
    arrive(person, answer=1)
    person.send(type="inaccurate")
    person.send()
    person.send(**TYPED)
    assert cases(app)[0].answer_mark == "none"


def test_a_page_that_sent_an_empty_answer_is_not_asked_again(app, person):
    sent_with_answer(person, awaits="")
    person.send(**TYPED)
    assert cases(app)[0].answer_mark == "none"


def test_sensitive_types_begin_with_help_and_a_way_out_of_the_frame(person):
    arrive(person, type="self_harm")
    assert "12356" in person.text()
    assert 'target="_top"' in person.page.text


def test_a_crowd_is_asked_for_work_and_taken_in(tmp_path, database_url):
    app = make_app(tmp_path, database_url, COMPLAINTS_LIMIT_FILINGS="1/hour")
    person = Person(app, Origin=OWN)
    for altcha in (None, solution, ""):
        arrive(person, OWN, type="other")
        person.send(**TYPED)
        if altcha is not None:
            assert person.page.status_code == 429
            assert person.field("details") == WORDS
            person.send(**TYPED, altcha=altcha(person) if altcha else "")
        assert len(person.codes()) == 2
    assert [filed(app, case).meta.get("unproven", False) for case in cases(app)] == [False, False, True]


def test_a_database_that_is_down_answers_with_the_form_its_text_and_other_ways(person, monkeypatch):
    arrive(person, type="other")

    def broken(self, work):
        raise OperationalError("INSERT", {"text": WORDS}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", broken)
        person.send(**TYPED)
    assert person.page.status_code == 503
    assert person.field("details") == WORDS
    assert "010-12345678" in person.text()
    assert f"frame-ancestors {PARENT}" in person.page.headers["Content-Security-Policy"]
    person.send(**TYPED)
    assert len(person.codes()) == 2


def test_the_receipt_can_be_kept_as_text_and_as_a_signed_promise(app, person):
    arrive(person, type="other")
    form = person.hidden()
    person.send(**TYPED)
    number, code = person.codes()
    here = {**person.hidden()}
    for what, words in (("text", [number, code]), ("promise", [number])):
        answer = person.client.post(
            f"/complaints/embed/receipt?parent={PARENT}", data={**here, "what": what}, headers=person.headers
        )
        assert answer.status_code == 200
        assert all(word in answer.text for word in words)
        assert "attachment" in answer.headers["Content-Disposition"]
    assert code not in answer.text
    assert json.loads(answer.text)["promise"]["number"] == number
    arrive(person, type="other")
    for wrong in (person.hidden(), {**here, "visit": form["kept"]}, {**here, "kept": ""}):
        answer = person.client.post(
            f"/complaints/embed/receipt?parent={PARENT}", data=wrong, headers=person.headers
        )
        assert answer.status_code == 404
        assert number not in answer.text


def test_the_script_is_small_for_everybody_and_asked_for_anew(app):
    client = app.test_client()
    answer = client.get("/complaints/embed.js")
    assert answer.mimetype == "text/javascript"
    assert len(gzip.compress(answer.data)) < 12_000
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    for words in ("Report this answer", "反映这条回答的问题", "不安全、违法"):
        assert words in answer.text
    again = client.get("/complaints/embed.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for forbidden in (
        "@words@",
        "innerHTML",
        "eval(",
        "localStorage",
        "sessionStorage",
        "window.open",
        "cookie",
        'setAttribute("style',
    ):
        assert forbidden not in answer.text


def test_the_parts_for_templates_work_without_the_script(app):
    with app.test_request_context():
        button = app.jinja_env.from_string(
            "{{ complaints_report_button(token, '答案</textarea>', lang='en', thumbs=true) }}{{ complaints_embed_script() }}"
        ).render(token=token(app))
    assert (
        '<complaints-report lang="en" thumbs><form class="cmp-report" method="post" action="/complaints/report">'
        in button
    )
    assert "答案&lt;/textarea&gt;" in button
    assert "Rate this answer</button></form></complaints-report>" in button
    assert button.endswith('<script src="/complaints/embed.js" defer></script>')


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        "https://*.example.cn",
        "example.cn",
        "https://example.cn/app",
        "https://example.cn/",
        "ftp://example.cn",
        "https://例子.cn",
        ["https://a.example", "null"],
    ],
)
def test_an_origin_that_is_not_exact_stops_the_start(tmp_path, origins):
    with pytest.raises(ConfigError, match="EMBED_ORIGINS"):
        Settings.from_mapping({"SECRET_KEY": "x", "COMPLAINTS_EMBED_ORIGINS": origins}, tmp_path)


def test_origins_are_kept_as_browsers_write_them(tmp_path):
    given = "https://WWW.example.cn:443, http://a.example:8080,http://[::1]:80"
    settings = Settings.from_mapping({"SECRET_KEY": "x", "COMPLAINTS_EMBED_ORIGINS": given}, tmp_path)
    assert settings.EMBED_ORIGINS == ("https://www.example.cn", "http://a.example:8080", "http://[::1]")
