"""A reported answer from the host's page to operators, complainant and exports, with what its seal gave."""

from __future__ import annotations

import json
import logging
import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from office import ADMIN, Office, quick_passwords

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, WORDS, Person, cases, close_connections, filed, make_app  # noqa: F401 - used by itself

from complaints import Answer, Complaints, Turn, answers
from complaints.base.keys import Keys
from complaints.web import mounting

OUTPUT, PROMPT = "答案是42", "问题是什么"
BEFORE = [{"prompt": f"第{n}问", "output": f"第{n}答<b>", "token": ""} for n in range(1, 9)]
LIMIT = 20_000


@pytest.fixture
def app(tmp_path, database_url):
    return make_app(tmp_path, database_url)


def sealed(app, **changes):
    said = {"output": OUTPUT, "prompt": PROMPT, "model": "m-1", "answer_id": "a-1", "user_ref": "user-7"}
    with app.test_request_context():
        return Complaints.seal_answer(**{**said, **changes})


def reported(app, token, output=OUTPUT, prompt=PROMPT, person=None, **more):
    """A report filed from the host's page to its end; the person's browser."""
    person = person or Person(app)
    data = {"token": token, "output": output, "prompt": prompt, **more}
    person.page = person.client.post("/complaints/report", data=data, headers=person.headers)
    assert person.page.status_code == 200
    return person


def finish(person, **values):
    person.send(type="inaccurate")
    person.send(details=WORDS, **values)
    person.send()
    person.receipt()
    return person


def newest(app):
    case = cases(app)[-1]
    return case, filed(app, case)


def old(days):
    return datetime.now(UTC) - timedelta(days=days)


CASES = {
    "genuine": ({}, {}, "verified", []),
    "another answer": ({}, {"output": "答案是43"}, "altered", ["output_altered"]),
    "another question": ({}, {"prompt": "别的"}, "altered", ["prompt_altered"]),
    "both": ({}, {"output": "1", "prompt": "2"}, "altered", ["output_altered", "prompt_altered"]),
    "old": ({"at": old(181)}, {}, "verified", ["expired"]),
    "not yet old": ({"at": old(179)}, {}, "verified", []),
    "for another user": ({"user_ref": "user-8"}, {}, "verified", ["other_user"]),
    "for nobody": ({"user_ref": ""}, {}, "verified", []),
    "longer than is kept": ({"output": "长" * 20_001}, {"output": "长" * 20_001}, "verified", ["cut"]),
    "cut by the page": (
        {"output": "长" * 20_001},
        {"output": "长" * 20_000},
        "altered",
        ["output_altered"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_report_is_filed_with_its_result(tmp_path, database_url, case):
    seal, page, mark, notes = CASES[case]
    app = make_app(tmp_path, database_url, {"complainant_loader": lambda: "user-7"})
    token = sealed(app, **seal)
    finish(reported(app, token, **page))
    row, first = newest(app)
    answer = first.data("answer")
    assert (row.answer_mark, first.meta.get("answer", [])) == (mark, notes)
    assert answer["output"] == page.get("output", OUTPUT)[:LIMIT]
    assert (answer["token"], answer["answer_id"]) == (token, "a-1")
    assert "identity" not in answer


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "unsealed"),
        ("eyJhbGciOiJub25lIn0.e30.", "damaged"),
        ("foreign", "foreign"),
        ("old key", "unknown_key"),
    ],
)
def test_a_report_without_a_genuine_seal_is_filed_as_unverified_with_the_reason(app, token, reason):
    if token == "foreign":
        token = answers.seal(b"k" * 32, "other.example.cn", output=OUTPUT)
    elif token == "old key":
        installed = app.extensions["complaints"]
        present = installed.keys
        installed.__dict__["keys"] = Keys(**{**vars(present), "answers": b"o" * 32})
        token = sealed(app)
        installed.__dict__["keys"] = present
    finish(reported(app, token))
    row, first = newest(app)
    assert (row.answer_mark, first.meta["answer"], row.seal_hash) == ("unverified", [reason], None)
    assert "model" not in first.data("answer")


