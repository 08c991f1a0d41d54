"""The receipt: for half an hour on the device that filed, and for nobody else."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from filing import Person, cases, close_connections, make_app, reading  # noqa: F401 - used by itself

from complaints.evidence import receipt_check
from complaints.evidence import receipts as promises
from complaints.web import receipts


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


@pytest.fixture
def person(app):
    one = Person(app)
    one.to_check("cyberbullying")
    one.send()
    one.number, one.code = one.receipt()
    return one


def address(person, more=""):
    return f"/complaints/receipt/{person.number}{more}"


def test_it_shows_number_code_and_dates_and_opens_again_here(person):
    assert "by Tuesday" in person.text() or "at the latest" in person.text()
    person.open(address(person))
    assert person.codes() == [person.number, person.code]
    assert "I have saved it, show progress" in person.text()
    assert "A screenshot stays in your album" in person.text()


def test_the_code_stands_in_no_address_and_no_attribute(person):
    person.open(address(person))
    assert person.page.text.count(person.code) == 1
    assert "style=" not in person.page.text


@pytest.mark.parametrize("more", ["", "/text", "/promise"])
def test_elsewhere_and_for_other_numbers_it_says_nothing(app, person, more):
    stranger = Person(app)
    known = stranger.open(address(person, more))
    other = stranger.open(address(person, more).replace(person.number, "TS20260101-ABCDEF"))
    assert known.status_code == other.status_code
    # The address itself, in the link that changes the language, is all that differs.
    assert known.text.replace(person.number, "") == other.text.replace("TS20260101-ABCDEF", "")
    assert person.code not in known.text


def test_after_half_an_hour_it_is_closed_here_too(person, monkeypatch):
    later = time.time() + receipts.MINUTES * 60 + 1
    monkeypatch.setattr(receipts.time, "time", lambda: later)
    person.open(address(person))
    assert person.codes() == []
    assert "This receipt is closed" in person.text()


def test_leaving_closes_it(person):
    person.open("/complaints/exit")
    assert person.open(address(person)).status_code == 200
    assert person.codes() == []


def test_it_can_be_taken_along_as_text(person):
    page = person.open(address(person, "/text"))
    assert page.headers["Content-Disposition"] == f'attachment; filename="{person.number}.txt"'
    assert page.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert person.number in page.text
    assert person.code in page.text
    assert "https://ai.example.cn/complaints/track" in page.text


def test_the_signed_promise_verifies_and_holds_no_code(app, person):
    page = person.open(address(person, "/promise"))
    said = json.loads(page.text)
    key = reading(app, promises.public_key)
    assert all(step.good for step in receipt_check.verify(said, [key]))
    assert said["promise"]["number"] == cases(app)[0].number
    assert person.code not in page.text
    said["promise"]["result_due"] = "2027-01-01T16:00:00.000000Z"
    assert not all(step.good for step in receipt_check.verify(said, [key]))
