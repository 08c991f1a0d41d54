"""Finding a browser, and photographing a page by command where Playwright is not installed."""

from __future__ import annotations

import stat

import pytest
from PIL import Image

from complaints.evidence import camera
from complaints.evidence.camera import ByCommand, ByPlaywright


@pytest.mark.browser
@pytest.mark.parametrize("kind", [ByCommand, ByPlaywright])
def test_a_page_is_photographed_as_a_whole(kind, chromium_path, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        "<body style='margin:0'><div style='height:1500px;background:#c00'></div><p style='color:#00c'>终</p></body>",
        encoding="utf-8",
    )
    with kind(chromium_path).ready() as shoot:
        shoot(page.as_uri(), tmp_path / "picture.png", desk=True)

    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.width == 1920
        assert 2250 < picture.height < 2500
        assert picture.convert("RGB").getpixel((10, 2240)) == (204, 0, 0)


def test_a_browser_that_fails_is_an_oserror(tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    with ByCommand(str(broken)).ready() as shoot, pytest.raises(OSError, match="browser failed"):
        shoot("about:blank", tmp_path / "picture.png", desk=False)


def test_a_browser_is_found_where_it_is_named_then_on_the_path(tmp_path, monkeypatch):
    for name in ("mine", "google-chrome"):
        (tmp_path / name).write_text("", encoding="utf-8")
        (tmp_path / name).chmod(stat.S_IRWXU)
    monkeypatch.setattr(camera, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("COMPLAINTS_TEST_CHROMIUM", str(tmp_path / "mine"))
    assert camera.chromium() == str(tmp_path / "mine")
    monkeypatch.delenv("COMPLAINTS_TEST_CHROMIUM")
    assert camera.chromium() == str(tmp_path / "google-chrome")
    (tmp_path / "google-chrome").unlink()
    assert camera.chromium() is None
    assert camera.find() is None
