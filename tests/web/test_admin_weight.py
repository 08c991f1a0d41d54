"""What a full case costs: statements of a page, and its weight however long it was talked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from casework import ANSWER, act, page, staffed
from factories import ALICE, BOB, WORDS
from office import ADMIN, send
from searching import take_in
from sqlalchemy import event, insert, select, update

from complaints.administration import api_keys, teams
from complaints.cases import conversation, handling, transfer
from complaints.cases.attachments import check
from complaints.cases.handling import Order
from complaints.ledger.work import Actor
from complaints.store.tables import Complaint

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


def crowded(office):
    """A full case that everything else happened to as well: teams, a key's acts, other cases, a call that waits."""
    office.complaints.on_disposal("warn")(lambda commission: "已警示")
    by, write = Actor("admin", "op_boss"), office.installation.write
    for key, name in (("legal", "法务组"), ("model", "模型组")):
        write(lambda work, key=key, name=name: teams.add(work, key, name, by=by))
    bot = Actor("handler", write(lambda work: api_keys.create(work, "机器人", ["act"], by=by))[0].ref)
    desk, filed = office.desk, full(office)
    for n in range(3):
        desk.file(fields={"details": f"{WORDS}，这是第{n}次"})
    joined, beside = desk.file(), desk.file()
    desk.do(joined, "merge", lead=filed)
    act(office, filed, "link", other=beside.number)
    desk.act(filed, transfer.transfer, BOB, "legal", "请看一下")
    desk.act(filed, handling.note, bot, "机器人也看过")
    desk.act(filed, handling.record_measure, bot, [Order("warn", "账号 u-1")])
    take_in(office.installation)
    return filed, joined, beside


def in_list(client, filed, query="view=all"):
    """The address of a case as the queue links it."""
    html = client.get(f"{ADMIN}/?{query}").get_data(as_text=True)
    return next(each for each in re.findall(r'href="([^"]+)"', html) if f"/case/{filed.number}?" in each)


def test_the_second_view_of_a_full_case_takes_at_most_twelve_statements(office):
    filed = full(office)
    said = statements(office, office.client("second"), page(filed))
    assert 0 < len(said) <= MOST, "\n\n".join(said)


@pytest.mark.parametrize("who", ["handler", "second", "supervisor", "auditor"])
def test_so_does_a_crowded_case_opened_from_a_list(office, who):
    filed, joined, beside = crowded(office)
    client = office.client(who)
    address = in_list(client, filed).replace("&amp;", "&")
    html = client.get(address).get_data(as_text=True)
    shown = (
        'rel="prev"',
        'rel="next"',
        "文字几乎相同",
        "法务组",
        "机器人",
        "执行中",
        joined.number,
        beside.number,
    )
    assert [each for each in shown if each not in html] == []
    said = statements(office, client, address)
    assert 0 < len(said) <= MOST, "\n\n".join(said)


def test_so_does_one_whose_answer_waits_to_go_out(office):
    filed, *_ = crowded(office)
    office.desk.do(filed, "decide")
    client = office.client("supervisor")
    address = in_list(client, filed).replace("&amp;", "&")
    assert "我们核实了，情况属实" in client.get(address).get_data(as_text=True)
    said = statements(office, client, address)
    assert 0 < len(said) <= MOST, "\n\n".join(said)


def test_so_does_a_review_of_what_a_key_decided(office):
    (filed, *_), desk = crowded(office), office.desk
    by = Actor("admin", office.refs["second"])
    made, _ = office.installation.write(lambda work: api_keys.create(work, "手", ["act"], by=by))
    desk.do(filed, "decide", by=Actor("handler", made.ref))
    desk.do(filed, "release")
    desk.do(filed, "appeal")
    client = office.client("supervisor")
    said = statements(office, client, in_list(client, filed).replace("&amp;", "&"))
    assert 0 < len(said) <= MOST, "\n\n".join(said)


def test_the_queue_over_claimed_cases_takes_at_most_twelve_statements(office):
    full(office)
    other = office.desk.file()
    act(office, other, "accept")
    said = statements(office, office.client("second"), f"{ADMIN}/?view=all")
    assert 0 < len(said) <= MOST, "\n\n".join(said)


