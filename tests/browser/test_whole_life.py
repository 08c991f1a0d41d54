"""A complaint's whole life on the real server: phone, operators' desk, mail, clock, export, audit."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from browser.site import log_in, receipt_card, text_of
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea7"
    "35810f0000000049454e44ae426082"
)


def test_a_complaint_is_filed_on_a_phone_handled_answered_rated_exported_and_audited(site, open_page):
    password = site.operator("lin", "--role", "handler", "--role", "admin")
    phone = open_page()
    number, code = file_on_a_phone(site, phone)

    received = site.await_mail("user@example.com", number)
    assert code not in text_of(received)
    assert "提拉米苏" not in text_of(received)
    site.await_mail("lin@ai.example.cn", number)

    desk = open_page(width=1440, height=900)
    log_in(site, desk, "lin", password)
    desk.goto(f"{site.url}/complaints/admin/")
    desk.get_by_role("link", name=number).first.click()
    expect(desk.get_by_text("提拉米苏").first).to_be_visible()
    desk.get_by_role("button", name="受理", exact=True).first.click()
    expect(desk.get_by_text("已受理").first).to_be_visible()
    unfold(desk, "ask-reason")
    desk.locator("#ask-reason").select_option(index=1)
    desk.locator("#ask-text").fill("请问这条回答是哪一天看到的？")
    desk.locator("form[action*='/ask'] button").click()
    expect(desk.get_by_text("等投诉人补充").first).to_be_visible()

    site.await_mail("user@example.com", "补充")
    phone.goto(f"{site.url}/complaints/track")
    phone.get_by_label("编号").fill(number.lower().replace("-", " "))
    phone.get_by_label("查询码").fill(code.lower().replace("-", ""))
    phone.get_by_role("button", name="查询进度").click()
    expect(phone.get_by_text("请问这条回答是哪一天看到的？").first).to_be_visible()
    phone.get_by_label("您的补充").fill("就是昨天晚上。")
    phone.locator("input[type=file]").first.set_input_files(
        {"name": "截图.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    phone.locator("#form-message .cmp-acts button").click()
    expect(phone.get_by_text("就是昨天晚上。", exact=False).first).to_be_attached()

    desk.reload()
    desk.get_by_role("link", name="作出答复").first.click()
    desk.get_by_label("投诉成立", exact=True).check()
    desk.locator("select[name=reason]").select_option(index=1)
    desk.locator("#action-0").select_option("correct")
    desk.locator("#target-0").fill("回答 a-1")
    desk.locator("#action-1").select_option("refusal_tuning")
    desk.locator("#target-1").fill("甜品做法")
    desk.get_by_label("给投诉人的答复").fill("您反映的做法确实有误，我们已经更正，并调整了模型的回答方式。")
    desk.get_by_role("button", name="预览").last.click()
    expect(desk.get_by_text("您反映的做法确实有误").first).to_be_visible()
    desk.locator("button[name=do][value=send]").first.click()

    answered = site.await_mail("user@example.com", "已答复，结果请到查询页查看")
    assert "确实有误" not in text_of(answered)
    phone.goto(f"{site.url}/complaints/track/{number}")
    expect(phone.get_by_text("已答复").first).to_be_visible()
    for words in ("投诉成立", "您反映的做法确实有误", "更正", "拒答"):
        expect(phone.get_by_text(words).first).to_be_visible()
    phone.locator("details:has(#form-rate) > summary").click()
    phone.get_by_label("基本解决").check()
    phone.locator("#form-rate .cmp-acts button").click()
    expect(phone.get_by_text("谢谢").first).to_be_visible()

    exported_and_audited(site, number)


def test_filing_and_tracking_work_without_javascript(site, open_page):
    phone = open_page(java_script_enabled=False)

    number, code = file_on_a_phone(site, phone)
    phone.goto(f"{site.url}/complaints/track")
    phone.get_by_label("编号").fill(number)
    phone.get_by_label("查询码").fill(code)
    phone.get_by_role("button", name="查询进度").click()

    expect(phone.get_by_text("已提交").first).to_be_visible()
    phone.locator("details:has(#form-message) > summary").click()
    phone.locator("#form-message textarea").fill("补充一句：是在手机上看到的。")
    phone.locator("#form-message .cmp-acts button").click()
    expect(phone.get_by_text("补充一句：是在手机上看到的。").first).to_be_visible()


def file_on_a_phone(site, phone):
    """File a complaint with a picture; returns number and code as the receipt shows them."""
    phone.goto(f"{site.url}/complaints/")
    phone.get_by_role("link", name="我要投诉举报").first.click()
    phone.get_by_role("link", name=re.compile("内容不准确")).click()
    phone.get_by_label("发生了什么").fill("AI教我做提拉米苏要用生鸡蛋泡一夜😀𠮷，吃了不舒服。")
    phone.locator("input[type=file]").first.set_input_files(
        {"name": "证据一.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    phone.get_by_label("邮箱").fill("user@example.com")
    phone.get_by_role("button", name="下一步").click()
    expect(phone.get_by_text("证据一.png")).to_be_visible()
    expect(phone.get_by_text("生鸡蛋泡一夜😀𠮷").first).to_be_visible()
    phone.get_by_role("button", name="确认并提交").click()
    expect(phone).to_have_url(re.compile("/receipt/TS"))
    card = receipt_card(phone)
    return re.search(r"TS\d{8}-\w{6}", card)[0], re.search(r"\w{4}(-\w{4}){4}", card)[0]


def unfold(page, field):
    """Open the folded part that holds a field."""
    page.locator(f"details:has(#{field}) > summary").first.click()


def exported_and_audited(site, number):
    lines = [json.loads(line) for line in site.flask("export", "log").splitlines()]
    kinds = [each["leaf"]["type"] for each in lines if each["number"] == number]
    kinds = [kind for kind in kinds if kind != "viewed"]
    assert kinds[:4] == ["filed", "accepted", "asked", "supplied"]
    assert kinds[-2:] == ["released", "rated"] or "rated" in kinds

    rows = list(
        csv.DictReader(
            io.StringIO(site.flask("export", "register", "--format", "csv").removeprefix("\ufeff"))
        )
    )
    row = next(each for each in rows if each["number"] == number)
    assert (row["state"], row["outcome"], row["answered_on_time"], row["rating"]) == (
        "decided",
        "upheld",
        "yes",
        "4",
    )

    site.audit()
