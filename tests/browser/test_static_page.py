"""The recipe of a static page: nothing but files on one origin, the channel as a service of its own on another."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser.embedding import file_it, rows
from mounting.hosting import RECIPES, serving, surroundings
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SERVICE, THERE = "complaints.standalone", "https://ai.example.cn"
FLASK = [sys.executable, "-m", "flask", "--app", SERVICE]
WAYS = {
    "flask run": [*FLASK, "run", "--port", "{port}"],
    "gunicorn": [
        *(sys.executable, "-m", "gunicorn", f"{SERVICE}:create_app()", "--bind", "127.0.0.1:{port}", "-w", "2"),
    ],
}  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said):
        pass


@contextmanager
def files(folder):
    """A folder's files on an origin of their own: `localhost` is another site than 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@contextmanager
def published(folder, way, *, listed=True):
    """The recipe's page, its one address changed to that of the service that runs; and that service."""
    pages = folder / "pages"
    pages.mkdir()
    with files(pages) as origin:
        environment = surroundings(folder)
        if listed:
            environment["COMPLAINTS_EMBED_ORIGINS"] = origin
        subprocess.run(
            [*FLASK, "complaints", "init"], cwd=folder, env=environment, check=True, capture_output=True, timeout=90
        )  # fmt: skip
        with serving(WAYS[way], folder, environment) as service:
            html = (RECIPES / "static.html").read_text("utf-8")
            assert html.count(THERE) == 2
            (pages / "index.html").write_text(html.replace(THERE, service), encoding="utf-8")
            yield f"{origin}/", service


@pytest.mark.parametrize("way", WAYS)
def test_a_complaint_is_filed_from_a_static_page(way, tmp_path, open_page):
    with published(tmp_path, way) as (address, _):
        page = open_page()
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        page.goto(address)
        page.get_by_role("link", name="反映这条回答的问题").click()
        frame = page.frame_locator("complaints-report iframe")
        expect(frame.get_by_text("您反映的AI回答").first).to_be_visible()
        number = file_it(frame)
        assert page.url == address
        assert page.context.cookies() == []
    [database] = tmp_path.rglob("complaints.db")
    assert rows(f"sqlite:///{database}") == [(number, "embed", "unverified", 0)]


@pytest.mark.parametrize("how", ["no script", "not listed"])
def test_where_no_dialog_opens_the_page_still_leads_to_the_form(how, tmp_path, chromium):
    with published(tmp_path, "flask run", listed=how != "not listed") as (address, service):
        context = chromium.new_context(java_script_enabled=how != "no script", locale="zh-CN")
        page = context.new_page()
        page.goto(address)
        page.get_by_role("link", name="反映这条回答的问题").click()
        if how == "not listed":
            page.get_by_role("link", name="在单独的页面中填写").click()
        expect(page.get_by_role("heading", name="您要反映什么问题？")).to_be_visible()
        assert page.url.startswith(f"{service}/complaints/new")
        context.close()
