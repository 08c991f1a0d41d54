"""desk.js in a real Chromium: what keys do on a page, and where they are letters and nothing else."""

from __future__ import annotations

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from browser.site import follow
from browser.test_script import HOST, chromium, page, serve, site  # noqa: F401 - fixtures
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
ROWS = "\n".join(
    f"""<tr><td><input type="checkbox" name="case" value="u{n}:1" form="bulk"> <a id="TS{n}" href="/case/{n}" data-cmp-row>TS{n}</a></td></tr>"""
    for n in range(4)
)
LIST = """<!doctype html><html lang="en"><head><title>List</title><script src="/static/desk.js" defer></script></head>
<body class="cmp cmp-admin"><a href="/queue" data-cmp-key="g q">Queue</a>
<input id="find" type="search" data-cmp-key="/"><p data-cmp-arrived="/arrived"><span></span><a href="/list" data-cmp-key=".">Refresh</a></p>
<table>ROWS</table><form id="bulk" action="/bulk"><span role="status" data-cmp-ticked="case" data-words="{n} chosen" data-elsewhere=", {n} elsewhere" data-clear="None"></span>
<button name="do" value="ticked" data-cmp-key="b" type="button">Act</button></form>
<details id="fold"><summary>More</summary><form action="/sent"><button class="cmp-hidden" name="do" value="hidden">Preview</button>
<textarea id="note" name="note" data-cmp-key="n"></textarea><button name="do" value="plain">More</button>
<button name="do" value="meant" data-cmp-key="Ctrl+Enter">Save</button></form></details>
<a id="help" href="/sheet" data-cmp-key="?">Keys</a></body></html>""".replace("ROWS", ROWS)
SHOWN = """<!doctype html><html lang="en"><head><title>Shown</title><script src="/static/desk.js" defer></script></head>
<body class="cmp cmp-admin"><form action="/sent"><button name="do" value="send" data-cmp-key="Ctrl+Enter">Send</button>
<input id="verdict" type="radio" name="verdict" value="confirm"><select id="action" name="action"><option>none<option>warn</select>
<textarea id="text" name="text">Shown</textarea><input id="also" type="checkbox" name="also" value="u1:1" checked>
<button name="do" value="preview" data-cmp-changed>Preview</button></form></body></html>"""
SHEET = """<!doctype html><html lang="en"><head><title>Keys</title><script src="/static/desk.js" defer></script></head><body class="cmp cmp-admin">
<div data-cmp-sheet data-title="Keyboard shortcuts"><p data-cmp-keys-off>No script</p>
<label hidden data-cmp-keys><input type="checkbox">On</label><h2>In a list</h2><button hidden data-cmp-close>Close</button></div></body></html>"""


@pytest.fixture
def desk(page, site):  # noqa: F811 - the fixtures of the script's tests
    for path, source in (("/list", LIST), ("/sheet", SHEET), ("/queue", "Queue")):
        site.pages[path] = (source, None)
    for n in range(4):
        site.pages[f"/case/{n}"] = (f"Case {n}", None)
    site.pages["/sent"] = ("Sent", None)
    page.goto(f"{HOST}/list")
    return page


def focus(page):  # noqa: F811 - a page like any
    return page.evaluate("document.activeElement.id")


def test_lines_are_walked_ticked_and_opened(desk):
    for key, where in (("j", "TS0"), ("j", "TS1"), ("j", "TS2"), ("k", "TS1"), ("k", "TS0"), ("k", "TS0")):
        desk.keyboard.press(key)
        assert focus(desk) == where
    desk.keyboard.press("x")
    desk.keyboard.press("j")
    desk.keyboard.press("x")
    expect(desk.get_by_role("status")).to_have_text("2 chosen")
    assert focus(desk) == "TS1"
    desk.keyboard.press("o")
    expect(desk).to_have_url(f"{HOST}/case/1")


def test_ticks_and_the_line_outlast_a_refresh_and_only_that(desk):
    for key in "jjxjx":
        desk.keyboard.press(key)
    with desk.expect_navigation():
        desk.keyboard.press(".")
    expect(desk.get_by_role("status")).to_have_text("2 chosen")
    assert desk.locator("input:checked").evaluate_all("all => all.map(one => one.value)") == ["u1:1", "u2:1"]
    assert focus(desk) == "TS2"
    desk.goto(f"{HOST}/list?again")
    assert desk.locator("input:checked").count() == 0


def test_ticks_are_kept_over_the_pages_of_one_list_and_sent_together(desk, site):  # noqa: F811
    for key in "jxjx":
        desk.keyboard.press(key)
    site.pages["/list"] = (LIST.replace('value="u', 'value="v'), None)
    desk.goto(f"{HOST}/list?after=1-9")
    expect(desk.get_by_role("status")).to_have_text("2 chosen, 2 elsewhere")
    for key in "jx":
        desk.keyboard.press(key)
    expect(desk.get_by_role("status")).to_have_text("3 chosen, 2 elsewhere")
    site.pages["/bulk"] = ("Ordered", None)
    desk.evaluate("document.querySelector('button[value=ticked]').type = 'submit'")
    follow(desk.locator("button[value=ticked]"))
    assert sorted(parse_qs(urlsplit(desk.url).query)["case"]) == ["u0:1", "u1:1", "v0:1"]

    desk.goto(f"{HOST}/list?after=1-9")
    desk.get_by_role("button", name="None").click()
    expect(desk.get_by_role("status")).to_have_text("")
    assert desk.locator("input:checked").count() == 0
    for key in "jx":
        desk.keyboard.press(key)
    desk.goto(f"{HOST}/list?view=other")
    expect(desk.get_by_role("status")).to_have_text("")


