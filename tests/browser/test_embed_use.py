"""Using the dialog: by keyboard, by ear, in old views, without script, as a rating only, and in the host's colours."""

from __future__ import annotations

import json
import re

import pytest
from browser.embedding import AXE, WORDS, button, embedding, file_it, inner, leaves, open_form, rows
from browser.site import until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ACTIVE = "document.activeElement.localName"


def _walk(page, name, value):
    """Press Tab until what has the focus in the frame has this property."""
    for _ in range(200):
        if inner(page).evaluate(f"document.activeElement.{name}") == value:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"nothing with {name} {value} comes into focus")


def test_keyboard_alone_files_and_comes_back_to_the_button(shared, open_page):
    page = open_page()
    page.goto(shared.host.page("/", button() + '<a href="#">danach</a>', shared.script))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    frame = page.frame_locator("complaints-report iframe")
    expect(frame.locator("h1")).to_be_focused()
    for _ in range(60):
        # Whatever is behind the dialog is out of reach; the way round may lead over the browser's own bar.
        assert page.evaluate(ACTIVE) in {"complaints-report", "body"}
        if inner(page).evaluate("document.activeElement.value") == "inaccurate":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(frame.locator("h1")).to_have_text("请写下发生了什么")
    expect(frame.locator("h1")).to_be_focused()
    _walk(page, "id", "details")
    page.keyboard.insert_text(WORDS)

    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="继续填写")).to_be_focused()
    page.keyboard.press("Enter")
    expect(frame.locator("#details")).to_have_value(WORDS)
    _walk(page, "type", "submit")
    page.keyboard.press("Enter")
    expect(frame.locator(".cmp-receipt")).to_be_visible()
    expect(frame.locator("h1")).to_be_focused()

    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="返回凭证")).to_be_focused()
    page.keyboard.press("Escape")
    expect(frame.locator(".cmp-receipt")).to_be_visible()
    page.keyboard.press("Escape")
    # The frame tells the page around it, which asks: a key that comes before the question stays in the frame.
    expect(page.get_by_role("button", name="返回凭证")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate(ACTIVE) == "complaints-report"
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="danach")).to_be_focused()


