"""What every answer below our prefix has in common: headers, bounds, and addresses wherever the host is mounted."""

from __future__ import annotations

from io import BytesIO

import pytest
from office import ADMIN, Forms, Office, quick_passwords
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from complaints.base.translations import language

BELOW = {"SCRIPT_NAME": "/app"}


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/complaints/no-such-page"),
        ("DELETE", "/complaints/new"),
        ("PUT", "/complaints/track"),
        ("POST", "/complaints/receipt/TS20261123-222222"),
        ("PATCH", "/complaints/admin/no-such-page"),
    ],
)
def test_an_address_asked_in_a_strange_way_is_answered_by_us_and_with_our_headers(office, method, path):
    answer = office.client().open(path, method=method)
    assert 400 <= answer.status_code < 500
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_missing_file_of_ours_is_not_missing_for_a_year(office):
    client = office.client()
    with client.get("/complaints/static/complaints.css") as found:
        assert "immutable" in found.headers["Cache-Control"]
    missing = client.get("/complaints/static/no-such-file.js")
    assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize(
    "path", ["/complaints/track", "/complaints/track/lost", f"{ADMIN}/login", f"{ADMIN}/replies/save"]
)
def test_forms_without_files_take_no_gigabytes(office, path):
    client = office.client("admin") if "save" in path else office.client()
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(bytes(7_000_000)), "much.bin")})
    answer = client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 413


def test_operators_log_in_where_the_host_is_mounted_below_another_path(office):
    password = office.hire("alice", "handler")
    client = office.client()
    asked = client.get(f"{ADMIN}/health", environ_overrides=BELOW)
    assert asked.headers["Location"] == f"/app{ADMIN}/login?next=/app{ADMIN}/health"
    page = client.get(f"{ADMIN}/login?next=/app{ADMIN}/health", environ_overrides=BELOW)
    form = next(each for each in Forms(page.text).found if "password" in each["data"])
    sent = {**form["data"], "login": "alice", "password": password}
    done = client.post(f"{ADMIN}/login", data=sent, environ_overrides=BELOW)
    assert done.headers["Location"] == f"/app{ADMIN}/health"
    [cookie] = [each for each in done.headers.getlist("Set-Cookie") if "complaints_operator" in each]
    assert f"Path=/app{ADMIN}" in cookie


def test_the_language_is_kept_where_the_host_is_mounted_below_another_path(office):
    answer = office.client().get("/complaints/?lang=en", environ_overrides=BELOW)
    assert "Path=/app/complaints;" in answer.headers["Set-Cookie"]


def test_an_english_visitor_leaves_no_english_behind_for_the_hosts_next_page(office):
    page = office.client().get("/complaints/", headers={"Accept-Language": "en"})
    assert "Complaints and reports" in page.text
    assert language() == "zh"
