"""A text in another language than the complainant's: remarked once before it goes out, however it is sent."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import pytest
from casework import act, decide, page, release, staffed, types
from office import send_from, words
from realfiles import small_picture

ENGLISH = "We checked, and what you said is true.\nIt is fixed."
OTHER = "We checked it again, and it is still true."
REMARK = "您写的文字似乎不是中文"
ASKED = {"reason": "what_happened"}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch)
    # A form that came back is sent again from the same browser.
    made.client = cache(made.client)
    return made


def again(office, answer, filed, action, do="", who="handler", **values):
    """The form that came back, sent as it stands but for `values`."""
    html, where = answer.get_data(as_text=True), f"{page(filed)}/{action}" if do else page(filed)
    return send_from(office.client(who), html, where, f"/{action}", do, **values)


def taken_on(office):
    filed = office.desk.file()
    act(office, filed, "accept")
    return filed


@pytest.mark.parametrize(("action", "values", "event"), [("reply", {}, "replied"), ("ask", ASKED, "asked")])
def test_a_foreign_message_comes_back_once_and_then_goes_out(office, action, values, event):
    filed = taken_on(office)
    answer = act(office, filed, action, text=ENGLISH, **values)

    assert answer.status_code == 422
    html = answer.get_data(as_text=True)
    assert REMARK in html.partition(f'id="{action}-text-error"')[2].partition("</p>")[0]
    assert f"{ENGLISH}</textarea>" in html
    assert event not in types(office, filed)
    # As a browser sends it: with the line ends of forms.
    text = ENGLISH.replace("\n", "\r\n")
    assert again(office, answer, filed, action, text=text).status_code == 303
    assert types(office, filed)[-1] == event


@pytest.mark.parametrize(("action", "values"), [("reply", {}), ("ask", ASKED)])
def test_a_foreign_message_that_was_changed_is_remarked_again(office, action, values):
    filed = taken_on(office)
    first = act(office, filed, action, text=ENGLISH, **values)
    second = again(office, first, filed, action, text=OTHER)

    assert (second.status_code, REMARK in words(second)) == (422, True)
    assert again(office, second, filed, action, text=ENGLISH).status_code == 422
    assert again(office, second, filed, action).status_code == 303


@pytest.mark.parametrize(("action", "values"), [("reply", {}), ("ask", ASKED)])
def test_a_message_in_their_own_language_goes_out_at_once(office, action, values):
    filed, english = taken_on(office), office.desk.file(lang="en")
    act(office, english, "accept")
    assert act(office, filed, action, text="我们正在核实您说的事情。", **values).status_code == 303
    assert act(office, english, action, text=ENGLISH, **values).status_code == 303


def test_a_foreign_message_changed_to_their_language_goes_out(office):
    filed = taken_on(office)
    answer = act(office, filed, "reply", text=ENGLISH)
    assert again(office, answer, filed, "reply", text="我们核实了，情况属实。").status_code == 303


def test_the_remark_names_a_file_to_choose_again_and_says_all_that_is_wrong_at_once(office):
    filed = taken_on(office)
    for name, data, said in (("图.png", small_picture(), "没有收到“图.png”"), ("坏.png", b"<p>", "“坏.png”")):
        answer = act(office, filed, "reply", text=ENGLISH, **{"reply-files": [(BytesIO(data), name)]})
        assert answer.status_code == 422
        assert REMARK in words(answer)
        assert said in words(answer)


@pytest.mark.parametrize(("mode", "event"), [("decide", "decided"), ("decline", "declined")])
def test_a_foreign_answer_nobody_previewed_is_shown_first_and_then_goes_out(office, mode, event):
    filed = office.desk.file()
    reason = {"reason": "not_ours"} if mode == "decline" else {}
    answer = decide(office, filed, mode=mode, text=ENGLISH, **reason)

    assert answer.status_code == 422
    assert 'id="preview"' in answer.get_data(as_text=True)
    assert f"{REMARK}。 尚未发出" in words(answer)
    assert types(office, filed) == ["filed", "viewed"]
    assert again(office, answer, filed, mode, "send").status_code == 303
    assert types(office, filed)[-1] == event


def test_a_foreign_answer_that_was_previewed_as_it_stands_goes_out(office):
    filed = office.desk.file()
    shown = decide(office, filed, do="preview", text=ENGLISH)
    assert (shown.status_code, REMARK in words(shown), "尚未发出" in words(shown)) == (200, True, False)
    assert again(office, shown, filed, "decide", "send").status_code == 303


def test_a_foreign_answer_changed_after_its_preview_is_shown_again(office):
    filed = office.desk.file()
    shown = decide(office, filed, do="preview", text=ENGLISH)
    second = again(office, shown, filed, "decide", "send", text=OTHER)

    assert (second.status_code, REMARK in words(second)) == (422, True)
    assert types(office, filed) == ["filed", "viewed"]
    assert again(office, second, filed, "decide", "send").status_code == 303


def test_an_answer_in_their_own_language_needs_no_preview(office):
    english = office.desk.file(lang="en")
    assert decide(office, english, text=ENGLISH).status_code == 303
    assert decide(office, office.desk.file()).status_code == 303


def test_a_review_is_held_as_a_decision_is_and_only_where_its_words_are_read(office):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    office.desk.do(filed, "appeal")
    given = {"who": "second", "mode": "review", "text": ENGLISH, "outcome": "", "reason": ""}
    # Of what is sent back the complainant reads nothing, so nothing of it was remarked.
    silent = decide(office, filed, do="preview", verdict="send_back", note="再核实一次", **given)
    assert (silent.status_code, REMARK in words(silent)) == (200, False)
    answer = again(office, silent, filed, "review", "send", who="second", verdict="confirm")

    assert (answer.status_code, REMARK in words(answer)) == (422, True)
    assert office.desk.case(filed).state == "under_review"
    assert again(office, answer, filed, "review", "send", who="second").status_code == 303
    assert office.desk.case(filed).state != "under_review"


def test_work_sent_back_with_a_foreign_text_nobody_reads_is_not_held(office):
    filed = office.desk.file()
    decide(office, filed)
    release(office, filed)
    office.desk.do(filed, "appeal")
    given = {"verdict": "send_back", "note": "再核实一次", "text": ENGLISH}
    assert decide(office, filed, who="second", mode="review", **given).status_code == 303
