"""How a page is looked at: a context for each language; in it, each page light and dark, on phone and desktop.

`--screenshots FOLDER` keeps a picture of each look for people to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser.site import PATIENCE
from browser.walking import OUTSIDE, SIDEWAYS, settled

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
LANGS = pytest.mark.parametrize("lang", ["zh", "en"])
SIZES = ((1440, 900), (390, 844))
# A small old phone, and what is left of 1440 by 900 at 200 % zoom.
NARROW = ((320, 640), (720, 450))
# Nothing else that axe looks for depends on the colours, so that it need not be sought twice.
COLOURED = ["color-contrast", "link-in-text-block"]
_RUN = """async rules => {
    const only = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
    const found = await axe.run(document, {resultTypes: ['violations'], ...only});
    return found.violations.map(each => [each.id, each.help, each.nodes[0].html]);
}"""


@contextmanager
def looking(chromium, lang, state=None, size=SIZES[0]) -> Iterator:
    """A context in a language, with axe at hand on each page; movement is off, so that no colour is between two."""
    context = chromium.new_context(
        viewport=dict(zip(("width", "height"), size, strict=True)),
        reduced_motion="reduce",
        locale="zh-CN" if lang == "zh" else "en-US",
        bypass_csp=True,
        storage_state=state,
    )
    context.add_init_script(path=AXE)
    context.set_default_timeout(1000 * PATIENCE)
    yield context
    context.close()


def hold(page, name, lang, config):
    """Fail on what axe finds in any of the four looks of this page, and on what runs sideways or is cut at any size."""
    settled(page)
    for size in SIZES:
        _resize(page, size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture(page, f"{name}-{lang}-{scheme}-{size[0]}", config, full_page=True)
            found = page.evaluate(_RUN, COLOURED if scheme == "dark" else [])
            assert found == [], f"{name} {lang} {scheme} {size[0]}: {found}"
        assert not page.evaluate(SIDEWAYS), f"{name} {lang} {size[0]} runs sideways"
    for size in NARROW:
        _resize(page, size)
        assert not page.evaluate(SIDEWAYS), f"{name} {lang} {size[0]} runs sideways"
        assert page.evaluate(OUTSIDE) == [], f"{name} {lang} {size[0]} is cut"
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    _resize(page, SIZES[0])


def _resize(page, size):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))


def picture(part, name, config, **how):
    """A picture of a page or a part of it, where pictures are asked for."""
    folder = config.getoption("--screenshots")
    if folder:
        target = Path(folder) / f"{name}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        part.screenshot(path=target, **how)