def test_nothing_typed_is_thrown_away_without_a_question(shared, open_page):
    page = open_page()
    frame = open_form(shared, page)
    page.get_by_role("button", name="关闭").click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("complaints-report button")).to_be_focused()

    page.locator("complaints-report button").click()
    frame.locator("button[name=type][value=inaccurate]").click()
    frame.get_by_label("发生了什么").fill(WORDS)
    frame.get_by_role("button", name="换一个类型").click()
    expect(frame.locator("h1")).to_have_text("您要反映什么问题？")
    expect(frame.locator("h1")).to_be_focused()
    for asked in (1, 0, 1):
        page.keyboard.press("Escape")
        expect(page.get_by_text("关闭后，已填写的内容会丢失")).to_have_count(asked)
    page.get_by_role("button", name="继续填写").click()
    frame.locator("button[name=type][value=inaccurate]").click()
    expect(frame.get_by_label("发生了什么")).to_have_value(WORDS)

    # As the second "back" on a phone does, which no page can refuse.
    page.evaluate("document.querySelector('complaints-report').shadowRoot.querySelector('dialog').close()")
    expect(page.get_by_role("button", name="不提交，关闭")).to_be_visible()
    page.get_by_role("button", name="不提交，关闭").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_receipt_that_was_kept_closes_without_a_question(shared, open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    frame = open_form(shared, page)
    file_it(frame)
    frame.get_by_role("button", name="已保存，关闭").click()
    expect(page.get_by_text("编号和查询码保存好了吗")).to_be_visible()
    page.get_by_role("button", name="返回凭证").click()
    frame.locator("[data-cmp-copy]").click()
    expect(frame.locator("[data-cmp-copy]")).to_contain_text("已复制")
    frame.get_by_role("button", name="已保存，关闭").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_thumb_down_is_a_rating_until_somebody_says_it_is_about_rights(shared, open_page):
    page, asked, before = open_page(), [], rows(shared.database)
    page.goto(shared.host.page("/", button("thumbs"), shared.script))
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="评价这条回答").click()
    expect(page.get_by_role("button", name=re.compile("没有帮助"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("window.heard") == [["complaints-feedback", {"kind": "unhelpful"}]]
    assert (asked, rows(shared.database)) == ([], before)

    page.get_by_role("button", name="评价这条回答").click()
    page.get_by_role("button", name=re.compile("不安全、违法")).click()
    frame = page.frame_locator("complaints-report iframe")
    number = file_it(frame)
    assert [row[:2] for row in rows(shared.database)[len(before) :]] == [(number, "embed")]
    until(lambda: page.evaluate("window.heard.length > 1"), "the second event")
    assert page.evaluate("window.heard[1]") == ["complaints-filed", {"number": number}]


TURNS = [{"prompt": "要放鸡蛋吗", "output": "要，<b>生的</b>。", "token": ""}]


@pytest.mark.parametrize("ticked", [False, True])
def test_what_was_said_before_comes_into_the_dialog_and_is_filed_only_with_a_tick(shared, open_page, ticked):
    page, before = open_page(), len(leaves(shared.database))
    frame = open_form(shared, page, f"turns='{json.dumps(TURNS, ensure_ascii=False)}'")
    frame.locator("button[name=type][value=inaccurate]").click()
    frame.get_by_text("查看将提交的内容").click()
    expect(frame.get_by_text("要，<b>生的</b>。")).to_be_visible()
    box = frame.get_by_label("附上此前的对话（1轮）")
    expect(box).not_to_be_checked()
    box.set_checked(ticked)
    frame.get_by_label("发生了什么").fill(WORDS)
    frame.get_by_role("button", name="提交", exact=True).click()
    expect(frame.locator(".cmp-receipt")).to_be_visible()
    [leaf] = leaves(shared.database)[before:]
    assert (b'"turns":1' in leaf) is ticked


INSIDE = '<a href="{url}/complaints/new?type=other">举报这条回答</a>'


@pytest.mark.parametrize("how", ["no script", "no dialog"])
def test_where_no_dialog_can_open_the_link_leads_to_the_full_form(shared, chromium, how):
    context = chromium.new_context(java_script_enabled=how != "no script", locale="zh-CN")
    if how == "no dialog":
        context.add_init_script("delete HTMLDialogElement.prototype.showModal")
    page = context.new_page()
    page.goto(shared.host.page("/", button(inside=INSIDE.format(url=shared.url)), shared.script))
    page.get_by_role("link", name="举报这条回答").click()
    expect(page).to_have_url(f"{shared.url}/complaints/new?type=other")
    if how == "no dialog":
        page.goto(shared.host.page("/", button("type=other token=a1.b.c lang=en"), shared.script))
        page.get_by_role("link", name="Report this answer").click()
        expect(page).to_have_url(f"{shared.url}/complaints/new?type=other&answer=a1.b.c&lang=en")
    context.close()


def test_a_link_inside_opens_the_dialog_and_a_new_tab_stays_a_new_tab(shared, open_page):
    page = open_page()
    frame = open_form(shared, page, "type=other", INSIDE.format(url=shared.url))
    expect(frame.locator("h1")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="举报这条回答").click(modifiers=["ControlOrMeta"])
    opened.value.close()
    expect(page.locator("dialog")).to_have_count(0)


def test_a_button_written_by_the_template_opens_the_dialog_with_its_answer(shared, open_page):
    page = open_page()
    page.goto(f"{shared.url}/product")
    page.get_by_role("button", name="反映这条回答的问题").click()
    frame = page.frame_locator("iframe")
    frame.locator("button[name=type][value=inaccurate]").click()
    expect(frame.get_by_text("与系统记录不一致").first).to_be_visible()  # another prompt than the sealed one
    assert page.url == f"{shared.url}/product"
    assert page.context.cookies() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_axe_finds_nothing_in_dialog_and_frame(shared, open_page, lang, scheme):
    page = open_page(color_scheme=scheme, reduced_motion="reduce")
    axe, found = AXE.read_text("utf-8"), []

    def look(where):
        for each in (page.main_frame, inner(page)):
            each.evaluate(axe)
            said = "axe.run(document).then((r) => r.violations.map((v) => v.id + ' ' + v.nodes[0].html))"
            found.extend((where, *row) for row in [each.evaluate(said)] if row)

    frame = open_form(shared, page, f"lang={lang} theme=auto")
    assert frame.locator("html").get_attribute("lang") == ("zh-Hans" if lang == "zh" else "en")
    look("types")
    frame.locator("button[name=type][value=self_harm]").click()
    expect(frame.locator("#details")).to_be_visible()
    frame.locator("form#cmp-new button.cmp-primary").click()
    expect(frame.locator(".cmp-errors")).to_be_focused()
    look("details")
    frame.locator("#details").fill(WORDS)
    page.keyboard.press("Escape")
    expect(page.locator("[role=group] button").first).to_be_focused()
    look("question")
    page.keyboard.press("Enter")
    frame.locator("form#cmp-new button.cmp-primary").click()
    expect(frame.locator(".cmp-receipt")).to_be_visible()
    look("receipt")
    assert found == []
    assert page.locator("dialog").get_attribute("aria-labelledby") == "title"
    assert (
        page.locator("complaints-report iframe").get_attribute("title")
        == page.locator("dialog h2").inner_text()
    )
    assert inner(page).evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_frame_wears_the_colours_of_the_page_around_it(shared, open_page):
    page = open_page(color_scheme="dark")
    page.goto(shared.host.page("/", button(), shared.script))
    page.evaluate(
        "document.documentElement.style.cssText ="
        " '--cmp-accent: #006644; --cmp-radius: 9px; --cmp-link: url(//evil.test/x); --cmp-text: expression(1)'"
    )
    page.locator("complaints-report button").click()
    frame = page.frame_locator("complaints-report iframe")
    frame.locator("button[name=type][value=inaccurate]").click()
    submit = frame.locator("button.cmp-primary")
    expect(submit).to_have_css("background-color", "rgb(0, 102, 68)")
    expect(submit).to_have_css("border-radius", "9px")
    body = frame.locator("body")
    # The page declares no dark scheme, so the frame has none.
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    assert "evil" not in body.get_attribute("style")
    assert "expression" not in body.get_attribute("style")


META = '<meta name="color-scheme" content="light dark">'


@pytest.mark.parametrize(
    ("head", "attributes", "ground"),
    [
        ("", "", "rgb(255, 255, 255)"),
        (META, "", "rgb(20, 24, 29)"),
        ("", "theme=auto", "rgb(20, 24, 29)"),
        (META, "theme=light", "rgb(255, 255, 255)"),
    ],
)
def test_the_frame_is_dark_only_where_the_page_around_it_can_be(shared, open_page, head, attributes, ground):
    page = open_page(color_scheme="dark")
    page.goto(shared.host.page("/", button(attributes), shared.script + head))
    page.locator("complaints-report button").click()
    expect(page.frame_locator("complaints-report iframe").locator("body")).to_have_css(
        "background-color", ground
    )
    expect(page.locator("dialog")).to_have_css("background-color", ground)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900), (320, 480)])
