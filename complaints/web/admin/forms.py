"""What the operators' forms share: the version a form was read at, and tokens that lose no text."""

from __future__ import annotations

from wtforms import HiddenField, StringField

from complaints.web.forms import OwnForm, old_page


class CaseForm(OwnForm):
    """A form of a case: of two operators the second is told instead of overwriting."""

    version = HiddenField()
    # Whom the sender takes the case over from, in so many words: their reference.
    over = StringField()

    @property
    def read_at(self) -> int:
        """The version the form was made from; -1, which no case has, for a damaged one."""
        given = str(self.version.data or "")
        return int(given) if given.isdecimal() and len(given) < 10 else -1  # noqa: PLR2004 - digits of 32 bits


class ReadForm(CaseForm):
    """A form whose `text` the complainant will read; `seen` is the one its sender saw remarked as foreign to them."""

    seen = HiddenField()


def sent(form: OwnForm) -> bool:
    """Whether a POST carries its token; otherwise the form says so and keeps all that was typed."""
    if form.validate():
        return True
    if "csrf_token" in form.errors:
        form.csrf_token.errors = []
        form.form_errors = [old_page()]
    return False
