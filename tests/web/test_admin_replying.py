"""Files that operators send along with a reply: offered, named when they cannot be taken, read by the complainant."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO

import pytest
from casework import page, staffed, types
from office import Forms, send, send_from, words
from realfiles import pdf, small_picture
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

LIMITS = {"COMPLAINTS_MAX_FILE_MB": 1, "COMPLAINTS_MAX_FILES": 2}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    made = staffed(tmp_path, clock, monkeypatch, **LIMITS)
    # A form that came back is sent again from the same browser.
    made.client = cache(made.client)
    return made


def reply(office, filed, *files, text="请看附上的截图"):
    client = office.client("handler")
    form = next(
        each
        for each in Forms(client.get(page(filed)).get_data(as_text=True)).found
        if each["action"].endswith("/reply")
    )
    given = [FileStorage(BytesIO(data), name) for name, data in files]
    # Encoded here: the client would leave the temporary file of a large form open.
    boundary, body = encode_multipart({**form["data"], "reply-text": text, "reply-files": given})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(form["action"], data=body, content_type=kind)


def sheet(html):
    return next(form for form in html.split("<form ")[1:] if 'id="form-reply"' in form).split("</form>")[0]


def beside(answer):
    """What is said at the files of the form."""
    found = re.search(r'id="reply-files-error">(.*?)</p>', answer.get_data(as_text=True), re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]) if found else ""


def test_the_reply_offers_files_says_which_and_names_every_input(office):
    html = sheet(office.client("handler").get(page(office.desk.file())).get_data(as_text=True))
    inputs = re.findall(r'<input type="file" id="([^"]+)"[^>]* name="reply-files"', html)

    assert 'enctype="multipart/form-data"' in html.partition(">")[0]
    assert len(inputs) == 2
    assert [html.count(f'<label for="{each}">') for each in inputs] == [1, 1]
    assert "JPG、PNG、PDF、Word、音频或文本，每个小于1 MB，最多2个。如果表单被退回，请重新选择文件。" in html


def test_only_forms_that_take_files_are_sent_as_such(office):
    filed = office.desk.file()
    html = office.client("handler").get(page(filed)).get_data(as_text=True)
    assert re.findall(r'<form[^>]* id="([^"]+)"[^>]* enctype=', html) == ["form-reply"]


def test_a_picture_sent_with_a_reply_is_downloaded_from_the_tracking_page(office):
    filed = office.desk.file()
    assert reply(office, filed, ("截图.png", small_picture()), ("说明.pdf", pdf())).status_code == 303

    client = office.app.test_client()
    send(client, "/complaints/track", "/track", number=filed.number, code=filed.code)
    where = f"/complaints/track/{filed.number}"
    html = client.get(where).get_data(as_text=True)
    links = dict.fromkeys(re.findall(rf'href="({where}/files/\w+)"', html))
    got = {client.get(each).data for each in links}
    assert "截图.png" in html
    assert got == {small_picture(), pdf()}
    assert "我方发出" in words(office.client("second").get(page(filed)))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("页面.png", b"<html><script>alert(1)</script></html>", "“页面.png”"),
        ("很大.txt", b"a" * 1_000_001, "“很大.txt”须小于1 MB"),
        ("空的.txt", b"", "“空的.txt”"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_beside_the_field_and_nothing_is_sent(office, name, data, said):
    filed = office.desk.file()
    answer = reply(office, filed, ("好的.png", small_picture()), (name, data))

    assert answer.status_code == 422
    assert said in beside(answer)
    assert "没有收到“好的.png”，文字已保留，请重新选择" in beside(answer)
    assert "请看附上的截图</textarea>" in answer.get_data(as_text=True)
    assert types(office, filed) == ["filed", "viewed"]


def test_too_many_files_are_refused_and_each_is_named(office):
    filed = office.desk.file()
    answer = reply(office, filed, *((f"{n}.png", small_picture()) for n in range(3)))

    assert answer.status_code == 422
    assert [f"没有收到“{n}.png”" in beside(answer) for n in range(3)] == [True] * 3
    assert "最多" in beside(answer)
    assert types(office, filed) == ["filed", "viewed"]


def test_more_than_all_files_may_weigh_keeps_the_text(office):
    filed = office.desk.file()
    answer = reply(office, filed, ("电影.txt", b"a" * 9_000_000))

    assert answer.status_code == 413
    assert "文字已保留" in beside(answer)
    assert "请看附上的截图</textarea>" in answer.get_data(as_text=True)
    assert types(office, filed) == ["filed", "viewed"]
    again = send_from(office.client("handler"), answer.get_data(as_text=True), page(filed), "/reply")
    assert again.status_code == 303
    assert office.desk.events(filed)[-1].text("message") == "请看附上的截图"


def test_a_reply_may_weigh_what_its_files_may_whatever_the_host_and_other_forms_allow(
    tmp_path, clock, monkeypatch
):
    limits = {**LIMITS, "COMPLAINTS_MAX_FILE_MB": 4, "MAX_CONTENT_LENGTH": 2_000}
    office = staffed(tmp_path, clock, monkeypatch, **limits)
    office.client = cache(office.client)
    filed = office.desk.file()
    big = [(f"记录{n}.txt", b"a" * 3_500_000) for n in range(2)]
    assert reply(office, filed, *big).status_code == 303
    assert len(office.desk.events(filed)[-1].meta["files"]) == 2


def test_files_of_a_reply_that_comes_back_for_another_reason_are_named(office):
    filed = office.desk.file()
    answers = {"empty": reply(office, filed, ("图.png", small_picture()), text=" ")}
    client = office.client("second")
    old = client.get(page(filed)).get_data(as_text=True)
    for name, values in (("stale", {}), ("expired", {"csrf_token": "old"})):
        office.desk.do(filed, "note")
        files = [(BytesIO(small_picture()), "图.png")]
        answers[name] = send_from(
            client, old, page(filed), "/reply", text="写了很久", **{"reply-files": files}, **values
        )

    assert {name: each.status_code for name, each in answers.items()} == {
        "empty": 422,
        "stale": 409,
        "expired": 400,
    }
    assert {beside(each) for each in answers.values()} == {"错误：没有收到“图.png”，文字已保留，请重新选择"}
    assert "replied" not in types(office, filed)
