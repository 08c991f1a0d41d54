"""A file that was ordered, on its way to its reader."""

from __future__ import annotations

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
