"""What people really send: any script, any size of text, what phones and office programs write."""

from __future__ import annotations

import html
import io
import re
import sys
from pathlib import Path

import pytest
import realfiles
from PIL import ExifTags, Image

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, Person, cases, close_connections, filed, make_app  # noqa: F401 - used by itself

from complaints.cases.people import Operator

TALE = "它说的每一句都不是真的，我问了三遍。\n" * 250 + "第五千字前还有😀👨‍👩‍👧🏳️‍🌈和𠮷𡈽𪚥𰻞。"
LONG = TALE + "完" * (5000 - len(TALE))
TEXTS = {
    "details": LONG,
    "occurred": "昨天晚上，𪚥先生家里😀",
    "link": "https://example.com/خطأ?q=错误",
    "wanted": "أريد تصحيح الإجابة\nאני רוצה תיקון \u200f(2026)\u200f mixed 混排 👩🏽‍💻",
    "mail": "reporter@example.com",
}
FILES = [
    ("我的照片 IMG_0001.jpg", realfiles.photograph),
    ("شكوى رسمية.pdf", realfiles.pdf),
    ("情况说明𠮷.docx", realfiles.letter),
    ("录音😀.amr", realfiles.voice_note),
    ("screen.png", realfiles.small_picture),
]
REFUSED = {
    "screen.png": (b"<!doctype html><script>alert(1)</script>", "“screen.png” cannot be taken; choose a JPG"),
    "leer.pdf": (b"", "“leer.pdf” is empty; choose it again"),
}


@pytest.fixture
def app(tmp_path, database_url):
    who = Operator("op_1", "Lin", roles=frozenset({"handler"}), restricted=True)
    return make_app(tmp_path, database_url, {"operator_loader": lambda: who})


@pytest.fixture
def person(app):
    return Person(app)


def attached(page):
    """Name to address of the files on the tracking page."""
    found = re.findall(r'<a[^>]* href="([^"]*/files/[^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {html.unescape(re.sub("<[^>]*>", "", words)).strip(): html.unescape(href) for href, words in found}


def shown_to_operators(app, number, name):
    """The picture an operator looks at."""
    client = app.test_client()
    page = client.get(f"/complaints/admin/case/{number}", headers={"Accept-Language": "en"}).text
    item = next(each for each in re.findall(r"<li id=\"file-.*?</li>", page, re.DOTALL) if name in each)
    uid = re.search(r'id="file-([^"]+)"', item)[1]
    return client.get(f"/complaints/admin/case/{number}/files/{uid}/view")


def test_every_script_and_file_arrives_and_comes_back_byte_for_byte(person, app):
    assert len(LONG) == 5000
    sent = {name: make() for name, make in FILES}
    photo = sent["我的照片 IMG_0001.jpg"]
    assert 9_000_000 < len(photo) < 11_000_000
    assert Image.open(io.BytesIO(photo)).getexif().get_ifd(ExifTags.IFD.GPSInfo)

    person.open(f"{NEW}?type=personal_rights")
    person.send(list(sent.items()), **TEXTS)
    assert person.page.status_code == 200, person.errors()
    for words in (*TEXTS.values(), *sent):
        assert words.replace("\n", "") in person.text().replace("\r\n", "").replace("\n", "")
    person.send()
    number, code = person.receipt()
    [case] = cases(app)
    first = filed(app, case)
    assert first.data("details") == {key: value for key, value in TEXTS.items() if key != "mail"}

    person.open("/complaints/track")
    person.page = person.client.post(
        "/complaints/track", data={**person.hidden(), "number": number, "code": code}, headers=person.headers
    )
    tracking = person.open(person.page.headers["Location"]).text
    assert LONG.replace("\n", "") in person.text().replace("\n", "")
    came_back = {name: person.client.get(href) for name, href in attached(tracking).items()}
    assert {name: answer.data for name, answer in came_back.items()} == sent
    for answer in came_back.values():
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_operators_see_a_copy_without_place_or_camera_the_right_way_up(person, app):
    person.to_check("personal_rights", [("照片.jpg", realfiles.photograph())])
    person.send()
    number, _ = person.receipt()

    answer = shown_to_operators(app, number, "照片.jpg")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert not any(mark in answer.data for mark in (b"Exif", realfiles.CAMERA.encode(), b"at home"))
    with Image.open(io.BytesIO(answer.data)) as copy:
        assert dict(copy.getexif()) == {}
        assert copy.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert copy.width < copy.height <= 1600
        top, bottom = (copy.getpixel((copy.width // 2, copy.height * part // 4)) for part in (1, 3))
    assert top[0] > top[2] + 100
    assert bottom[2] > bottom[0] + 100


@pytest.mark.parametrize("form", ["", "&form=short"])
def test_what_cannot_be_taken_is_refused_in_words_and_nothing_typed_is_lost(person, app, form):
    good = [(f"{n}.pdf", realfiles.pdf()) for n in range(1, 12)]
    wrong = [(name, data) for name, (data, _) in REFUSED.items()]
    person.open(f"{NEW}?type=personal_rights{form}")
    person.send([good[0], *wrong, *good[1:]], relation="self", **TEXTS)

    assert person.page.status_code == 422
    said = person.errors()
    expected = [words for _, words in REFUSED.values()]
    expected.append(
        "“11.pdf” was not taken: at most 10 files. Remove one first, or add it later on the tracking page"
    )
    assert [words in each for each, words in zip(said, expected, strict=True)] == [True] * 3
    assert {key: person.field(key) for key in TEXTS} == TEXTS
    assert re.search(r'value="self"[^>]* checked', person.page.text)
    kept = re.search(r'<ul class="cmp-kept">.*?</ul>', person.page.text, re.DOTALL)[0]
    assert [name for name, _ in good if name in re.split(r"[ <>]", kept)] == [name for name, _ in good[:10]]

    person.send(relation="self", **TEXTS)
    if not form:
        person.send()
    person.receipt()
    [case] = cases(app)
    assert case.files == 10
    assert filed(app, case).data("details")["wanted"] == TEXTS["wanted"]
