"""Where a font with Chinese characters lies; documents never show boxes instead of text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from complaints.base.errors import MissingError

# Files by system: Debian and Ubuntu, Fedora, Arch, macOS, Windows.
_USUAL = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-vf-fonts/NotoSansCJK-VF.ttc",
    "/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
    "/System/Library/Fonts/Hiragino Sans GB.ttc",
    "/Library/Fonts/Arial Unicode.ttf",
)
_WINDOWS = ("msyh.ttc", "simhei.ttf", "simsun.ttc", "Deng.ttf")


def chinese(configured: str = "") -> Path:
    """The font to draw with: `configured` if given, else the first of the usual places.

    Raises ConfigError that says what to install or set when there is none.
    """
    if configured:
        path = Path(configured)
        if not path.is_file():
            raise MissingError(
                "named-font",
                f"COMPLAINTS_DOCUMENT_FONT names {path}, which is no file; name a TTF, OTF or TTC font",
            )
        return path
    for path in present():
        return path
    raise MissingError(
        "font",
        "no font with Chinese characters was found for documents: install one "
        "(Debian and Ubuntu: fonts-wqy-microhei or fonts-noto-cjk), or name a file in COMPLAINTS_DOCUMENT_FONT",
    )


def present() -> Iterator[Path]:
    """The usual places that hold a font."""
    return (path for path in _places() if path.is_file())


def _places() -> Iterator[Path]:
    yield from map(Path, _USUAL)
    windows = os.environ.get("WINDIR")
    if windows:
        for name in _WINDOWS:
            yield Path(windows) / "Fonts" / name
