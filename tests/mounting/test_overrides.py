from __future__ import annotations

import threading

import pytest
from hosting import ready
from werkzeug.serving import make_server

from complaints import Complaints

LAYOUT = """<!doctype html><html lang="zh-Hans"><head><title>{% block title %}{% endblock %}</title>
{% include "complaints/_head.html" %}<link rel="stylesheet" href="/own.css"></head>
<body><nav>宿主导航</nav><main class="cmp" id="cmp-main">{% block heading %}{% endblock %}
{% block content %}{% endblock %}{% block aside %}{% endblock %}</main></body></html>"""
OWN_CSS = ".cmp { --cmp-accent: rgb(1, 102, 68); --cmp-on-accent: #fff; --cmp-radius: 11px }"


def write(app, name, text):
    path = app.root_path + "/templates/" + name
    import pathlib

    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(text, encoding="utf-8")


def test_a_template_of_the_same_path_in_the_host_wins(app):
    write(app, "complaints/entry.html", "<p>our own words for {{ complaints.product }}</p>")
    Complaints(app)
    ready(app)
    client = app.test_client()

    assert client.get("/complaints/").text == "<p>our own words for 灵犀助手</p>"
    assert "our own words" not in client.get("/complaints/new").text


def test_a_part_of_a_page_can_be_replaced_alone(app):
    write(app, "complaints/_footer.html", "<footer>宿主页脚</footer>")
    Complaints(app)
    ready(app)

    page = app.test_client().get("/complaints/").text
    assert "<footer>宿主页脚</footer>" in page
    assert "灵犀助手" in page


def test_public_pages_take_the_hosts_layout_and_the_operators_do_not(app):
    write(app, "layout.html", LAYOUT)
    app.config["COMPLAINTS_BASE_TEMPLATE"] = "layout.html"
    Complaints(app)
    ready(app)
    client = app.test_client()

    for path in ("", "new", "new?type=other", "track", "process"):
        page = client.get(f"/complaints/{path}")
        assert page.status_code == 200
        assert "<nav>宿主导航</nav>" in page.text
        assert page.text.count("<html") == 1
    assert "宿主导航" not in client.get("/complaints/admin/login").text


def test_a_layout_that_needs_more_says_so_in_its_content_policy(app):
    app.config["COMPLAINTS_CSP"] = "default-src 'self'; style-src 'self' 'unsafe-inline'"
    Complaints(app)
    ready(app)
    answer = app.test_client().get("/complaints/")
    assert answer.headers["Content-Security-Policy"] == "default-src 'self'; style-src 'self' 'unsafe-inline'"


@pytest.mark.browser
def test_three_lines_of_css_change_the_colours_a_person_sees(app, chromium_path):
    from playwright.sync_api import sync_playwright

    write(app, "layout.html", LAYOUT)
    app.config["COMPLAINTS_BASE_TEMPLATE"] = "layout.html"

    @app.route("/own.css")
    def own():
        return OWN_CSS, {"Content-Type": "text/css"}

    Complaints(app)
    ready(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.port}/complaints/new?type=other")
            button = page.locator(".cmp-button").first
            styles = "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).borderTopLeftRadius]"
            seen = [button.evaluate(styles) for button in page.locator("main .cmp-button").all()]
            browser.close()
    finally:
        server.shutdown()
        thread.join()
    assert button
    assert ["rgb(1, 102, 68)", "11px"] in seen
