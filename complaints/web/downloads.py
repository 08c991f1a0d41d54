"""Files on their way to a reader: what was ordered, and what no browser may run."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from complaints.evidence import files
from complaints.ledger.work import Actor
from complaints.web.frame import frame
from complaints.web.headers import DOWNLOAD_CSP


def ordered_file(uid: str, actor: Actor) -> Response:
    """A finished file, streamed; that it left stands in the log first. Commits; raises NotFoundError."""
    job, blocks = files.read(frame().installation, uid, actor)
    name, media = files.media(job)
    return Response(
        blocks,
        content_type=media,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(job.result["size"]),
            "Content-Security-Policy": DOWNLOAD_CSP,
        },
    )


def inert(name: str, data: bytes) -> Response:
    """A download no browser will run or show (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)[-80:]
    return Response(
        data,
        mimetype="application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": DOWNLOAD_CSP,
        },
    )
