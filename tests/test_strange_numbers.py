"""One source for every promise: strange numbers in the policy appear everywhere, the usual ones nowhere."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from web import filing
from web.filing import Person, make_app

from complaints.administration.publishing import publish
from complaints.cases.people import Operator
from complaints.delivery.sending import OutboxView
from complaints.evidence import filing as documents
from complaints.ledger.work import Actor
from complaints.policy.profile import load
from complaints.store.tables import Outbox
from complaints.web import mails
from complaints.web.public.process import render_body

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
# Nothing in the shipped profile is 7, 23, 41 or 37; everything published is replaced.
STRANGE = (
    filing.POLICY
    + """
[review]
window_days = 37
[pause]
max_wd = 19
"""
    + "".join(
        f"""
[deadlines.{name}]
accept = {{ amount = 7, unit = "wd" }}
result = {{ amount = 23, unit = "wd", cap_days = 41 }}
review = {{ amount = 23, unit = "wd", cap_days = 41 }}
"""
        for name in load().deadlines
    )
    + """
[types.billing]
severity = "high"
[deadlines.general.severity.high]
result = { amount = 29, unit = "wd" }
[deadlines.general.reply]
amount = 13
"""
)
# What the shipped profile promises, as it would be written for people; 第1个工作日 is a day and no length.
USUAL = re.compile(
    r"(?<![\d第])(?:10|5|2|1)\s?个工作日|最长\s?15\s?天|(?<!\d)(?:10|5|2) working days|15 (?:calendar )?days|30\s?天内|30 days"
)
PAGES = ("/", "/new", "/new?type=other", "/new?type=inaccurate&form=short", "/track", "/process")


@pytest.fixture
def app(tmp_path, database_url, monkeypatch):
    monkeypatch.setattr(filing, "POLICY", STRANGE)
    made = make_app(tmp_path, database_url)
    with made.app_context():
        found = made.extensions["complaints"]
        found.now = lambda: MONDAY
        found.write(
            lambda work: publish(
                work, found.file_policy, Actor("admin", "wang"), trial=False, render_page=render_body
            )
        )
    return made


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", text))


def test_every_page_says_the_strange_numbers_and_none_the_usual_ones(app):
    person = Person(app, **{"Accept-Language": "zh-CN"})
    seen = {path: words(person.open(f"/complaints{path}").text) for path in PAGES}
    seen["en"] = words(Person(app).open("/complaints/process").text)
    person.to_check("other")
    seen["check"] = person.text()
    person.send()
    number, _code = person.receipt()
    seen["receipt"] = person.text()
    seen["follow"] = words(person.open(f"/complaints/track/{number}").text)

    assert {name: USUAL.findall(text) for name, text in seen.items() if USUAL.search(text)} == {}
    assert "23个工作日（最长41天）" in seen["/"]
    assert "23个工作日（最长41天）" in seen["/process"]
    assert "37" in seen["/process"]
    assert "23 working days" in seen["en"]
    # Complaints about payment are of a severity with a date of its own; replies to messages are promised to some.
    assert "29个工作日" in seen["/process"]
    assert "回复留言" in seen["/process"]
    assert "13个工作日" in seen["/process"]
    # Monday 23 November 2026 plus seven working days, and plus 23 capped at 41 calendar days.
    for page in ("check", "receipt"):
        assert "12月2日" in seen[page]
        assert "12月24日" in seen[page]
    assert "12月24日" in seen["follow"]
    # 23 working days would end on 24 December, the 31st day, so that the cap ends nothing.
    for page in ("receipt", "follow"):
        assert "期限为7个工作日，到2026年12月2日（周三）24:00为止。" in seen[page]
        assert "期限为23个工作日（最长41天），到2026年12月24日（周四）24:00为止。" in seen[page]


def test_an_operator_is_told_why_by_the_strange_numbers_too(app):
    person = Person(app, **{"Accept-Language": "zh-CN"})
    person.to_check("other")
    person.send()
    number, _code = person.receipt()
    handler = Operator("op_li", "李", frozenset({"handler"}))
    found = app.extensions["complaints"]
    found.hooks = replace(found.hooks, operator=lambda: handler)
    page = words(person.open(f"/complaints/admin/case/{number}").text)
    clocks = person.open(f"/complaints/admin/case/{number}/clocks").json["clocks"]
    published = {row["kind"]: row["count"] for row in clocks if row["publish"]}

    assert "23个工作日（最长41天），从2026年11月23日（周一）的次日起算" in page
    assert "第23个工作日，最后一天" in page
    assert "最长15天" not in page
    assert {kind: (count["amount"], count["cap_days"]) for kind, count in published.items()} == {
        "accept": (7, None),
        "result": (23, 41),
    }
    assert USUAL.findall("".join(count["rule"]["zh"] for count in published.values())) == []


def test_the_filing_document_and_the_mails_say_the_same(app, tmp_path):
    person = Person(app, **{"Accept-Language": "zh-CN"})
    person.to_check("other")
    person.send()
    person.receipt()
    with app.app_context():
        found = app.extensions["complaints"]
        list(documents.write(found, tmp_path / "filing", screenshots=False))
        with found.reading() as work:
            row = work.session.query(Outbox).filter_by(kind="received").one()
            view = OutboxView(
                row.id,
                row.kind,
                row.channel,
                row.recipient,
                row.complaint_id,
                row.milestone_id,
                row.seq,
                row.details,
                row.message_id,
                1,
                row.created_at,
            )
        letter = mails.letter(found, view)
    document = next((tmp_path / "filing").glob("*.docx"))
    with zipfile.ZipFile(document) as archive:
        text = words(archive.read("word/document.xml").decode())

    assert "23个工作日（最长41天）" in text.replace(" ", "")
    assert "29个工作日" in text.replace(" ", "")
    assert "留言回复" in text.replace(" ", "")
    assert USUAL.findall(text) == []
    assert "12月24日" in letter.text
    assert USUAL.findall(letter.text) == []
