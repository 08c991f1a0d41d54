"""Personal data as it leaves without a reason: it can be recognised, and not be used."""

from __future__ import annotations

import re
import unicodedata

_PHONE = 7
# Digits in Chinese text have no word boundary beside them, so their neighbours are looked at instead.
# A run of such letters is looked at once, from its first: begun anew at each it would take minutes on a long one.
_MAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_DIGITS = re.compile(r"(?<![0-9A-Za-z])\+?\d(?:[ -]?\d){6,18}[0-9Xx]?(?![0-9A-Za-z])")


def mask(key: str, value: str) -> str:
    """A contact that can be recognised but not used: w***@example.com, 138****5678, 王**."""
    if key == "mail":
        head, at, domain = value.partition("@")
        return f"{head[:1]}***{at}{domain}"
    if key == "phone" and len(value) > _PHONE:
        return f"{value[:3]}****{value[-4:]}"
    return f"{value[:1]}**"


def bare(text: str) -> str:
    """A text as it is compared with a contact: 138-1234 5678, 138.1234.5678 and １３８１２３４５６７８ are one number."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in text if letter.isalnum() or letter == "@")


def mask_text(text: str) -> str:
    """A text without the mail addresses and the phone, account and identity numbers written into it.

    What names a person in other words stays: nobody can find that by rule.
    """
    text = _MAIL.sub(lambda found: mask("mail", found[0]), text)
    return _DIGITS.sub(lambda found: mask("phone", found[0]), text)
