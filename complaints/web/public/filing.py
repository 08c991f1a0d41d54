"""Filing: type, details, check, receipt. Nothing typed is lost, and the same form files once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from complaints.administration.installation import InForce
from complaints.base.errors import ConfigError, InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import attachments, drafts, fields, intake
from complaints.cases.intake import Filed, Filing
from complaints.ledger.work import Work
from complaints.web import challenge, drafting, incoming, limiting, receipts
from complaints.web.comparing import asking
from complaints.web.drafting import Kept
from complaints.web.forms import Act, OwnForm, old_page, put_errors
from complaints.web.frame import frame, installation
from complaints.web.incoming import Incoming
from complaints.web.public import filing_files as files
from complaints.web.public import receipt
from complaints.web.public.filing_form import typed
from complaints.web.public.filing_pages import Desk, check_page, details_page, owner, types_page
from complaints.web.public.ruling import rules

_log = logging.getLogger("complaints")
_WITH_FILES = frozenset(
    f"complaints.{name}" for name in ("new_post", "report", "follow", "embed_post", "admin.act", "admin.new")
)


def register(blueprint: Blueprint) -> None:
    """Add the form and its receipt."""
    blueprint.add_url_rule("/new", "new", new)
    blueprint.add_url_rule("/new", "new_post", new_post, methods=["POST"])
    blueprint.add_url_rule("/report", "report", report, methods=["POST"])
    blueprint.url_value_preprocessor(_allow)
    receipt.register(blueprint)


def new() -> ResponseReturnValue:
    """Step 1, or with `?type=` step 2."""
    ruling, work = rules()
    token = request.args.get("answer") or ""
    limit = fields.answer_limit(ruling.policy)
    found = installation()
    kept = drafting.reported(found, token, "", "", limit, user=asking(found)) if token else None
    return _chosen(ruling, work, request.args.get("type") or "", kept)


def report() -> ResponseReturnValue:
    """From a host's page: an answer with its text. Writes nothing, so that it needs no token against forgery."""
    ruling, work = rules()
    got = incoming.read()
    token, output, prompt, turns = map(got.get, ("token", "output", "prompt", "turns"))
    limit = fields.answer_limit(ruling.policy)
    found = installation()
    kept = drafting.reported(found, token, output, prompt, limit, turns, user=asking(found))
    return _chosen(ruling, work, request.args.get("type") or got.get("type"), kept)


def new_post() -> ResponseReturnValue:
    """Every step that carries something."""
    got = incoming.read()
    kept = drafting.unseal(installation(), got.get("kept"))
    ruling, work = rules()
    type_key = kept.type or request.args.get("type") or got.get("type")
    step = got.get("step")
    if step not in {"details", "check"} and not got.too_large:
        return _chosen(ruling, work, got.get("type"), kept)
    if type_key not in ruling.policy.types:
        return types_page(ruling.policy, kept, wrong=choose(), status=404)
    if step == "details":
        kept = replace(kept, along=bool(kept.turns) and "along" in got.form)
    return answered(Desk(ruling.policy, type_key, kept, work, short=request.args.get("form") == "short"), got)


def answered(desk: Desk, got: Incoming) -> ResponseReturnValue:
    """What follows a form that was sent; whatever breaks, the text comes back."""
    try:
        checking = got.get("step") == "check" and desk.visit is None
        return _check_step(desk, got) if checking else _details_step(desk, got)
    except SQLAlchemyError as error:
        return _fault(desk, got, error, 503)
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever breaks, the text must come back
        return _fault(desk, got, error, 500)


def _chosen(ruling: InForce, work: Work | None, type_key: str, kept: Kept | None) -> ResponseReturnValue:
    if not type_key:
        return types_page(ruling.policy, kept)
    if type_key not in ruling.policy.types:
        return types_page(ruling.policy, kept, wrong=choose(), status=404)
    desk = Desk(
        ruling.policy, type_key, kept or drafting.fresh(), work, short=request.args.get("form") == "short"
    )
    files.find(desk)
    return details_page(desk)


