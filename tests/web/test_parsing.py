"""The quick reader of forms says what Flask's own says, or leaves the form to it."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from complaints.web import parsing
from complaints.web.parsing import FormParser

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = "multipart/form-data"
TEXT = ("details", None, "它说孕妇可以吃😀\r\n第二行".encode())
EMPTY = ("link", None, b"")
NO_FILE = ("files", "", b"")
FILE = ("files", "截图 1.png", b"\x89PNG\r\n\x1a\n\x00--" + BOUNDARY.encode()[:9])


def body(parts, ending="--\r\n"):
    sent = b""
    for name, filename, data in parts:
        shown = f'; filename="{filename}"' if filename is not None else ""
        kind = "\r\nContent-Type: image/png" if filename is not None else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{shown}{kind}\r\n\r\n'
        sent += head.encode() + data + b"\r\n"
    return sent + f"--{BOUNDARY}{ending}".encode()


def read(parser, data, **limits):
    _, form, files = parser(lambda *_, **__: BytesIO(), **limits).parse(
        BytesIO(data), FORM, len(data), {"boundary": BOUNDARY}
    )
    told = [
        (name, one.filename, one.mimetype, one.stream.read()) for name in files for one in files.getlist(name)
    ]
    return list(form.items(multi=True)), told


WELL = {
    "texts": body([TEXT, EMPTY]),
    "no file chosen": body([TEXT, NO_FILE]),
    "a file": body([TEXT, FILE, EMPTY]),
    "the same name twice": body([TEXT, TEXT, FILE, FILE]),
    "nothing": body([]),
    "a preamble": b"hello\r\n" + body([TEXT]),
}
ODD = {
    "a part without a body": body([TEXT]).replace(b"\r\n\r\n\xe5", b"\r\n--x\xe5") + b"",
    "an empty file without its blank line": (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="e.png"\r\n\r\n'.encode()
        + body([TEXT])
    ),
    "a name in an old code page": body([FILE]).replace("截图".encode(), "截图".encode("gbk")),
    "a text in an old code page": body([("details", None, "投诉".encode("gbk"))]),
    "cut off": body([TEXT, FILE])[:-60],
    "a text that ends with a line": body([("details", None, b"a\r\n"), TEXT]),
    "line ends of one character": body([TEXT]).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("data", [*WELL.values(), *ODD.values()], ids=[*WELL, *ODD])
def test_a_form_reads_as_flask_would_read_it(data):
    assert read(FormParser, data) == read(FormDataParser, data)


@pytest.mark.parametrize("name", list(WELL))
def test_what_browsers_send_is_read_without_flasks_reader(name, monkeypatch):
    expected = read(FormDataParser, WELL[name])
    monkeypatch.setattr(FormDataParser, "parse", None)
    assert read(FormParser, WELL[name]) == expected


def test_a_form_with_large_files_is_left_to_flask(monkeypatch):
    monkeypatch.setattr(parsing, "_read", None)
    data = body([TEXT, ("files", "big.png", b"\x00" * 300_000)])
    assert read(FormParser, data) == read(FormDataParser, data)


def test_a_text_beyond_the_limit_is_refused_as_flask_refuses_it():
    data = body([("details", None, b"a" * 2000)])
    with pytest.raises(RequestEntityTooLarge):
        read(FormParser, data, max_form_memory_size=1000)
    with pytest.raises(RequestEntityTooLarge):
        read(FormParser, body([TEXT] * 5), max_form_parts=3)


# What a browser can send: it writes every line end of a text as CRLF and escapes quotes and line ends in names.
LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")).map(str)
WRITTEN = st.lists(LINES, max_size=4).map("\r\n".join).map(str.encode)
NAMES = st.from_regex(re.compile(r"[a-z_:0-9]{1,12}"), fullmatch=True)
FILENAMES = st.one_of(
    st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\%'), max_size=20)
)


@given(st.lists(st.tuples(NAMES, FILENAMES, WRITTEN), max_size=6), st.integers(0, 40))
def test_any_form_reads_as_flask_would_read_it(parts, cut):
    data = body(parts)
    data = data[: len(data) - cut] if cut > 20 else data
    assert read(FormParser, data) == read(FormDataParser, data)
