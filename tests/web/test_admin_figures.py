"""The page of figures: periods in the address, numbers that lead to their complaints, drawings, files, the recount."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date

import pytest
from casework import staffed
from office import ADMIN, Forms, send, send_from, words

from complaints.base.clock import beijing
from complaints.cases.measuring import Span
from complaints.policy.deadlines import words as long_day
from complaints.web import charts
from complaints.web.admin import figures, periods
from complaints.web.charts import Bar

TILE = re.compile(r'<li><(?:a href="([^"]+)"|div)><b>([^<]+)</b>([^<]+)<')
PAGE = f"{ADMIN}/figures"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    """Lives of several ends, one of a restricted type, one a test, and some of the month before."""
    made = staffed(tmp_path, clock, monkeypatch)
    desk = made.desk
    desk.file("billing")
    desk.later(days=10)
    for steps in ("accept start decide release", "decline release appeal overturn", "withdraw", "ask"):
        filed = desk.file()
        for step in steps.split():
            desk.do(filed, step)
    desk.file("billing", channel="phone")
    desk.file("minor")
    desk.file(is_test=True)
    return made


def page(office, who="handler", query=""):
    return office.client(who).get(f"{PAGE}{query}")


def tiles(answer):
    html = answer.get_data(as_text=True)
    return {text: (href.replace("&amp;", "&"), value) for href, value, text in TILE.findall(html)}


@pytest.mark.parametrize("who", ["handler", "supervisor", "auditor", "admin"])
def test_a_number_leads_to_exactly_its_complaints(office, who):
    found = tiles(page(office, who))
    assert found["收到的投诉" if "收到的投诉" in found else next(iter(found))][1] == "5"
    leading = {text: row for text, row in found.items() if row[0]}
    assert len(leading) >= 4
    for text, (href, value) in leading.items():
        assert office.client(who).get(href).get_data(as_text=True).count('class="cmp-code"') == int(value), (
            text
        )


def test_a_test_installation_counts_its_test_cases_and_says_so(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch, COMPLAINTS_TEST_INSTALLATION=True)
    for n in range(3):
        made.desk.file(is_test=n < 2)
    answer = page(made)
    assert "只统计测试投诉" in answer.get_data(as_text=True)
    found = tiles(answer)
    href, value = found["收到投诉"]
    assert value == "2"
    again = send(made.client("handler"), PAGE, "/figures/recount?period=month")
    assert "按日志重数的结果一致" in words(again)
    assert made.client("handler").get(href).get_data(as_text=True).count('class="cmp-code"') == 2


def test_every_link_of_a_table_lists_as_many_as_it_says(office):
    html = page(office, query="?period=90").get_data(as_text=True)
    rows = re.findall(r'<th[^>]*><a href="([^"]+)">[^<]+</a></th>\s*<td[^>]*>([^<]+)</td>', html)
    assert len(rows) >= 5
    for href, value in rows:
        listed = office.client("handler").get(href.replace("&amp;", "&")).get_data(as_text=True)
        assert listed.count('class="cmp-code"') == int(value), href


def test_a_restricted_type_is_neither_counted_nor_named(office):
    office.hire("cleared", "handler", restricted=True)
    every, some = page(office, "cleared"), page(office)
    label = office.desk.read(lambda work: work.policy.types["minor"].label("zh"))
    assert [int(next(iter(tiles(each).values()))[1]) for each in (every, some)] == [6, 5]
    assert label in every.get_data(as_text=True).split('id="type"')[1]
    assert label not in some.get_data(as_text=True).split('id="type"')[1]
    for who, lines in (("cleared", 3), ("handler", 2)):
        answer = office.client(who).get(f"{PAGE}/file?what=type")
        assert len(list(csv.reader(io.StringIO(answer.get_data(as_text=True))))) == 1 + lines


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "2026-12-01", "2026-12-31"),
        ("period=before", "2026-11-01", "2026-11-30"),
        ("period=90", "2026-09-05", "2026-12-03"),
        ("period=year", "2026-01-01", "2026-12-03"),
        ("period=span&since=2026-11-20&until=2026-11-23", "2026-11-20", "2026-11-23"),
        ("period=span&since=2026-11-20&until=2026-11-19", "2026-12-01", "2026-12-31"),
        ("period=span&since=0001-01-01&until=2026-11-19", "2026-12-01", "2026-12-31"),
        ("period=never", "2026-12-01", "2026-12-31"),
    ],
)
def test_a_period_stands_in_the_address(office, query, first, last):
    asked = dict(pair.split("=") for pair in query.split("&") if pair)
    found = office.desk.read(lambda work: periods.asked(work, beijing(work.now).date(), asked))
    assert found.span == Span(date.fromisoformat(first), date.fromisoformat(last))
    assert found.strange is (bool(query) and found.period != asked.get("period"))
    answer = page(office, query=f"?{query}")
    assert f"{long_day(found.span.first, 'zh')}至{long_day(found.span.last, 'zh')}" in words(answer)


def test_filters_narrow_every_figure_and_its_links(office):
    found = tiles(page(office, query="?type=billing&channel=phone"))
    href, value = next(iter(found.values()))
    assert value == "1"
    assert {"type=billing", "channel=phone", "test=no"} <= set(href.partition("?")[2].split("&"))
    strange = page(office, query="?type=nothing")
    assert "未予采用" in words(strange)


def test_no_figure_is_of_a_person(office):
    html = page(office, "admin", "?period=90").get_data(as_text=True)
    refs = [*office.refs.values(), "op_alice", "op_bob"]
    assert [ref for ref in refs if ref in html] == []


def test_drawings_are_images_with_a_sentence_and_nothing_inline(office):
    html = page(office, query="?period=90").get_data(as_text=True)
    drawings = re.findall(r'<svg class="cmp-drawing".*?</svg>', html, re.DOTALL)
    assert len(drawings) >= 4
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r'aria-label="[^"]{6,}"', drawing)
        assert "style=" not in drawing
        assert "<text" in drawing
    assert 'id="promises-hatch"' in html


def test_a_file_holds_the_table_and_runs_in_no_spreadsheet(office):
    answer = office.client("auditor").get(f"{PAGE}/file?what=promises&period=90")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
    assert len(head) == 5
    assert rows
    assert figures._csv([["=1+1", "-2"]]) == b"\xef\xbb\xbf'=1+1,'-2\r\n"
    assert office.client("auditor").get(f"{PAGE}/file?what=people").status_code == 404


@pytest.mark.parametrize("who", ["handler", "supervisor"])
def test_the_log_recounts_to_the_same_on_the_page(office, who):
    answer = send(office.client(who), f"{PAGE}?period=90", "/figures/recount?period=90")
    assert answer.status_code == 200
    assert "按日志重数的结果一致" in words(answer)
    # Hundreds of values that agree are a file and not a page.
    html = answer.get_data(as_text=True)
    assert "数据表与日志不同之处" not in html
    client = office.client(who)
    html = send(client, f"{PAGE}?period=90", "/figures/recount?period=90").get_data(as_text=True)
    [form] = [each for each in Forms(html).found if each["data"].get("form") == "csv"]
    file = client.post(form["action"], data=form["data"])
    assert file.headers["Content-Disposition"].startswith('attachment; filename="complaints-recount-')
    head, *rows = csv.reader(io.StringIO(file.get_data().decode("utf-8-sig")))
    assert head[1:3] == ["数据表", "日志"]
    assert len(rows) > 20
    assert {row[3] for row in rows} == {"一致"}
    assert all(ours == logs for _, ours, logs, _ in rows)


@pytest.mark.tampered
def test_a_row_that_was_written_past_the_log_is_seen_by_the_recount(office):
    from complaints.store.tables import Complaint

    def cheat(work):
        case = work.session.query(Complaint).filter(Complaint.released_at.is_(None)).first()
        case.released_at = work.now

    office.installation.write(cheat)
    answer = send(office.client("handler"), f"{PAGE}?period=90", "/figures/recount?period=90")
    assert "按日志重数的结果不同" in words(answer)
    table = answer.get_data(as_text=True).split("数据表与日志不同之处")[-1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)[1:]
    assert rows
    for row in rows:
        ours, logs = re.findall(r"<td[^>]*>(?:<div>)?([^<]*)", row)[-2:]
        assert ours != logs
    assert re.search(r"其余\d+个数一致", words(answer))


def test_more_than_can_be_recounted_while_one_waits_is_left_to_the_report(office, monkeypatch):
    monkeypatch.setattr(figures, "MOST", 2)
    html = page(office, "auditor").get_data(as_text=True)
    assert "/figures/recount" not in html
    assert f"{ADMIN}/evidence?from=2026-12-01&amp;to=2026-12-31" in html
    assert "生成该时段的报告" not in words(page(office))
    monkeypatch.setattr(figures, "MOST", 0)
    narrowed = page(office, "auditor", "?type=billing").get_data(as_text=True)
    assert f"{ADMIN}/evidence?from=2026-12-01&amp;to=2026-12-31&amp;type=billing" in narrowed
    assert "涵盖全部风险类别" not in words(page(office, "auditor", "?type=billing"))
    assert "涵盖全部风险类别" in words(page(office, "auditor", "?channel=phone"))


@pytest.mark.parametrize(("who", "number"), [("auditor", "5"), ("cleared", "6")])
def test_the_page_and_the_report_of_the_period_count_the_same_for_one_reader(office, who, number):
    office.hire("cleared", "auditor", restricted=True)
    client = office.client(who)
    days = {"from": "2026-12-01", "to": "2026-12-31"}
    send(client, f"{ADMIN}/evidence", "/order#order", kind="period", form="docx", **days)
    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    data = send_from(client, html, "", "/file").data
    report = re.sub(r"<[^>]+>", "", zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml").decode())

    assert next(iter(tiles(page(office, who)).values()))[1] == number
    assert re.search(rf"收到投诉{number}\D", report)


def test_an_empty_period_says_so(office):
    answer = page(office, query="?period=span&since=2020-01-01&until=2020-01-31")
    assert "没有" in words(answer)
    assert '<svg class="cmp-drawing"' not in answer.get_data(as_text=True)


@pytest.mark.parametrize("draw", [charts.bars, charts.columns, charts.lines])
def test_a_drawing_escapes_what_people_named(draw):
    drawn = draw("x", [Bar("<script>", (3, 2, 1)), Bar("b", (0, 0, 0))], 'a "sentence" <b>')
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert "&lt;script&gt;" in drawn
    assert draw("x", [], "nothing").startswith("<svg")