def _details_step(desk: Desk, got: Incoming) -> ResponseReturnValue:
    form = desk.form(got.form)
    if got.too_large:
        files.find(desk)
        form.form_errors = [
            t(
                "That was too much at once, so the files did not arrive. Your text is kept; choose fewer or smaller files"
            )
        ]
        return details_page(desk, form, status=413)
    if not form.validate():
        _stale(form, got)
        files.find(desk)
        return details_page(desk, form, status=400)
    turning = "lang" in got.form
    # Files of the short form need no draft, unless something sends the person back to it.
    direct = desk.short and not desk.kept.draft and not turning
    faults: dict[str, list[str]] = {} if direct else files.take(desk, got)
    values = typed(form)
    uploads: tuple[attachments.Upload, ...] = ()
    try:
        checked = {} if turning else fields.check(desk.policy, desk.type_key, values, phone=desk.phone)
        answer = _answer(desk, values)
        uploads = files.at_hand(got) if direct else ()
    except InputError as error:
        put_errors(
            form, {key: said for key, said in error.fields.items() if key != "files"}, fallback="details"
        )
        faults = files.take(desk, got) if direct else faults
        return _refilled(desk, form, faults, 422)
    if faults or turning:
        return _refilled(desk, form, faults, 200 if turning else 422)
    if desk.short:
        return _file(desk, got, checked, answer, uploads)
    desk.kept = desk.kept.with_values(desk.type_key, {**values, **checked})
    return check_page(desk)


def _filled(desk: Desk) -> OwnForm:
    return desk.form(incoming.plain(desk.kept.values))


def _refilled(desk: Desk, form: OwnForm, faults: dict[str, list[str]], status: int) -> ResponseReturnValue:
    put_errors(form, faults, fallback="details")
    return details_page(desk, form, status=status)


def _check_step(desk: Desk, got: Incoming) -> ResponseReturnValue:
    files.find(desk)
    if "lang" in got.form:
        return check_page(desk)
    if "change" in got.form:
        return details_page(desk, focus=got.get("change"))
    form = Act(formdata=got.form)
    if not form.validate():
        _stale(form, got)
        return check_page(desk, form, status=400)
    gone = files.lost(desk)
    if gone:
        return _without(desk, gone)
    try:
        answer = _answer(desk, desk.kept.values)
        checked = fields.check(desk.policy, desk.type_key, desk.kept.values, phone=desk.phone)
    except InputError as error:
        return _refilled(desk, _filled(desk), {key: list(said) for key, said in error.fields.items()}, 422)
    return _file(desk, got, checked, answer, ())


def _without(desk: Desk, gone: list[str]) -> ResponseReturnValue:
    # A draft's files are gone also once they were filed: a second click wants its receipt, not an apology.
    earlier = intake.find_repeat(desk.work, desk.kept.secret) if desk.work is not None else None
    if earlier is not None:
        return _filed(desk, earlier)
    return _refilled(desk, _filled(desk), {"files": gone}, 422)


def _file(
    desk: Desk,
    got: Incoming,
    checked: dict[str, str],
    answer: intake.Answer | None,
    uploads: tuple[attachments.Upload, ...],
) -> ResponseReturnValue:
    work = desk.work
    if work is None:
        raise SQLAlchemyError("the rules could not be read")
    crowded = limiting.too_many_filings()
    proven = not crowded or challenge.solved(got.get(challenge.FIELD))
    if not proven and "challenged" not in got.form:
        return _challenged(desk, got)
    filing = Filing(
        type=desk.type_key,
        fields=checked,
        secret=desk.kept.secret,
        lang=language(),
        channel="embed" if desk.visit else "web",
        answer=answer,
        turns=desk.kept.turns if desk.kept.along else (),
        uploads=uploads,
        owner=None if desk.visit else owner(),
        source=limiting.source(),
        is_test=frame().settings.TEST_INSTALLATION,
        drafted=tuple((one.sealed, one.inner) for one in desk.files),
        unproven=not proven,
    )
    return _filed(desk, _write(work, filing, desk.kept.draft))


