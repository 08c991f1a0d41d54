"""File a complaint: by whoever has one, or by a host on behalf of its user."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from flask import Response, url_for
from sqlalchemy.exc import IntegrityError

from complaints.administration import repeats
from complaints.base.clock import from_stamp
from complaints.base.errors import InputError, NotAllowedError
from complaints.base.ids import access_code
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access, drafts, fields, intake
from complaints.cases.intake import Filing
from complaints.evidence import receipts
from complaints.ledger.reading import history
from complaints.ledger.work import Work
from complaints.policy.model import Field
from complaints.web import challenge, drafting, limiting
from complaints.web.api import reading, shapes, shown
from complaints.web.api.problems import ProblemError
from complaints.web.api.routing import OPTIONAL_FILE, Call, route, written
from complaints.web.frame import absolute, frame, installation

_PROBLEMS = ("input", "proof-of-work", "not-allowed")


@route(
    "POST",
    "/complaints",
    "complainant",
    who=OPTIONAL_FILE,
    takes=shapes.NewComplaint,
    files=True,
    gives=shown.Filed,
    status=201,
    repeatable=True,
    problems=_PROBLEMS,
)
def file(call: Call) -> Response:
    """File a complaint; number and access code are in the answer, and nowhere else."""
    body: shapes.NewComplaint = call.body
    if body.owner is not None and call.key is None:
        raise NotAllowedError("only a host's key files for its users")
    work = frame().work
    secret = repeats.secret(work, call.ticket) if call.ticket else secrets.token_hex(16)
    earlier = _earlier(work, call, secret)
    if earlier is not None:
        return _answer(earlier, secret)
    filing = _filing(work, call, secret)
    return _answer(_write(work, call, filing), secret)


def _filing(work: Work, call: Call, secret: str) -> Filing:
    body: shapes.NewComplaint = call.body
    policy, phone = work.policy, installation().hooks.phone
    try:
        _known(work, body, phone=phone)
        values = fields.check(policy, body.type, body.fields, phone=phone)
    except InputError as error:
        raise reading.mapped(error, {"type": "type"}, "fields") from error
    kind = policy.types[body.type]
    kinds = {policy.fields[key].kind: policy.fields[key] for key in (*kind.required, *kind.optional)}
    if call.files and "files" not in kinds:
        raise InputError({"files": [t("This type takes no files")]})
    return Filing(
        type=body.type,
        fields=values,
        secret=secret,
        lang=body.lang or language(),
        channel="api",
        answer=_reported(body, kinds.get("answer")),
        uploads=call.files,
        owner=body.owner,
        # A host's server files for many people: its address says nothing about them.
        source=None if call.key else limiting.source(),
        is_test=frame().settings.TEST_INSTALLATION,
        unproven=not _proven(call),
    )


def _known(work: Work, body: shapes.NewComplaint, *, phone: bool) -> None:
    kind = work.policy.types.get(body.type)
    if kind is None:
        return
    asked = {each.key for each in fields.asked(work.policy, kind, phone=phone) if each.kind != "files"}
    strangers = sorted(set(body.fields) - asked)
    if strangers:
        raise InputError({name: [t("This type does not ask for it")] for name in strangers})


def _reported(body: shapes.NewComplaint, question: Field | None) -> intake.Answer | None:
    given = body.answer
    if given is None:
        return None
    if question is None:
        raise InputError({"answer": [t("This type does not ask for it")]})
    for name, text in (("output", given.output), ("prompt", given.prompt)):
        over = len(text) - question.max
        if over > 0:
            said = t("{n} characters too long; keep it under {max}", n=over, max=question.max)
            raise InputError({f"answer/{name}": [said]})
    # A browser's cookies say nothing here: who reports is whom the host's key names, else nobody.
    user = body.owner or ""
    return drafting.answer_of(installation(), given.token, given.output, given.prompt, question.max, user)


def _proven(call: Call) -> bool:
    body: shapes.NewComplaint = call.body
    if call.key is not None or not limiting.too_many_filings():
        return True
    if challenge.solved(body.proof):
        return True
    if not body.unproven:
        raise ProblemError("proof-of-work", challenge=json.loads(challenge.new()))
    return False


def _earlier(work: Work, call: Call, secret: str) -> intake.Filed | None:
    if call.ticket is None:
        return None
    repeats.earlier(work, call.ticket)
    return intake.find_repeat(work, secret)


def _write(work: Work, call: Call, filing: Filing) -> intake.Filed:
    for attempt in (1, 2):
        prepared = intake.prepare(work, filing)
        try:
            filed = frame().write_under(work, _insert(call, prepared, filing.secret))
        except Exception as error:
            drafts.discard(work, [each.uid for each in prepared.files])
            # A number met its double: the next one will not. Everything else was found inside the transaction.
            if attempt == 2 or not isinstance(error, IntegrityError):  # noqa: PLR2004 - the second and last
                raise
        else:
            if filed.repeated:
                drafts.discard(work, [each.uid for each in prepared.files])
            return filed
    raise AssertionError("unreachable")


def _insert(call: Call, prepared: intake.Prepared, secret: str) -> Callable[[Work], intake.Filed]:
    def insert(work: Work) -> intake.Filed:
        # The same request beside this one has committed by the time a collision makes us look again.
        earlier = _earlier(work, call, secret)
        if earlier is not None:
            return earlier
        filed = intake.insert_prepared(work, prepared)
        if call.ticket is not None:
            repeats.keep(work, call.ticket, 201, {"number": filed.number})
        return filed

    return insert


def _answer(filed: intake.Filed, secret: str) -> Response:
    work = frame().work
    case = access.find(work, filed.number)
    first: dict[str, Any] = history(work, case.uid, types=("filed",), opened=False)[0].meta["change"]
    accept, result = (first.get(name, (None, None))[1] for name in ("accept_due", "result_due"))
    answer = shown.Filed(
        number=filed.number,
        code=access_code(work.keys.lookup, filed.number, secret),
        filed_at=case.filed_at,
        accept_due=from_stamp(accept) if accept else None,
        result_due=from_stamp(result) if result else None,
        provisional=bool(first.get("provisional", (None, False))[1]),
        track=absolute("track"),
        receipt=receipts.promise(work, case),
    )
    where = url_for("complaints_api.follow", number=filed.number)
    return written(answer, 201, {"Location": where})


VIEWS = {"file": file}