def test_after_a_change_of_keys_former_seals_hold(app):
    token = sealed(app)
    installed = app.extensions["complaints"]
    former = installed.keys
    installed.__dict__["keys"] = Keys(
        **{**vars(former), "answers": b"n" * 32, "answers_previous": (former.answers,)}
    )
    finish(reported(app, token))
    finish(reported(app, sealed(app)))
    assert [case.answer_mark for case in cases(app)] == ["verified", "verified"]


def test_a_pasted_answer_longer_than_is_kept_is_taken_if_its_seal_holds(app):
    text = "长" * (LIMIT + 1)
    person = Person(app)
    for given, status in ((text, 200), (text + "了", 422)):
        person.open(f"{NEW}?type=inaccurate&answer={sealed(app, output=text, prompt='')}")
        person.send(details=WORDS, answer=given)
        assert person.page.status_code == status
    person.open(f"{NEW}?type=inaccurate&answer={sealed(app, output=text, prompt='')}")
    person.send(details=WORDS, answer=text)
    person.send()
    person.receipt()
    row, first = newest(app)
    assert (row.answer_mark, first.meta["answer"]) == ("verified", ["cut"])
    assert len(first.data("answer")["output"]) == LIMIT


def test_line_ends_and_space_of_a_form_alter_nothing(app):
    text = "第一行\n\n第二行 "
    finish(reported(app, sealed(app, output=text), output="\r\n第一行\r\n\r\n第二行"))
    assert newest(app)[0].answer_mark == "verified"


class Broken:
    """What no text can be made of."""

    def __str__(self):
        raise RuntimeError(WORDS)


LOADED = {
    "the record agrees": ({"output": OUTPUT, "prompt": PROMPT}, OUTPUT, "verified", ["loaded"]),
    "the page said something else": (
        {"output": OUTPUT, "prompt": PROMPT},
        "别的话",
        "verified",
        ["loaded", "page_differed"],
    ),
    "the page brought nothing": ({"output": OUTPUT, "prompt": PROMPT}, "", "verified", ["loaded"]),
    "the record was changed since": (
        {"output": "改过了", "prompt": PROMPT},
        OUTPUT,
        "altered",
        ["output_altered", "loaded"],
    ),
    "there is no record": (None, OUTPUT, "verified", []),
    "a record without an answer": ({"prompt": PROMPT}, OUTPUT, "verified", []),
    "something strange": ("text", OUTPUT, "verified", []),
    "bytes": ({"output": OUTPUT.encode()}, OUTPUT, "verified", []),
    "a value that breaks": ({"output": OUTPUT, "prompt": Broken()}, OUTPUT, "verified", []),
    "half of a character": (
        {"output": OUTPUT, "prompt": "\ud800", "model": "\ud800", "turns": deque([{"prompt": "\ud800"}])},
        OUTPUT,
        "altered",
        ["prompt_altered", "loaded"],
    ),
    "it breaks": (RuntimeError(WORDS), OUTPUT, "verified", []),
}


@pytest.mark.parametrize("case", LOADED)
def test_what_the_host_loads_counts_and_a_host_that_fails_costs_nothing(tmp_path, database_url, caplog, case):
    record, page, mark, notes = LOADED[case]
    asked = []

    def load(answer_id):
        asked.append(answer_id)
        if isinstance(record, Exception):
            raise record
        return record

    app = make_app(tmp_path, database_url, {"answer_loader": load})
    with caplog.at_level(logging.ERROR):
        finish(reported(app, sealed(app, user_ref=""), output=page))
    row, first = newest(app)
    assert set(asked) == {"a-1"}
    assert (row.answer_mark, first.meta.get("answer", [])) == (mark, notes)
    assert first.data("answer")["output"] == (record["output"] if "loaded" in notes else page)
    assert [each.getMessage() for each in caplog.records] == (
        ["load of the host failed: RuntimeError"] * len(asked) if "breaks" in case else []
    )


