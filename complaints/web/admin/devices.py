"""Which browser on which system: as much of a User-Agent as a person knows their own device by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import request

# The first that fits counts: most browsers also name the ones they descend from.
_BROWSERS: Sequence[tuple[str, str]] = (
    (r"wxwork/", "WeCom"),
    (r"MicroMessenger/", "WeChat"),
    (r"DingTalk/", "DingTalk"),
    (r"Lark/|Feishu/", "Feishu"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"QQBrowser/", "QQBrowser"),
    (r"UCBrowser/", "UC Browser"),
    (r"HuaweiBrowser/", "Huawei Browser"),
    (r"MiuiBrowser/", "Mi Browser"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Version/.*Safari/", "Safari"),
)
_SYSTEMS: Sequence[tuple[str, str]] = (
    (r"OpenHarmony|HarmonyOS", "HarmonyOS"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def here() -> str:
    """The device that asks; empty where its User-Agent says nothing we know."""
    return named(request.headers.get("User-Agent", ""))


def named(agent: str) -> str:
    """Browser and system, such as `WeChat · Android`: names of products, the same in every language."""
    known = (_first(_BROWSERS, agent), _first(_SYSTEMS, agent))
    return " · ".join(each for each in known if each)


def _first(table: Sequence[tuple[str, str]], agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, agent)), "")
