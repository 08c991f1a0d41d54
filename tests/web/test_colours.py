"""The colours of the style sheet against WCAG 2.2, computed here and not taken from the design."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEET = Path(__file__).resolve().parents[2] / "complaints" / "static" / "complaints.css"
THEMES = ("light", "dark")
TEXT, MARK = 4.5, 3.0  # 1.4.3 for text, 1.4.11 for borders, icons and chart marks
TONES = ("info", "ok", "warn", "bad", "neutral", "review")
PAIRS = [
    *[
        (ink, ground, TEXT)
        for ink in ("text", "muted", "link")
        for ground in ("bg", "surface", "band", "info-bg")
    ],
    *[(ink, f"{tone}-bg", TEXT) for ink in ("text", "link") for tone in ("ok", "warn", "bad")],
    *[(f"{tone}-fg", f"{tone}-bg", TEXT) for tone in TONES],
    *[(f"{tone}-fg", "bg", TEXT) for tone in ("info", "warn", "bad", "ok")],
    *[(f"{tone}-fg", "surface", TEXT) for tone in ("warn", "bad")],
    ("text", "note-bg", TEXT),
    ("muted", "note-bg", TEXT),
    ("muted", "neutral-bg", TEXT),
    ("link-visited", "bg", TEXT),
    ("accent", "bg", TEXT),
    ("accent", "band", TEXT),
    ("accent-hover", "info-bg", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("on-accent", "danger", TEXT),
    ("danger", "bg", TEXT),
    ("on-bar", "bar", TEXT),
    ("control", "bg", MARK),
    ("note-edge", "note-bg", MARK),
    ("focus-ring", "bg", MARK),
    ("focus-ring", "surface", MARK),
    ("focus-ring", "band", MARK),
    ("chart-1", "bg", MARK),
    ("chart-2", "bg", MARK),
    ("chart-1", "chart-2", MARK),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def tokens(theme: str) -> dict[str, str]:
    """The colour tokens of the first rule (light), overlaid with those of the dark one."""
    sheet = SHEET.read_text("utf-8")
    light, dark = re.findall(r":where\(\.cmp[^{]*\{\s+([^}]*--cmp-bg: #[^}]*--cmp-chart-1[^}]*)\}", sheet)
    found = {}
    for rule in (light, dark)[: THEMES.index(theme) + 1]:
        found |= dict(re.findall(r"--cmp-([\w-]+): (#[0-9A-Fa-f]{6})\b", rule))
    return found


def test_the_formula_gives_the_known_extremes_and_middles() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_what_is_read_stands_out_from_its_ground(theme: str, ink: str, ground: str, least: float) -> None:
    found = tokens(theme)

    assert contrast(found[ink], found[ground]) >= least


def test_the_dark_theme_leaves_no_light_colour_standing() -> None:
    light, dark = tokens("light"), tokens("dark")
    same = {name for name in light if light[name] == dark[name]}

    assert same == set()


def test_each_colour_in_the_sheet_is_a_token_a_host_can_override() -> None:
    sheet = SHEET.read_text("utf-8")
    rules = sheet[sheet.index("/* Ground */") : sheet.index("@media print")]
    painted = [
        colour
        for block in re.findall(r"\{([^{}]*)\}", rules)
        for colour in re.findall(r"#[0-9A-Fa-f]{3,8}\b", block)
    ]

    assert painted == []


def test_each_variable_that_is_used_is_declared() -> None:
    sheet = SHEET.read_text("utf-8")
    declared = set(re.findall(r"(--[\w-]+):", sheet))
    used = set(re.findall(r"var\((--[\w-]+)\)", sheet))

    assert used <= declared


def test_no_rule_reaches_outside_the_scope() -> None:
    sheet = re.sub(r"/\*.*?\*/", "", SHEET.read_text("utf-8"), flags=re.DOTALL)
    selectors = [
        part.strip()
        for head in re.findall(r"([^{}]+)\{", sheet)
        for part in head.split(",")
        if "@" not in head
    ]

    assert selectors
    # Halves of a selector list inside :is(…) are cut by the comma; each list begins with the scope.
    assert [s for s in selectors if "cmp" not in s and not re.fullmatch(r"[a-z]+\)?", s)] == []
