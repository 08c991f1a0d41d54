"""The forms of a case page, and what they were sent with."""

from __future__ import annotations

from wtforms import BooleanField, MultipleFileField, StringField, TextAreaField

from complaints.web.admin.forms import CaseForm, ReadForm


class AssignForm(CaseForm):
    """Who is in charge, and what they should know."""

    to = StringField()
    note = TextAreaField()


class TransferForm(CaseForm):
    """Another team, whom of it to put in charge, and a word to them."""

    team = StringField()
    to = StringField()
    note = TextAreaField()


class AskForm(ReadForm):
    """A question to the complainant."""

    reason = StringField()
    text = TextAreaField()
    days = StringField()


class ReplyForm(ReadForm):
    """A message to the complainant."""

    text = TextAreaField()
    files = MultipleFileField()


class NoteForm(CaseForm):
    """A note the complainant never sees."""

    note = TextAreaField()


class ClassForm(CaseForm):
    """Another type or risk class."""

    type = StringField()
    risk_class = StringField()
    reason = StringField()


class MeasureForm(CaseForm):
    """A measure taken now, with the report it may be."""

    action = StringField()
    target = StringField()
    note = StringField()
    retest = BooleanField()
    authority = StringField()
    name = StringField()
    channel = StringField()
    report_no = StringField()
    reported = StringField()


class WhichForm(CaseForm):
    """One measure of the case."""

    which = StringField()


class DoneForm(WhichForm):
    """What somebody did by hand in place of the product."""

    said = TextAreaField()


class RetestForm(WhichForm):
    """How a retest ended."""

    result = StringField()
    reference = StringField()
    day = StringField()
    note = TextAreaField()


class VendorForm(WhichForm):
    """What a model's vendor said."""

    number = StringField()
    text = TextAreaField()


class MergeForm(CaseForm):
    """The number of the leading complaint."""

    lead = StringField()
    reason = StringField()


class LinkForm(CaseForm):
    """The number of another case that belongs with this one."""

    other = StringField()


class ReasonForm(CaseForm):
    """One reason, kept as a note."""

    reason = StringField()
