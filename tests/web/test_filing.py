"""Filing in a browser without script: three steps, one complaint, nothing typed lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, WORDS, Person, cases, close_connections, filed, make_app, reading  # noqa: F401 - used by itself

from complaints import Complaints
from complaints.administration import webhooks
from complaints.delivery.calling import Reach
from complaints.ledger.work import Actor
from complaints.store.tables import Outbox
from complaints.store.transactions import Database


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


@pytest.fixture
def person(app):
    return Person(app)


def test_type_details_check_and_receipt_make_one_complaint(person, app):
    person.open(NEW)
    assert f"{NEW}?type=inaccurate" in person.page.text
    person.to_check("inaccurate")
    assert person.page.status_code == 200
    assert WORDS.split("\n")[1] in person.text()
    assert cases(app) == []
    person.send()
    number, code = person.receipt()
    [case] = cases(app)
    assert (case.number, case.type, case.state, case.lang) == (number, "inaccurate", "submitted", "en")
    entry = filed(app, case)
    assert entry.data("details")["details"] == WORDS
    assert entry.data("contact") == {"mail": "reporter@example.com"}
    assert len(code.replace("-", "")) == 20


def test_the_same_form_sent_twice_is_one_complaint_with_one_code(person, app):
    person.to_check()
    check = person.page
    person.send()
    first = person.receipt()
    person.page = check
    person.send()
    assert person.receipt() == first
    assert f"You already submitted this as {first[0]}; nothing was filed twice" in person.text()
    assert len(cases(app)) == 1


def test_two_forms_are_two_complaints(person, app):
    for _ in range(2):
        person.to_check()
        person.send()
        person.receipt()
    assert len(cases(app)) == 2


def test_change_goes_back_with_everything_filled(person):
    person.to_check("privacy", link="https://example.com/1")
    person.send(change="mail")
    assert person.page.status_code == 200
    assert person.field("details") == WORDS
    assert person.field("link") == "https://example.com/1"
    person.send(details="新的说明", link="https://example.com/1")
    assert "新的说明" in person.text()


@pytest.mark.parametrize(
    ("kind", "values", "sentence"),
    [
        ("other", {"details": ""}, "Tell us what happened"),
        ("other", {"mail": "not an address"}, "Enter an address such as name@example.com"),
        ("other", {"details": "长" * 5003}, "3 characters too long; keep it under 5000"),
        ("inaccurate", {"answer": "长" * 20001}, "1 characters too long; keep it under 20000"),
    ],
)
def test_a_wrong_answer_is_said_and_all_answers_are_kept(person, app, kind, values, sentence):
    person.to_check(kind, **{"occurred": "昨天", **values})
    assert person.page.status_code == 422
    assert person.errors() == [sentence]
    assert person.field("occurred") == "昨天"
    assert person.field("details") == values.get("details", WORDS)
    assert cases(app) == []


@pytest.mark.parametrize("step", ["details", "check"])
def test_a_token_that_is_gone_loses_nothing(person, app, step):
    person.open(f"{NEW}?type=other") if step == "details" else person.to_check()
    person.send(csrf_token="", **({"details": WORDS} if step == "details" else {}))
    assert person.page.status_code == 400
    assert person.errors() == ["The page was open a long time. All is still here. Submit again"]
    assert WORDS.split("\n")[1] in person.text()
    assert cases(app) == []
    if step == "details":
        person.send(details=WORDS)
    person.send()
    assert len(person.receipt()) == 2


def test_a_changed_secret_key_loses_no_text(tmp_path, database_url):
    old = Person(make_app(tmp_path, database_url))
    old.to_check()
    new = Person(make_app(tmp_path, database_url, SECRET_KEY="another one"))
    new.page = old.page
    new.send()
    assert new.page.status_code == 400
    assert "第二行" in new.text()
    new.send()
    assert len(new.receipt()) == 2


def test_changing_the_language_files_nothing_and_keeps_all(person, app):
    person.open(f"{NEW}?type=other&form=short")
    person.send(path=f"{NEW}?type=other&form=short&lang=zh", details=WORDS, lang="zh")
    assert person.page.status_code == 200
    assert person.field("details") == WORDS
    assert "发生了什么" in person.text()
    assert cases(app) == []


def test_the_short_form_files_with_one_post(person, app):
    person.open(f"{NEW}?type=other&form=short")
    person.send(details=WORDS)
    assert len(person.receipt()) == 2
    assert len(cases(app)) == 1


def test_a_database_that_is_down_answers_with_the_form_and_its_text(person, app, monkeypatch):
    person.open(f"{NEW}?type=other&form=short")
    page = person.page

    def broken(self, work):
        raise OperationalError("INSERT", {"text": WORDS}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", broken)
        person.send(details=WORDS)
    assert person.page.status_code == 503
    assert person.field("details") == WORDS
    assert "It is not submitted yet" in person.errors()[0]
    person.send(details=WORDS)
    first = person.receipt()
    person.page = page
    person.send(details=WORDS)
    assert person.receipt() == first


def test_a_database_that_does_not_answer_at_all_still_shows_the_form(person, app, monkeypatch):
    person.open(f"{NEW}?type=other&form=short")

    def broken(*_):
        raise OperationalError("SELECT", {}, Exception("gone"))

    with monkeypatch.context() as patch:
        patch.setattr(type(app.extensions["complaints"]), "work", broken)
        person.send(details=WORDS)
    assert person.page.status_code == 503
    assert person.field("details") == WORDS
    assert "010-12345678" in person.text()
    person.send(details=WORDS)
    assert len(person.receipt()) == 2


def test_a_filing_takes_at_most_twelve_statements_and_one_commit(tmp_path, database_url):
    app = make_app(tmp_path, database_url)
    engine = app.extensions["complaints"].database.engine
    for short in ("", "&form=short"):
        person = Person(app)
        seen, commits = [], []
        person.open(f"{NEW}?type=other{short}")
        event.listen(engine, "before_cursor_execute", lambda *args, seen=seen: seen.append(args[2]))
        event.listen(engine, "commit", lambda *args, commits=commits: commits.append(1))
        person.open(f"{NEW}?type=other{short}")
        assert len(seen) <= 3, seen
        if not short:
            person.send(details=WORDS, mail="reporter@example.com")
        del seen[:], commits[:]
        person.send(details=WORDS, mail="reporter@example.com")
        ours = [
            each
            for each in seen
            if "complaints_limit" not in each and not each.startswith(("BEGIN", "SET TRANSACTION"))
        ]
        assert len(ours) <= 12, ours
        assert len(commits) - (len(ours) != len(seen)) == 1
        assert len(person.receipt()) == 2


def test_a_filing_asks_for_webhooks_only_where_there_is_one_whoever_added_it(tmp_path, database_url):
    app, other = make_app(tmp_path, database_url), make_app(tmp_path, database_url)
    installation = app.extensions["complaints"]
    seen = []
    event.listen(
        installation.database.engine,
        "before_cursor_execute",
        lambda *args: seen.append(" ".join(args[2].split())),
    )

    def sent():
        person = Person(app)
        person.open(f"{NEW}?type=other&form=short")
        del seen[:]
        person.send(details=WORDS, mail="reporter@example.com")
        ours = [
            each for each in seen if "complaints_limit" not in each and each.startswith(("SELECT", "INSERT"))
        ]
        inserts = sum(each.startswith("INSERT") for each in ours)
        person.receipt()
        with installation.reading() as work:
            told = list(work.session.scalars(select(Outbox.kind).where(Outbox.channel == "webhook")))
        return len(ours) - inserts, inserts, told

    def add(work):
        return webhooks.create(
            work, "https://hooks.example.com/in", ["filed"], Reach(), Actor("admin", "op_a")
        )

    assert sent() == (1, 7, [])
    row, _ = other.extensions["complaints"].write(add)
    assert sent() == (3, 8, ["filed"])
    other.extensions["complaints"].write(lambda work: webhooks.pause(work, row.uid, Actor("admin", "op_a")))
    assert sent()[:2] == (1, 7)


def test_an_answer_from_the_host_travels_sealed_into_the_complaint(person, app):
    with app.test_request_context():
        token = _token("答案是42", "问题")
    for output, mark in (("答案是42", "verified"), ("答案是43", "altered")):
        person.page = person.client.post(
            "/complaints/report",
            data={"token": token, "output": output, "prompt": "问题"},
            headers=person.headers,
        )
        assert person.page.status_code == 200
        person.send(type="inaccurate")
        assert output in person.text()
        person.send(details=WORDS)
        person.send()
        person.receipt()
        case = cases(app)[-1]
        assert case.answer_mark == mark
        answer = filed(app, case).data("answer")
        assert (answer["output"], answer["prompt"]) == (output, "问题")
        assert answer["model"] == "m-1"


def test_a_pasted_answer_is_kept_as_not_checked(person, app):
    person.to_check("inaccurate", answer="AI说月亮是方的")
    person.send()
    person.receipt()
    [case] = cases(app)
    assert case.answer_mark == "unverified"
    assert filed(app, case).data("answer")["output"] == "AI说月亮是方的"


def test_what_the_host_loads_counts_and_not_what_the_page_sent(tmp_path, database_url):
    app = make_app(
        tmp_path, database_url, {"answer_loader": lambda answer_id: {"output": "答案是42", "prompt": "问题"}}
    )
    person = Person(app)
    with app.test_request_context():
        token = _token("答案是42", "问题")
    person.page = person.client.post(
        "/complaints/report", data={"token": token, "output": "别的话"}, headers=person.headers
    )
    assert "答案是42" in person.text()
    assert "别的话" not in person.text()


def test_a_signed_in_user_owns_the_complaint(tmp_path, database_url):
    app = make_app(tmp_path, database_url, {"complainant_loader": lambda: "user-7"})
    person = Person(app)
    person.to_check()
    assert "My complaints" in person.text()
    person.send()
    person.receipt()
    [case] = cases(app)
    assert case.owner_hash == reading(app, lambda work: work.hash("owner", "user-7"))


@pytest.mark.parametrize(("kind", "asked"), [("other", False), ("ip_notice", True), ("pi_request", True)])
def test_a_phone_number_is_asked_for_only_where_the_type_needs_it(person, kind, asked):
    person.open(f"{NEW}?type={kind}")
    assert (person.field("phone") is not None) is asked


def test_sensitive_types_begin_with_help_and_a_way_out(person):
    person.open(f"{NEW}?type=self_harm")
    text = person.page.text
    assert text.index("contact 110 now") < text.index('id="details"')
    assert "contact 12356" in text
    assert "data-cmp-exit" in text
    assert "data-cmp-draft" not in text
    assert person.open("/complaints/exit").headers["Location"] == "https://www.example.cn/"


@pytest.mark.parametrize("address", [f"{NEW}?type=unknown", f"{NEW}?type=../other"])
def test_an_unknown_type_leads_back_to_the_list(person, address):
    assert person.open(address).status_code == 404
    assert "Choose a type" in person.errors()[0]


def test_a_test_installation_marks_the_first_leaf(tmp_path, database_url):
    app = make_app(tmp_path, database_url, COMPLAINTS_TEST_INSTALLATION=True)
    person = Person(app)
    person.to_check()
    person.send()
    person.receipt()
    [case] = cases(app)
    assert case.is_test
    assert filed(app, case).meta["test"] is True


def _token(output, prompt):
    return Complaints.seal_answer(output=output, prompt=prompt, model="m-1", answer_id="a-1")
