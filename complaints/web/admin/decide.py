"""Answer, decline, review: one page with a preview of what the complainant will read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectMultipleField, StringField, TextAreaField

from complaints.administration import templates
from complaints.base.errors import ConflictError, InputError, NotAllowedError, NotFoundError, TransitionError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import appeal, claims, deciding, people, readers, variables
from complaints.cases.deciding import Decision
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.web.admin import (
    acts,
    casepage,
    choosing,
    claiming,
    measures,
    reviewed,
    seeing,
    waiting,
    wording,
)
from complaints.web.admin.access import operator, roles
from complaints.web.admin.case import opened
from complaints.web.admin.casepage import Page
from complaints.web.admin.forms import ReadForm, sent
from complaints.web.admin.measures import MOST, MeasureRow
from complaints.web.admin.waiting import TakenBack
from complaints.web.forms import put_errors
from complaints.web.frame import frame

Mode = Literal["decide", "decline", "review"]


class DecideForm(ReadForm):
    """What is decided, and the words for it; measures travel as numbered rows beside it."""

    verdict = StringField()
    outcome = StringField()
    reason = StringField()
    text = TextAreaField()
    facts = TextAreaField()
    note = TextAreaField()
    # Never sent under this name: where the rows' faults stand.
    actions = StringField()
    template = StringField()
    also = SelectMultipleField(validate_choice=False, choices=[])


def register(blueprint: Blueprint) -> None:
    """Add the three pages."""
    for name, view in (("decide", decide), ("decline", decline), ("review", review)):
        blueprint.add_url_rule(f"/case/<number>/{name}", name, view, methods=["GET", "POST"])


@roles(*HANDLERS)
def decide(number: str) -> ResponseReturnValue:
    """Answer a complaint, also several reports of one answer together; one not taken on yet is taken on."""
    return _answer(number, "decide")


@roles(*HANDLERS)
def decline(number: str) -> ResponseReturnValue:
    """Not take a complaint on."""
    return _answer(number, "decline")


@roles(*HANDLERS)
def review(number: str) -> ResponseReturnValue:
    """Decide about a review; never by whoever made the decision."""
    return _answer(number, "review")


def _answer(number: str, mode: Mode) -> ResponseReturnValue:
    page, form, rows = opened(number), DecideForm(), measures.rows(request.form)
    if request.method == "GET":
        if mode not in page.can:
            return redirect(url_for("complaints.admin.case", number=number), 303)
        if page.claim is None:
            claiming.begin(page)
            page = _fresh(number)
        form.version.data = str(page.case.version)
        again = None if page.stored else waiting.taken_back(page.entries, mode)
        if again is not None:
            rows = again.rows
            for name, said in again.typed.items():
                form[name].data = said
        return _shown(page, form, mode, rows, again=again)
    if not sent(form):
        return _shown(page, form, mode, rows, status=400)
    wish = request.form.get("do", "send")
    if wish == "template":
        return _shown(page, _with_template(page, form, mode, rows), mode, rows)
    if wish in {"more", "look"}:
        added = [MeasureRow(), MeasureRow()] if wish == "more" else []
        return _shown(page, form, mode, [*rows, *added][:MOST])
    return _done(page, form, mode, rows, preview=wish == "preview")


def _done(
    page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow], *, preview: bool
) -> ResponseReturnValue:
    number = page.case.number
    form.text.data = variables.fill(form.text.data or "", _values(page, form, mode, rows))
    try:
        _check(page, form, mode, rows)
        told = mode != "review" or form.verdict.data != "send_back"
        # Asked of a preview too: from then on its sender has seen the remark.
        foreign = told and wording.unseen(form, page.case.lang)
        if preview or foreign:
            return _shown(page, form, mode, rows, preview=True, unsent=not preview)
        _send(page, form, mode, rows)
    except InputError as error:
        put_errors(form, error.fields, "text")
        return _shown(_fresh(number), form, mode, rows, status=422)
    except (ConflictError, TransitionError, NotAllowedError) as error:
        return _conflict(number, form, mode, rows, error)
    return redirect(url_for("complaints.admin.case", number=number), 303)


def _send(page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow]) -> None:
    viewer, uid, version = operator(), page.case.uid, form.read_at
    decision, verdict = _decision(form, rows), form.verdict.data or ""
    also = _also(page, form) if mode == "decide" else {}

    def write(work: Work) -> None:
        locked = {}
        # By uid, so that two operators who decide overlapping sets cannot lock each other out.
        for name, shown in sorted({uid: version, **also}.items()):
            locked[name] = case = journal.lock(work, name)
            if not people.may_see(viewer, case):
                raise NotFoundError("no such complaint")
            if name == uid:
                acts.checked(work, case, viewer, shown, over=form.over.data or "")
            else:
                acts.checked_beside(work, case, viewer, shown)
        for case in locked.values():
            if mode == "decline":
                given = (decision.reason, decision.text, decision.note)
                deciding.decline(work, case, viewer.actor, *given, facts=decision.facts)
            elif mode == "review":
                appeal.review(work, case, viewer.actor, verdict, decision)  # type: ignore[arg-type]  # checked there
            else:
                # Whoever was joined since the page was checked reads this answer too, and now nobody joins.
                along = [locked[name] for name in also] if case.uid == uid else []
                deciding.decide(work, case, viewer.actor, decision, along)
            claims.acted(work, case, viewer.ref, mode)

    frame().write(write)


def _check(page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow]) -> None:
    """Raise InputError for what can be said before anything is locked."""
    variables.require_filled(form.text.data or "")
    decision, verdict = _decision(form, rows), form.verdict.data or ""
    if mode == "review" and verdict not in {"confirm", "change", "overturn", "send_back"}:
        raise InputError({"verdict": [t("Choose what the review ends in")]})
    if mode == "review" and verdict != "change":
        measures.require_none(rows)
    if mode == "decide" or verdict == "change":
        measures.require_named(rows)
        deciding.check(page.work, page.case, decision)
    elif verdict == "send_back":
        if not decision.note.strip():
            raise InputError({"note": [t("Say what is to be done again")]})
    elif not decision.text.strip():
        raise InputError({"text": [t("Write what the complainant will read")]})
    if mode == "decide" or verdict in {"change", "confirm"}:
        also = _also(page, form) if mode == "decide" else {}
        others = [case for case in page.kin.similar_open if case.uid in also]
        readers.check(page.work, page.case, others, decision.text)
    if mode == "decline" and decision.reason not in page.policy.decline_reasons:
        raise InputError({"reason": [t("Choose a reason of the list")]})


def _decision(form: DecideForm, rows: Sequence[MeasureRow]) -> Decision:
    orders = tuple(row.order() for row in rows if row.action)
    return Decision(
        form.outcome.data or "",
        form.reason.data or "",
        (form.text.data or "").replace("\r\n", "\n").strip(),
        (form.note.data or "").replace("\r\n", "\n").strip(),
        orders,
        (form.facts.data or "").replace("\r\n", "\n").strip(),
    )


def _also(page: Page, form: DecideForm) -> dict[str, int]:
    return page.kin.ticked(form.also.data or [])


def _shown(
    page: Page,
    form: DecideForm,
    mode: Mode,
    rows: Sequence[MeasureRow],
    *,
    preview: bool = False,
    unsent: bool = False,
    status: int = 200,
    conflict: Mapping[str, Any] | None = None,
    again: TakenBack | None = None,
) -> ResponseReturnValue:
    lang, policy = language(), page.policy
    case = page.case
    html = render_template(
        "complaints/admin/decide.html",
        **page.context,
        form=form,
        mode=mode,
        rows=list(rows),
        most=MOST,
        **measures.report_choices(policy),
        measures={"": [("", t("No measure"))], **measures.choices(policy, lang)},
        outcomes=[(key, row.label(lang)) for key, row in policy.outcomes.items()],
        reasons=choosing.reasons(policy, case, mode, lang),
        verdicts=choosing.verdicts(case),
        choices=[("", t("Choose")), *((each.key, each.title) for each in _offered(page, mode))],
        reviewed=reviewed.both(page) if mode == "review" else None,
        beside=page.kin.beside(form.also.data or []) if mode == "decide" else [],
        left_out=page.kin.left_out(form.also.data or []) if mode == "decide" else [],
        preview=_preview(page, form, mode, rows) if preview else None,
        unsent=unsent,
        theirs=wording.named(case.lang),
        conflict=conflict,
        again=again and _told_again(page, again),
        show=request.args.get("show", ""),
        undo=choosing.undo(policy.undo_seconds),
    )
    return html, 422 if unsent else status


def _told_again(page: Page, again: TakenBack) -> dict[str, Any]:
    """Who took the answer back, and which of its measures were not: to order those anew is to do them twice."""
    ordered = f"{again.decision.seq}/"
    going_on = [
        each["label"]
        for each in page.measures
        if each["which"].startswith(ordered) and each["state"] != "taken_back"
    ]
    return {
        "who": page.record.who(again.back),
        "when": page.record.said(again.back.at),
        "going_on": t(", ").join(going_on),
    }


def _conflict(
    number: str, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow], error: Exception
) -> ResponseReturnValue:
    page, version = _fresh(number), form.read_at
    moved, claimed = isinstance(error, ConflictError), acts.claimed_by(error)
    own = claimed is not None and claimed.number == page.case.number
    form.version.data = str(page.case.version)
    missed = page.record.since(version) if moved else []
    sentence = (
        acts.conflict_words(page, claimed)
        or acts.beside_words(error)
        or (
            t(
                "Somebody else changed this case while you were writing. Nothing of yours was sent; it is kept below"
            )
            if moved
            else t("This is not possible any more. Nothing was changed; see how the case stands now")
        )
    )
    told = {
        "sentence": sentence,
        "missed": missed,
        "typed": form.text.data or "",
        "possible": mode in page.can,
        "over": acts.over(form, claimed, "decision" if own else ""),
        "claimed": claimed is not None,
    }
    return _shown(page, form, mode, rows, status=409, conflict=told)


def _fresh(number: str) -> Page:
    return casepage.gather(frame().work, operator(), number)


def _with_template(page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow]) -> DecideForm:
    chosen = next((each for each in _offered(page, mode) if each.key == form.template.data), None)
    if chosen is not None:
        body = variables.fill(chosen.body, _values(page, form, mode, rows))
        form.text.data = "\n\n".join(filter(None, ((form.text.data or "").strip(), body)))
    return form


def _values(page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow]) -> dict[str, str]:
    outcome, reason = seeing.keys(page, _decision(form, rows), mode, form.verdict.data or "")
    orders = [row.action for row in rows if row.action]
    return variables.of(page.work, page.case, outcome=outcome, reason=reason, actions=orders)


def _offered(page: Page, mode: Mode) -> list[templates.Template]:
    use = "decline" if mode == "decline" else "decide"
    return templates.choose(page.work, use, page.case.lang, page.case.type)


def _preview(page: Page, form: DecideForm, mode: Mode, rows: Sequence[MeasureRow]) -> dict[str, Any]:
    return seeing.preview(page, _decision(form, rows), mode, form.verdict.data or "")
