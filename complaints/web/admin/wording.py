"""Whether a text is in the language of whom it is for."""

from __future__ import annotations

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
# A name or a figure is no language; a Chinese word has about two characters.
_LEAST, _CHARACTERS = 4, 2


def other_language(text: str, lang: str) -> bool:
    """Whether most of it seems to be in the other one of our two languages; False where there is too little."""
    han, latin = len(_HAN.findall(text)) / _CHARACTERS, len(_WORD.findall(text))
    if han + latin < _LEAST:
        return False
    return latin > han if lang == "zh" else han > latin
