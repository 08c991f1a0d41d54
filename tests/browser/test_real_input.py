"""A phone sends what phones send: a photograph of 10 MB, office files, a voice note; a wrong file is named."""

from __future__ import annotations

import re

import pytest
import realfiles
from browser import site as sites
from browser.site import follow, receipt_card
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
WORDS = "我姓𠮷，住在𡈽町。😀 أريد تصحيح الإجابة"


@pytest.fixture
def site(tmp_path):
    """What a browser does here has nothing to do with the database, so one is enough."""
    with sites.running(tmp_path / "site", f"sqlite:///{tmp_path / 'site.db'}") as running:
        yield running


def file(name, media_type, data):
    return {"name": name, "mimeType": media_type, "buffer": data}


def choose(phone, *chosen):
    """Put each file into the next empty field, as a thumb does; more fields appear while they fill."""
    for each in chosen:
        empty = [
            one
            for one in phone.locator("input[type=file]").all()
            if one.evaluate("field => !field.files.length")
        ]
        pictures = [one for one in empty if one.get_attribute("accept")]
        fitting = (
            pictures
            if each["mimeType"].startswith("image/")
            else [one for one in empty if one not in pictures]
        )
        fitting[0].set_input_files(each)


def test_a_phone_sends_its_photograph_and_files_and_gets_them_back(site, open_page, tmp_path):
    taken = [
        file("IMG_0001.jpg", "image/jpeg", realfiles.photograph()),
        file("情况说明𠮷.docx", "application/octet-stream", realfiles.letter()),
        file("录音.amr", "audio/amr", realfiles.voice_note()),
        file("شكوى.pdf", "application/pdf", realfiles.pdf()),
    ]
    fake = file("截图.png", "image/png", b"<html><script>alert(1)</script></html>")
    phone = open_page()
    phone.goto(f"{site.url}/complaints/new?type=personal_rights")
    phone.get_by_label("发生了什么").fill(WORDS)
    phone.get_by_label("邮箱").fill("user@example.com")
    choose(phone, fake, *taken)
    phone.get_by_role("button", name="下一步").click()

    refusal = "“截图.png”的格式不支持，请改用JPG、PNG、PDF、Word、录音或文本文件"
    expect(phone.locator(".cmp-errors")).to_contain_text(refusal)
    expect(phone.get_by_label("发生了什么")).to_have_value(WORDS)
    expect(phone.get_by_label("邮箱")).to_have_value("user@example.com")
    for each in taken:
        expect(phone.locator(".cmp-kept")).to_contain_text(each["name"])
    expect(phone.locator(".cmp-kept")).not_to_contain_text("截图.png")
    phone.get_by_role("button", name="下一步").click()
    expect(phone.get_by_text(WORDS).first).to_be_visible()
    phone.get_by_role("button", name="确认并提交").click()
    expect(phone).to_have_url(re.compile("/receipt/TS"))

    card = receipt_card(phone)
    number, code = re.search(r"TS\d{8}-\w{6}", card)[0], re.search(r"\w{4}(-\w{4}){4}", card)[0]
    phone.goto(f"{site.url}/complaints/track")
    phone.get_by_label("编号").fill(number)
    phone.get_by_label("查询码").fill(code)
    follow(phone.get_by_role("button", name="查询进度"))
    expect(phone).to_have_url(re.compile(f"/track/{number}"))
    for details in phone.locator("details:has(.cmp-kept):not([open]) > summary").all():
        details.click()
    for each in taken:
        with phone.expect_download() as download:
            phone.locator(".cmp-kept a", has_text=each["name"]).first.click()
        assert download.value.suggested_filename == each["name"]
        assert download.value.path().read_bytes() == each["buffer"]
