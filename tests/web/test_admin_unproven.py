"""Complaints filed in a rush without proof of work: operators see which, at no cost per row."""

from __future__ import annotations

import pytest
from office import ADMIN, Office, quick_passwords, words
from sqlalchemy import event

TAG = {"en": "Filed in a rush, not checked", "zh": "密集提交，未经验证"}


@pytest.fixture
def office(tmp_path, clock, monkeypatch, database_url):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock, COMPLAINTS_DATABASE_URI=database_url).start(clock)
    yield made
    made.installation.database.engine.dispose()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_case_and_its_row_say_so_in_words_and_no_other_does(office, lang):
    proven = office.desk.file(fields={"details": "第一件"})
    unproven = office.desk.file(fields={"details": "第二件"}, unproven=True)
    client = office.client("handler")

    rows = client.get(f"{ADMIN}/?lang={lang}").text.split("<tr")
    tagged = {
        filed.number: TAG[lang] in row for filed in (proven, unproven) for row in rows if filed.number in row
    }
    assert tagged == {proven.number: False, unproven.number: True}
    assert TAG[lang] not in words(client.get(f"{ADMIN}/case/{proven.number}?lang={lang}"))
    case = words(client.get(f"{ADMIN}/case/{unproven.number}?lang={lang}"))
    assert TAG[lang] in case
    assert {"en": "its dates count all the same", "zh": "处理期限照常计算"}[lang] in case


def test_the_queue_asks_as_often_for_many_rows_as_for_one(office):
    def asked():
        seen = []
        count = lambda *args: seen.append(args[2])  # noqa: E731 - listener and its removal need one object
        event.listen(office.installation.database.engine, "before_cursor_execute", count)
        assert client.get(f"{ADMIN}/").status_code == 200
        event.remove(office.installation.database.engine, "before_cursor_execute", count)
        return len(seen)

    client = office.client("handler")
    office.desk.file(unproven=True)
    client.get(f"{ADMIN}/")
    once = asked()
    for number in range(5):
        office.desk.file(fields={"details": f"第{number}件"}, unproven=number % 2 == 0)

    assert asked() == once
