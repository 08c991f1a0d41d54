"""An answer that waits to go out is read on its case, and stands in the form again once it was taken back."""

from __future__ import annotations

import re

import pytest
from casework import act, decide, page, release, staffed
from factories import ALICE
from office import Forms, words

from complaints.cases import handling
from complaints.cases.handling import Order

TEXT = "经核实，<b>情况</b>属实。"
REPORT = {
    "action-1": "report_other",
    "authority-1": "other",
    "name-1": "市网信办",
    "channel-1": "phone",
    "report_no-1": "A-17",
    "reported-1": "2026-11-16T08:30",
}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def waiting(office, filed, lang="zh"):
    """The part of the case page that says what waits."""
    html = office.client("second").get(f"{page(filed)}?lang={lang}").get_data(as_text=True)
    return html[html.index('class="cmp-callout cmp-warn"') : html.index('class="cmp-jump"')]


def typed(office, filed, mode, who="handler"):
    """What stands in the form of a decision when its page is opened."""
    html = office.client(who).get(f"{page(filed)}/{mode}").get_data(as_text=True)
    found = next(form["data"] for form in Forms(html).found if "facts" in form["data"])
    return {name: said for name, said in found.items() if said and name not in {"csrf_token", "version"}}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_waiting_answer_is_read_on_its_case_as_its_complainant_will_read_it(office, lang):
    filed = office.desk.file()
    office.desk.do(filed, "accept")
    office.desk.act(filed, handling.record_measure, ALICE, [Order("preserve_records", "别的")])
    decide(office, filed, text=TEXT, note="内部的话", **{"action-0": "stop_generation", "target-0": "回答17"})
    said = waiting(office, filed, lang)

    # In the language of the case, whatever the operator reads.
    read = said[said.index('<div lang="zh-Hans">') :]
    for each in ("经核实，&lt;b&gt;情况&lt;/b&gt;属实。", "投诉成立", "停止生成"):
        assert each in read
    for each in ("内部的话", "回答17", "保存相关记录"):
        assert each not in read
    release(office, filed)
    assert (
        "经核实，&lt;b&gt;"
        not in office.client("second").get(page(filed)).get_data(as_text=True).split('id="said"')[0]
    )


def test_what_was_taken_back_stands_in_the_form_again(office):
    filed, other = office.desk.file(), office.desk.file()
    decide(office, other, text="别的答复")
    values = {"text": TEXT, "facts": "查了日志", "note": "内部的话", "outcome": "partly"}
    values |= {"reason": "partly_verified", "action-0": "keyword_rule", "target-0": "回答17"}
    assert (
        decide(office, filed, **values, **{"detail-0": "全部", "retest-0": "y"}, **REPORT).status_code == 303
    )
    act(office, filed, "take_back")

    found = typed(office, filed, "decide")
    assert found == {**values, "detail-0": "全部", "retest-0": "y", **REPORT}
    assert decide(office, filed, do="preview", **found).status_code == 200
    # The next one to write finds it as well, until something is decided.
    assert typed(office, filed, "decide", "second") == found
    html = office.client("second").get(f"{page(filed)}/decide").get_data(as_text=True)
    assert re.search(r"<form[^>]* data-cmp-prefilled>", html)
    assert "Handler" in html


def test_so_it_is_with_what_was_not_taken_on(office):
    filed = office.desk.file()
    values = {
        "reason": "not_ours",
        "text": "请向市场监管部门反映。",
        "facts": "不是我们的产品",
        "note": "已核对",
    }
    assert decide(office, filed, mode="decline", outcome="", **values).status_code == 303
    act(office, filed, "take_back")

    assert typed(office, filed, "decline") == values
    assert typed(office, filed, "decide") == {}


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "confirm", "text": "维持。", "facts": "再查过"},
        {
            "verdict": "change",
            "outcome": "partly",
            "reason": "partly_verified",
            "text": "部分属实。",
            "action-0": "warn",
            "target-0": "账号 u-1",
        },
    ],
    ids=lambda values: values["verdict"],
)
def test_and_with_the_verdict_of_a_review(office, values):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    office.desk.do(filed, "appeal")
    given = {"outcome": "", "reason": "", **values}
    assert decide(office, filed, "second", mode="review", **given).status_code == 303
    act(office, filed, "take_back")

    assert typed(office, filed, "review", "second") == values


def test_nothing_is_filled_in_once_something_else_was_decided(office):
    filed = office.desk.file()
    decide(office, filed, text="第一稿")
    act(office, filed, "take_back")
    decide(office, filed, text="第二稿")
    release(office, filed)
    office.desk.do(filed, "appeal")

    assert typed(office, filed, "review", "second") == {}


def test_a_measure_that_was_not_taken_back_with_it_is_named(office):
    filed = office.desk.file()
    # The first acts at the click, the second waits for the answer to go out.
    measures = {"action-0": "keyword_rule", "target-0": "甲", "action-1": "warn", "target-1": "账号 u-1"}
    decide(office, filed, **measures)
    act(office, filed, "take_back")
    said = words(office.client("handler").get(f"{page(filed)}/decide"))

    named = re.search("没有随之撤回：(.*?)。", said)
    assert named
    assert named[1] == "增加拦截规则"
