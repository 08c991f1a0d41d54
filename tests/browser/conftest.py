"""A browser for each module, and sites it visits."""

from __future__ import annotations

import pytest
from browser import site as sites
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="module")
def chromium(chromium_path):
    """Of a module, not of the run: two synchronous Playwrights cannot live at once, and other tests start theirs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@pytest.fixture
def site(database_url, tmp_path):
    """A site of its own on each database."""
    with sites.running(tmp_path / "site", database_url) as running:
        yield running


@pytest.fixture
def open_page(chromium):
    """Pages in contexts of their own; each fails its test on a script error or a violated policy."""
    contexts, said = [], []

    def open_one(*, width=390, height=844, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.set_default_timeout(10_000)
        return page

    yield open_one
    for context in contexts:
        context.close()
    # The browser's own word on an answer that was meant to be 400 is no fault of a page.
    assert [each for each in said if "Failed to load resource" not in each] == []
