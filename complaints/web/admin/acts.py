"""Acts on a case: one route, one table; the state machine says who may do what."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from complaints.base.errors import ConflictError, InputError, NotAllowedError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.web.admin import caseforms, casepage
from complaints.web.admin.access import HANDLERS, operator, roles
from complaints.web.admin.case import opened, shown
from complaints.web.admin.forms import CaseForm, sent
from complaints.web.forms import put_errors
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the route of all acts that need no page of their own."""
    names = ",".join(caseforms.ACTS)
    blueprint.add_url_rule(f"/case/<number>/<any({names}):action>", "act", act, methods=["POST"])


@roles(*HANDLERS)
def act(number: str, action: str) -> ResponseReturnValue:
    """Do one thing to a case; a form that cannot be taken comes back with everything typed."""
    chosen = caseforms.ACTS[action]
    page = opened(number)
    form = chosen.form(prefix=f"{action}-")
    forms = {**caseforms.blank(page.case.version), action: form}
    if not sent(form):
        return shown(page, forms, unfolded=action, status=400)
    viewer, uid, version = operator(), page.case.uid, form.read_at
    if action == "take_back" and "take_back" not in page.can:
        # What goes out this second must not be called back: an undo that may do nothing is worse than none.
        return conflicted(number, action, form, version, moved=False)
    try:
        if action == "reply":
            form.uploads = caseforms.uploads(form, frame().settings.MAX_FILE_MB)

        def do(work: Work) -> None:
            case = journal.lock(work, uid, version=version)
            if case.restricted and not viewer.restricted:
                raise NotFoundError("no such complaint")
            chosen.do(work, case, viewer, form)

        frame().write(do)
    except InputError as error:
        put_errors(form, error.fields, chosen.fallback)
        return _again(number, action, form, 422)
    except (ConflictError, TransitionError, NotAllowedError) as error:
        return conflicted(number, action, form, version, moved=isinstance(error, ConflictError))
    return redirect(url_for("complaints.admin.case", number=number), 303)


def conflicted(number: str, action: str, form: CaseForm, version: int, *, moved: bool) -> ResponseReturnValue:
    """The case as it is now, what others did meanwhile, and the form with everything that was typed."""
    page = casepage.gather(frame().work, operator(), number)
    form.version.data = str(page.case.version)
    forms = {**caseforms.blank(page.case.version), action: form}
    missed = page.record.since(version) if moved else []
    sentence = (
        t(
            "Somebody else changed this case while you were writing. Nothing of yours was sent; it is kept below"
        )
        if missed
        else t("This is not possible any more. Nothing was changed; see how the case stands now")
    )
    told = {"sentence": sentence, "missed": missed, "typed": _typed(form), "possible": action in page.can}
    return shown(page, forms, unfolded=action, status=409, conflict=told)


def _typed(form: CaseForm) -> str:
    for name in ("text", "note", "reason"):
        if name in form and form[name].data:
            return str(form[name].data)
    return ""


def _again(number: str, action: str, form: CaseForm, status: int) -> ResponseReturnValue:
    page = casepage.gather(frame().work, operator(), number)
    return shown(page, {**caseforms.blank(page.case.version), action: form}, unfolded=action, status=status)
