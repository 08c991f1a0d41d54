"""A browser for each module, and sites it visits."""

from __future__ import annotations

import pytest
import servers
from browser import site as sites
from browser.embedding import embedding
from playwright.sync_api import expect, sync_playwright

# A busy machine is slow, not wrong: what is to come is waited for as long everywhere.
expect.set_options(timeout=1000 * sites.PATIENCE)
# The dialog gives up on a frame that says nothing for some seconds. Tests of just that make pages of their own.
_UNHURRIED = """(() => {
    const before = window.setTimeout;
    window.setTimeout = (what, after, ...more) => before(what, [2000, 8000].includes(after) ? 20 * after : after, ...more);
})()"""


@pytest.fixture(scope="module")
def chromium(chromium_path):
    """Of a module, not of the run: two synchronous Playwrights cannot live at once, and other tests start theirs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                # Browsers give no cookies to frames of other sites, or soon will not.
                "--test-third-party-cookie-phaseout",
                "--host-resolver-rules=MAP *.evil.test 127.0.0.1",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture
def site(database_url, tmp_path):
    """A site of its own on each database."""
    with sites.running(tmp_path / "site", database_url) as running:
        yield running


@pytest.fixture(scope="module")
def shared(database_servers, tmp_path_factory):
    """One site with its button on another, for all tests of a module that ask nothing of a database."""
    if "sqlite" not in database_servers:
        database_servers["sqlite"] = servers.Server("sqlite", tmp_path_factory.mktemp("sqlite"))
    with (
        database_servers["sqlite"].database() as url,
        embedding(tmp_path_factory.mktemp("embed"), url) as found,
    ):
        found.database = url
        yield found


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
        page.set_default_timeout(1000 * sites.PATIENCE)
        page.add_init_script(_UNHURRIED)
        return page

    yield open_one
    for context in contexts:
        context.close()
    # The browser's own word on an answer that was meant to be 400 is no fault of a page.
    assert [each for each in said if "Failed to load resource" not in each] == []
