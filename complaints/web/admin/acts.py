"""Acts on a case: one route, one table; the state machine says who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from complaints.base.clock import beijing
from complaints.base.errors import (
    ClaimedError,
    ConflictError,
    InputError,
    NotAllowedError,
    NotFoundError,
    TransitionError,
)
from complaints.base.translations import gettext as t
from complaints.cases import claims, people
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.store.tables import Complaint
from complaints.web import incoming
from complaints.web.admin import caseacts, casepage, wording
from complaints.web.admin.access import operator, roles
from complaints.web.admin.case import opened, shown
from complaints.web.admin.casekin import BesideError
from complaints.web.admin.forms import CaseForm, ReadForm, sent
from complaints.web.forms import put_errors
from complaints.web.frame import frame
from complaints.web.public.sent import lost_files, uploads

# Forms that stand on the page once: of these the sender can take the case over and send in one step.
_ONCE = frozenset(caseacts.ACTS) - {"retry_measure", "measure_done", "retest", "vendor_answer", "unlink"}


def register(blueprint: Blueprint) -> None:
    """Add the route of all acts that need no page of their own."""
    names = ",".join(caseacts.ACTS)
    blueprint.add_url_rule(f"/case/<number>/<any({names}):action>", "act", act, methods=["POST"])


@roles(*HANDLERS)
def act(number: str, action: str) -> ResponseReturnValue:
    """Do one thing to a case; a form that cannot be taken comes back with everything typed."""
    chosen = caseacts.ACTS[action]
    page, prefix = opened(number), f"{action}-"
    if action == "reply":
        came = incoming.read()
        if came.too_large:
            return _too_large(number, action, chosen.form(formdata=came.form, prefix=prefix))
    form = chosen.form(prefix=prefix)
    forms = {**caseacts.blank(page.case.version), action: form}
    if not sent(form):
        _name_lost(form)
        return shown(page, forms, unfolded=action, status=400)
    viewer, uid, version = operator(), page.case.uid, form.read_at
    try:
        _look(form, page.case.lang)

        def do(work: Work) -> None:
            beside = chosen.beside(work, viewer, form) if chosen.beside else uid
            # Both in one order: two who link the same pair wait for each other.
            locked = journal.lock_all(work.session, [uid, beside])
            case = next((each.case for each in locked if each.case.uid == uid), None)
            if case is None or not people.may_see(viewer, case):
                raise NotFoundError("no such complaint")
            guarded(work, case, viewer, form, action)
            chosen.do(work, case, viewer, form)
            claims.acted(work, case, viewer.ref, action)

        frame().write(do)
    except InputError as error:
        put_errors(form, error.fields, chosen.fallback)
        if "files" not in error.fields:
            _name_lost(form)
        return _again(number, action, form, 422)
    except (ConflictError, TransitionError, NotAllowedError) as error:
        return conflicted(
            number, action, form, version, moved=isinstance(error, ConflictError), claimed=claimed_by(error)
        )
    return redirect(url_for("complaints.admin.case", number=number), 303)


def guarded(work: Work, case: Complaint, viewer: Operator, form: CaseForm, action: str) -> None:
    """Raise ClaimedError while a colleague is at a locked case, then ConflictError where it has changed.

    What takes nothing out of anybody's hands needs neither.
    """
    if action in claims.BESIDE:
        return
    checked(work, case, viewer, form.read_at, over=form.over.data or "")


def checked(work: Work, case: Complaint, viewer: Operator, version: int, *, over: str = "") -> None:
    """Raise ClaimedError while a colleague is at a locked case, then ConflictError where it has changed."""
    claims.require(work, case, viewer.ref, over=over)
    if case.version != version:
        raise ConflictError("somebody else changed this complaint in the meantime; nothing was written")


def checked_beside(work: Work, case: Complaint, viewer: Operator, version: int) -> None:
    """As `checked`, of a case answered along with another: BesideError says which one has changed."""
    try:
        checked(work, case, viewer, version)
    except ClaimedError:
        raise
    except ConflictError as error:
        raise BesideError(case.number) from error


def conflicted(
    number: str,
    action: str,
    form: CaseForm,
    version: int,
    *,
    moved: bool,
    claimed: ClaimedError | None = None,
) -> ResponseReturnValue:
    """The case as it is now, what others did meanwhile, and the form with everything that was typed."""
    page = casepage.gather(frame().work, operator(), number)
    form.version.data = str(page.case.version)
    if action in page.can:
        _name_lost(form)
    forms = {**caseacts.blank(page.case.version), action: form}
    missed = page.record.since(version) if moved else []
    sentence = conflict_words(page, claimed) or (
        t(
            "Somebody else changed this case while you were writing. Nothing of yours was sent; it is kept below"
        )
        if missed
        else t("This is not possible any more. Nothing was changed; see how the case stands now")
    )
    told = {
        "sentence": sentence,
        "missed": missed,
        "typed": _typed(form),
        "possible": action in page.can,
        "over": over(form, claimed, f"form-{action}" if action in _ONCE else ""),
        "claimed": claimed is not None,
    }
    return shown(page, forms, unfolded=action, status=409, conflict=told)


def conflict_words(page: casepage.Page, claimed: ClaimedError | None) -> str:
    """Who is at the case, if that was in the way; empty otherwise."""
    if claimed is None:
        return ""
    if claimed.number != page.case.number:
        return t(
            "{name} is at {number}. Nothing was sent; leave that one out, or ask them",
            name=page.record.name(claimed.ref),
            number=claimed.number,
        )
    return t(
        "{name} has been at this case since {time}. Nothing of yours was sent; it is kept below",
        name=page.record.name(claimed.ref),
        time=f"{beijing(claimed.since):%H:%M}",
    )


def beside_words(error: Exception) -> str:
    """Which case that was to be answered along was in the way; empty where it was another error."""
    if not isinstance(error, BesideError):
        return ""
    if not error.number:
        return t(
            "One of the complaints ticked cannot be answered together with this one any more; look at the ticks again. Nothing was sent; what you wrote is kept below"
        )
    return t(
        "{number}, ticked to be answered together with this one, has changed meanwhile. Nothing was sent; what you wrote is kept below",
        number=error.number,
    )


def over(form: CaseForm, claimed: ClaimedError | None, form_id: str) -> dict[str, str] | None:
    """The button that takes the case over and sends what was typed."""
    if claimed is None or not form_id:
        return None
    return {"name": form.over.name, "value": claimed.ref, "form": form_id}


def claimed_by(error: Exception) -> ClaimedError | None:
    """The error, where it says that a colleague is at a case."""
    return error if isinstance(error, ClaimedError) else None


def _look(form: Any, lang: str) -> None:
    """Read the files, and the text as far as its language; InputError says all that is wrong with them at once."""
    faults: dict[str, Sequence[str]] = {}
    if isinstance(form, ReadForm) and wording.unseen(form, lang):
        faults["text"] = [
            t(
                "Your text does not seem to be in {language}, the complainant's language. Nothing was sent; change it, or send it again as it stands",
                language=wording.named(lang),
            )
        ]
    if "files" in form:
        try:
            form.uploads = uploads(form["files"].name)
        except InputError as error:
            faults |= error.fields
    if faults:
        raise InputError(faults)


def _name_lost(form: CaseForm) -> None:
    """Say of each file that came with a form shown again that it must be chosen again: a browser cannot keep it."""
    if "files" in form:
        put_errors(form, {"files": lost_files(form["files"].name)})


def _too_large(number: str, action: str, form: CaseForm) -> ResponseReturnValue:
    said = t("That was too much at once; your text is kept. Choose fewer or smaller files")
    put_errors(form, {"files": [said]})
    return _again(number, action, form, 413)


def _typed(form: CaseForm) -> str:
    for name in ("text", "note", "reason"):
        if name in form and form[name].data:
            return str(form[name].data)
    return ""


def _again(number: str, action: str, form: CaseForm, status: int) -> ResponseReturnValue:
    page = casepage.gather(frame().work, operator(), number)
    return shown(page, {**caseacts.blank(page.case.version), action: form}, unfolded=action, status=status)
