"""The script of the report button, with its words in both languages put in."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, request

from complaints.base.translations import gettext as t
from complaints.base.translations import speaking

_SOURCE = Path(__file__).resolve().parents[2] / "static" / "embed.js"


def register(blueprint: Blueprint) -> None:
    """Add the script."""
    blueprint.add_url_rule("/embed.js", "embed_script", embed_script)


def embed_script() -> Response:
    """The script, the same for everybody: any page may load it, and it says nothing about its visitor."""
    source, digest = written()
    answer = Response(source, mimetype="text/javascript")
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    # So that a page can pin what it loads (integrity, with crossorigin).
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.set_etag(digest)
    answer.make_conditional(request)
    return answer


@lru_cache(maxsize=1)
def written() -> tuple[str, str]:
    """The script's text and its digest; a process reads it once."""
    words = json.dumps({lang: _words(lang) for lang in ("zh", "en")}, ensure_ascii=False)
    text = _SOURCE.read_text(encoding="utf-8").replace('"@words@"', json.dumps(words, ensure_ascii=False))
    return text, sha256(text.encode()).hexdigest()


def _words(lang: str) -> dict[str, str]:
    with speaking(lang):
        return {
            "report": t("Report this answer"),
            "thumbs": t("Rate this answer"),
            "entry": t("Complaints and reports"),
            "title": t("Report an answer"),
            "close": t("Close this window"),
            "ask": t("What is wrong with this answer?"),
            "unhelpful": t("It is not helpful"),
            "unhelpfulHint": t("Only a rating; no complaint is made"),
            "rights": t("It is unsafe, illegal or violates somebody's rights"),
            "rightsHint": t("You make a complaint, and we answer it"),
            "unsent": t("It is not submitted yet. What you typed is lost when you close this."),
            "goon": t("Keep writing"),
            "discard": t("Close without submitting"),
            "unsaved": t(
                "Have you saved the number and the access code? Without the code nobody can open this complaint for you."
            ),
            "receipt": t("Back to the receipt"),
            "kept": t("I have saved them, close"),
            "failed": t("The form cannot be shown on this page."),
            "elsewhere": t("Open it as a page of its own"),
        }
