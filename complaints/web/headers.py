"""The headers of every page: nothing inline, nothing framed, nothing cached, nothing sent along."""

from __future__ import annotations

from flask import Response, request

from complaints.web.frame import installation

STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
DOWNLOAD_CSP = "default-src 'none'; sandbox"


def harden(response: Response) -> Response:
    """Set the exact header set; a view that sent its own CSP (a download) keeps it."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", installation().settings.CSP or STRICT_CSP)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    # A file that is missing, as while one of two servers is still the older one, must not be missing for a year.
    if request.endpoint == "complaints.static" and response.status_code < 400:  # noqa: PLR2004 - no error
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers["Cache-Control"] = "no-store"
    return response
