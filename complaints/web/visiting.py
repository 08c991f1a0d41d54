"""A visit of the report dialog: whose page shows it, and that a form was ours for exactly that page.

There is no cookie in a frame of another site, so there is no session to hold a token against forgery. The form
carries one that is bound to the page's origin and to the draft's secret; and a secret files once.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from complaints.base.ids import keyed_hash
from complaints.base.origins import origin_of
from complaints.base.translations import language
from complaints.web.frame import installation


@dataclass(frozen=True)
class Visit:
    """One page that shows the dialog; `light` where that page knows no dark scheme."""

    parent: str
    light: bool = False

    def address(self, endpoint: str, **more: Any) -> str:
        """A page of the dialog; each names its parent, so that even an error can be shown there."""
        known: dict[str, Any] = {
            "parent": self.parent,
            "lang": language(),
            "theme": "light" if self.light else None,
            **more,
        }
        return url_for(f"complaints.{endpoint}", **known)

    def token(self, secret: str) -> str:
        """What proves that we made this form for this page."""
        return keyed_hash(installation().keys.lookup, "embed", f"{self.parent}\x00{secret}")

    def genuine(self, secret: str, token: str) -> bool:
        """Whether the token belongs to this page and this draft."""
        return bool(secret) and hmac.compare_digest(self.token(secret).encode(), token.encode())


def visit() -> Visit | None:
    """Who shows this request's page; None for a page that is not listed."""
    parent = request.args.get("parent") or ""
    if not parent or parent not in {*_own(), *installation().settings.EMBED_ORIGINS}:
        return None
    return Visit(parent, light=request.args.get("theme") == "light")


def from_our_own_page() -> bool:
    """Whether a form was sent by a page of ours; another site's carries that site's origin, or "null"."""
    said = request.headers.get("Origin") or origin_of(request.headers.get("Referer") or "")
    return said in _own()


def _own() -> set[str]:
    # A proxy that ends TLS may hide the scheme from us, so the configured address counts as well.
    return {origin_of(request.host_url), origin_of(installation().settings.BASE_URL)} - {""}
