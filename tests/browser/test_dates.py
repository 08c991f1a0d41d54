"""Why each date is what it is, as pages show it: a pause over National Day, a moved date, a missed one, hours.

The site runs in this process, on a clock that stands in October 2026, so that the holidays are always the same.
`--screenshots FOLDER` keeps a picture of each, as in looks.py.
"""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from browser.looks import LANGS, hold, looking, picture
from office import ADMIN, Office
from werkzeug.serving import make_server

from complaints.base.clock import BEIJING

pytestmark = pytest.mark.browser
# Moment and step of each case; the last moment is the one at which it is looked at.
CASES = {
    "paused-over-holiday": (
        "other",
        [
            ("09-28T09:12", "file"),
            ("09-29T10:00", "accept"),
            ("09-30T10:00", "ask"),
            ("10-09T11:00", "supply"),
        ],
    ),
    "moved": ("other", [("10-10T14:30", "file"), ("10-12T09:00", "reclassify")]),
    "waiting": ("inaccurate", [("09-28T20:00", "file"), ("09-30T09:30", "accept"), ("10-09T10:00", "ask")]),
    "late": ("other", [("09-09T09:00", "file"), ("09-09T15:00", "accept"), ("09-30T00:00", "sweep")]),
    "submitted": ("illegal_content", [("10-11T21:05", "file")]),
}
NOW = "10-12T11:00"


class Turned:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = at(NOW)

    def __call__(self) -> datetime:
        return self.now


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BEIJING)


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """A served office with the cases above, each filed and handled at its own time."""
    clock = Turned()
    office = Office(tmp_path_factory.mktemp("dated"), clock).start(clock)
    steps = sorted((moment, name, what) for name, (_, steps) in CASES.items() for moment, what in steps)
    office.filed = {}
    for moment, name, what in steps:
        clock.now = at(moment)
        if what == "file":
            office.filed[name] = office.desk.file(CASES[name][0])
        elif what == "sweep":
            office.desk.sweep()
        else:
            # The desk lets five minutes pass before each step.
            office.desk.do(
                office.filed[name], what, **({"to": "illegal_content"} if what == "reclassify" else {})
            )
    clock.now = at(NOW)
    office.client("handler")
    server = make_server("127.0.0.1", 0, office.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    office.url = f"http://127.0.0.1:{server.server_port}"
    yield office
    server.shutdown()
    thread.join()
    server.server_close()


@LANGS
def test_each_date_of_a_case_explains_itself_to_an_operator(dated, chromium, lang, request):
    cookie = dated.client("handler").get_cookie("complaints_operator", path=ADMIN)
    with looking(chromium, lang) as context:
        context.add_cookies(
            [{"name": "complaints_operator", "value": cookie.value, "url": f"{dated.url}{ADMIN}"}]
        )
        page = context.new_page()
        for name, filed in dated.filed.items():
            page.goto(f"{dated.url}{ADMIN}/case/{filed.number}")
            for fold in page.locator("#dates details").all():
                fold.evaluate("it => it.open = true")
            assert page.locator("#dates .cmp-days").count() >= 2, name
            picture(page.locator("#dates"), f"dates-{name}-{lang}", request.config)
            hold(page, f"admin-dates-{name}", lang, request.config)


@LANGS
def test_the_promised_date_explains_itself_to_its_complainant(dated, chromium, lang, request):
    for name, filed in dated.filed.items():
        with looking(chromium, lang) as context:
            page = context.new_page()
            page.goto(f"{dated.url}/complaints/track")
            page.locator("input[name=number]").fill(filed.number)
            page.locator("input[name=code]").fill(filed.code)
            page.locator("main form button").last.click()
            page.wait_for_url(f"**/track/{filed.number}*")
            folds = page.locator(".cmp-status details")
            assert folds.count() == (name != "waiting"), name
            if folds.count():
                folds.locator("summary").press("Enter")
            hold(page, f"follow-dates-{name}", lang, request.config)
