"""What a full case costs: statements of a page, and its weight however long it was talked."""

from __future__ import annotations

import re

import pytest
from casework import ANSWER, act, page, staffed
from factories import ALICE
from office import ADMIN
from sqlalchemy import event

from complaints.cases import conversation, handling
from complaints.cases.attachments import check
from complaints.cases.handling import Order

MOST, WEIGHT = 12, 100_000


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def full(office, *, messages=3):
    """A case with everything a page can show, and others of the same text."""
    desk = office.desk
    filed = desk.file(answer=ANSWER)
    for _ in range(3):
        desk.file(answer=ANSWER)
    desk.do(filed, "accept")
    desk.do(filed, "start")
    for n in range(messages):
        desk.later(minutes=1)
        files = [check(f"图{n}.txt", b"x", max_mb=1)] if n < 3 else []
        desk.act(filed, conversation.write, f"补充{n}：" + "它说的话和事实不符。" * 20, files)
        desk.act(filed, conversation.reply, ALICE, f"回复{n}：" + "我们正在核实。" * 20)
        desk.act(filed, handling.note, ALICE, f"备注{n}")
    desk.act(filed, handling.record_measure, ALICE, [Order("preserve_records", "answer-1")])
    return filed


def statements(office, client, address):
    said = []
    engine = office.installation.database.engine

    def note(*given):
        said.append(given[2])

    client.get(address)
    event.listen(engine, "before_cursor_execute", note)
    answer = client.get(address)
    event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code == 200
    return said


def test_the_second_view_of_a_full_case_takes_at_most_twelve_statements(office):
    filed = full(office)
    said = statements(office, office.client("second"), page(filed))
    assert 0 < len(said) <= MOST, "\n\n".join(said)


def test_the_queue_over_claimed_cases_takes_at_most_twelve_statements(office):
    full(office)
    other = office.desk.file()
    act(office, other, "accept")
    said = statements(office, office.client("second"), f"{ADMIN}/?view=all")
    assert 0 < len(said) <= MOST, "\n\n".join(said)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_long_talk_keeps_the_page_light_and_is_read_in_stretches(office, lang):
    filed = full(office, messages=60)
    client = office.client("second")
    pages, address = [], f"{page(filed)}?lang={lang}"
    for _ in range(20):
        html = client.get(address).get_data(as_text=True)
        assert len(html.encode()) <= WEIGHT
        pages.append(html)
        earlier = re.search(r'href="([^"#]*talk=\d+[^"#]*)#talk" rel="next"', html)
        if earlier is None:
            break
        address = earlier[1].replace("&amp;", "&")

    found = [
        re.findall(r"补充(\d+)：", re.search(r'id="talk".*?</section>', each, re.DOTALL)[0]) for each in pages
    ]
    assert 1 < len(pages) < 20
    assert [int(n) for each in reversed(found) for n in each] == list(range(60))


def test_every_event_of_a_long_record_is_on_one_of_its_stretches(office):
    filed = full(office, messages=40)
    client, seen = office.client("second"), []
    for n in range(1, 10):
        html = client.get(f"{page(filed)}?log={n}").get_data(as_text=True)
        seen += re.findall(r'<li id="e(\d+)"', html)
        if '#log" rel="next"' not in html:
            break
    assert [int(seq) for seq in seen] == [entry.seq for entry in office.desk.events(filed)][::-1]
