"""The seam to gettext: our own catalogues, read with the standard library, chosen per context."""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
_FOLDER = Path(__file__).resolve().parent.parent / "translations"
_language: ContextVar[Language] = ContextVar("complaints_language", default="zh")


def language() -> Language:
    """The language of the present context; Chinese unless somebody chose otherwise."""
    return _language.get()


def set_language(lang: Language) -> None:
    """Choose the language for the rest of this context, such as a request."""
    _language.set(lang)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Within this block every text is in `lang`; an unknown language falls back to Chinese."""
    token = _language.set("en" if lang == "en" else "zh")
    try:
        yield
    finally:
        _language.reset(token)


@cache
def _catalogue() -> _gettext.NullTranslations:
    return _gettext.translation("complaints", str(_FOLDER), languages=["zh_Hans"], fallback=True)


def gettext(message: str, **values: object) -> str:
    """The message in the present language, with `{name}` placeholders filled from `values`."""
    text = _catalogue().gettext(message) if language() == "zh" else message
    return text.format(**values) if values else text