def _filed(desk: Desk, filed: Filed) -> ResponseReturnValue:
    if desk.finish is not None:
        return desk.finish(desk, filed)
    receipts.keep(filed, desk.kept.secret, discreet=desk.kind.exit or desk.kind.crisis)
    again = "1" if filed.repeated else None
    return redirect(url_for("complaints.receipt", number=filed.number, again=again), 303)


def _challenged(desk: Desk, got: Incoming) -> ResponseReturnValue:
    desk.challenge = challenge.new()
    if not desk.short:
        return check_page(desk, status=429)
    faults = files.take(desk, got)
    form = desk.form(got.form)
    put_errors(form, faults)
    return details_page(desk, form, status=429)


def _write(work: Work, filing: Filing, draft: str) -> Filed:
    for attempt in (1, 2):
        prepared = intake.prepare(work, filing)
        try:
            return frame().write_under(work, _insert(prepared, draft))
        except IntegrityError:
            # This very form was filed before (a second click, a retry) — or a number met its double.
            with installation().reading() as reading:
                earlier = intake.find_repeat(reading, filing.secret)
            drafts.discard(work, [file.uid for file in prepared.files if not filing.drafted])
            if earlier is not None:
                return earlier
            if attempt == 2:  # noqa: PLR2004 - the second and last
                raise
    raise AssertionError("unreachable")


def _insert(prepared: intake.Prepared, draft: str) -> Callable[[Work], Filed]:
    def insert(work: Work) -> Filed:
        filed = intake.insert_prepared(work, prepared)
        if prepared.files and draft:
            drafts.close(work, draft)
        return filed

    return insert


def _answer(desk: Desk, values: Mapping[str, str]) -> intake.Answer | None:
    question = desk.sheet.answer
    if desk.kept.answer is not None or question is None:
        return desk.kept.answer
    text = values.get(question.key, "")
    user = "" if desk.visit else asking(installation())
    found = drafting.answer_of(installation(), desk.kept.token, text, "", question.max, user=user)
    # Cutting a genuine answer short would make it look like another: it is taken whole and kept in part.
    if len(text) > question.max and (found is None or found.mark != "verified"):
        said = t("{n} characters too long; keep it under {max}", n=len(text) - question.max, max=question.max)
        raise InputError({question.key: [said]})
    return found


def _fault(desk: Desk, got: Incoming, error: Exception, status: int) -> ResponseReturnValue:
    # The class alone: a statement's parameters are what somebody typed.
    _log.error(
        "filing failed: %s",
        type(error).__name__,
        exc_info=(RuntimeError, RuntimeError(), error.__traceback__),
    )
    frame().close()
    desk.work = None
    said = t(
        "Sorry, a fault on our side. It is not submitted yet, but all of it is still here. Submit again in a few minutes"
    )
    if got.get("step") == "check":
        form: OwnForm = Act(formdata=got.form)
        form.form_errors = [said]
        return check_page(desk, form, status=status)
    form = desk.form(got.form)
    form.form_errors = [said, *(files.missing(storage.filename or "") for storage in got.files)]
    return details_page(desk, form, status=status)


def _stale(form: OwnForm, got: Incoming) -> None:
    form.csrf_token.errors = [old_page()]
    form.form_errors = [files.missing(storage.filename or "") for storage in got.files]


def choose() -> str:
    """What is said when no type was chosen."""
    return t("Choose a type; if unsure, choose “Other”")


def _allow(endpoint: str | None, values: object) -> None:
    del values
    # Every other form is text alone: without a bound of ours a host that sets none takes gigabytes to its disk.
    incoming.allow(incoming.limit_of_files() if endpoint in _WITH_FILES else incoming.TEXT)
