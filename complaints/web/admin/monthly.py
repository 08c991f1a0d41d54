"""The form that orders the report of a month."""

from __future__ import annotations

from typing import Any

from wtforms import SelectField

from complaints.base.clock import beijing
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.measuring import Span
from complaints.cases.people import Operator
from complaints.evidence import months
from complaints.evidence.chosen import MONTHLY_FORMS, Chosen
from complaints.web.forms import OwnForm
from complaints.web.frame import frame

_PREFIX = "monthly-"
# So many months can be chosen on the page, the running one the first; the command takes any.
_MONTHS = 24


class MonthlyForm(OwnForm):
    """Which month, in which form."""

    month = SelectField(validate_choice=False, choices=[])
    form = SelectField(validate_choice=False, choices=[], default=MONTHLY_FORMS[0])


def empty(month: str = "") -> MonthlyForm:
    """The form as it is first shown, for the last month unless another one is asked for."""
    asked = months.parsed(month) or months.last(frame().work.now)
    return MonthlyForm(formdata=None, prefix=_PREFIX, data={"month": months.key(asked)})


def sent_form() -> MonthlyForm:
    """The form as it was sent."""
    return MonthlyForm(prefix=_PREFIX)


def chosen_by(form: MonthlyForm, viewer: Operator) -> Chosen:
    """The order as the form has it; raises InputError for what is no month."""
    span = months.parsed(form.month.data or "")
    if span is None:
        raise InputError({"month": [t("Choose a month that has begun, such as 2026-10")]})
    return months.report(span, form.form.data or "", lang=language(), restricted=viewer.restricted)


def context(form: MonthlyForm) -> dict[str, Any]:
    """What the form's part of the page needs."""
    running = Span.month(beijing(frame().work.now).date())
    offered = {months.key(span): months.words(span) for span in reversed(months.back(running, _MONTHS))}
    offered[months.key(running)] = t("{month}, so far", month=months.words(running))
    asked = months.parsed(form.month.data or "")
    if asked is not None and asked.first <= running.first:
        offered.setdefault(months.key(asked), months.words(asked))
    papers = {"pdf": t("PDF"), "docx": t("Word"), "xlsx": t("XLSX, with the register")}
    return {"monthly_form": form, "months": list(offered.items()), "month_forms": list(papers.items())}
