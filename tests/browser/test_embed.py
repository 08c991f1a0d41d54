"""The report button on a page of another site, in a real Chromium without third-party cookies, under a strict policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser.embedding import WORDS, button, embedding, inner, open_form, rows
from browser.neighbour import next_door
from browser.site import receipt_card, until
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PICTURE = {
    "name": "截图.png",
    "mimeType": "image/png",
    "buffer": bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f030005fe02fea7"
        "35810f0000000049454e44ae426082"
    ),
}


def test_a_report_on_another_site_without_cookies_is_a_verified_complaint(database_url, tmp_path, open_page):
    with embedding(tmp_path / "site", database_url) as embedded:
        page = open_page(permissions=["clipboard-read", "clipboard-write"])
        token = page.request.get(f"{embedded.url}/sealed").text()
        frame = open_form(embedded, page, f'token="{token}"')
        frame.locator("button[name=type][value=inaccurate]").click()
        expect(frame.get_by_text("与系统记录一致").first).to_be_visible()
        frame.locator("input[type=file]").first.set_input_files(PICTURE)
        frame.get_by_role("button", name="提交", exact=True).click()
        expect(frame.locator(".cmp-errors")).to_be_visible()
        expect(frame.get_by_text("截图.png").first).to_be_visible()
        frame.get_by_label("发生了什么").fill(WORDS)
        frame.get_by_role("button", name="提交", exact=True).click()
        expect(frame.locator(".cmp-receipt")).to_be_visible()
        card = receipt_card(frame)
        number, code = re.search(r"TS\d{8}-\w{6}", card)[0], re.search(r"\w{4}(-\w{4}){4}", card)[0]
        assert rows(database_url) == [(number, "embed", "verified", 1)]
        until(lambda: page.evaluate("window.heard"), "the page's event")
        assert page.evaluate("window.heard") == [["complaints-filed", {"number": number}]]
        assert page.context.cookies() == []

        frame.locator("[data-cmp-copy]").click()
        expect(frame.locator("[data-cmp-copy]")).to_contain_text("已复制")
        for name, words in (("下载为文本", code), ("下载签名凭证", number)):
            frame.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
            with page.expect_download() as download:
                frame.get_by_role("button", name=name).click()
            assert words in Path(download.value.path()).read_text("utf-8")
        with page.context.expect_page() as opened:
            frame.get_by_role("link", name="查询进度").click()
        track = opened.value
        track.get_by_label("编号").fill(number)
        track.get_by_label("查询码").fill(code)
        track.get_by_role("button", name="查询进度").click()
        expect(track.get_by_text("已提交").first).to_be_visible()
        embedded.site.audit()


def test_who_is_faster_than_the_answer_still_reports_it(shared, open_page):
    page, held = open_page(), []
    page.route("**/embed-frame.js*", lambda route: route.continue_() if held else held.append(route))
    frame = open_form(shared, page)
    expect(frame.locator("[name=awaits]")).to_have_value("1")
    frame.locator("button[name=type][value=inaccurate]").click()
    expect(frame.get_by_label("发生了什么")).to_be_visible()
    expect(frame.get_by_text("这样更香").first).to_be_attached()
    assert len(held) == 1


def test_before_the_click_nothing_is_asked_for_but_the_script(shared, open_page):
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shared.host.page("/", button(), shared.script.replace("defer", "defer data-auto")))
    expect(page.get_by_role("button", name="投诉举报")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert asked == [f"{shared.host.origin}/", f"{shared.url}/complaints/embed.js"]
    page.get_by_role("button", name="投诉举报").click()
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("您要反映什么问题？")


def test_a_script_that_does_not_come_keeps_nobody_waiting(shared, open_page):
    page = open_page()
    page.route("**/embed.js", lambda route: None)
    page.goto(
        shared.host.page("/", button(inside='<a href="#">举报</a>'), shared.script), wait_until="commit"
    )
    expect(page.locator("h1")).to_be_visible()
    expect(page.get_by_role("link", name="举报")).to_be_visible()


@pytest.mark.parametrize("parent", ["own", "listed"])
def test_a_page_that_is_not_listed_is_refused_and_led_to_the_full_form(shared, chromium, parent):
    context = chromium.new_context(locale="zh-CN")
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    before = rows(shared.database)
    with next_door("localhost.evil.test") as stranger:
        query = f"parent={shared.host.origin if parent == 'listed' else stranger.origin}&lang=zh&type=other"
        frame = f'<iframe src="{shared.url}/complaints/embed/new?{query}"></iframe>'
        post = f'<form method="post" action="{shared.url}/complaints/embed/new?{query}"><button>x</button></form>'
        page.goto(stranger.page("/", button() + frame + post, shared.script))
        # Asking the page lets its messages come.
        until(lambda: page.title() and any("frame-ancestors" in each for each in said), "the refusal")
        page.locator("complaints-report button").click()
        link = page.get_by_role("link", name="在单独的页面中填写")
        expect(link).to_be_visible()
        link.click()
        expect(page).to_have_url(re.compile(r"/complaints/new\?lang=zh$"))
        page.goto(f"{stranger.origin}/")
        with page.expect_navigation() as answer:
            page.get_by_role("button", name="x").click()
        assert answer.value.status == 403
    assert rows(shared.database) == before
    context.close()


def test_a_page_whose_own_policy_forbids_the_frame_offers_the_full_form(shared, chromium):
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    # The policy's own event says so; without it the page would wait for ever.
    page.add_init_script("window.setTimeout = () => 0")
    policy = f"default-src 'none'; script-src {shared.url}"
    page.goto(shared.host.page("/bare", button(), shared.script, policy))
    page.locator("complaints-report button").click()
    expect(page.get_by_role("link", name="在单独的页面中填写")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("complaints-report dialog")).to_have_count(0)
    context.close()


FILED = {"complaints": 1, "kind": "filed", "number": "TS20261123-222222"}
MALFORMED = [
    None,
    "filed",
    7,
    [1, "filed"],
    {**FILED, "complaints": 2},
    {**FILED, "kind": ["filed"]},
    {**FILED, "kind": "constructor"},
    {**FILED, "kind": "__proto__"},
    {**FILED, "number": "<b>TS20261123-222222"},
    {**FILED, "number": {"a": 1}},
    {"complaints": 1, "kind": "size", "height": "100vh"},
    {"complaints": 1, "kind": "typed", "typed": "yes"},
]


def test_the_page_hears_only_its_own_frame_and_only_what_has_the_right_shape(shared, open_page):
    page = open_page()
    with next_door("localhost.evil.test") as stranger:
        shout = "<script>parent.postMessage({complaints: 1, kind: 'filed', number: 'TS20261123-222222'}, '*')</script>"
        address = stranger.page("/", shout)
        frames = f"frame-src {shared.url}"
        open_form(shared, page, csp=shared.host.csp.replace(frames, f"{frames} {stranger.origin}"))
        page.evaluate(
            "async (src) => { const f = document.createElement('iframe'); f.src = src; document.body.append(f);"
            " await new Promise((done) => { f.onload = done; }); }",
            address,
        )
    forged = """([data, origins, ours]) => {
        const frame = document.querySelector("complaints-report").shadowRoot.querySelector("iframe").contentWindow;
        for (const origin of origins) dispatchEvent(new MessageEvent("message", { data, origin, source: frame }));
        dispatchEvent(new MessageEvent("message", { data, origin: ours, source: window }));
    }"""
    strange = [shared.url + suffix for suffix in (".evil.test", "0", "/", ".")]
    page.evaluate(forged, [FILED, [*strange, "null", "", shared.host.origin], shared.url])
    inner(page).evaluate("all => all.forEach((one) => parent.postMessage(one, '*'))", MALFORMED)
    # Messages keep their order: once this one is heard, all others were.
    inner(page).evaluate("one => parent.postMessage(one, '*')", {**FILED, "number": "TS20261124-333333"})
    until(lambda: page.evaluate("window.heard"), "the page's event")
    assert page.evaluate("window.heard") == [["complaints-filed", {"number": "TS20261124-333333"}]]


def test_the_frame_hears_only_its_parent_and_only_what_has_the_right_shape(shared, open_page):
    page = open_page()
    open_form(shared, page)
    frame = inner(page)
    until(lambda: frame.evaluate("document.querySelector('[name=output]').value"), "the answer")
    forged = """([origins, own]) => {
        const form = document.querySelector("form");
        delete form.dataset.cmpArrived;
        const data = { complaints: 1, kind: "answer", token: "", output: "别的话", prompt: "" };
        const say = (data, origin, source) => dispatchEvent(new MessageEvent("message", { data, origin, source }));
        for (const origin of origins) say(data, origin, parent);
        say(data, own, window);
        for (const wrong of [{ output: 7 }, { token: null }, { prompt: ["x"] }, { output: "x".repeat(1000001) }, { complaints: 2 }, { kind: "toString" }])
          say(Object.assign({}, data, wrong), own, parent);
        say({ complaints: 1, kind: "look", look: { accent: "url(//evil.test)", bg: "red;}", radius: "9999px", text: ["#000"] } }, own, parent);
        const before = [form.elements.output.value, document.body.getAttribute("style")];
        say(data, own, parent);
        return [...before, form.elements.output.value];
    }"""
    host = shared.host.origin
    strange = [f"{host}.evil.test", f"{host}0", host.replace("http", "https"), "null", "", shared.url]
    text, style, last = frame.evaluate(forged, [strange, host])
    assert text == "提拉米苏要用生鸡蛋泡一夜。\n这样更香。"
    assert style in {None, ""}
    assert last == "别的话"
