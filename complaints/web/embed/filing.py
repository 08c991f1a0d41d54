"""The form of the dialog: type, details, receipt; the steps of the short form, for a page without cookies."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from complaints.administration.installation import InForce
from complaints.cases import fields
from complaints.ledger.work import Work
from complaints.web import drafting, faults, headers, incoming, visiting
from complaints.web.drafting import Kept
from complaints.web.embed import receipt
from complaints.web.forms import old_page
from complaints.web.frame import installation
from complaints.web.incoming import Incoming
from complaints.web.public import filing
from complaints.web.public import filing_files as files
from complaints.web.public.filing_form import typed
from complaints.web.public.filing_pages import Desk, details_page, types_page
from complaints.web.public.ruling import rules
from complaints.web.visiting import Visit

_FRAMED = frozenset(f"complaints.{name}" for name in ("embed_new", "embed_post", "embed_receipt"))


def register(blueprint: Blueprint) -> None:
    """Add the pages of the dialog."""
    blueprint.add_url_rule("/embed/new", "embed_new", embed_new)
    blueprint.add_url_rule("/embed/new", "embed_post", embed_post, methods=["POST"])
    blueprint.add_url_rule("/embed/receipt", "embed_receipt", receipt.embed_receipt, methods=["POST"])
    blueprint.before_request(_arrive)


def embed_new() -> ResponseReturnValue:
    """The types, or the questions of `?type=`; with `?answer=1` the page waits for the answer first."""
    visit = visiting.visit()
    if visit is None:
        return faults.page(403)
    ruling, work = rules()
    asked = request.args.get("type") or ""
    chosen = asked if asked in ruling.policy.types else ""
    if not chosen or request.args.get("answer"):
        return types_page(
            ruling.policy,
            drafting.fresh(),
            visit=visit,
            chosen=chosen,
            arriving=bool(request.args.get("answer")),
        )
    return details_page(_desk(visit, ruling, work, chosen, drafting.fresh()))


def embed_post() -> ResponseReturnValue:
    """A type that was chosen, or the answers; only from a page of ours that was made for this visit."""
    visit = visiting.visit()
    if visit is None or not visiting.from_our_own_page():
        return faults.page(403)
    got = incoming.read()
    kept = drafting.unseal(installation(), got.get("kept"))
    genuine = visit.genuine(kept.secret, got.get("visit"))
    if not genuine:
        kept = replace(kept, secret=drafting.fresh().secret)
    ruling, work = rules()
    type_key = got.get("type") or request.args.get("type") or ""
    step = got.get("step")
    choosing = step != "details" and not got.too_large
    if choosing:
        kept = _with_answer(ruling, kept, got)
        if _too_early(ruling, kept, got):
            return types_page(ruling.policy, kept, visit=visit, chosen=type_key, arriving=True, late=True)
    if type_key not in ruling.policy.types:
        return types_page(ruling.policy, kept, wrong=filing.choose(), status=404, visit=visit)
    if step == "details":
        kept = replace(kept, along=bool(kept.turns) and "along" in got.form)
    desk = _desk(visit, ruling, work, type_key, kept)
    if choosing:
        files.find(desk)
        return details_page(desk)
    if "back" in got.form:
        return _back(desk, got)
    return filing.answered(desk, got) if genuine else _stale(desk, got)


def _desk(visit: Visit, ruling: InForce, work: Work | None, type_key: str, kept: Kept) -> Desk:
    return Desk(ruling.policy, type_key, kept, work, short=True, visit=visit, finish=receipt.finished)


def _with_answer(ruling: InForce, kept: Kept, got: Incoming) -> Kept:
    """The same form with the answer, and the turns before it, that the page around it sent with the choice."""
    if kept.answer is not None or kept.token or not (got.get("output") or got.get("token")):
        return kept
    brought = drafting.reported(
        installation(),
        got.get("token"),
        got.get("output"),
        got.get("prompt"),
        fields.answer_limit(ruling.policy),
        got.get("turns"),
    )
    return replace(brought, secret=kept.secret, values=kept.values, draft=kept.draft, files=kept.files)


def _too_early(ruling: InForce, kept: Kept, got: Incoming) -> bool:
    """Whether a type was chosen before the page around had sent the answer; asked for once, then filed without it."""
    chosen = got.get("type") in ruling.policy.types
    return chosen and bool(got.get("awaits")) and kept.answer is None and not kept.token


def _back(desk: Desk, got: Incoming) -> ResponseReturnValue:
    files.take(desk, got)
    values = typed(desk.form(got.form))
    return types_page(desk.policy, desk.kept.with_values("", values), visit=desk.visit)


def _stale(desk: Desk, got: Incoming) -> ResponseReturnValue:
    form = desk.form(got.form)
    said = old_page()
    form.form_errors = [said, *(files.missing(storage.filename or "") for storage in got.files)]
    files.find(desk)
    return details_page(desk, form, status=400)


def _arrive() -> None:
    visit = visiting.visit() if request.endpoint in _FRAMED else None
    if visit is not None:
        headers.frame_for(visit.parent)
