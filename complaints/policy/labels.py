"""One text in the two languages every page speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """A text in Chinese and English; call it with a language to read it."""

    zh: str = ""
    en: str = ""

    def __call__(self, lang: str) -> str:
        """The text in `lang`; Chinese for any language but `en`, as everywhere else."""
        return self.en if lang == "en" else self.zh

    def __bool__(self) -> bool:
        """Whether there is anything to read in either language."""
        return bool(self.zh or self.en)


NOTHING = Label()
