"""Every page, in both languages, light and dark, on phone and desktop: axe finds nothing, nothing runs sideways or is cut."""

from __future__ import annotations

import re

import pyotp
import pytest
import servers
from browser import site as sites
from browser.looks import LANGS, SIZES, hold, looking
from browser.notice import NEXT_YEAR
from browser.site import NEW_PASSWORD, follow, log_in
from browser.test_whole_life import file_on_a_phone
from browser.walking import walked
from office import ADMIN as ADDRESS
from office import Office
from playwright.sync_api import expect
from sqlalchemy import func, select, update

from complaints.store.tables import Outbox

pytestmark = pytest.mark.browser
PUBLIC = {
    "entry": "/",
    "types": "/new",
    "details": "/new?type=inaccurate",
    "details-rights": "/new?type=ip_notice",
    "details-crisis": "/new?type=self_harm",
    "details-short": "/new?type=other&form=short",
    "track": "/track",
    "lost": "/track/lost",
    "process": "/process",
    "checkpoint-key": "/checkpoint/key",
    "nowhere": "/no-such-page",
}
# A page of the operators is one line: here by its address, or below by what follows a case's address and the states
# of the case it is looked at in. It is then in the screenshots, held by axe, and walked at every width.
ADMIN = {
    "board": "/admin/board",
    "figures": "/admin/figures",
    "figures-span": "/admin/figures?period=span&since=2020-01-01&until=2029-12-31&type=nothing",
    "figures-empty": "/admin/figures?period=span&since=2020-01-01&until=2020-01-31",
    "queue": "/admin/",
    "queue-late": "/admin/?view=late",
    "queue-narrowed": "/admin/?view=all&channel=web&test=no&since=2020-01-01&state=nonsense",
    "queue-empty": "/admin/?view=all&assignee=nobody",
    "queue-search-unread": f"/admin/?view=all&q={60 * 'x'}",
    "record": "/admin/new?type=other",
    "office": "/admin/office",
    "policy": "/admin/policy",
    "policy-version": "/admin/policy/1",
    "policy-difference": "/admin/policy/difference?older=1&newer=file",
    "outbox": "/admin/outbox",
    "outbox-again": "/admin/outbox/again",
    "checkpoints": "/admin/checkpoints",
    "settings": "/admin/settings",
    "evidence": "/admin/evidence",
    "exports": "/admin/evidence/exports",
    "list file": "/admin/evidence/list?view=all&type=other",
    "operators": "/admin/operators",
    "teams": "/admin/teams",
    "appeals": "/admin/appeals?show=all",
    "health": "/admin/health",
    "webhooks": "/admin/webhooks",
    "keys": "/admin/keys",
    "audit": "/admin/evidence/audit",
    "replies": "/admin/replies",
    "account": "/admin/account",
    "second-factor": "/admin/account/second-factor",
    "new": "/admin/new",
    "bulks": "/admin/bulk",
    "shortcuts": "/admin/shortcuts",
}
CASE = {
    "decide": ("/decide", ("accepted",)),
    # The form of an answer has claimed it.
    "case-claimed": ("", ("accepted",)),
    "decline": ("/decline", ("submitted",)),
    "review": ("/review", ("under_review",)),
    "forward": ("/forward", ("accepted",)),
    "personal": ("/personal", ("accepted", "closed")),
}


# Pages that only a click leads to, by the endpoint of the page that is then held.
CLICKED = {
    "not-found": "find",
    "operator-edit": "operator_edit",
    "team-edit": "team_edit",
    "checkpoint": "checkpoint",
    "outbox-drop": "outbox_drop",
    "figures-recounted": "figures_recount",
    "queue-search": "queue",
    "bulk": "bulk",
    "bulk-preview": "bulk",
    "bulk-job": "bulk_job",
    "decide-errors": "decide",
    "decide-answered": "decide",
}
# Held by a test of their own below.
OTHERS = {"login", "calendar", "key_revoke", "webhook_remove"}
# Files, and sentences and data for the script.
NO_PAGES = {"arrived", "clocks", "export_count", "figures_file", "file", "picture"}