def test_the_dialog_fits_and_grows_with_what_it_shows(shared, open_page, width, height):
    page = open_page(width=width, height=height, reduced_motion="reduce")
    frame = open_form(shared, page)
    frame.locator("button[name=type][value=inaccurate]").click()
    submit = frame.get_by_role("button", name="提交", exact=True)
    screen = {"x": 0, "y": 0, "width": width, "height": height}

    def fits():
        """The frame grows while its content comes, so that boxes read one after the other may not fit yet."""
        submit.scroll_into_view_if_needed()
        inside = page.locator("complaints-report iframe").bounding_box()
        return _within(page.locator("dialog").bounding_box(), screen) and _within(
            submit.bounding_box(), inside
        )

    until(fits, "a dialog that fits and its button in sight")


def _within(part, whole):
    return all(
        whole[start] <= part[start] and part[start] + part[size] <= whole[start] + whole[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


def test_a_crowded_network_does_its_work_inside_the_frame(database_url, tmp_path, open_page):
    with embedding(tmp_path / "site", database_url, SITE_LIMIT_FILINGS="1/hour") as embedded:
        page = open_page()
        file_it(open_form(embedded, page))
        frame = open_form(embedded, page)
        frame.locator("button[name=type][value=inaccurate]").click()
        frame.get_by_label("发生了什么").fill(WORDS)
        frame.get_by_role("button", name="提交", exact=True).click()
        expect(frame.locator(".cmp-callout.cmp-warn")).to_be_focused()
        expect(frame.get_by_text("已完成", exact=True)).to_be_visible()
        expect(frame.get_by_label("发生了什么")).to_have_value(WORDS)
        frame.get_by_role("button", name="提交", exact=True).click()
        expect(frame.locator(".cmp-receipt")).to_be_visible()
        assert len(rows(database_url)) == 2
        assert [b"unproven" in leaf for leaf in leaves(database_url)] == [False, False]
