"""A phone number is asked for where the host can write to it or the type demands a way to reach the person, else nowhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, WORDS, Person, cases, close_connections, filed, make_app  # noqa: F401 - used by itself
from office import Forms, send

from complaints import Complaints
from complaints.base.errors import InputError
from complaints.cases import fields
from complaints.cases.intake import Filing
from complaints.cases.people import Operator
from complaints.policy.profile import load

NUMBER = "13800001234"
POLICY = load()
DEMANDING = {key for key, kind in POLICY.types.items() if "phone" in kind.contact_required}


@pytest.fixture(params=["with text messages", "without"])
def texts(request):
    return request.param == "with text messages"


@pytest.fixture
def app(tmp_path, database_url, texts):
    who = Operator("op_1", "Lin", roles=frozenset({"handler"}))
    return make_app(
        tmp_path, database_url, {"operator_loader": lambda: who}, (lambda message: None) if texts else None
    )


def contact(app):
    [case] = cases(app)
    return case.reach, filed(app, case).data("contact")


def kept(texts):
    return (
        ("mail+phone", {"mail": "reporter@example.com", "phone": NUMBER})
        if texts
        else (
            "mail",
            {"mail": "reporter@example.com"},
        )
    )


def test_every_type_that_asks_for_mail_asks_for_a_number_too_but_demands_none(texts):
    assert {"ip_notice", "counter_notice", "pi_request"} == DEMANDING
    for key, kind in POLICY.types.items():
        keys = [field.key for field in fields.asked(POLICY, kind, phone=texts)]
        assert keys.count("phone") == (texts or key in DEMANDING), key
        assert len(keys) == len(set(keys))
    assert "phone" not in fields.check(POLICY, "other", {"details": WORDS}, phone=texts)
    given = {"details": WORDS, "phone": "138 0000 1234"}
    assert fields.check(POLICY, "other", given, phone=texts).get("phone") == (NUMBER if texts else None)


def test_a_wrong_number_is_a_mistake_only_where_one_is_asked_for():
    with pytest.raises(InputError) as wrong:
        fields.check(POLICY, "other", {"details": WORDS, "phone": "12"}, phone=True)
    assert set(wrong.value.fields) == {"phone"}
    assert fields.check(POLICY, "other", {"details": WORDS, "phone": "12"}, phone=False) == {"details": WORDS}


def test_the_form_asks_without_demanding_and_keeps_only_what_it_asked(app, texts):
    person = Person(app)
    person.to_check(phone=NUMBER)
    assert (NUMBER in person.text()) is texts
    person.send()
    person.receipt()
    assert contact(app) == kept(texts)

    person.open(f"{NEW}?type=inaccurate")
    label = re.search(r'<label[^>]*for="phone".*?</label>', person.page.text, re.DOTALL)
    assert (label is not None) is texts
    if texts:
        assert "optional" in label[0]
    person.send(details=WORDS)
    person.send()
    person.receipt()
    assert cases(app)[-1].reach == ""


def test_an_operator_writing_down_a_call_is_asked_the_same(app, texts):
    client = app.test_client()
    address = "/complaints/admin/new"
    form = next(
        each
        for each in Forms(client.get(f"{address}?type=other").text).found
        if each["action"].endswith("/new") and each["method"] == "post"
    )
    assert ("phone" in form["data"]) is texts
    given = {"channel": "phone", "details": WORDS, "mail": "reporter@example.com", "phone": NUMBER}
    assert send(client, f"{address}?type=other", "/new", **given).status_code == 200
    assert contact(app) == kept(texts)


@pytest.mark.parametrize("joined", [False, True])
def test_the_hosts_own_form_is_held_to_the_same_questions(app, texts, joined):
    given = {"details": WORDS, "mail": "reporter@example.com", "phone": NUMBER}
    filing = Filing("other", given, secret="5" * 32)
    with app.app_context():
        if joined:
            app.extensions["complaints"].database.write(
                lambda session: Complaints.submit(filing, session=session)
            )
        else:
            Complaints.submit(filing)
    assert contact(app) == kept(texts)
