"""Today's board: its counts are the lists' own, red only where somebody must act, in few statements."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from casework import staffed
from office import ADMIN, words
from sqlalchemy import event

from complaints.jobs import leases
from complaints.store.jobs import Jobs
from complaints.store.tables import Outbox

MOST_STATEMENTS = 12
TILE = re.compile(r'<a href="([^"]+)"(?: class="cmp-bad")?><b>(?:<svg.*?</svg>)?([^<]+)</b>([^<]+)')


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def board(office, who="supervisor"):
    return office.client(who).get(f"{ADMIN}/board")


def tiles(answer):
    html = answer.get_data(as_text=True)
    return {text.strip(): (href.replace("&amp;", "&"), value) for href, value, text in TILE.findall(html)}


def busy(office):
    """Something of every list: late, due, waiting for the person, under review, answered back, and restricted."""
    desk = office.desk
    desk.file("minor")
    desk.file()
    desk.later(days=30)
    desk.sweep()
    for _ in range(3):
        desk.file("billing")
    asked = desk.file()
    desk.do(asked, "ask")
    written = desk.file()
    desk.do(written, "accept")
    desk.do(written, "message")
    reviewed = desk.file()
    for step in ("decide", "release", "appeal"):
        desk.do(reviewed, step)
    desk.file(is_test=True)


@pytest.mark.parametrize("who", ["handler", "supervisor", "auditor", "admin"])
def test_each_figure_is_the_count_of_the_list_it_leads_to(office, who):
    busy(office)
    client, found = office.client(who), tiles(board(office, who))
    lists = {text: row for text, row in found.items() if "view=" in row[0]}
    assert len(lists) == 8
    for text, (href, value) in lists.items():
        listed = client.get(href).get_data(as_text=True)
        assert listed.count('class="cmp-code"') == int(value), text
    assert sum(int(value) for _, value in lists.values()) > 8


def test_what_a_reader_may_not_know_of_is_not_in_a_count(office):
    busy(office)
    office.hire("cleared", "supervisor", restricted=True)
    every, some = tiles(board(office, "cleared")), tiles(board(office))
    differing = {text for text, row in some.items() if every[text][1] != row[1]}
    assert differing == {"已超期", "无人负责"}


def test_the_board_costs_few_statements_however_much_there_is(office):
    busy(office)
    client, seen = office.client("supervisor"), []
    client.get(f"{ADMIN}/board")
    event.listen(
        office.installation.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2])
    )
    client.get(f"{ADMIN}/board")
    assert 0 < len(seen) <= MOST_STATEMENTS, "\n".join(seen)


def ticks(office):
    """The clock has just run."""
    database = office.desk.installation.database
    leases.take(database, "tick", office.desk.clock.now, 60)
    leases.beat(database, "tick", office.desk.clock.now, 0)


def test_red_comes_only_with_something_to_do(office):
    ticks(office)
    html = board(office).get_data(as_text=True)
    assert html.count('class="cmp-bad"') == 0
    assert "本周没有到期的事项" in html
    busy(office)

    def give_up(work):
        for letter in work.session.query(Outbox).limit(1):
            letter.state = "dead"

    office.installation.write(give_up)
    red = re.findall(r'<a href="([^"]+)" class="cmp-bad">', board(office).get_data(as_text=True))
    assert f"{ADMIN}/?view=late" in red
    assert f"{ADMIN}/health" in red


def test_the_board_says_whether_a_checkpoint_left_the_machine(office):
    assert "从未离开本机" in words(board(office))


def test_who_logs_in_begins_with_the_board(office):
    answer = office.client("handler").get(f"{ADMIN}/login")
    assert answer.headers["Location"].endswith("/board")


def test_all_is_well_only_while_nothing_is_to_be_looked_at(office, clock):
    fine = "期限检查正常，消息正常发出。"
    assert fine not in words(board(office))
    assert tiles(board(office))["期限检查"][1] == "从未"
    ticks(office)
    assert fine in words(board(office))
    clock.now += timedelta(minutes=11)
    assert fine not in words(board(office))


def test_an_order_that_no_worker_takes_is_on_the_board_and_health_says_what_to_do(office, clock):
    ticks(office)
    assert tiles(board(office))["尚未开始的任务"] == (f"{ADMIN}/health", "无")
    jobs = Jobs(("audit",), 60)
    office.installation.write(
        lambda work: jobs.queue(work.session, "a" * 32, "audit", {}, "op_x", work.now, total=1)
    )
    clock.now += timedelta(minutes=11)
    ticks(office)
    assert tiles(board(office))["尚未开始的任务"][1] == "11分钟"
    said = words(office.client("supervisor").get(f"{ADMIN}/health"))
    assert "有一项导出、审计或批量任务已等待11分钟" in said
    assert office.client().get("/complaints/healthz").json["orders_lag"] == 660
