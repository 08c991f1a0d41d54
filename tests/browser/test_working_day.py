"""A day at the desk on the real server: triage by keyboard only, merge, bulk, answer and take back, appeal, export."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile

import pytest
from browser import site as sites
from browser.site import follow, log_in, until
from browser.test_whole_life import file_on_a_phone
from browser.walking import settled
from playwright.sync_api import expect

from complaints.cases.paging import PAGE

pytestmark = pytest.mark.browser
ALONE, BULK, CASES = 4, 50, 10
# Filed by the product itself, so that a day's worth is there at once; two of them about the same thing.
FILING = """
import host, sys
from complaints.cases.intake import Filing

with host.app.app_context():
    for n in range(int(sys.argv[1])):
        kind = ("inaccurate", "service", "billing", "other")[n % 4]
        fields = {"details": f"第{n}件：回答和事实不符，请核实后告诉我结果。", "mail": f"u{n}@example.com"}
        host.complaints.submit(Filing(kind, fields, f"{n:032x}"))
"""
# Long enough to take an answer back in, short enough to wait for.
UNDO = 25
# Milliseconds: an order whose first worker was too slow for it waits until that one's lease of a minute is over.
MADE = 240_000


@pytest.fixture
def office(database_url, tmp_path):
    policy = sites.POLICY.replace("undo_seconds = 1\n", f"undo_seconds = {UNDO}\n")
    with sites.running(tmp_path / "site", database_url, policy=policy) as running:
        yield running


class Hands:
    """A keyboard that counts; there is no mouse."""

    def __init__(self, page):
        self.page, self.keys, self.written = page, 0, 0

    def press(self, *keys):
        for key in keys:
            self.keys += 1
            self.page.keyboard.press(key)

    def go(self, key):
        """Press what leads to another page, and wait until it stands."""
        with self.page.expect_navigation():
            self.press(key)

    def write(self, text):
        self.written += len(text)
        self.page.keyboard.insert_text(text)

    @property
    def where(self):
        return self.page.evaluate("document.activeElement.id")


def test_a_working_day(office, open_page, capsys):
    boss = office.operator("lin", "--role", "handler", "--role", "supervisor")
    other = office.operator("su", "--role", "handler")
    phone, desk, second = open_page(), open_page(width=1440, height=900), open_page(width=1440, height=900)
    number, code = file_on_a_phone(office, phone)
    done = subprocess.run(
        [sys.executable, "-c", FILING, str(CASES + BULK + ALONE)],
        cwd=office.folder,
        env=office.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    log_in(office, desk, "lin", boss)
    expect(desk).to_have_url(re.compile("/admin/$"))
    log_in(office, second, "su", other)
    expect(second).to_have_url(re.compile("/admin/$"))

    counted = triaged(office, desk)
    with capsys.disabled():
        said = ", ".join(f"{keys}+{written}" for keys, written in counted)
        print(f"\nten cases by keyboard only, keys + characters of text: {said}")
    assert max(keys for keys, _ in counted) <= 6

    decided_and_taken_back(office, desk, number)
    merged(office, desk)
    assigned_in_bulk(office, desk)
    appealed(office, phone, desk, second, number, code)
    exported(office, desk, number)
    office.audit()


def triaged(office, desk):
    """Ten cases from the list and back to it: read, take charge, and one step further; keys and characters of each."""
    desk.goto(f"{office.url}/complaints/admin/?view=unassigned")
    hands, counted = Hands(desk), []
    desk.keyboard.press("j")
    first = hands.where
    hands.go("o")
    for n in range(CASES):
        case = re.search(r"TS\d{8}-\w{6}", desk.url)[0]
        before = hands.keys, hands.written
        expect(desk.locator("#said .cmp-said")).to_be_visible()
        hands.go("a")
        expect(desk.locator(".cmp-standing")).to_contain_text("lin")
        step = n % 4
        if step == 0:
            hands.go("t")
            expect(desk.locator(".cmp-standing")).to_contain_text("已受理")
        elif step == 1:
            hands.press("n")
            hands.write("先查日志，再看是否同一批回答。")
            hands.go("Control+Enter")
            expect(desk.locator("#notes .cmp-message")).to_contain_text("先查日志")
        elif step == 2:
            hands.press("r")
            hands.write("您好，我们正在核实，核实后按期限告知您。")
            hands.go("Control+Enter")
            expect(desk.locator("#talk .cmp-message")).to_contain_text("正在核实")
        else:
            hands.press("c", "End")
            hands.go("Control+Enter")
            expect(desk.locator(".cmp-standing")).to_contain_text("su")
        if n < CASES - 1:
            hands.go("Shift+J")
            assert case not in desk.url
        counted.append((hands.keys - before[0], hands.written - before[1]))
    hands.go("u")
    # The ten have left this list, so its top is where the first of them stood.
    expect(desk.locator("caption")).to_contain_text(f"{BULK + ALONE + 1}")
    assert hands.where not in {"", first}
    assert desk.locator("[data-cmp-row]").first.get_attribute("id") == hands.where
    return counted


def decided_and_taken_back(office, desk, number):
    desk.goto(f"{office.url}/complaints/admin/case/{number}")
    hands = Hands(desk)
    for turn in ("in haste", "for good"):
        hands.go("d")
        desk.get_by_label("投诉成立", exact=True).check()
        desk.locator("select[name=reason]").select_option(index=1)
        desk.locator("select[name=template]").select_option("upheld")
        follow(desk.get_by_role("button", name="填入"))
        text = desk.locator("textarea[name=text]")
        expect(text).to_have_value(re.compile("【填写"))
        # A place left open is caught before anything is sent.
        text.focus()
        hands.go("Control+Enter")
        expect(desk.locator("[data-cmp-errors]")).to_contain_text("【填写")
        text = desk.locator("textarea[name=text]")
        text.fill(re.sub(r"【填写[^】]*】", "更正了这条回答", text.input_value()))
        text.focus()
        hands.go("Control+Enter")
        expect(desk.locator("#preview")).to_contain_text("更正了这条回答")
        desk.locator("textarea[name=text]").focus()
        hands.go("Control+Enter")
        expect(desk.get_by_text("尚未发出")).to_be_visible()
        if turn == "in haste":
            hands.go("z")
            expect(desk.get_by_text("尚未发出")).to_have_count(0)
            expect(desk.get_by_role("link", name="作出答复")).to_be_visible()


def merged(office, desk):
    desk.goto(f"{office.url}/complaints/admin/?view=unassigned")
    lead = desk.locator("[data-cmp-row]").nth(1).get_attribute("id")
    hands = Hands(desk)
    hands.press("j")
    joined = hands.where
    hands.go("o")
    hands.press("m")
    hands.write(lead)
    hands.press("Tab")
    hands.write("反映的是同一条回答")
    hands.go("Control+Enter")
    expect(desk.locator(".cmp-standing")).to_contain_text("已并案")
    expect(desk.get_by_role("heading", name=re.compile(lead))).to_be_visible()
    desk.goto(f"{office.url}/complaints/admin/case/{lead}")
    expect(desk.locator("#similar")).to_contain_text(joined)


def assigned_in_bulk(office, desk):
    """Ticked on one page, and then all of the list on all its pages."""
    desk.goto(f"{office.url}/complaints/admin/?view=unassigned")
    desk.get_by_label(f"本页全部{PAGE}件").check()
    expect(desk.locator("[data-cmp-ticked]")).to_have_text(f"已选{PAGE}件")
    Hands(desk).go("b")
    expect(desk.get_by_role("heading", name=f"已选{PAGE}件")).to_be_visible()
    desk.goto(f"{office.url}/complaints/admin/?view=unassigned")
    everyone = desk.locator("button[name=do][value=all]")
    number = int(re.search(r"\d+", everyone.inner_text())[0])
    assert number >= BULK
    everyone.click()
    expect(desk.get_by_role("heading", name=f"已选{number}件")).to_be_visible()
    desk.locator("input[name=act][value=assign]").check()
    desk.locator("select[name=to]").select_option(label="su")
    desk.get_by_role("button", name="预览").last.click()
    expect(desk.locator("#preview")).to_contain_text(f"{number}")
    desk.locator("button[name=do][value=confirm]").click()
    # The page reads itself anew while a worker is at it.
    expect(desk.get_by_text(f"{number}件已办理").first).to_be_visible(timeout=MADE)
    settled(desk)


def appealed(office, phone, desk, second, number, code):
    """The answer is contested; who gave it may not look at it again, somebody else does."""
    phone.goto(f"{office.url}/complaints/track")
    phone.get_by_label("编号").fill(number)
    phone.get_by_label("查询码").fill(code)
    follow(phone.get_by_role("button", name="查询进度"))
    until(lambda: phone.reload() and phone.locator("#form-appeal").count(), "the answer's release")
    phone.locator("#appeal summary").click()
    phone.locator("#form-appeal textarea").fill("只改了一条，别的回答还是那样说。")
    follow(phone.locator("#form-appeal .cmp-acts button"))
    expect(phone.get_by_text("复核中").first).to_be_visible()

    desk.goto(f"{office.url}/complaints/admin/case/{number}")
    expect(desk.get_by_role("heading", name="这是您作出的决定")).to_be_visible()
    expect(desk.get_by_role("link", name="作出复核决定")).to_have_count(0)

    second.goto(f"{office.url}/complaints/admin/?view=review")
    hands = Hands(second)
    hands.press("j")
    assert hands.where == number
    hands.go("o")
    hands.go("d")
    second.locator("input[name=verdict][value=confirm]").check()
    second.locator("textarea[name=text]").fill("我们重新核实了全部相关回答，原处理结果不变。")
    second.locator("textarea[name=note]").fill("换人看过，结论相同。")
    follow(second.locator("button[name=do][value=send]").last)
    expect(second.get_by_text("尚未发出")).to_be_visible()
    until(
        lambda: phone.reload() and phone.get_by_text("重新核实了全部相关回答").count(), "the review's release"
    )


def exported(office, desk, number):
    """The register leaves as a workbook, and the workbook says what was done."""
    desk.goto(f"{office.url}/complaints/admin/evidence")
    desk.locator("#order select[name=kind]").select_option("register")
    desk.locator("#order select[name=form]").select_option("xlsx")
    desk.locator("#order .cmp-acts button").click()
    button = desk.get_by_role("button", name="下载").first
    expect(button).to_be_visible(timeout=MADE)
    settled(desk)
    with desk.expect_download() as coming:
        button.click()
    with zipfile.ZipFile(coming.value.path()) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        shared = (
            book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else ""
        )
    words = re.findall(r"<si><t[^>]*>(.*?)</t></si>", shared, re.DOTALL)
    rows = [
        [
            text or words[int(at)]
            for at, text in re.findall(r't="(?:s"><v>(\d+)|inlineStr"><is><t[^>]*>(.*?)</t>)', row)
        ]
        for row in re.findall(r"<row .*?</row>", sheet, re.DOTALL)
    ]
    numbers = [cell for row in rows for cell in row if re.fullmatch(r"TS\d{8}-\w{6}", cell)]
    assert len(set(numbers)) == CASES + BULK + ALONE + 1
    (mine,) = [row for row in rows if row[0] == number]
    assert {"upheld", "投诉成立"} & set(mine)
