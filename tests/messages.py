"""Which sentences of the code and the templates have no Chinese yet; then compile the catalogue.

Words of types, outcomes and measures are no messages: they stand in the policy. Sentences that reach `t()` through a
variable cannot be seen here, so nothing is ever removed from the catalogue.
"""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "complaints" / "translations" / "zh_Hans" / "LC_MESSAGES" / "complaints.po"
METHODS = [("complaints/**.py", "python"), ("templates/**.html", "jinja2"), ("templates/**.txt", "jinja2")]


def sentences() -> dict[str, str]:
    """Each English sentence and the first place that says it."""
    found: dict[str, str] = {}
    for name, line, message, _, _ in extract_from_dir(ROOT, METHODS, keywords={"t": None, "gettext": None}):
        if (
            name.startswith(("complaints/", "templates/"))
            and isinstance(message, str)
            and _has_words(message)
        ):
            found.setdefault(message, f"{name}:{line}")
    return found


def _has_words(text: str) -> bool:
    """Whether anything is left to translate beside placeholders and punctuation."""
    return re.search(r"[A-Za-z]{2}", re.sub(r"{[^}]*}", "", text)) is not None


def untranslated() -> dict[str, str]:
    """Sentences without Chinese, and where they are."""
    with CATALOGUE.open("rb") as file:
        known = {message.id for message in read_po(file) if message.id and message.string}
    return {text: place for text, place in sentences().items() if text not in known}


def main() -> int:
    missing = untranslated()
    for text, place in sorted(missing.items(), key=lambda item: item[1]):
        print(f"{place}: {text!r}")
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)
    print(f"{len(catalogue)} sentences compiled, {len(missing)} without Chinese")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
