"""What each form of a case page does when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints.administration import roster
from complaints.base.errors import InputError, NotFoundError
from complaints.base.translations import gettext as t
from complaints.cases import access as reach
from complaints.cases import (
    conversation,
    deciding,
    disposal,
    forwarding,
    handling,
    linking,
    people,
    relations,
    transfer,
)
from complaints.cases.people import Operator
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint
from complaints.web.admin import measures
from complaints.web.admin.caseforms import (
    AskForm,
    AssignForm,
    ClassForm,
    DoneForm,
    LinkForm,
    MeasureForm,
    MergeForm,
    NoteForm,
    ReasonForm,
    ReplyForm,
    RetestForm,
    TransferForm,
    VendorForm,
    WhichForm,
)
from complaints.web.admin.forms import CaseForm

Done = Callable[[Work, Complaint, Operator, Any], object]


@dataclass(frozen=True)
class CaseAct:
    """One act on a case: its form, what it does, and where unknown faults are shown."""

    form: type[CaseForm]
    do: Done
    fallback: str = ""
    # The uid of another case that must be locked along with it, each in the order of their uids; raises InputError.
    beside: Callable[[Work, Operator, Any], str] | None = None


def _assign(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    note = (form.note.data or "").replace("\r\n", "\n").strip()
    return handling.assign(work, case, who.actor, _colleague(work, case, who, form), note)


def _transfer(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    to, note = _colleague(work, case, who, form), form.note.data or ""
    return transfer.transfer(work, case, who.actor, form.team.data or None, note, to=to)


def _colleague(work: Work, case: Complaint, who: Operator, form: Any) -> str | None:
    to = form.to.data or ""
    # What stands here stays in the log for ever, so it must be a colleague's reference and nothing else.
    if to and to != who.ref and to not in {ref for ref, _ in colleagues(work, roster.read(work).staff, case)}:
        raise InputError({"to": [t("Choose somebody of the list")]})
    return to or None


def _ask(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    given = form.days.data or ""
    if given and not (given.isdecimal() and len(given) < 6):  # noqa: PLR2004 - no pause is that long
        raise InputError({"days": [t("Enter a number of working days")]})
    return conversation.ask(
        work,
        case,
        who.actor,
        form.text.data or "",
        reason=form.reason.data or "",
        days=int(given) if given else None,
    )


def _reply(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    return conversation.reply(work, case, who.actor, form.text.data or "", form.uploads)


def _class(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    return handling.reclassify(
        work,
        case,
        who.actor,
        complaint_type=form.type.data or case.type,
        risk_class=form.risk_class.data or None,
        reason=form.reason.data or "",
    )


def _measure(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    if not form.action.data:
        raise InputError({"action": [t("Choose at least one measure")]})
    return handling.record_measure(work, case, who.actor, [measures.typed(form).order()])


def _retest(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    seq, position = measures.place(form.which.data)
    return disposal.retest(
        work,
        case,
        who.actor,
        seq,
        position,
        result=form.result.data or "",
        reference=form.reference.data or "",
        day=measures.day(form.day.data),
        note=form.note.data or "",
    )


def _vendor(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    seq, _ = measures.place(f"{form.which.data}/0")
    given = {"number": form.number.data or "", "text": form.text.data or ""}
    return forwarding.answered(work, case, who.actor, seq, **given)


def _named(field: str) -> Callable[[Work, Operator, Any], str]:
    """Who reads the number in a field of the form: the case's uid; of one they may not know of they learn nothing."""

    def find(work: Work, who: Operator, form: Any) -> str:
        try:
            found = reach.find(work, form[field].data or "")
        except NotFoundError:
            found = None
        if found is None or not people.may_see(who, found):
            raise InputError({field: [t("No complaint has this number; compare it with the list")]})
        return found.uid

    return find


def _linked(do: Callable[[Work, Complaint, Complaint, Actor], None]) -> Done:
    def act(work: Work, case: Complaint, who: Operator, form: Any) -> object:
        other = reach.find(work, form.other.data or "")
        if not people.may_see(who, other):
            raise NotFoundError("no such complaint")
        do(work, case, other, who.actor)
        return None

    return act


def _merge(work: Work, case: Complaint, who: Operator, form: Any) -> object:
    lead = _named("lead")(work, who, form)
    return relations.merge(work, case, lead, who.actor, form.reason.data or "")


ACTS: Mapping[str, CaseAct] = {
    "accept": CaseAct(CaseForm, lambda work, case, who, _: handling.accept(work, case, who.actor)),
    "start": CaseAct(CaseForm, lambda work, case, who, _: handling.start(work, case, who.actor)),
    "resume": CaseAct(CaseForm, lambda work, case, who, _: conversation.resume(work, case, who.actor)),
    "close": CaseAct(CaseForm, lambda work, case, who, _: deciding.close(work, case, who.actor)),
    "take_back": CaseAct(CaseForm, lambda work, case, who, _: deciding.take_back(work, case, who.actor)),
    "assign": CaseAct(AssignForm, _assign, "to"),
    "transfer": CaseAct(TransferForm, _transfer, "team"),
    "ask": CaseAct(AskForm, _ask, "text"),
    "reply": CaseAct(ReplyForm, _reply, "text"),
    "note": CaseAct(
        NoteForm,
        lambda work, case, who, form: handling.note(work, case, who.actor, form.note.data or ""),
        "note",
    ),
    "reclassify": CaseAct(ClassForm, _class, "type"),
    "record_action": CaseAct(MeasureForm, _measure, "action"),
    "retry_measure": CaseAct(
        WhichForm,
        lambda work, case, who, form: disposal.retry(work, case, who.actor, *measures.place(form.which.data)),
        "which",
    ),
    "measure_done": CaseAct(
        DoneForm,
        lambda work, case, who, form: disposal.mark_done(
            work, case, who.actor, *measures.place(form.which.data), form.said.data or ""
        ),
        "said",
    ),
    "retest": CaseAct(RetestForm, _retest, "reference"),
    "vendor_answer": CaseAct(VendorForm, _vendor, "text"),
    "merge": CaseAct(MergeForm, _merge, "lead", _named("lead")),
    "link": CaseAct(LinkForm, _linked(linking.link), "other", _named("other")),
    "unlink": CaseAct(LinkForm, _linked(linking.unlink), "other", _named("other")),
    "unmerge": CaseAct(
        ReasonForm,
        lambda work, case, who, form: relations.unmerge(work, case, who.actor, form.reason.data or ""),
        "reason",
    ),
    "reopen": CaseAct(
        ReasonForm,
        lambda work, case, who, form: relations.reopen(work, case, who.actor, form.reason.data or ""),
        "reason",
    ),
}


def colleagues(work: Work, staff: Sequence[Operator], case: Complaint) -> list[tuple[str, str]]:
    """Reference and name of everybody who may be put in charge; nobody where a host does not list its users."""
    return [
        (one.ref, one.name)
        for one in staff
        if people.may_handle(one, case) and handling.may_lie_with(work, case, one.ref)
    ]


def blank(version: int) -> dict[str, Any]:
    """Every form of the page, empty, made from this version of the case."""
    # formdata=None: in an answer to a POST the forms that were not sent must not read the request.
    return {
        name: act.form(formdata=None, prefix=f"{name}-", data={"version": version})
        for name, act in ACTS.items()
    }