def test_who_comes_back_stands_on_the_line_or_on_the_one_that_took_its_place(desk, site):  # noqa: F811
    desk.keyboard.press("j")
    desk.keyboard.press("j")
    desk.goto(f"{HOST}/case/1")
    desk.goto(f"{HOST}/list#TS1")
    assert focus(desk) == "TS1"
    desk.goto(f"{HOST}/case/1")
    site.pages["/list"] = (re.sub(r'<tr><td>[^\n]*?id="TS1".*?</tr>', "", LIST, count=1), None)
    desk.goto(f"{HOST}/list#TS1")
    assert focus(desk) == "TS2"


def test_letters_stay_letters_where_somebody_writes(desk):
    desk.locator("#find").focus()
    desk.keyboard.type("jxo/?gq")
    assert desk.locator("#find").input_value() == "jxo/?gq"
    assert desk.locator("input:checked").count() == 0
    desk.keyboard.press("Escape")
    desk.keyboard.press("j")
    assert focus(desk) == "TS0"


@pytest.mark.parametrize(
    "how",
    [
        {"isComposing": True},
        {"keyCode": 229},
        {"ctrlKey": True},
        {"metaKey": True},
        {"altKey": True},
    ],
    ids=lambda how: next(iter(how)),
)
def test_keys_of_others_are_left_to_them(desk, how):
    taken = desk.evaluate(
        """how => { const event = new KeyboardEvent("keydown", {key: "j", bubbles: true, cancelable: true, ...how});
        if (how.keyCode) Object.defineProperty(event, "keyCode", {value: how.keyCode});
        document.body.dispatchEvent(event); return event.defaultPrevented; }""",
        how,
    )
    assert not taken
    assert focus(desk) == ""


def test_a_key_unfolds_what_it_leads_to_and_sends_with_the_button_that_is_meant(desk):
    desk.keyboard.press("n")
    assert focus(desk) == "note"
    desk.keyboard.insert_text("好")
    with desk.expect_navigation():
        desk.keyboard.press("Control+Enter")
    assert desk.url == f"{HOST}/sent?note=%E5%A5%BD&do=meant"


CHANGES = {
    "nothing": (lambda desk: None, "send"),
    "text": (lambda desk: desk.locator("#text").press("x"), "preview"),
    "text written and taken away": (
        lambda desk: (desk.locator("#text").press("x"), desk.locator("#text").press("Backspace")),
        "send",
    ),
    "a choice": (lambda desk: desk.locator("#verdict").check(), "preview"),
    "a measure": (lambda desk: desk.locator("#action").select_option("warn"), "preview"),
    "a tick": (lambda desk: desk.locator("#also").uncheck(), "preview"),
}


@pytest.mark.parametrize(("change", "pressed"), CHANGES.values(), ids=CHANGES)
def test_what_was_changed_since_it_was_shown_is_shown_again_before_it_is_sent(desk, site, change, pressed):  # noqa: F811
    site.pages["/shown"] = (SHOWN, None)
    desk.goto(f"{HOST}/shown")
    change(desk)
    desk.locator("#text").focus()
    with desk.expect_navigation():
        desk.keyboard.press("Control+Enter")
    assert parse_qs(urlsplit(desk.url).query)["do"] == [pressed]


def test_two_keys_lead_to_a_section(desk):
    # The two belong together for a second and a half, which stands still here.
    desk.clock.pause_at(time.time() + 60)
    desk.keyboard.press("g")
    with desk.expect_navigation():
        desk.keyboard.press("q")
    assert desk.url == f"{HOST}/queue"


def test_the_search_is_one_key_away_from_a_page_without_a_field_and_in_the_field_after_it(desk, site):  # noqa: F811
    source = '<!doctype html><html lang="en"><head><title>Other</title><script src="/static/desk.js" defer></script></head>'
    site.pages["/other"] = (
        f'{source}<body><a href="/list#find" data-cmp-key="/">Search</a></body></html>',
        None,
    )
    desk.goto(f"{HOST}/other")
    with desk.expect_navigation():
        desk.keyboard.press("/")
    assert desk.url == f"{HOST}/list#find"
    expect(desk.locator("#find")).to_be_focused()
    desk.keyboard.type("j/")
    assert desk.locator("#find").input_value() == "j/"
    desk.goto(f"{HOST}/list#fold")
    expect(desk.locator("#find")).not_to_be_focused()


def test_the_sheet_opens_over_the_page_and_gives_the_place_back(desk):
    desk.keyboard.press("j")
    desk.keyboard.press("?")
    dialog = desk.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    desk.keyboard.press("j")
    assert focus(desk) != "TS1"
    desk.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert focus(desk) == "TS0"


def test_keys_are_switched_off_in_this_browser_until_they_are_switched_on(desk):
    expect(desk.locator("#find")).to_have_attribute("aria-keyshortcuts", "/")
    desk.keyboard.press("?")
    desk.get_by_role("dialog").get_by_label("On").uncheck()
    desk.keyboard.press("Escape")
    for again in (False, True):
        if again:
            desk.goto(f"{HOST}/list")
        desk.keyboard.press("j")
        assert focus(desk) != "TS0"
        assert desk.locator("#find").get_attribute("aria-keyshortcuts") is None
    desk.goto(f"{HOST}/sheet")
    expect(desk.get_by_text("No script")).to_be_hidden()
    desk.get_by_label("On").check()
    desk.goto(f"{HOST}/list")
    desk.keyboard.press("j")
    assert focus(desk) == "TS0"


def test_the_lock_of_capitals_makes_no_other_key(desk):
    desk.evaluate(
        'document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "J", bubbles: true, cancelable: true}))'
    )
    assert focus(desk) == "TS0"