@pytest.mark.parametrize(
    ("seal_for", "signed_in", "loads"),
    [("", "", True), ("user-7", "user-7", True), ("user-7", "user-8", False), ("user-7", "", False)],
)
def test_a_token_alone_shows_nobody_another_persons_talk(tmp_path, database_url, seal_for, signed_in, loads):
    """Whoever finds a token in a history or a log must not read with it what somebody asked."""
    record = {"output": OUTPUT, "prompt": PROMPT, "turns": [{"prompt": "先前的问", "output": "先前的答"}]}
    loaders = {"answer_loader": lambda _: record, "complainant_loader": lambda: signed_in or None}
    app = make_app(tmp_path, database_url, loaders)
    person = Person(app)
    person.open(f"{NEW}?type=inaccurate&answer={sealed(app, user_ref=seal_for)}")
    for text in (OUTPUT, PROMPT, "先前的问"):
        assert (text in person.text()) is loads


def test_a_loader_of_users_that_breaks_loses_no_report(tmp_path, database_url, caplog):
    broken = [True]

    def who():
        if broken[0]:
            raise RuntimeError(WORDS)

    app = make_app(tmp_path, database_url, {"complainant_loader": who})
    person = reported(app, sealed(app))
    assert "who of the host failed: RuntimeError" in caplog.text
    assert WORDS not in caplog.text
    broken[0] = False
    finish(person)
    assert newest(app)[0].answer_mark == "verified"