# The model is somebody else's, so that a case can be passed on.
VENDOR = """
[[models]]
name = "示例大模型"
own = false
vendor = "示例模型有限公司"
vendor_mail = "abuse@vendor.example.com"
"""


def _fill(site):
    """Sample complaints, a key, a webhook, and ordered files the clock will make."""
    site.flask("demo-data", "--force")
    engine = servers.open_engine(site.environment["SITE_DATABASE"])
    with engine.begin() as connection:
        # A message that was given up.
        first = connection.scalar(select(func.min(Outbox.id)))
        connection.execute(update(Outbox).where(Outbox.id == first).values(state="dead", attempts=8))
    engine.dispose()
    site.flask("checkpoint", "--sign")
    site.flask("key", "add", "工单系统", "--scope", "read", "--days", "30", "--by", "陈明")
    for kind, form in (("log", "jsonl"), ("register", "xlsx"), ("period", "pdf")):
        site.flask("export", kind, "--format", form, "--job", "--by", "陈明")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A site with the sample complaints of the demonstration."""
    folder = tmp_path_factory.mktemp("full")
    address = f"sqlite:///{folder}/site.db"
    with sites.running(
        folder / "site",
        address,
        sites.POLICY.replace("undo_seconds = 1\n", "") + "[public]\ncheckpoint = true\n" + VENDOR,
        prepare=_fill,
    ) as running:
        running.password = running.operator(
            "wu", "--role", "admin", "--role", "supervisor", "--role", "handler", "--restricted"
        )
        yield running


@pytest.fixture(scope="module")
def session_states(full, chromium):
    """Cookies of a logged-in operator, and of a complainant who has just filed."""
    desk = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = desk.new_page()
    log_in(full, page, "wu", full.password)
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    number, _ = file_on_a_phone(full, phone.new_page())
    yield {"desk": desk.storage_state(), "phone": phone.storage_state(), "number": number}
    desk.close()
    phone.close()


@LANGS
def test_axe_finds_nothing_on_any_public_page(full, chromium, lang, request):
    with looking(chromium, lang) as context:
        page = context.new_page()
        for name, path in PUBLIC.items():
            page.goto(f"{full.url}/complaints{path}")
            hold(page, name, lang, request.config)
        page.goto(f"{full.url}/complaints/new?type=other")
        follow(page.locator("form#details button, main form button").last)
        hold(page, "details-errors", lang, request.config)
        page.locator("textarea[name=details]").fill("一段说明")
        follow(page.locator("form .cmp-acts button").last)
        hold(page, "check", lang, request.config)


@LANGS
def test_axe_finds_nothing_on_receipt_and_tracking(full, session_states, chromium, lang, request):
    with looking(chromium, lang, session_states["phone"]) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/receipt/{session_states['number']}")
        hold(page, "receipt", lang, request.config)
        page.goto(f"{full.url}/complaints/track/{session_states['number']}")
        hold(page, "follow", lang, request.config)
        page.goto(f"{full.url}/complaints/track/{session_states['number']}/data")
        hold(page, "kept", lang, request.config)
        page.goto(f"{full.url}/complaints/track/{session_states['number']}")
        ask = page.locator("#form-erase")
        if ask.count():
            page.locator("details:has(#form-erase) summary").click()
            hold(page, "follow-asking", lang, request.config)
            follow(ask.locator("button"))
        hold(page, "follow-stored", lang, request.config)


@LANGS
def test_axe_finds_nothing_on_any_page_of_the_operators(full, session_states, chromium, lang, request):
    with looking(chromium, lang, session_states["desk"]) as context:
        page = context.new_page()
        for name in walked(page, full.url, ADMIN, CASE):
            hold(page, f"admin-{name}", lang, request.config)
        page.goto(f"{full.url}/complaints/admin/keys")
        follow(page.locator("a[href$='/revoke']").first)
        hold(page, "admin-key-revoke", lang, request.config)
        _held_once(page, "keys/add", "input[name=name]", "a", lang, request.config)
        _held_once(
            page, "webhooks/add", "input[name=url]", "https://hooks.example.com/in", lang, request.config
        )
        follow(page.locator("a[href$='/remove']").first)
        hold(page, "admin-webhook-remove", lang, request.config)
        page.goto(f"{full.url}/complaints/admin/case/{_stored(full, chromium, session_states)}")
        page.locator("#stored summary").click()
        hold(page, "admin-case-stored", lang, request.config)


@LANGS
def test_axe_finds_nothing_on_pages_that_only_a_click_leads_to(full, session_states, chromium, lang, request):
    with looking(chromium, lang, session_states["desk"]) as context:
        page = context.new_page()
        held = set()
        for name in _clicked(page, f"{full.url}/complaints/admin"):
            held.add(name)
            expect(page.locator("h1")).to_have_count(1)
            hold(page, f"admin-{name}", lang, request.config)
        assert held == CLICKED.keys()


def test_every_page_of_the_operators_is_held(tmp_path, clock):
    app = Office(tmp_path, clock).start(clock).app
    where, beginning = app.url_map.bind("localhost"), "complaints.admin."
    reached = {where.match(f"/complaints{path.partition('?')[0]}")[0] for path in ADMIN.values()}
    reached |= {where.match(f"{ADDRESS}/case/1{ending}")[0] for ending, _ in CASE.values()}
    reached |= {f"{beginning}{name}" for name in {*CLICKED.values(), *OTHERS, *NO_PAGES}}
    assert {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(beginning) and "GET" in rule.methods
    } <= reached


def _clicked(page, admin):
    """Go where forms and links lead on the desk; yields the name of each page one then stands on."""
    page.goto(f"{admin}/find?number=TS20200101-222222")
    yield "not-found"
    page.goto(f"{admin}/operators")
    follow(page.locator("main a[href*='/operators/op_']").first)
    yield "operator-edit"
    page.goto(f"{admin}/teams")
    if page.locator("main a[href*='/teams/']").count():
        follow(page.locator("main a[href*='/teams/']").first)
    else:
        page.locator("form[action$='/teams/add'] [name=name]").fill("法务")
        page.locator("form[action$='/teams/add'] [name=key]").fill("legal")
        follow(page.locator("form[action$='/teams/add'] button"))
    yield "team-edit"
    page.goto(f"{admin}/checkpoints")
    follow(page.locator("main a[href*='/checkpoints/']").first)
    yield "checkpoint"
    page.goto(f"{admin}/outbox")
    follow(page.locator("main a[href$='/drop']").first)
    yield "outbox-drop"
    page.goto(f"{admin}/figures?period=year")
    follow(page.locator("form[action*='/figures/recount'] button"))
    yield "figures-recounted"
    page.goto(f"{admin}/?view=all")
    page.locator("#find").fill("回答")
    with page.expect_navigation():
        page.locator("#find").press("Enter")
    yield "queue-search"
    page.goto(f"{admin}/?view=all")
    for box in page.locator("input[name=case]").all()[:3]:
        box.check()
    follow(page.locator("#bulk button[value=ticked]"))
    yield "bulk"
    page.locator("input[name=act][value=note]").check()
    page.locator("textarea[name=text]").fill("核对过")
    follow(page.locator("main form button[value=preview]").last)
    yield "bulk-preview"
    follow(page.locator("button[value=confirm]"))
    assert "/bulk/" in page.url
    yield "bulk-job"
    page.goto(f"{admin}/?view=all&state=accepted")
    page.goto(page.locator("[data-cmp-row]").first.evaluate("row => row.href").replace("?", "/decide?"))
    follow(page.locator("#decision button[value=preview]").last)
    yield "decide-errors"
    page.locator("input[name=outcome]").first.check()
    page.locator("select[name=reason]").select_option(index=1)
    page.locator("textarea[name=text]").fill("经核实，您反映的情况属实。")
    follow(page.locator("#decision button[value=preview]").last)
    yield "decide-answered"


def _held_once(page, place, field, value, lang, config):
    """Hold the page of a form that is sent empty, and the one that shows a new secret this once."""
    home = re.sub(r"/admin/.*", "/admin/", page.url)
    name = place.partition("/")[0]
    for given in ("", value):
        page.goto(home + name)
        form = page.locator(f"form[action$='{place}']")
        form.locator(field).fill(given)
        follow(form.locator("button[type=submit], .cmp-acts button").last)
        hold(page, f"admin-{name}-{'made' if given else 'faulty'}", lang, config)


def _stored(full, chromium, session_states):
    """A complaint whose complainant has asked for deletion."""
    with looking(chromium, "zh", session_states["phone"]) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/track/{session_states['number']}")
        if page.locator("#form-erase").count():
            page.locator("details:has(#form-erase) summary").click()
            follow(page.locator("#form-erase button"))
    return session_states["number"]


@LANGS
def test_axe_finds_nothing_on_the_calendar_page_and_what_it_says_of_a_file(
    full, session_states, chromium, lang, request, tmp_path
):
    with looking(chromium, lang, session_states["desk"]) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/calendar")
        hold(page, "admin-calendar", lang, request.config)
        good, faulty = tmp_path / "2027.csv", tmp_path / "empty.json"
        good.write_text(NEXT_YEAR, encoding="utf-8")
        faulty.write_text('{"year": 2027, "papers": [], "days": []}', encoding="utf-8")
        for name, path in (("faulty", faulty), ("preview", good)):
            page.goto(f"{full.url}/complaints/admin/calendar")
            page.locator("input[type=file]").set_input_files(path)
            page.locator("input[name=notice]").fill("国务院办公厅关于2027年部分节假日安排的通知")
            page.locator("input[name=url]").fill("https://www.gov.cn/zhengce/content/202611/content_1.htm")
            follow(page.locator("main form .cmp-acts button"))
            hold(page, f"admin-calendar-{name}", lang, request.config)


@LANGS
def test_the_codes_of_a_second_factor_are_sound(full, chromium, lang, request):
    password = full.operator(f"factor-{lang}", "--role", "handler")
    with looking(chromium, "zh") as context:
        log_in(full, context.new_page(), f"factor-{lang}", password)
        state = context.storage_state()
    with looking(chromium, lang, state) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/account/second-factor")
        secret = page.locator("#factor-key").inner_text().replace(" ", "")
        page.locator("input[name=code]").fill(pyotp.TOTP(secret).now())
        follow(page.locator("main form .cmp-acts button"))
        assert page.locator("main li").count() >= 10
        hold(page, "admin-recovery-codes", lang, request.config)


@LANGS
def test_the_log_in_page_is_sound(full, chromium, lang, request):
    with looking(chromium, lang) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/login")
        hold(page, "admin-login", lang, request.config)


def test_the_view_one_is_in_is_in_sight_on_a_phone(full, session_states, chromium):
    with looking(chromium, "zh", session_states["desk"], SIZES[1]) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/?view=all")
        strip = page.locator(".cmp-tabs ul").first
        assert strip.bounding_box()["height"] < 2 * page.locator(".cmp-tabs a").first.bounding_box()["height"]
        present = page.locator(".cmp-tabs [aria-current]").bounding_box()
        assert 0 <= present["x"] < present["x"] + present["width"] <= SIZES[1][0]


def test_what_was_typed_is_there_again_after_the_session_ended_meanwhile(full, session_states, chromium):
    with looking(chromium, "zh", session_states["desk"]) as context:
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/?view=all&state=accepted")
        case = page.locator("[data-cmp-row]").first.get_attribute("href").partition("?")[0]
        page.goto(f"{full.url}{case}/decide")
        page.locator("textarea[name=text]").fill("写了很久的答复")
        context.clear_cookies()
        follow(page.locator("#decision button[value=preview]").last)
        page.wait_for_url(re.compile(r"/admin/login\?next="))
        page.locator("input[name=login]").fill("wu")
        page.locator("input[name=password]").fill(NEW_PASSWORD)
        follow(page.get_by_role("button", name="登录"))
        page.wait_for_url(re.compile(f"{case}/decide"))
        expect(page.locator("textarea[name=text]")).to_have_value("写了很久的答复")
        # Who logs out leaves nothing behind in the tab.
        follow(page.locator("form[action$='/logout'] button"))
        page.wait_for_url(re.compile(r"/admin/login"))
        assert (
            page.evaluate("Object.keys(sessionStorage).filter(name => name.startsWith('cmp-draft')).length")
            == 0
        )
