"""complaints.js in a real Chromium, on pages made of the shared parts, under the strict content policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright
from wtforms import Form, MultipleFileField, StringField, TextAreaField
from wtforms.validators import DataRequired

from complaints.base.translations import gettext, speaking
from complaints.policy.states import STATES

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
HOST = "http://localhost"
CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
FORM = """{% extends "complaints/base.html" %}{% import "complaints/_macros.html" as ui with context %}
{% block title %}{{ ui.title("Details", form) }}{% endblock %}{% block heading %}{{ ui.heading("Details", errors=form) }}{% endblock %}
{% block content %}<form method="post" novalidate id="f" data-cmp-draft="new" action="/next">{{ ui.draft_notice() }}
{{ ui.field(form.text, max=20) }}{{ ui.field(form.place, optional=true) }}{{ ui.field(form.files) }}
{{ ui.button("Continue") }}</form><p id="codes">TS1 W4TD</p>{{ ui.copy_button("codes") }}{{ ui.print_button() }}
<a href="/gone" data-cmp-exit>Leave</a>{% endblock %}"""
DONE = """{% extends "complaints/base.html" %}{% import "complaints/_macros.html" as ui with context %}
{% block heading %}{{ ui.heading("Done") }}{% endblock %}{% block content %}{{ ui.forget_draft("new") }}{{ ui.private() }}{% endblock %}"""

LIST = """{% extends "complaints/base.html" %}{% block content %}<p class="cmp-arrived" role="status" data-cmp-arrived="/arrived"><span></span>
<a href="/" hidden>Refresh</a></p><p id="row">A row</p>{% endblock %}"""


class Details(Form):
    text = TextAreaField("What happened", [DataRequired("Tell us what happened")])
    place = StringField("Where")
    files = MultipleFileField("Files")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def site() -> SimpleNamespace:
    """Pages by path, and what was posted."""
    form, wrong = Details(), Details()
    wrong.validate()
    pages = {"/": (FORM, form), "/wrong": (FORM, wrong), "/done": (DONE, None), "/gone": (DONE, None)}
    return SimpleNamespace(pages=pages, posted=[])


def serve(site: SimpleNamespace) -> Callable[[Route], None]:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"), undefined=StrictUndefined, autoescape=True
    )
    shown = SimpleNamespace(
        states=STATES,
        trial=False,
        product="P",
        provider="",
        contacts=None,
        numbers=None,
        url=lambda name: f"/{name}",
        static=lambda name: f"/static/{name}",
    )

    def answer(route: Route) -> None:
        path = re.sub(r"\?.*", "", route.request.url.removeprefix(HOST))
        if path.startswith("/static/"):
            route.fulfill(path=ROOT / "complaints" / "static" / path.removeprefix("/static/"))
        elif path == "/next":
            site.posted.append(route.request.post_data)  # never answered: the network is slow
        elif path in site.pages:
            source, form = site.pages[path]
            with speaking("en"):
                html = environment.from_string(source).render(
                    t=gettext, lang="en", complaints=shown, form=form
                )
            route.fulfill(
                body=html, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": CSP}
            )
        else:
            route.fulfill(status=204)

    return answer


@pytest.fixture
def page(chromium: Browser, site: SimpleNamespace) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, permissions=["clipboard-read", "clipboard-write"]
    )
    opened = context.new_page()
    # So that a test can let time pass: a busy machine decides otherwise what was saved.
    opened.clock.install()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.route(f"{HOST}/**", serve(site))
    yield opened
    context.close()
    assert complaints == []


def test_the_error_summary_has_the_focus_and_leads_to_the_field(page) -> None:
    page.goto(f"{HOST}/wrong")
    assert page.evaluate("document.activeElement.hasAttribute('data-cmp-errors')")

    page.click(".cmp-errors a")

    assert page.evaluate("document.activeElement.id") == "text"


def test_the_counter_speaks_after_three_quarters_and_never_blocks(page) -> None:
    page.goto(HOST)
    count = page.locator("#text-count")
    page.fill("#text", "𠮷" * 14)  # extension B: one character, two UTF-16 units
    page.clock.run_for(600)
    assert count.text_content() == ""

    page.fill("#text", "𠮷" * 15)
    expect(count).to_have_text("5 characters left")
    page.fill("#text", "𠮷" * 23)
    expect(count).to_contain_text("3 characters too long")

    assert page.input_value("#text") == "𠮷" * 23


def test_a_second_click_sends_nothing(page, site) -> None:
    page.goto(HOST)
    page.fill("#text", "x")
    again = "b => { b.click(); setTimeout(() => b.click(), 50); setTimeout(() => b.click(), 100); }"
    with page.expect_request(f"{HOST}/next"):
        page.locator("#f button[type=submit]").evaluate(again)
    # Long enough for what a further click had sent; on a slow machine this proves less and still holds.
    page.wait_for_timeout(300)

    assert len(site.posted) == 1


def test_unsent_text_comes_back_after_a_failure_and_goes_after_success(page, site) -> None:
    page.goto(HOST)
    page.fill("#text", "typed")
    page.fill("#place", "here")
    page.clock.run_for(700)
    page.goto(f"{HOST}/wrong")
    assert page.input_value("#text") == "typed"
    assert page.input_value("#place") == "here"
    assert page.locator("[data-cmp-restored]").is_visible()

    page.goto(f"{HOST}/done")
    page.goto(HOST)

    assert page.input_value("#text") == ""
    assert not page.locator("[data-cmp-restored]").is_visible()


def test_text_the_server_sent_back_wins_over_the_copy(page, site) -> None:
    page.goto(HOST)
    page.fill("#text", "old")
    page.clock.run_for(700)
    site.pages["/"] = (FORM, Details(data={"text": "newer"}))
    page.goto(HOST)

    assert page.input_value("#text") == "newer"


def test_text_that_is_only_offered_gives_way_to_what_was_made_of_it(page, site) -> None:
    offered = FORM.replace('data-cmp-draft="new"', 'data-cmp-draft="new" data-cmp-prefilled')
    site.pages["/"] = (offered, Details(data={"text": "offered", "place": "here"}))
    page.goto(HOST)
    assert page.input_value("#text") == "offered"
    assert not page.locator("[data-cmp-restored]").is_visible()
    page.fill("#text", "offered and changed")
    page.fill("#place", "")
    page.clock.run_for(700)
    page.goto(HOST)

    assert (page.input_value("#text"), page.input_value("#place")) == ("offered and changed", "")
    assert page.locator("[data-cmp-restored]").is_visible()


def test_a_text_to_start_from_is_added_to_what_was_written_once(page, site) -> None:
    site.pages["/added"] = (
        FORM.replace('data-cmp-draft="new"', 'data-cmp-draft="new" data-cmp-added="thanks"'),
        Details(data={"text": "Thank you."}),
    )
    page.goto(f"{HOST}/added")
    assert page.input_value("#text") == "Thank you."
    page.goto(HOST)
    page.type("#text", "Typed")
    # Away at once: leaving the field is enough.
    page.locator("#text").blur()
    page.goto(f"{HOST}/added")
    assert page.input_value("#text") == "Typed\n\nThank you."
    assert page.locator("[data-cmp-restored]").is_visible()
    page.type("#text", "More. ")
    page.locator("#text").blur()
    written = page.input_value("#text")
    for path in ("/added", "/"):
        page.goto(HOST + path)
        assert page.input_value("#text") == written
    # Emptied and asked for again, it is there again.
    page.goto(f"{HOST}/added")
    page.fill("#text", "")
    page.locator("#text").blur()
    page.goto(f"{HOST}/added")
    assert page.input_value("#text") == "Thank you."


def test_leaving_forgets_the_text(page) -> None:
    page.goto(HOST)
    page.fill("#text", "secret")
    page.clock.run_for(700)
    page.click("[data-cmp-exit]")
    page.wait_for_url("**/gone")

    assert page.evaluate("Object.keys(sessionStorage).filter(k => k.startsWith('cmp-draft'))") == []


def test_a_chosen_file_is_listed_and_the_next_row_appears_up_to_the_limit(page, tmp_path) -> None:
    page.goto(HOST)
    rows = page.locator(".cmp-files > li:visible")
    assert rows.count() == 2  # one picture, one other file

    for number in range(12):
        empty = page.locator(".cmp-files > li:visible input").evaluate_all(
            "all => all.findIndex(i => !i.value)"
        )
        if empty < 0:
            break
        page.locator(".cmp-files > li:visible input").nth(empty).set_input_files(
            {"name": f"{number}.png", "mimeType": "image/png", "buffer": b"x" * 2048}
        )

    assert page.locator(".cmp-files > li").count() == 10
    assert page.locator(".cmp-chosen").count() == 10
    assert "0.png, 2 KB" in page.locator(".cmp-chosen").first.text_content()
    ids = page.locator(".cmp-files input").evaluate_all("all => all.map(i => i.id)")
    assert len(set(ids)) == 10
    page.locator(".cmp-chosen button").first.click()
    assert page.locator(".cmp-chosen").count() == 9


def test_codes_are_copied_where_there_is_a_clipboard(page) -> None:
    page.goto(HOST)
    page.click("[data-cmp-copy]")
    expect(page.locator("[data-cmp-copy]")).to_contain_text("Copied")

    assert page.evaluate("navigator.clipboard.readText()") == "TS1 W4TD"
    assert page.locator("[data-cmp-print]").is_visible()


def test_without_script_no_button_promises_what_it_cannot_do(chromium, site) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route(f"{HOST}/**", serve(site))
    page.goto(HOST)

    assert not page.locator("[data-cmp-copy]").is_visible()
    assert not page.locator("[data-cmp-print]").is_visible()
    assert page.locator(".cmp-files > li:visible").count() == 4
    context.close()


def test_a_private_page_is_fetched_again_when_it_comes_from_memory(page, site) -> None:
    page.goto(f"{HOST}/done")
    with page.expect_navigation(url="**/done"):
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/wrong", "/done"])
def test_axe_finds_nothing_and_nothing_runs_out_at_320_pixels(page, scheme, path) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(HOST + path)
    page.evaluate((ROOT / "tests/browser/vendor/axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document).then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")

    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_host_keeps_its_own_look_around_ours_and_sets_our_colours(chromium) -> None:
    context = chromium.new_context(color_scheme="dark")
    page = context.new_page()
    sheet = (ROOT / "complaints/static/complaints.css").read_text("utf-8")
    body = """<h1>Host</h1><button>b</button><a href="#">l</a><input><table><tr><th>x</th></tr></table>
        <main class="cmp" data-cmp-theme="light"><a class="cmp-button" href="#">Ours</a></main>"""
    styles = """() => Array.from(document.querySelectorAll('body, body > *:not(.cmp), th')).map(e => {
        const s = getComputedStyle(e); return [s.font, s.color, s.backgroundColor, s.margin, s.padding, s.borderTop, s.display].join()})"""
    page.set_content(body)
    before = page.evaluate(styles)
    page.set_content(
        f"<style>{sheet}</style><style>.cmp {{ --cmp-accent: #006644; --cmp-radius: 9px }}</style>{body}"
    )

    assert page.evaluate(styles) == before
    ours = page.locator(".cmp-button")
    assert ours.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 102, 68)"
    assert ours.evaluate("e => getComputedStyle(e).borderRadius") == "9px"
    assert page.locator(".cmp").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    context.close()


def test_what_came_since_is_said_and_moves_nothing(page, site) -> None:
    site.pages["/list"] = (LIST, None)
    page.goto(f"{HOST}/list")
    place, link = page.locator("#row").bounding_box(), page.locator("[data-cmp-arrived] a")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(link).to_be_hidden()
    site.pages["/arrived"] = ("3 new complaints", None)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("[data-cmp-arrived] span")).to_have_text("3 new complaints")
    expect(link).to_be_visible()
    assert page.locator("#row").bounding_box() == place
    # Away for a moment: what was said stays.
    del site.pages["/arrived"]
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_load_state("networkidle")
    expect(link).to_be_visible()
