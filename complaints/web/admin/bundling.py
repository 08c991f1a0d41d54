"""The form that orders a bundle of evidence: a period with chosen cases, or one complaint."""

from __future__ import annotations

import re
from typing import Any

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from complaints.base.ids import tidy_number
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.people import Operator
from complaints.evidence.chosen import BUNDLE, PAPERS, Chosen
from complaints.web.admin.ordering import Day, midnight
from complaints.web.forms import OwnForm

_PREFIX = "bundle-"
_BETWEEN = re.compile(r"[\s,;，；、]+")


class BundleForm(OwnForm):
    """What the bundle is about, and which cases are to be read as a whole."""

    since = Day(name="from", validators=[Optional()])
    until = Day(name="to", validators=[Optional()])
    number = StringField()
    cases = TextAreaField()
    paper = SelectField(validate_choice=False, choices=[], default=PAPERS[0])


def empty() -> BundleForm:
    """The form as it is first shown."""
    return BundleForm(formdata=None, prefix=_PREFIX)


def sent_form() -> BundleForm:
    """The form as it was sent."""
    return BundleForm(prefix=_PREFIX)


def chosen_by(form: BundleForm, viewer: Operator) -> Chosen:
    """The order as the form has it; each number once, in the order they were given."""
    until, number = form.until.data, tidy_number(form.number.data or "")
    given = [tidy_number(each) for each in _BETWEEN.split(form.cases.data or "") if each]
    cases = () if number else tuple(dict.fromkeys(given))
    return Chosen(
        BUNDLE,
        "zip",
        lang=language(),
        since=None if number else midnight(form.since.data),
        until=None if number else midnight(until, days=1),
        number=number,
        cases=cases,
        paper=(form.paper.data if form.paper.data in PAPERS else PAPERS[0]) if cases else "",
        restricted=viewer.restricted,
    )


def context(form: BundleForm) -> dict[str, Any]:
    """What the form's part of the page needs."""
    return {"bundle_form": form, "papers": [("pdf", t("PDF")), ("docx", t("Word"))]}
