"""Files on the form: taken by content, kept encrypted until filing, named when they do not arrive."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, PNG, WORDS, Person, attachments, cases, close_connections, filed, make_app, reading  # noqa: F401 - used by itself

from complaints.cases.attachments import original
from complaints.jobs.cleaning import clean
from complaints.store.tables import Draft


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


@pytest.fixture
def person(app):
    return Person(app)


def drafts(app):
    return reading(app, lambda work: list(work.session.scalars(select(Draft))))


def stored(app):
    return app.extensions["complaints"].files.names()


def test_files_wait_in_a_draft_and_come_back_byte_for_byte(person, app):
    note = "证据：第一行\r\n第二行😀".encode()
    person.to_check(files=[("截图.png", PNG), ("说明.txt", note)])
    assert "截图.png" in person.text()
    assert [row.stream for row in attachments(app)] == [None, None]
    assert all(note not in path.read_bytes() for path in Path(app.instance_path).rglob("*") if path.is_file())
    person.send()
    person.receipt()
    [case] = cases(app)
    assert case.files == 2
    assert drafts(app) == []
    back = reading(
        app,
        lambda work: {
            held.name: data for held, data in (original(work, case.uid, row.uid) for row in attachments(app))
        },
    )
    assert back == {"截图.png": PNG, "说明.txt": note}
    assert len(filed(app, case).meta["files"]) == 2


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.png", b"<html><script>alert(1)</script></html>", "“page.png” cannot be taken; choose a JPG"),
        ("empty.png", b"", "“empty.png” is empty"),
        ("run.exe", b"MZ" + b"\x00" * 99, "“run.exe” cannot be taken"),
        ("big.txt", b"a" * 1_000_001, "“big.txt” must be smaller than 1 MB"),
    ],
)
@pytest.mark.parametrize("form", ["", "&form=short"])
def test_a_file_that_cannot_be_taken_is_named_and_nothing_else_is_lost(
    tmp_path, database_url, name, data, words, form
):
    app = make_app(tmp_path, database_url, COMPLAINTS_MAX_FILE_MB=1)
    person = Person(app)
    person.open(f"{NEW}?type=other{form}")
    person.send([("good.png", PNG), (name, data)], details=WORDS)
    assert person.page.status_code == 422
    assert [words in each for each in person.errors()] == [True]
    assert person.field("details") == WORDS
    assert "good.png" in person.text()
    person.send(details=WORDS)
    if not form:
        person.send()
    person.receipt()
    assert cases(app)[0].files == 1


def test_the_eleventh_file_is_refused_with_a_way_out(person, app):
    person.to_check(files=[(f"{n}.png", PNG) for n in range(11)])
    assert person.page.status_code == 422
    assert person.errors() == [
        "“10.png” was not taken: at most 10 files. Remove one first, or add it later on the tracking page"
    ]
    assert len(attachments(app)) == 10
    uid = attachments(app)[0].uid
    person.send([("last.png", PNG)], details=WORDS, files_drop=uid)
    assert person.page.status_code == 200
    assert len(attachments(app)) == 10
    assert uid not in {row.uid for row in attachments(app)}
    assert not any(name.startswith(uid) for name in stored(app))


def test_files_survive_a_mistake_elsewhere_in_the_form(person):
    person.to_check(files=[("a.png", PNG)], details="")
    assert person.page.status_code == 422
    assert "a.png" in person.text()
    person.send(details=WORDS)
    assert "a.png" in person.text()


def test_a_file_sent_with_an_old_token_is_named_as_lost(person, app):
    person.open(f"{NEW}?type=other")
    person.send([("a.png", PNG)], details=WORDS, csrf_token="")
    assert person.page.status_code == 400
    assert "“a.png” did not arrive; your text is kept. Choose it again" in person.errors()
    assert attachments(app) == []


def test_a_file_whose_draft_has_expired_is_named_and_the_text_kept(person, app):
    person.to_check(files=[("a.png", PNG)])
    installation = app.extensions["complaints"]
    assert clean(installation, installation.now() + timedelta(hours=3)) > 0
    assert stored(app) == []
    person.send()
    assert person.page.status_code == 422
    assert person.errors() == ["“a.png” did not arrive; your text is kept. Choose it again"]
    assert person.field("details") == WORDS
    person.send(details=WORDS)
    person.send()
    person.receipt()
    assert cases(app)[0].files == 0


def test_files_of_another_draft_cannot_be_removed(app):
    one, other = Person(app), Person(app)
    one.to_check(files=[("a.png", PNG)])
    uid = attachments(app)[0].uid
    other.to_check(files=[("b.png", PNG)])
    other.send(change="files")
    other.send(details=WORDS, files_drop=uid)
    assert len(attachments(app)) == 2


@pytest.mark.parametrize("setting", ["COMPLAINTS_DRAFT_MB_PER_SOURCE", "COMPLAINTS_DRAFT_MB_TOTAL"])
def test_unsent_files_have_a_quota_that_closes_nothing(tmp_path, database_url, setting):
    app = make_app(tmp_path, database_url, **{setting: 1})
    person = Person(app)
    person.to_check(files=[("a.txt", b"a" * 600_000)])
    person.to_check(files=[("b.txt", b"b" * 600_000)])
    assert person.page.status_code == 422
    assert "No more files can be taken just now" in person.errors()[0]
    assert len(attachments(app)) == 1
    assert len(stored(app)) == 1
    person.send(details=WORDS)
    person.send()
    assert len(person.receipt()) == 2


@pytest.mark.parametrize("form", ["", "&form=short"])
def test_a_form_that_is_too_large_keeps_every_text(tmp_path, database_url, form):
    app = make_app(tmp_path, database_url, COMPLAINTS_MAX_FILE_MB=1, COMPLAINTS_MAX_FILES=1)
    person = Person(app)
    person.open(f"{NEW}?type=privacy{form}")
    person.send([("a.txt", b"a" * 9_000_000)], details=WORDS, link="https://example.com/1")
    assert person.page.status_code == 413
    assert "the files did not arrive" in person.errors()[0]
    assert person.field("details") == WORDS
    assert person.field("link") == "https://example.com/1"
    person.send(details=WORDS)
    if not form:
        person.send()
    assert len(person.receipt()) == 2


def test_the_host_may_limit_its_own_forms_to_less(tmp_path, database_url):
    app = make_app(tmp_path, database_url, MAX_CONTENT_LENGTH=1000, MAX_FORM_MEMORY_SIZE=1000)
    person = Person(app)
    app.before_request(lambda: [__import__("flask").request.form.get("anything"), None][1])
    person.to_check(details="长" * 4000, files=[("a.png", PNG)])
    assert person.page.status_code == 200
    person.send()
    assert len(person.receipt()) == 2


def test_the_filing_of_a_form_with_files_takes_twelve_statements(person, app):
    from sqlalchemy import event

    person.to_check(files=[("a.png", PNG), ("b.png", PNG)])
    engine, seen = app.extensions["complaints"].database.engine, []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    person.send()
    ours = [
        each
        for each in seen
        if "complaints_limit" not in each and not each.startswith(("BEGIN", "SET TRANSACTION"))
    ]
    assert len(ours) <= 12, "\n".join(each[:60] for each in ours)
    person.receipt()


def test_a_second_click_on_a_form_with_files_shows_the_receipt_again(person, app):
    check = person.to_check(files=[("截图.png", PNG)])
    person.send()
    first = person.receipt()
    person.page = check
    person.send()
    assert person.receipt() == first
    assert len(cases(app)) == 1
