"""The example product from end to end: an answer streams, is reported from the chat, decided, and shown no more."""

from __future__ import annotations

import re

import pytest
from browser import site as sites
from browser.embedding import file_it, rows
from browser.site import ROOT, follow, log_in, receipt_card, until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
EXAMPLE = (ROOT / "example_app" / "complaints.toml").read_text("utf-8")
HOST = """
import os
from example_app import create_app

app = create_app(
    os.environ["SITE_FOLDER"],
    COMPLAINTS_POLICY_FILE=os.environ["SITE_FOLDER"] + "/policy.toml",
    COMPLAINTS_BASE_URL=os.environ["SITE_URL"],
    COMPLAINTS_DATABASE_URI=os.environ["SITE_DATABASE"],
    COMPLAINTS_TICK_SECONDS=1,
)
"""
SUN, WRONG = "太阳和地球谁绕着谁转", "太阳绕着地球转，一圈是二十四小时。"
HANDLED = "已处置：这条回答经投诉核实，不再显示。"
ANSWER = "您反映的回答确实有误，我们已停止显示。"


@pytest.fixture
def product(database_url, tmp_path):
    """The example product behind gunicorn, its undo time a second."""

    def example(site):
        (site.folder / "host.py").write_text(HOST, encoding="utf-8")

    policy = EXAMPLE.replace("undo_seconds = 120", "undo_seconds = 1")
    assert policy != EXAMPLE
    with sites.running(tmp_path / "site", database_url, policy=policy, prepare=example) as running:
        yield running


def ask(page, question, answer):
    page.get_by_label("您的问题").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".answered").last).to_contain_text(answer)
    expect(page.locator(".answered").last.get_by_role("button", name="反映这条回答的问题")).to_be_visible()


def answers(page):
    return [
        each.removeprefix("小筑问答：").strip()
        for each in page.locator(".answered .words").all_text_contents()
    ]


def test_an_answer_is_reported_decided_and_blocked_where_it_stood(product, database_url, open_page):
    password = product.operator("lin", "--role", "handler", "--role", "admin")
    phone, other = open_page(), open_page()
    for page in (phone, other):
        page.goto(f"{product.url}/")
        ask(page, SUN, WRONG)

    phone.get_by_role("button", name="反映这条回答的问题").click()
    frame = phone.frame_locator("complaints-report iframe")
    frame.locator("button[name=type][value=inaccurate]").click()
    expect(frame.get_by_text("与系统记录一致").first).to_be_visible()
    frame.get_by_role("button", name="换一个类型").click()
    number = file_it(frame)
    code = re.search(r"\w{4}(-\w{4}){4}", receipt_card(frame))[0]
    frame.get_by_role("button", name="已保存，关闭").click()
    phone.get_by_role("button", name="已保存，关闭").click()
    expect(phone.get_by_role("status").filter(has_text=number)).to_be_visible()
    assert rows(database_url) == [(number, "embed", "verified", 0)]

    desk = open_page(width=1440, height=900)
    desk.goto(f"{product.url}/")
    desk.get_by_role("link", name="办理后台").last.click()
    expect(desk).to_have_url(re.compile("/admin/login"))
    log_in(product, desk, "lin", password)
    decide(product, desk, number)

    shown = until(lambda: phone.request.get(f"{product.url}/handled").json()["gone"], "the callback")
    assert len(shown) == 1
    # The page that stayed open: the talk goes on streaming, and the answer is gone.
    ask(phone, "写一首关于清晨的小诗", "窗外一盏灯")
    assert answers(phone) == [HANDLED, "窗外一盏灯，照着未写完的信。\n风翻过一页，把名字留给清晨。"]
    # Somebody else's page, and simply loaded again.
    other.reload()
    assert answers(other) == [HANDLED]
    expect(other.get_by_role("button", name="反映这条回答的问题")).to_have_count(0)
    assert WRONG not in other.content()
    other.get_by_label("您的问题").fill(SUN)
    other.keyboard.press("Enter")
    expect(other.locator(".answered .words").last).to_contain_text(HANDLED)

    answered(product, phone, number, code)
    product.audit()


def decide(product, desk, number):
    desk.goto(f"{product.url}/complaints/admin/")
    desk.get_by_role("link", name=number).first.click()
    expect(desk.get_by_text(WRONG).first).to_be_visible()
    desk.get_by_role("button", name="受理", exact=True).first.click()
    expect(desk.get_by_text("已受理").first).to_be_visible()
    desk.get_by_role("link", name="作出答复").first.click()
    desk.get_by_label("投诉成立", exact=True).check()
    desk.locator("select[name=reason]").select_option(index=1)
    desk.locator("#action-0").select_option("stop_generation")
    desk.locator("#target-0").fill("这条回答")
    desk.get_by_label("给投诉人的答复").fill(ANSWER)
    follow(desk.get_by_role("button", name="预览").last)
    follow(desk.locator("button[name=do][value=send]").first)


def answered(product, phone, number, code):
    phone.goto(f"{product.url}/")
    phone.get_by_role("link", name="查询投诉进度").click()
    phone.get_by_label("编号").fill(number)
    phone.get_by_label("查询码").fill(code)
    follow(phone.get_by_role("button", name="查询进度"))
    # What harms is stopped at once; the answer goes out when its undo time is over.
    until(lambda: phone.reload() and phone.get_by_text("已答复").count(), "the answer's release")
    for words in ("已答复", "投诉成立", ANSWER, "停止生成"):
        expect(phone.get_by_text(words).first).to_be_visible()


def test_a_thumb_down_makes_a_case_only_when_somebody_says_it_is_about_safety_or_rights(
    product, database_url, open_page
):
    page = open_page()
    page.goto(f"{product.url}/")
    ask(page, SUN, WRONG)
    page.get_by_role("button", name="不满意").click()
    page.get_by_role("button", name=re.compile("没有帮助")).click()
    expect(page.get_by_text("谢谢，已记下您的评价。这不是投诉。")).to_be_visible()
    assert rows(database_url) == []

    page.get_by_role("button", name="不满意").click()
    page.get_by_role("button", name=re.compile("不安全、违法")).click()
    number = file_it(page.frame_locator("complaints-report iframe"))
    assert rows(database_url) == [(number, "embed", "verified", 0)]
