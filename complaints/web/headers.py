"""The headers of every page: nothing inline, nothing framed, nothing cached, nothing sent along."""

from __future__ import annotations

from flask import Response, g, request

from complaints.web.frame import embedded, installation

STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_NO_FRAME = "frame-ancestors 'none'"
DOWNLOAD_CSP = "default-src 'none'; sandbox"


def frame_for(origin: str) -> None:
    """Let pages of this listed origin, and of no other, show the answer to this request of the embed route."""
    g.complaints_parent = origin


def harden(response: Response) -> Response:
    """Set the exact header set; a view that sent its own CSP (a download) keeps it."""
    headers = response.headers
    parent = g.get("complaints_parent", "") if embedded() else ""
    if parent:
        # A host's own policy is for its own layout, which the dialog does not have. No X-Frame-Options: it cannot
        # name another origin, and browsers in which it counts would show nothing.
        headers.setdefault(
            "Content-Security-Policy", STRICT_CSP.replace(_NO_FRAME, f"frame-ancestors {parent}")
        )
    else:
        headers.setdefault("Content-Security-Policy", installation().settings.CSP or STRICT_CSP)
        headers["X-Frame-Options"] = "DENY"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin" if parent else "same-origin")
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    # A file that is missing, as while one of two servers is still the older one, must not be missing for a year.
    if request.endpoint == "complaints.static" and response.status_code < 400:  # noqa: PLR2004 - no error
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint == "complaints.embed_script":
        # Its address stays the same for years, so it is asked for again; mostly the answer is "as you have it".
        headers["Cache-Control"] = "public, max-age=3600"
    else:
        headers["Cache-Control"] = "no-store"
    return response
