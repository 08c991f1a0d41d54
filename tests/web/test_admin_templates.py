"""Templates with variables in the browser, and the answer as its complainant will read it."""

from __future__ import annotations

import re

import pytest
from casework import decide, page, release, staffed, types
from office import ADMIN, Forms, send, words

from complaints.administration import templates
from complaints.administration.templates import Template
from complaints.ledger.work import Actor

BY = Actor("supervisor", "op_b")
BODY = "投诉{number}（{type}）：结果为{outcome}，理由是{reason}，已{measures}。{appeal_until}前可以申请复核。"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def kept(office, **values):
    given = Template(**{"key": "mine", "lang": "zh", "use": "decide", "type": "", "title": "我的", "body": BODY, **values})  # fmt: skip
    office.installation.write(lambda work: templates.save(work, given, BY))


def typed(answer):
    form = next(each for each in Forms(answer.get_data(as_text=True)).found if "outcome" in each["data"] or "text" in each["data"])  # fmt: skip
    return form["data"]["text"]


def preview_of(answer):
    html = answer.get_data(as_text=True)
    return html[html.index('id="preview"') : html.index("</section>")]


def test_a_template_is_filled_from_the_case_when_it_is_chosen_and_the_rest_when_it_is_shown(office):
    kept(office)
    filed, other = office.desk.file(), office.desk.file("service")
    chosen = decide(office, filed, do="template", template="mine", text="", outcome="", reason="")
    assert filed.number in typed(chosen)
    assert other.number not in typed(chosen)
    assert "{reason}" in typed(chosen)

    measures = {"action-0": "stop_generation", "target-0": "回答1"}
    shown = decide(office, filed, do="preview", text=typed(chosen), **measures)
    assert shown.status_code == 200
    assert "{" not in typed(shown)
    assert "停止生成" in typed(shown)
    assert decide(office, filed, text=typed(chosen), **measures).status_code == 303
    assert office.desk.events(filed)[-1].text("public") == typed(shown)


@pytest.mark.parametrize("text", ["已处理{nobody}", "已处理{measures}", "已处理【…】"])
def test_a_place_that_nothing_fills_is_refused_by_its_name_and_nothing_is_sent(office, text):
    filed = office.desk.file()
    answer = decide(office, filed, text=text)

    assert answer.status_code == 422
    assert f"请先填好{text[3:]}" in words(answer).replace(" ", "")
    assert types(office, filed) == ["filed", "viewed"]


def test_a_reply_starts_from_its_template_with_the_case_in_it(office):
    kept(office, use="reply", body="您好，投诉{number}我们会在{due}前答复，{provider}。")
    filed = office.desk.file()
    seen = office.client("handler").get(f"{page(filed)}?template=mine").get_data(as_text=True)

    assert f"您好，投诉{filed.number}我们会在" in seen
    assert "{due}" not in seen


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_preview_is_what_the_tracking_page_then_shows_in_the_complainants_language(office, lang):
    filed = office.desk.file(lang=lang)
    text = (
        "经核实，您反映的情况属实，已经处理。" if lang == "zh" else "We checked, and it is true. It is fixed."
    )
    measures = {"action-0": "stop_generation", "target-0": "回答1"}
    shown = preview_of(decide(office, filed, do="preview", text=text, **measures))
    decide(office, filed, text=text, **measures)
    release(office, filed)

    client = office.app.test_client()
    client.get(f"/complaints/track?lang={lang}")
    send(client, "/complaints/track", "/track", number=filed.number, code=filed.code)
    told = client.get(f"/complaints/track/{filed.number}?lang={lang}").get_data(as_text=True)
    # From what was done to the last day for a review, tags included.
    part = re.search(r"<h3>.*?<h3>.*?<h3>.*?</p>", shown, re.DOTALL)
    assert part
    assert text in part[0]
    assert part[0] in told
    assert ("Stop" in shown) is (lang == "en")


def test_a_text_in_another_language_than_the_complainants_is_remarked(office):
    filed, english = office.desk.file(), office.desk.file(lang="en")
    assert "您写的文字似乎不是英文" in words(decide(office, english, do="preview"))
    assert "似乎不是" not in words(decide(office, filed, do="preview"))
    assert "您写的文字似乎不是中文" in words(
        decide(office, filed, do="preview", text="We checked, and what you said is true.")
    )


def test_what_was_found_is_kept_for_operators_and_hidden_from_the_complainant(office):
    filed = office.desk.file()
    shown = decide(office, filed, do="preview", facts="日志里没有检索来源")
    assert "检索来源" not in preview_of(shown)
    assert "日志里没有检索来源" in shown.get_data(as_text=True)
    decide(office, filed, facts="日志里没有检索来源")

    assert office.desk.events(filed)[-1].text("facts") == "日志里没有检索来源"
    assert "查明：日志里没有检索来源" in words(office.client("second").get(page(filed)))


def test_a_template_is_seen_on_invented_data_before_it_is_kept(office):
    filed = office.desk.file()
    given = {"use": "decide", "lang": "zh", "type": "", "key": "mine", "title": "我的"}
    client = office.client("supervisor")
    answer = send(client, f"{ADMIN}/replies", "/save", "preview", **given, body=BODY + "【填写：其他】")
    text = words(answer)

    assert answer.status_code == 200
    assert "TS20261123-7K3M9Q" in text
    assert filed.number not in text
    assert "使用时需要填写：【填写：其他】" in text
    assert "mine" not in words(client.get(f"{ADMIN}/replies"))
    wrong = send(client, f"{ADMIN}/replies", "/save", "preview", **given, body="{nubmer}")
    assert wrong.status_code == 422
    assert "{nubmer}在这里无法自动填写" in words(wrong)


def test_a_template_is_opened_changed_and_deleted(office):
    kept(office)
    client, where = office.client("supervisor"), f"{ADMIN}/replies?key=mine&in=zh"
    assert BODY in client.get(where).get_data(as_text=True)
    assert send(client, where, "/save", title="改名", body="新的{number}").status_code == 303
    assert "改名" in words(client.get(f"{ADMIN}/replies"))
    assert send(client, where, "/save", "remove").status_code == 303
    assert "改名" not in words(client.get(f"{ADMIN}/replies"))
    assert 'value="remove"' not in client.get(f"{ADMIN}/replies?key=upheld&in=zh").get_data(as_text=True)
