"""Many cases at once in the browser: chosen in the queue, seen beforehand, done, and told one by one."""

from __future__ import annotations

import pytest
from casework import box, chosen, page, post, staffed, types
from factories import STEPS
from office import ADMIN, Forms, words

from complaints.base.clock import beijing
from complaints.jobs.working import work_off
from complaints.web.admin import bulk as pages


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def test_the_queue_offers_a_box_for_each_case_to_those_who_handle(office):
    filed = office.desk.file()
    for who, there in (("handler", True), ("auditor", False)):
        html = office.client(who).get(f"{ADMIN}/").get_data(as_text=True)
        assert (f'value="{box(office, filed)}"' in html) is there


def test_a_few_are_previewed_confirmed_and_done_while_the_page_waits(office):
    one, two, beside = (office.desk.file() for _ in range(3))
    office.desk.do(two, "accept")
    client, cases = office.client("handler"), [box(office, one), box(office, two)]
    first = post(client, do="ticked", case=cases)
    seen = post(client, do="preview", case=cases, act="accept")
    assert (first.status_code, seen.status_code) == (200, 200)
    assert "1件将会改动" in words(seen)
    assert "当前状态不能这样处理" in words(seen)
    assert types(office, one) == ["filed"]

    done = post(client, do="confirm", case=cases, act="accept")
    assert done.status_code == 303
    told = client.get(done.headers["Location"])
    assert "1件已办理" in words(told)
    assert "1件跳过" in words(told)
    assert one.number in words(told)
    assert beside.number not in words(told)
    assert [types(office, each) for each in (one, two, beside)] == [
        ["filed", "accepted"],
        ["filed", "accepted"],
        ["filed"],
    ]


def test_answers_that_have_not_gone_out_are_listed_and_taken_back_together(office):
    out, one, two = (office.desk.file() for _ in range(3))
    for name in ("decide", "release"):
        office.desk.do(out, name)
    for each in (one, two):
        # Both within their undo time.
        STEPS["decide"](office.desk, each)
    client, cases = office.client("handler"), [box(office, one), box(office, two)]
    listed = words(client.get(f"{ADMIN}/?view=leaving"))
    assert [each.number in listed for each in (out, one, two)] == [False, True, True]

    seen = post(client, do="preview", case=cases, act="take_back", query="view=leaving")
    assert "2件将会改动" in words(seen)
    assert "投诉人尚未看到这些答复" in words(seen)
    leaves = beijing(office.desk.case(one).release_due)
    assert f"其中最早的一件将于{leaves:%H:%M:%S}发出" in words(seen)
    assert post(client, do="confirm", case=cases, act="take_back").status_code == 303
    assert [types(office, each)[-1] for each in (out, one, two)] == ["released", "taken_back", "taken_back"]
    assert two.number not in words(client.get(f"{ADMIN}/?view=leaving"))


def test_answers_on_their_way_wait_for_no_worker_however_many_they_are(office, monkeypatch):
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    filed = [office.desk.file() for _ in range(3)]
    for each in filed:
        STEPS["decide"](office.desk, each)
    cases = [box(office, each) for each in filed]
    post(office.client("handler"), do="confirm", case=cases, act="take_back")
    assert [types(office, each)[-1] for each in filed] == ["taken_back"] * 3


def test_all_of_a_list_are_those_of_its_filters_on_all_its_pages(office):
    rows = [office.desk.file("inaccurate") for _ in range(53)]
    other, secret = office.desk.file("service"), office.desk.file("minor")
    answer = post(office.client("handler"), do="all", query="view=open&type=inaccurate&page=2")
    text = answer.get_data(as_text=True)

    assert sorted(chosen(text)) == sorted(box(office, each) for each in rows)
    assert text.count('name="case"') == pages.SHOWN < len(rows)
    assert "另有3件，均已选中" in text
    assert other.number not in text
    assert secret.number not in text


