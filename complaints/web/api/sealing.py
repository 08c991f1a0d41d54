"""Seal AI answers for products that are not written in Python; the texts are digested and forgotten."""

from __future__ import annotations

from flask import Response

from complaints import answers
from complaints.web.api import shapes, shown
from complaints.web.api.routing import Call, route, written
from complaints.web.frame import installation


@route(
    "POST",
    "/seals",
    "product",
    who="seal",
    takes=shapes.Answer,
    gives=shown.Seal,
    problems=("input",),
)
def seal(call: Call) -> Response:
    """Vouch for an answer of your model; give the token to the report button beside it. Nothing is kept."""
    body: shapes.Answer = call.body
    installed = installation()
    token = answers.seal(
        installed.keys.answers,
        installed.settings.origin,
        output=body.output,
        prompt=body.prompt,
        model=body.model,
        answer_id=body.answer_id,
        filing_no=body.filing_no,
        at=body.at,
        user_ref=body.user_ref,
    )
    return written(shown.Seal(token=token))


VIEWS = {"seal": seal}
