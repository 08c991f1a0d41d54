"""What tests of the embedded form share: a site, a page of another site with its button, and the way through."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import servers
from browser import site as sites
from browser.neighbour import next_door
from browser.site import receipt_card
from playwright.sync_api import expect
from sqlalchemy import select

from complaints.store.tables import Complaint, Event

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
WORDS = "AI教我做提拉米苏要用生鸡蛋泡一夜😀𠮷，吃了不舒服。"
PRODUCT = """
OUTPUT = "提拉米苏要用生鸡蛋泡一夜。\\n这样更香。"

@app.get("/sealed")
def sealed():
    return complaints.seal_answer(output=OUTPUT, prompt="怎么做", model="m-1")

@app.get("/product")
def product():
    from flask import render_template_string
    return render_template_string(
        "<!doctype html><html lang=zh-CN><title>产品</title>{{ complaints_embed_script() }}"
        "<link rel=icon href=data:,>{{ complaints_report_button(token, output, 'wie') }}",
        token=sealed(), output=OUTPUT)
"""
OUTPUT = "提拉米苏要用生鸡蛋泡一夜。&#10;这样更香。"
HEARD = """<script>
for (const name of ["complaints-filed", "complaints-feedback"])
  addEventListener(name, (event) => (window.heard = window.heard || []).push([name, event.detail]));
</script>"""


@contextmanager
def embedding(folder, database_url, **more):
    """A site whose button stands on a page of another site; `host` serves that page."""

    def seals(site):
        with (site.folder / "host.py").open("a", encoding="utf-8") as file:
            file.write(PRODUCT)

    with (
        next_door() as host,
        sites.running(folder, database_url, prepare=seals, SITE_EMBED_ORIGINS=host.origin, **more) as site,
    ):
        ours = f"{site.url}/complaints/embed.js"
        host.csp = (
            f"default-src 'none'; script-src {site.url} 'sha256-{digest(HEARD)}'; frame-src {site.url}; "
            "style-src 'self'; img-src data:; base-uri 'none'"
        )
        script = f'{HEARD}<script src="{ours}" defer></script>'
        yield SimpleNamespace(site=site, host=host, script=script, url=site.url)


def digest(script):
    inside = re.fullmatch(r"<script>(.*)</script>", script, re.DOTALL)[1]
    return base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()


def button(attributes="", inside=""):
    element = (
        f'<complaints-report {attributes} output="{OUTPUT}" prompt="怎么做">{inside}</complaints-report>'
    )
    return f"<main><h1>产品</h1>{element}</main>"


def open_form(embedded, page, attributes="", inside="", csp=None):
    """Go to the other site's page and press its button; returns the frame of the form."""
    page.goto(embedded.host.page("/", button(attributes, inside), embedded.script, csp))
    page.locator("complaints-report button, complaints-report a").first.click()
    frame = page.frame_locator("complaints-report iframe")
    expect(frame.locator("h1")).to_be_visible()
    return frame


def rows(database_url):
    """Number, channel, mark and files of each complaint."""
    columns = (Complaint.number, Complaint.channel, Complaint.answer_mark, Complaint.files)
    return _found(database_url, select(*columns).order_by(Complaint.id))


def leaves(database_url):
    """The first leaf of each complaint."""
    return [leaf for (leaf,) in _found(database_url, select(Event.leaf).where(Event.type == "filed"))]


def _found(database_url, query):
    engine = servers.open_engine(database_url)
    try:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]
    finally:
        engine.dispose()


def file_it(frame, kind="inaccurate"):
    frame.locator(f"button[name=type][value={kind}]").click()
    frame.get_by_label("发生了什么").fill(WORDS)
    frame.get_by_role("button", name="提交", exact=True).click()
    return re.search(r"TS\d{8}-\w{6}", receipt_card(frame))[0]


def inner(page):
    """The form's own frame, for scripts of a test."""
    return next(each for each in page.frames if "/complaints/embed/" in each.url)