def test_what_is_many_waits_for_a_worker_and_the_page_says_how_far(office, monkeypatch):
    monkeypatch.setattr(pages, "AT_ONCE", 1)
    rows = [office.desk.file() for _ in range(2)]
    client = office.client("handler")
    done = post(client, do="confirm", case=[box(office, each) for each in rows], act="note", text="统一备注")
    where = done.headers["Location"]
    assert "等待处理" in words(client.get(where)) or "尚未办理" in words(client.get(where))
    assert types(office, rows[0]) == ["filed"]
    work_off(office.installation)

    assert "2件已办理" in words(client.get(where))
    assert "统一备注" not in client.get(where).get_data(as_text=True)
    assert "统一备注" in client.get(page(rows[0])).get_data(as_text=True)


def test_only_who_ordered_it_or_a_supervisor_stops_it(office, monkeypatch):
    monkeypatch.setattr(pages, "AT_ONCE", 0)
    filed = office.desk.file()
    done = post(office.client("handler"), do="confirm", case=[box(office, filed)], act="accept")
    where = done.headers["Location"]
    for who, status in (("second", 403), ("supervisor", 303), ("handler", 409)):
        client = office.client(who)
        token = next(
            each["data"]["csrf_token"]
            for each in Forms(client.get(f"{ADMIN}/").get_data(as_text=True)).found
            if each["action"].endswith("/bulk")
        )
        assert client.post(f"{where}/cancel", data={"csrf_token": token}).status_code == status
    assert work_off(office.installation) == 0
    assert types(office, filed) == ["filed"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"act": ""}, "请选择要做什么"),
        ({"act": "note", "text": " "}, "请写"),
        ({"act": "assign", "to": "op_nobody"}, "请从名单中选择一位"),
        ({"act": "decide"}, "请选择要做什么"),
        ({"act": "accept", "case": []}, "请至少选择一件投诉"),
        ({"act": "accept", "case": ["nonsense", "x:y"]}, "请至少选择一件投诉"),
        ({"act": "accept", "case": [f"{n:032}:1" for n in range(1001)]}, "一次最多处理1000件"),
    ],
)
def test_what_is_not_whole_comes_back_with_what_was_typed(office, values, said):
    filed = office.desk.file()
    answer = post(
        office.client("handler"), **{"do": "confirm", "case": [box(office, filed)], "text": "", **values}
    )

    assert answer.status_code == 422
    assert said in words(answer)
    assert types(office, filed) == ["filed"]


def test_a_restricted_case_in_anothers_order_is_neither_named_nor_counted(office):
    office.hire("trusted", "handler", restricted=True)
    secret, plain = office.desk.file("minor"), office.desk.file()
    cases = [box(office, secret), box(office, plain)]
    done = post(office.client("trusted"), do="confirm", case=cases, act="accept")
    where = done.headers["Location"]

    trusted = words(office.client("trusted").get(where))
    assert secret.number in trusted
    assert "2件已办理" in trusted
    told = words(office.client("handler").get(where))
    assert plain.number in told
    assert secret.number not in told
    assert "1件已办理" in told
    assert "：1件" in told
    assert "无权查看" not in told
    assert "1件已办理" in words(office.client("handler").get(f"{ADMIN}/bulk"))
    refused = post(office.client("handler"), do="preview", case=cases, act="note", text="x")
    assert secret.number not in words(refused)


def test_whoever_hides_a_case_by_what_they_ordered_reads_of_it_no_more(office):
    filed, other = office.desk.file(), office.desk.file()
    client, cases = office.client("handler"), [box(office, filed), box(office, other)]
    done = post(client, do="confirm", case=cases, act="reclassify", type="minor", text="涉及未成年人")
    assert [office.desk.case(each).restricted for each in (filed, other)] == [True, True]
    assert client.get(done.headers["Location"]).status_code == 404
    assert done.headers["Location"].rpartition("/")[2] not in client.get(f"{ADMIN}/bulk").get_data(
        as_text=True
    )
