"""A thousand cases at once: both pages stay light, and the order holds every one of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from casework import box, chosen, post, staffed, ticked
from office import ADMIN, Forms, words
from sqlalchemy import event, insert, select, update

from complaints.store.jobs import SHOWN
from complaints.store.tables import Complaint, Job, Operator
from complaints.web.admin import bulk as pages
from complaints.web.admin.bulk_orders import PAGE

# The cases are written past the log.
pytestmark = pytest.mark.tampered
CASES, MOST, MOST_STATEMENTS = 1000, 100_000, 12
LANGS = ("zh", "en")


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    """A thousand cases of one type in an office of sixty; what is ordered waits for a worker."""
    made = staffed(tmp_path, clock, monkeypatch)
    monkeypatch.setattr(pages, "AT_ONCE", 0)
    made.first = made.desk.file("inaccurate")

    def copies(work, table, one, changes):
        row = dict(work.session.execute(select(table.__table__).where(one)).mappings().one())
        del row["id"]
        work.session.execute(insert(table.__table__), [{**row, **each} for each in changes])

    def fill(work):
        copies(work, Complaint, Complaint.uid == made.first.uid, [numbered(n) for n in range(1, CASES)])
        people = [{"ref": f"op_{n:08}", "login": f"o{n}", "name": f"办理人员{n}"} for n in range(60)]
        copies(work, Operator, Operator.login == "second", people)

    made.installation.write(fill)
    return made


def numbered(n):
    kept = {"uid": f"{n:032x}", "number": f"TS20261123-{n:06}", "filing_hash": f"{n:064}"}
    return {**kept, "version": 1 + n % 12}


def change(office, wanted, **values):
    office.installation.write(
        lambda work: work.session.execute(update(Complaint).where(wanted).values(**values))
    )


def everyone(office):
    """Each case as a box would name it."""
    return office.desk.read(
        lambda work: {
            f"{uid}:{version}"
            for uid, version in work.session.execute(select(Complaint.uid, Complaint.version))
        }
    )


def ordered(office, answer):
    """What an order holds, by where it leads."""
    assert answer.status_code == 303, words(answer)
    uid = answer.headers["Location"].rpartition("/")[2]
    job = office.desk.read(lambda work: work.session.get(Job, uid))
    return [f"{each}:{version}" for each, version in job.params["cases"]]


def again(client, answer, without=(), **values):
    """The form of a preview, sent with its boxes as they are but for those `without`."""
    html = answer.get_data(as_text=True)
    form = next(each for each in Forms(html).found if each["action"].endswith("/bulk"))
    boxes = [each for each in ticked(html) if each not in without]
    return client.post(f"{ADMIN}/bulk", data={**form["data"], "case": boxes, **values})


def everything(client, lang="zh"):
    client.get(f"{ADMIN}/?lang={lang}")
    return post(client, do="all", query="view=all")


@pytest.mark.parametrize("lang", LANGS)
def test_choice_and_preview_of_a_thousand_are_light_and_the_order_holds_them_all(office, lang):
    client = office.client("handler")
    first = everything(client, lang)
    seen = again(client, first, do="preview", act="note", text="备" * 5000)
    done = again(client, seen, do="confirm")

    print(lang, "choice", len(first.data), "preview", len(seen.data))
    assert [len(each.data) <= MOST for each in (first, seen)] == [True, True]
    for each in (first, seen):
        assert len(ticked(each.get_data(as_text=True))) == pages.SHOWN
        assert {"zh": "另有950件，均已选中", "en": "and 950 more, all of them chosen"}[lang] in words(each)
    found = ordered(office, done)
    assert len(found) == CASES
    assert set(found) == everyone(office)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("share", [1, 2])
def test_what_cannot_be_done_to_many_stands_first_is_counted_and_stays_in_the_order(office, lang, share):
    change(office, Complaint.id % share == 0, state="awaiting_complainant")
    client = office.client("handler")
    left_out = CASES // share
    seen = again(client, everything(client, lang), do="preview", act="accept", text="备" * 5000)
    html = seen.get_data(as_text=True)

    print(lang, "preview with", left_out, "left out", len(seen.data))
    assert len(seen.data) <= MOST
    reason = {"zh": "当前状态不能这样处理", "en": "Its state does not allow this"}[lang]
    shown = ticked(html)
    refused = html.count(f">{reason}</td>")
    assert refused == pages.FEW + (pages.SHOWN if share == 1 else 0)
    assert len(shown) == pages.FEW + pages.SHOWN
    assert html.index(f'"{shown[0]}"') < html.index(reason)
    assert {"zh": f"{reason}：{left_out}", "en": f"{reason}: {left_out}"}[lang] in words(seen)
    assert set(chosen(html)) == everyone(office)
    # Another act may be possible to those.
    assert set(ordered(office, again(client, seen, do="confirm", act="note"))) == everyone(office)


def test_what_was_unticked_stays_out_and_what_is_not_shown_stays_in(office):
    client = office.client("handler")
    first = everything(client)
    without = ticked(first.get_data(as_text=True))[:3]
    seen = again(client, first, without, do="preview", act="accept")
    more = ticked(seen.get_data(as_text=True))[-1]
    done = again(client, seen, [more], do="confirm")

    assert "997件将会改动" in words(seen)
    assert set(ordered(office, done)) == everyone(office) - {*without, more}


def test_one_that_moved_among_those_not_shown_comes_first_with_its_reason(office):
    client = office.client("handler")
    first = everything(client)
    last = chosen(first.get_data(as_text=True))[-1]
    assert last not in ticked(first.get_data(as_text=True))
    uid, _, version = last.partition(":")
    change(office, Complaint.uid == uid, version=int(version) + 1)
    seen = again(client, first, do="preview", act="note", text="备注")

    assert "999件将会改动" in words(seen)
    assert "预览之后有人改动过" in words(seen)
    assert ticked(seen.get_data(as_text=True))[0] == last
    assert last in ordered(office, again(client, seen, do="confirm"))


def test_a_restricted_one_among_those_not_shown_is_neither_named_nor_ordered(office):
    secret, client = office.desk.file("minor"), office.client("handler")
    rest = pages.packed([(secret.uid, office.desk.case(secret).version), (office.first.uid, 1)])
    seen = post(client, do="preview", rest=rest, act="note", text="备注")

    assert secret.number not in words(seen)
    assert "已选1件" in words(seen)
    assert chosen(seen.get_data(as_text=True)) == [box(office, office.first)]


def test_boxes_and_those_not_shown_are_a_thousand_together(office):
    client = office.client("handler")
    cases = sorted(everyone(office))
    rest = pages.packed((f"{n:032x}", 1) for n in range(5000, 5501))
    for number, status in ((499, 303), (500, 422)):
        answer = post(client, do="confirm", act="accept", case=cases[:number], rest=rest)
        assert answer.status_code == status
    assert "一次最多处理1000件" in words(answer)


@pytest.mark.parametrize(
    "rest", ["", ",", ":", "1:", "x:AAAA", "1:AAA", "1:AAAA", "1:é" * 9, "1:A===", "9" * 20 + ":AAAA"]
)
def test_a_damaged_list_of_those_not_shown_names_nobody(office, rest):
    answer = post(office.client("handler"), do="confirm", act="accept", rest=rest)
    assert answer.status_code == 422
    assert "请至少选择一件投诉" in words(answer)


def proceed(office, uid, ends, state="running"):
    """As a worker leaves it after so many cases."""
    values = {"place": {"ends": ends}, "done": len(ends), "state": state}
    office.installation.write(
        lambda work: work.session.execute(update(Job).where(Job.uid == uid).values(**values))
    )


def order(office, client):
    where = again(client, everything(client), do="confirm", act="accept").headers["Location"]
    return where, where.rpartition("/")[2]


def shown(html):
    return re.findall(r'href="[^"]+/case/(TS[^"]+)"', html)


def beside(html, rel):
    found = re.search(rf'href="([^"]+)" rel="{rel}"', html)
    return found and found[1].replace("&amp;", "&")


def walk(client, where, rel="next"):
    """Each page from this one on."""
    found = []
    while where:
        found.append(client.get(where).get_data(as_text=True))
        where = beside(found[-1], rel)
        assert len(found) <= CASES // PAGE
    return found


@pytest.mark.parametrize("lang", LANGS)
def test_the_results_of_a_thousand_are_read_in_light_pages_each_with_all_counts(office, lang):
    client = office.client("handler")
    where, uid = order(office, client)
    client.get(f"{ADMIN}/?lang={lang}")
    ends = ["" if n % 3 else ("claimed" if n % 2 else "failed") for n in range(700)]
    proceed(office, uid, ends)
    html = walk(client, where)
    counted = Counter(ends)

    print(lang, "results", max(len(each.encode()) for each in html))
    assert len(html) == CASES // PAGE
    assert max(len(each.encode()) for each in html) <= MOST
    assert len({number for each in html for number in shown(each)}) == CASES
    said = {
        "zh": "{}件已办理、{}件跳过、{}件出错、300件尚未办理",
        "en": "{} done, {} left out, {} failed, 300 not yet",
    }
    said = said[lang].format(counted[""], counted["claimed"], counted["failed"])
    for each in html:
        assert said in re.sub(r"<[^>]+>", "", each)
    troubled = (len(ends) - counted[""]) // PAGE
    mark = {"zh": "已完成</span>", "en": "Done</span>"}[lang]
    assert [mark in each for each in html[: troubled + 2]] == [False] * troubled + [True] * 2


def test_a_page_of_results_keeps_its_place_while_the_job_goes_on(office):
    client = office.client("handler")
    where, uid = order(office, client)
    proceed(office, uid, [])
    third = beside(walk(client, where)[1], "next")
    rows = shown(client.get(third).get_data(as_text=True))
    proceed(office, uid, ["failed", "state"] + [""] * 108 + ["failed"] + [""] * 400)
    html = client.get(third).get_data(as_text=True)

    # The one that failed stands on the first page now, and the next one follows.
    assert shown(html)[:-1] == [each for n, each in enumerate(rows) if n != 10]
    assert rows[10] in shown(client.get(where).get_data(as_text=True))
    before = client.get(beside(html, "prev")).get_data(as_text=True)
    assert shown(client.get(beside(before, "next")).get_data(as_text=True)) == shown(html)
    back = walk(client, third, "prev")
    assert len(back) == 4
    assert shown(back[-1]) == shown(client.get(where).get_data(as_text=True))
    proceed(office, uid, [""] * 500 + ["failed"] * 500)
    # Nothing stands there any more.
    assert shown(client.get(f"{where}?at=1-980").get_data(as_text=True)) == shown(walk(client, where)[-1])


def test_the_list_of_orders_takes_few_statements_however_many_cases_they_name(office):
    client = office.client("handler")
    _, uid = order(office, client)

    def more(work):
        row = dict(work.session.execute(select(Job.__table__).where(Job.uid == uid)).mappings().one())
        for n in range(1, SHOWN):
            cases = [[office.first.uid, 1], *([f"{n:08x}{m:024x}", 1] for m in range(1, CASES))]
            params = {**row["params"], "cases": cases}
            work.session.execute(insert(Job.__table__), [{**row, "uid": f"{n:032x}", "params": params}])

    office.installation.write(more)
    client.get(f"{ADMIN}/bulk")
    seen = []
    engine = office.installation.database.engine
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2][:100]))
    answer = client.get(f"{ADMIN}/bulk")

    print(len(seen), "statements for", SHOWN, "orders of", CASES)
    assert answer.get_data(as_text=True).count("/bulk/") >= SHOWN
    assert "共1000件" in words(answer)
    assert "共1件" in words(answer)
    assert len(seen) <= MOST_STATEMENTS, "\n".join(seen)


@pytest.mark.parametrize("at", ["x", "2-1", "1-", "0-" + "9" * 5000, "1-²", "-1-1"])
def test_a_place_that_no_page_names_is_the_first_page(office, at):
    client = office.client("handler")
    where, _ = order(office, client)
    answer = client.get(where, query_string={"at": at})
    assert answer.status_code == 200
    assert shown(answer.get_data(as_text=True)) == shown(client.get(where).get_data(as_text=True))
