"""Every page, in both languages, light and dark, on phone and desktop: axe finds nothing, nothing runs sideways.

`--screenshots FOLDER` keeps a picture of each for people to look at.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import site as sites
from browser.notice import NEXT_YEAR
from browser.site import log_in
from browser.test_whole_life import file_on_a_phone
from browser.walking import OUTSIDE, SIDEWAYS, walked

pytestmark = pytest.mark.browser
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
LOOKS = [
    (lang, scheme, width) for lang in ("zh", "en") for scheme in ("light", "dark") for width in (390, 1440)
]
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
    page.wait_for_load_state()
    phone = chromium.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    number, _ = file_on_a_phone(full, phone.new_page())
    yield {"desk": desk.storage_state(), "phone": phone.storage_state(), "number": number}
    desk.close()
    phone.close()


def looks_of(chromium, look, state=None):
    lang, scheme, width = look
    context = chromium.new_context(
        viewport={"width": width, "height": 844 if width < 800 else 900},
        color_scheme=scheme,
        locale="zh-CN" if lang == "zh" else "en-US",
        bypass_csp=True,
        storage_state=state,
    )
    context.set_default_timeout(15_000)
    return context


def hold(page, name, look, config):
    """Fail on what axe finds or what runs out of the page sideways; keep a picture where one is asked for."""
    folder = config.getoption("--screenshots")
    if folder:
        target = Path(folder) / f"{name}-{'-'.join(map(str, look))}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=target, full_page=True)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate(
        "async () => (await axe.run()).violations.map(v => [v.id, v.help, v.nodes[0].html])"
    )
    assert found == [], f"{name} {look}: {found}"
    assert not page.evaluate(SIDEWAYS), f"{name} {look} runs sideways"


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look)))
def test_axe_finds_nothing_on_any_public_page(full, chromium, look, request):
    context = looks_of(chromium, look)
    page = context.new_page()
    for name, path in PUBLIC.items():
        page.goto(f"{full.url}/complaints{path}")
        hold(page, name, look, request.config)
    page.goto(f"{full.url}/complaints/new?type=other")
    page.locator("form#details button, main form button").last.click()
    hold(page, "details-errors", look, request.config)
    page.locator("textarea[name=details]").fill("一段说明")
    page.locator("form .cmp-acts button").last.click()
    hold(page, "check", look, request.config)
    context.close()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look)))
def test_axe_finds_nothing_on_receipt_and_tracking(full, session_states, chromium, look, request):
    context = looks_of(chromium, look, session_states["phone"])
    page = context.new_page()
    page.goto(f"{full.url}/complaints/receipt/{session_states['number']}")
    hold(page, "receipt", look, request.config)
    page.goto(f"{full.url}/complaints/track/{session_states['number']}")
    hold(page, "follow", look, request.config)
    page.goto(f"{full.url}/complaints/track/{session_states['number']}/data")
    hold(page, "kept", look, request.config)
    page.goto(f"{full.url}/complaints/track/{session_states['number']}")
    ask = page.locator("#form-erase")
    if ask.count():
        page.locator("details:has(#form-erase) summary").click()
        hold(page, "follow-asking", look, request.config)
        ask.locator("button").click()
    hold(page, "follow-stored", look, request.config)
    context.close()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look)))
def test_axe_finds_nothing_on_any_page_of_the_operators(full, session_states, chromium, look, request):
    context = looks_of(chromium, look, session_states["desk"])
    page = context.new_page()
    for name in walked(page, full.url, ADMIN, CASE):
        hold(page, f"admin-{name}", look, request.config)
    page.goto(f"{full.url}/complaints/admin/keys")
    page.locator("a[href$='/revoke']").first.click()
    hold(page, "admin-key-revoke", look, request.config)
    _held_once(page, "keys/add", "input[name=name]", "a", look, request.config)
    _held_once(page, "webhooks/add", "input[name=url]", "https://hooks.example.com/in", look, request.config)
    page.locator("a[href$='/remove']").first.click()
    hold(page, "admin-webhook-remove", look, request.config)
    page.goto(f"{full.url}/complaints/admin/case/{_stored(full, chromium, session_states)}")
    page.locator("#stored summary").click()
    hold(page, "admin-case-stored", look, request.config)
    context.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(("width", "height"), [(320, 640), (720, 450)], ids=["small", "twice"])
def test_nothing_runs_sideways_or_is_cut_on_a_small_screen_or_at_twice_the_size(
    full, session_states, chromium, width, height, lang
):
    """720 by 450 is what is left of 1440 by 900 at 200 % zoom; the wider looks are held by axe's tests."""
    context = looks_of(chromium, (lang, "light", width), session_states["desk"])
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    wrong = {}
    for name in walked(page, full.url, ADMIN, CASE):
        if page.evaluate(SIDEWAYS):
            wrong[name] = "sideways"
        elif found := page.evaluate(OUTSIDE):
            wrong[name] = found
    context.close()
    assert wrong == {}


def _held_once(page, place, field, value, look, config):
    """Hold the page of a form that is sent empty, and the one that shows a new secret this once."""
    home = re.sub(r"/admin/.*", "/admin/", page.url)
    name = place.partition("/")[0]
    for given in ("", value):
        page.goto(home + name)
        form = page.locator(f"form[action$='{place}']")
        form.locator(field).fill(given)
        form.locator("button[type=submit], .cmp-acts button").last.click()
        hold(page, f"admin-{name}-{'made' if given else 'faulty'}", look, config)


def _stored(full, chromium, session_states):
    """A complaint whose complainant has asked for deletion."""
    context = looks_of(chromium, ("zh", "light", 390), session_states["phone"])
    page = context.new_page()
    page.goto(f"{full.url}/complaints/track/{session_states['number']}")
    if page.locator("#form-erase").count():
        page.locator("details:has(#form-erase) summary").click()
        page.locator("#form-erase button").click()
        page.wait_for_load_state()
    context.close()
    return session_states["number"]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(map(str, look)))
def test_axe_finds_nothing_on_the_calendar_page_and_what_it_says_of_a_file(
    full, session_states, chromium, look, request, tmp_path
):
    context = looks_of(chromium, look, session_states["desk"])
    page = context.new_page()
    page.goto(f"{full.url}/complaints/admin/calendar")
    hold(page, "admin-calendar", look, request.config)
    good, faulty = tmp_path / "2027.csv", tmp_path / "empty.json"
    good.write_text(NEXT_YEAR, encoding="utf-8")
    faulty.write_text('{"year": 2027, "papers": [], "days": []}', encoding="utf-8")
    for name, path in (("faulty", faulty), ("preview", good)):
        page.goto(f"{full.url}/complaints/admin/calendar")
        page.locator("input[type=file]").set_input_files(path)
        page.locator("input[name=notice]").fill("国务院办公厅关于2027年部分节假日安排的通知")
        page.locator("input[name=url]").fill("https://www.gov.cn/zhengce/content/202611/content_1.htm")
        page.locator("main form .cmp-acts button").click()
        hold(page, f"admin-calendar-{name}", look, request.config)
    context.close()


def test_the_log_in_page_is_sound(full, chromium, request):
    for look in LOOKS:
        context = looks_of(chromium, look)
        page = context.new_page()
        page.goto(f"{full.url}/complaints/admin/login")
        hold(page, "admin-login", look, request.config)
        context.close()
