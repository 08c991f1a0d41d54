"""A browser that photographs a page: Playwright where it is installed, else a Chromium by command."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

VARIABLE = "COMPLAINTS_TEST_CHROMIUM"
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# Width and height in CSS pixels, and how many dots each has: a phone, and a desk.
_PHONE, _DESK = (390, 844, 2), (1280, 800, 1.5)
# By command a picture has the size of its window; what is left over below the page is cut off.
_TALL = 6000
_SECONDS = 60


class Shoot(Protocol):
    """Photograph one address."""

    def __call__(self, address: str, path: Path, *, desk: bool) -> None:
        """Write the whole page as PNG; `desk` is the width of a desk, else that of a phone.

        Raises OSError when the browser fails.
        """


class Camera(Protocol):
    """Whatever can photograph addresses."""

    def ready(self) -> AbstractContextManager[Shoot]:
        """Hold the browser for as long as pictures are taken."""


def find() -> Camera | None:
    """The best camera there is; None without a Chromium."""
    browser = chromium()
    if browser is None:
        return None
    if importlib.util.find_spec("playwright") is not None:
        return ByPlaywright(browser)
    return ByCommand(browser)


def chromium() -> str | None:
    """Where a Chromium or one of its kin is: named by COMPLAINTS_TEST_CHROMIUM, on PATH, in the usual places."""
    named = os.environ.get(VARIABLE, "")
    for candidate in (named, *_NAMES, *_PLACES):
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    return None


@dataclass(frozen=True)
class ByPlaywright:
    """The real page at its full height, as a phone or a desk shows it."""

    browser: str

    @contextmanager
    def ready(self) -> Iterator[Shoot]:
        """See Camera."""
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - an optional tool

        try:
            with sync_playwright() as playwright:
                running = playwright.chromium.launch(executable_path=self.browser, args=_switches())

                def shoot(address: str, path: Path, *, desk: bool) -> None:
                    width, height, dots = _DESK if desk else _PHONE
                    page = running.new_page(
                        viewport={"width": width, "height": height}, device_scale_factor=dots, locale="zh-CN"
                    )
                    page.goto(address)
                    page.screenshot(path=str(path), full_page=True)
                    page.close()

                yield shoot
                running.close()
        except Error as error:
            raise OSError(f"the browser failed: {error.message.splitlines()[0]}") from error


@dataclass(frozen=True)
class ByCommand:
    """`chromium --headless --screenshot`, with the empty rest of the window cut off."""

    browser: str

    @contextmanager
    def ready(self) -> Iterator[Shoot]:
        """See Camera; each picture starts a browser of its own."""
        yield self._shoot

    def _shoot(self, address: str, path: Path, *, desk: bool) -> None:
        width, _, dots = _DESK if desk else _PHONE
        with TemporaryDirectory(prefix="complaints-browser-") as profile:
            command = [
                self.browser,
                "--headless",
                "--hide-scrollbars",
                "--disable-gpu",
                "--lang=zh-CN",
                f"--user-data-dir={profile}",
                f"--window-size={width},{_TALL}",
                f"--force-device-scale-factor={dots}",
                f"--screenshot={path}",
                *_switches(),
                address,
            ]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603 - our own words
            except subprocess.SubprocessError as error:
                raise OSError(f"the browser failed: {type(error).__name__}") from error
        if not path.is_file():
            raise OSError("the browser wrote no picture")
        _cut(path)


def _switches() -> list[str]:
    # As root, as in most containers, Chromium refuses to start with its sandbox; it shows our own pages only.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if root else []


def _cut(path: Path) -> None:
    from PIL import Image, ImageChops  # noqa: PLC0415 - an optional dependency

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    ground = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    box = ImageChops.difference(picture, ground).getbbox()
    if box:
        picture = picture.crop((0, 0, picture.width, min(picture.height, box[3] + 24)))
    picture.save(path)