def test_reports_of_one_answer_are_linked_whatever_their_text_and_never_refused(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    office = Office(tmp_path, clock).start(clock)
    one = Answer("一", mark="verified", identity="id a-1")
    first = office.desk.file("inaccurate", answer=one)
    again = office.desk.file(
        "inaccurate", fields={"details": "别人"}, answer=Answer("二", mark="altered", identity="id a-1")
    )
    other = office.desk.file(
        "inaccurate", fields={"details": "无关"}, answer=Answer("三", mark="verified", identity="id a-2")
    )
    bare = office.desk.file("inaccurate", fields={"details": "无封"}, answer=Answer("四"))
    page = office.client("handler").get(f"{ADMIN}/case/{first.number}").text
    card = page[page.index('id="similar"') :].partition("</section>")[0]
    assert again.number in card
    assert "同一条加封的回答，该件中内容有改动" in card
    assert other.number not in card
    assert bare.number not in card
    hashes = [office.desk.case(each).seal_hash for each in (first, again, other, bare)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert hashes[3] is None


def test_the_same_token_reported_by_many_makes_as_many_complaints(app):
    token = sealed(app)
    for _ in range(3):
        finish(reported(app, token))
    found = cases(app)
    assert len(found) == 3
    assert len({case.seal_hash for case in found}) == 1


def test_turns_are_offered_unticked_and_nothing_of_them_is_filed_without_a_tick(app):
    person = reported(app, sealed(app), turns=json.dumps(BEFORE))
    person.send(type="inaccurate")
    box = person.page.text[person.page.text.index('id="along"') :].partition(">")[0]
    assert "checked" not in box
    assert "data-cmp-nodraft" in box
    for n in range(3, 9):
        assert f"第{n}问" in person.text()
        assert f"第{n}答<b>" in person.text()
    assert "第2问" not in person.text(), "six are offered, not eight"
    person.send(details=WORDS)
    assert "What was said before is not sent along." in person.text()
    person.send()
    person.receipt()
    _, first = newest(app)
    assert "turns" not in first.meta
    assert "context" not in first.personal


def test_a_tick_sends_along_exactly_what_the_page_shows(app):
    turns = [*BEFORE[:-1], {**BEFORE[-1], "token": sealed(app, output="第8答<b>", prompt="第8问")}]
    person = reported(app, sealed(app), turns=json.dumps(turns))
    person.send(type="inaccurate")
    person.send(details="", along="y")
    assert person.page.status_code == 422
    assert 'name="along" value="y" data-cmp-nodraft checked' in person.page.text, "an error keeps the tick"
    person.send(details=WORDS, along="y", lang="zh")
    assert "checked" in person.page.text, "so does a change of language"
    person.send(details=WORDS, along="y")
    assert "将附上此前的对话（6轮）。" in person.text() or "sent along (6)" in person.text()
    person.send(change="along")
    assert 'name="along" value="y" data-cmp-nodraft checked' in person.page.text, "and going back"
    person.send(details=WORDS, along="y")
    person.send()
    person.receipt()
    _, first = newest(app)
    kept = first.data("context")["turns"]
    assert [(each["prompt"], each["output"]) for each in kept] == [
        (f"第{n}问", f"第{n}答<b>") for n in range(3, 9)
    ]
    assert [each["mark"] for each in kept] == ["unverified"] * 5 + ["verified"]
    assert first.meta["turns"] == 6


def test_a_tick_can_be_taken_back(app):
    person = reported(app, sealed(app), turns=json.dumps(BEFORE))
    person.send(type="inaccurate")
    person.send(details=WORDS, along="y")
    person.send(change="along")
    person.send(details=WORDS)
    person.send()
    person.receipt()
    assert "context" not in newest(app)[1].personal


def test_a_form_whose_signature_is_gone_keeps_the_turns_but_not_what_was_said_of_them(app):
    turn = {**BEFORE[0], "token": sealed(app, output="第1答<b>", prompt="第1问")}
    person = reported(app, sealed(app), turns=json.dumps([turn]))
    person.send(type="inaccurate")
    app.extensions["complaints"].settings.__dict__["secret_key"] = b"another"
    person.send(details=WORDS, along="y")
    person.send()
    person.receipt()
    row, first = newest(app)
    assert row.answer_mark == "unverified"
    assert [each["mark"] for each in first.data("context")["turns"]] == ["unverified"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "7",
        "{}",
        '"x"',
        "[1, null, []]",
        '[{"prompt": " "}]',
        "[" * 100_000,
        '[{"prompt": {"a": 1}}]',
        r'[{"prompt": "\ud800", "output": "\udfff\u0000"}]',
    ],
)
def test_turns_of_any_other_shape_cost_nothing(app, text):
    person = finish(reported(app, sealed(app), turns=text))
    assert newest(app)[0].answer_mark == "verified"
    assert person.page.status_code == 200


def test_no_turns_are_offered_where_the_host_wants_none(tmp_path, database_url):
    app = make_app(tmp_path, database_url, COMPLAINTS_CONTEXT_TURNS=0)
    person = reported(app, sealed(app), turns=json.dumps(BEFORE))
    person.send(type="inaccurate")
    assert 'name="along"' not in person.page.text
    with app.test_request_context():
        assert "第8问" not in mounting.report_button("t", OUTPUT, turns=BEFORE)


def test_the_button_carries_the_last_turns_and_the_form_takes_them(app):
    with app.test_request_context():
        button = app.jinja_env.from_string(
            "{{ complaints_report_button(token, output, prompt=prompt, turns=turns) }}"
        ).render(token=sealed(app), output=OUTPUT, prompt=PROMPT, turns=BEFORE)
    assert "第3问" in button
    assert "第2问" not in button
    assert "答<b>" not in button, "what a model wrote is no markup"


def test_operators_complainant_and_receipt_read_the_result_in_words(following):
    answer = Answer("一", "二", mark="altered", notes=("output_altered", "other_user", "page_differed"))
    made = following.desk.file("inaccurate", answer=answer, turns=[Turn("先前的问", "先前的答")])
    following.enter(made.number, made.code)
    page = following.get(following.path(filed=made)).text
    assert "回答与产品当时给出的不同。" in page
    assert "先前的问" in page
    assert "另一位用户" not in page
    data = following.get(following.path("/data", filed=made)).text
    assert "先前的答" in data
    kept = json.loads(following.get(following.path("/data.json", filed=made)).text)
    assert kept["turns_before_it"][0]["output"] == "先前的答"


def test_a_hosts_own_form_compares_and_files_the_same_way(app):
    with app.test_request_context():
        found = Complaints.check_answer(sealed(app), output=OUTPUT, prompt="别的")
        assert found is not None
        assert (found.mark, found.notes, found.identity) == ("altered", ("prompt_altered",), "id a-1")
        assert Complaints.check_answer(sealed(app), output=" ") is None
        sealer = Complaints.answer_sealer(
            prompt=PROMPT, model="m-1", answer_id="a-1", at=old(0), user_ref="user-7"
        )
        for piece in OUTPUT:
            sealer.feed(piece)
        again = Complaints.check_answer(sealer.seal(), output=OUTPUT, prompt=PROMPT)
        assert again is not None
        assert again.mark == "verified"
