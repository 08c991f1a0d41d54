"""Each figure leads to exactly its complaints, and the lists behind them are lists like any other."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from casework import post, staffed
from flask_sqlalchemy import SQLAlchemy
from lives import RESTRICTED, live
from office import ADMIN, Forms, Office, quick_passwords, send, words

from complaints import Complaints
from complaints.cases import counted, queries
from complaints.cases.measuring import REACHED, changed_on_review
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.ledger.reading import history
from complaints.store.tables import Complaint, Milestone, SavedView

TILE = re.compile(r'<li><(?:a href="([^"]+)"|div)><b>([^<]+)</b>([^<]+)<')
ROW = re.compile(r'<tr(?: role="row")?>')
CELL = re.compile(r'<t[hd](?: [^>]*)?>(?:<a href="([^"]+)">)?([^<]*)')
# Of these tables only the first columns say how many.
COUNTS = {"promises": 3, "times": 1, "type-times": 2, "risk-times": 2, "outcome-times": 2}
ALL = "period=span&since=2026-11-01&until=2027-12-31"
PERIODS = (ALL, f"{ALL}&channel=phone", "period=span&since=2026-12-01&until=2026-12-31")
READERS = {
    "cleared": Operator("op_cleared", "Cleared", restricted=True),
    "handler": Operator("op_handler", "Handler"),
}


@pytest.fixture
def lived(tmp_path, clock, monkeypatch, database_url):
    """An office that each figure counts something of."""
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock, SQLALCHEMY_DATABASE_URI=database_url)
    made.complaints = Complaints(db=SQLAlchemy(made.app))
    with made.app.app_context():
        made.start(clock)
    live(made.desk)
    made.hire("cleared", "handler", restricted=True)
    yield made
    made.installation.database.engine.dispose()


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def shown(html):
    """Every number on the page that counts complaints: where it stands, the number, and where it leads."""
    found = [(text, number, href) for href, number, text in TILE.findall(html)]
    for key, part in re.findall(r'<h2 id="([\w-]+)">(.*?)</figure>', html, re.DOTALL):
        for row in ROW.split(part)[2:]:
            (lead, name), *cells = CELL.findall(row)
            some = cells[: COUNTS.get(key, len(cells))]
            found += [(f"{key} {name} {n}", text, href or lead) for n, (href, text) in enumerate(some)]
    return [(where, int(number.replace(",", "")), unescape(href)) for where, number, href in found]


def behind(office, reader, href):
    """The ids of the cases of a list, by its address."""
    filters = Filters.of(dict(parse_qsl(urlsplit(href).query)))
    assert filters.strange == ()
    return office.desk.read(
        lambda work: [row for some in queries.members(work, reader, filters) for row in some]
    )


@pytest.mark.parametrize("who", READERS)
def test_every_number_leads_to_exactly_so_many_complaints(lived, who):
    wrong, told, places = [], set(), set()
    for period in PERIODS:
        html = lived.client(who).get(f"{ADMIN}/figures?{period}").get_data(as_text=True)
        for where, number, href in shown(html):
            cases = behind(lived, READERS[who], href) if href else []
            places.add((number > 0, where))
            if len(cases) != number or len(set(cases)) != number:
                wrong.append((period, where, number, len(cases), href))
            told |= set(dict(parse_qsl(urlsplit(href).query)).items())

    assert wrong == []
    # Nothing of it held by having nothing to count.
    assert {("risk", "@none"), ("outcome", "@any"), ("late", "yes"), ("view", "open")} <= told
    assert {("reached", each) for each in counted.REACHABLE} <= told
    kept = {value for name, value in told if name == "promise"}
    assert {"accept.kept", "accept.missed", "result.running", "review.kept", "review.missed"} <= kept
    apart = {where.split()[0] for counts, where in places if counts}
    assert {"type-times", "risk-times", "outcome-times"} <= apart


def test_a_list_of_a_figure_holds_the_complaints_it_says(lived):
    """Found again case by case, from its events and its dates, as far as these can be told apart by one rule."""

    def look(work):
        return [
            (case, [each.type for each in history(work, case.uid)], _dates(work, case))
            for case in work.session.query(Complaint)
        ]

    rules = {
        "risk=@none": lambda case, _, __: not case.risk_class,
        "reached=accepted": lambda case, _, __: case.accepted_at is not None,
        "reached=appealed": lambda _, types, __: "appealed" in types,
        "reached=changed": lambda _, types, __: changed_on_review(types),
        **{
            f"reached=ever_{name}": lambda _, types, __, name=name: bool(REACHED[name] & set(types))
            for name in REACHED
        },
        **{
            f"promise={asked}": lambda _, __, dates, asked=asked: asked in dates for asked in counted.PROMISED
        },
    }
    cases = lived.desk.read(look)
    for query, rule in rules.items():
        expected = {case.id for case, *rest in cases if rule(case, *rest)}
        assert set(behind(lived, READERS["cleared"], f"?view=all&{query}")) == expected, query
        seen = {case.id for case, *_ in cases if not case.restricted}
        assert set(behind(lived, READERS["handler"], f"?view=all&{query}")) == expected & seen, query


def _dates(work, case):
    """What became of each promised date of the first round, and of each review."""
    newest, found = {}, set()
    for each in work.session.query(Milestone).filter_by(complaint_id=case.id).order_by(Milestone.revision):
        if each.step == "due" and each.publish and (each.cycle == 0 or each.kind == "review"):
            newest[each.cycle, each.kind] = each
    for (_, kind), each in newest.items():
        if each.state in counted.BECAME:
            found.add(f"{kind}.{counted.BECAME[each.state]}")
    return found


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", ["办理进展 申请复核", "承诺期限 处理结果：逾期", "风险类别 未分类"]),
        (
            "en",
            [
                "How far it came Asked for a review",
                "Promised date Result: Missed",
                "Risk class Not classified",
            ],
        ),
    ],
)
def test_a_chip_names_what_a_figure_led_to_and_drops_it(office, lang, said):
    asked = {"view": "all", "risk": "@none", "reached": "appealed", "promise": "result.missed"}
    client = office.client("handler")
    client.set_cookie("complaints_lang", lang, path="/")
    html = client.get(f"{ADMIN}/", query_string=asked).get_data(as_text=True)
    chips = re.findall(r'<a class="cmp-chip" href="([^"]+)"><small>([^<]+)</small>([^<]+)<', html)

    assert sorted(f"{label}{value}" for _, label, value in chips) == sorted(said)
    without = [dict(parse_qsl(urlsplit(unescape(href)).query)) for href, *_ in chips]
    assert without == [
        {name: value for name, value in asked.items() if name != gone}
        for gone in ("risk", "reached", "promise")
    ]


def test_what_a_figure_led_to_stays_when_the_list_is_narrowed_further(office):
    query = "view=all&reached=appealed&promise=result.missed"
    set_, bare = (
        next(each["data"] for each in Forms(html).found if "since" in each["data"])
        for html in (office.client("handler").get(f"{ADMIN}/?{asked}").text for asked in (query, "view=all"))
    )
    assert (set_["reached"], set_["promise"]) == ("appealed", "result.missed")
    assert {"reached", "promise"}.isdisjoint(bare)


def test_what_no_figure_knows_is_left_out_and_named(office):
    office.desk.file()
    answer = office.client("handler").get(f"{ADMIN}/?view=all&reached=moon&promise=result.lost&risk=@some")

    left_out = re.search(r"没有这个选项，未采用：(\S+)", words(answer))[1]
    assert all(name in left_out for name in ("风险类别", "办理进展", "承诺期限"))
    assert answer.text.count('class="cmp-code"') == 1


def test_a_list_of_a_figure_is_kept_as_a_view_and_acted_on_as_a_whole(office):
    desk = office.desk
    on_time, other, secret = desk.file("billing"), desk.file("billing"), desk.file(RESTRICTED)
    for filed in (on_time, secret):
        desk.do(filed, "accept")
    query = "view=all&reached=accepted&promise=accept.kept"
    client = office.client("handler")
    kept = send(client, f"{ADMIN}/?{query}", f"/views/keep?{query}", name="按时受理")

    assert kept.status_code == 303
    assert desk.read(lambda work: work.session.query(SavedView).one().query) == dict(parse_qsl(query))
    assert re.search(r"按时受理 *<[^>]+>1<", client.get(f"{ADMIN}/").text)
    answer = post(client, do="all", query=query)
    assert answer.text.count('name="case"') == 1
    assert on_time.number in answer.text
    assert other.number not in answer.text
    assert secret.number not in answer.text
