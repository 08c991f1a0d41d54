"""Whether a text is in the language of whom it is for, and whether its sender was told."""

from __future__ import annotations

import hashlib
import re

from complaints.base.translations import gettext as t
from complaints.web.admin.forms import ReadForm

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
# Addresses of mail and pages stand in texts of every language, and so do numbers of complaints.
_ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+|https?://\S+|\bTS\d{8}-\w{6}\b", re.ASCII)
_WORD = re.compile(r"[A-Za-zÀ-ɏ]{2,}")
# A name or a figure is no language; a Chinese word has about two characters.
_LEAST, _CHARACTERS = 4, 2


def other_language(text: str, lang: str) -> bool:
    """Whether most of it seems to be in the other one of our two languages; False where there is too little."""
    text = _ADDRESS.sub(" ", text)
    han, latin = len(_HAN.findall(text)) / _CHARACTERS, len(_WORD.findall(text))
    if han + latin < _LEAST:
        return False
    return latin > han if lang == "zh" else han > latin


def unseen(form: ReadForm, lang: str) -> bool:
    """Whether its text is in the other language and was not remarked as it stands; the form then notes that it is."""
    text = (form["text"].data or "").replace("\r\n", "\n").strip()
    # No secret and no proof: who makes the digest themselves has decided to send such a text.
    now = hashlib.sha256(text.encode()).hexdigest() if other_language(text, lang) else ""
    before, form.seen.data = form.seen.data, now
    return now not in ("", before)


def named(lang: str) -> str:
    """A complainant's language, as it is called in sentences."""
    return t("Chinese") if lang == "zh" else t("English")
