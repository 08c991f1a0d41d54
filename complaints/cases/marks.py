"""What comparing an AI answer with its seal gave, in words for pages and documents."""

from __future__ import annotations

from collections.abc import Iterable

from complaints.base.translations import gettext as t
from complaints.base.translations import language

# Of no use to the person who reports, and easily taken for a reproach.
_OURS = frozenset({"other_user", "page_differed"})


def mark_words(mark: str) -> str:
    """The mark in a few words; empty where no answer was reported."""
    return {
        "verified": t("Matches our record"),
        "altered": t("Differs from our record"),
        "unverified": t("Not checked"),
    }.get(mark, "")


def sentences(notes: Iterable[str], *, operators: bool = False) -> list[str]:
    """What the notes say, one sentence each; `operators` read all of them."""
    words = {
        "output_altered": t("The answer is not as the product gave it."),
        "prompt_altered": t("The question is not as it was put."),
        "prompt_missing": t("The question did not come along; only the answer was compared."),
        "prompt_unsealed": t("We have nothing to compare the question with."),
        "unsealed": t("It came without a seal to check it by."),
        "damaged": t("What came as its seal is none, or is cut."),
        "foreign": t("Its seal names another installation, so we cannot check it."),
        "unknown_key": t("Its seal names a key that we do not know or no longer keep."),
        "forged": t("Its seal does not hold: we did not make it like this."),
        "expired": t("Its seal was old when it was reported; it was compared all the same."),
        "other_user": t(
            "It was sealed for another user than the one who reports it; shared answers may be reported."
        ),
        "loaded": t("The text comes from the product's own record."),
        "page_differed": t("The page had sent another text, which was not kept."),
        "cut": t("It is longer than we keep: compared whole, kept in part."),
    }
    return [words[note] for note in notes if note in words and (operators or note not in _OURS)]


def said(notes: Iterable[str], *, operators: bool = False) -> str:
    """The same as one text."""
    return ("" if language() == "zh" else " ").join(sentences(notes, operators=operators))