def test_so_does_a_search_with_hits_of_several_ends(office):
    filed = full(office)
    other = office.desk.file()
    act(office, other, "accept")
    take_in(office.installation)
    client = office.client("second")
    address = send(client, f"{ADMIN}/?view=all", "/find", q=WORDS[:2]).headers["Location"]
    assert filed.number in client.get(address).get_data(as_text=True)
    said = statements(office, client, address)
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


def flooded(office):
    """A crowded case that leads three hundred others, the later joined the earlier due; as many say the same, some are linked."""
    filed, joined, beside = crowded(office)
    for _ in range(24):
        act(office, filed, "link", other=office.desk.file("billing", fields={"details": "另一件事"}).number)

    def fill(work):
        def copies(one, changes):
            row = dict(work.session.execute(select(Complaint.__table__).where(one)).mappings().one())
            del row["id"]
            work.session.execute(insert(Complaint.__table__), [{**row, **each} for each in changes])

        due, one = work.now + timedelta(days=90), Complaint.uid == joined.uid
        work.session.execute(update(Complaint).where(one).values(due_next=due))
        copies(one, [{**numbered(n), "due_next": due - timedelta(hours=n)} for n in range(1, 300)])
        copies(Complaint.uid == beside.uid, [numbered(n) for n in range(300, 600)])

    office.installation.write(fill)
    return filed, joined


def numbered(n):
    return {"uid": f"{n:032x}", "number": f"TS20261123-{n:06}", "filing_hash": f"{n:064}"}


def part(html, start, end="</ul>"):
    """The numbers of cases between two places of a page."""
    found = html[html.index(start) :]
    return re.findall(r'class="cmp-code"[^>]*>([^<]+)<', found[: found.index(end)])


# The cases are written past the log.
@pytest.mark.tampered
def test_a_leading_case_of_three_hundred_says_how_many_there_are_and_stays_light(office):
    filed, first = flooded(office)
    client = office.client("supervisor")
    for lang, joined, linked in (
        ("zh", "共300件，显示20件", "共25件，显示20件"),
        ("en", "20 of 300 shown", "20 of 25 shown"),
    ):
        html = client.get(f"{page(filed)}?lang={lang}").get_data(as_text=True)
        assert len(html.encode()) <= WEIGHT
        assert [each for each in (joined, linked) if each not in html] == []
    said = statements(office, client, page(filed))
    assert 0 < len(said) <= MOST, "\n\n".join(said)

    # The last joined is due first; what is joined stands in no second list.
    assert part(html, 'id="joined"') == [numbered(n)["number"] for n in range(299, 279, -1)]
    lists, address = [], page(filed)
    for _ in range(20):
        html = client.get(address).get_data(as_text=True)
        lists.append(part(html, 'id="joined"'))
        onward = re.search(r'href="([^"#]*joined=\d+)#joined" rel="next"', html)
        if onward is None:
            break
        address = onward[1]
    assert [len(each) for each in lists] == [20] * 15
    assert lists[-1][-1] == first.number
    assert len({each for some in lists for each in some}) == 300
    beyond = client.get(f"{page(filed)}?joined=900").get_data(as_text=True)
    assert part(beyond, 'id="joined"') == lists[-1]


@pytest.mark.tampered
def test_reports_of_the_same_text_are_read_in_pages_and_joined_from_each(office):
    filed, _ = flooded(office)
    client, seen = office.client("second"), []
    for n in range(1, 17):
        html = client.get(f"{page(filed)}?similar={n}").get_data(as_text=True)
        seen += part(html, "同一回答或相同内容，最新的在前：共304件")
    # Three more say nearly the same: on the first page only.
    assert len(seen) == len(set(seen)) == 304 + 3
    assert not {numbered(n)["number"] for n in range(1, 300)} & set(seen)


@pytest.mark.tampered
def test_the_deciding_page_stays_light_and_says_how_many_it_looks_through(office):
    filed, _ = flooded(office)
    html = office.client("second").get(f"{page(filed)}/decide").get_data(as_text=True)
    assert len(html.encode()) <= WEIGHT
    assert "共304件，这里只查看最新的20件" in html
    # Those joined already read the answer anyway: none of them takes a place.
    assert html.count('name="also"') == 20
