"""A crowd at the form: counted once over all workers, asked for work, never turned away."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, PNG, WORDS, Person, cases, close_connections, filed, make_app, reading, solution  # noqa: F401 - used by itself

from complaints.base.errors import LimitedError
from complaints.store.limits import DatabaseStorage
from complaints.store.tables import Limit
from complaints.web import limiting


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url, COMPLAINTS_LIMIT_FILINGS="1/hour")


def file(person, **values):
    person.to_check()
    person.send(**values)
    return person


def test_beyond_the_limit_work_is_asked_for_and_done_work_files(app):
    person = Person(app)
    file(person).receipt()
    file(person)
    assert person.page.status_code == 429
    assert "第二行" in person.text()
    person.send(altcha=solution(person))
    person.receipt()
    assert ["unproven" in filed(app, case).meta for case in cases(app)] == [False, False]


def test_without_script_the_second_try_is_taken_in_and_marked(app):
    person = Person(app)
    file(person).receipt()
    file(person)
    person.send()
    person.receipt()
    assert [filed(app, case).meta.get("unproven", False) for case in cases(app)] == [False, True]


def test_a_solution_counts_once(app):
    person = Person(app)
    file(person).receipt()
    file(person)
    done = solution(person)
    person.send(altcha=done)
    person.receipt()
    file(person, altcha=done)
    assert person.page.status_code == 429
    file(person, altcha="e30=")
    assert person.page.status_code == 429


def test_the_short_form_keeps_its_files_while_work_is_asked_for(app):
    person = Person(app)
    file(person).receipt()
    person.open(f"{NEW}?type=other&form=short")
    person.send([("a.png", PNG)], details=WORDS)
    assert person.page.status_code == 429
    assert "a.png" in person.text()
    person.send(details=WORDS)
    person.receipt()
    assert cases(app)[-1].files == 1


def test_all_sources_together_have_a_limit_of_their_own(tmp_path, database_url):
    app = make_app(tmp_path, database_url, COMPLAINTS_LIMIT_FILINGS_TOTAL="1/hour", COMPLAINTS_PROXIES=1)
    file(Person(app, **{"X-Forwarded-For": "192.0.2.1"})).receipt()
    assert file(Person(app, **{"X-Forwarded-For": "198.51.100.1"})).page.status_code == 429


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("unknown", "", True),
    ],
)
def test_a_source_is_a_network(one, other, same):
    assert (limiting.network(one) == limiting.network(other)) is same


def test_no_address_is_kept(app):
    file(Person(app))
    keys = reading(app, lambda work: list(work.session.scalars(select(Limit.key))))
    assert keys
    assert not any("127." in key for key in keys)


def test_a_counter_that_cannot_be_written_closes_nothing(app, monkeypatch):
    def broken(*_):
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(DatabaseStorage, "incr_all", broken)
    for _ in range(3):
        assert len(file(Person(app)).receipt()) == 2


def test_two_workers_share_one_count(tmp_path, database_url):
    workers = [make_app(tmp_path, database_url, COMPLAINTS_LIMIT_LOGIN="3/hour") for _ in range(2)]
    for turn in range(5):
        with workers[turn % 2].test_request_context():
            if turn < 3:
                limiting.hit("login", "somebody")
            else:
                with pytest.raises(LimitedError) as caught:
                    limiting.hit("login", "somebody")
                assert 3500 < caught.value.retry_after <= 3600


def test_a_window_that_has_passed_starts_anew(app):
    storage = DatabaseStorage(lambda: app.extensions["complaints"].database.engine)
    assert [storage.incr("a", -1), storage.incr("a", 60), storage.incr("a", 60)] == [1, 1, 2]
    assert (storage.get("a"), storage.get("b"), storage.check()) == (2, 0, True)
    storage.clear("a")
    assert storage.get("a") == 0
