"""Forms with a token of their own: no host setting opens them, and no clock runs out on a slow writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_wtf import FlaskForm
from wtforms import Form

from complaints.base.translations import gettext as t

_FOR_EVER = 100 * 365 * 24 * 3600


class OwnForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form whose CSRF token lives as long as the session, whatever the host configured."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # Flask-WTF ships no types
        """Always on, never expiring: an expired token would lose what was typed."""

        csrf = True
        # None would not do: Flask-WTF then takes the host's WTF_CSRF_TIME_LIMIT, or an hour.
        csrf_time_limit = _FOR_EVER


class Act(OwnForm):
    """A form with nothing but its token: one button."""


def old_page() -> str:
    """What is said of a form whose token does not hold."""
    return t("The page was open a long time. All is still here. Submit again")


def put_errors(form: Form, faults: Mapping[str, Sequence[str]], fallback: str = "") -> None:
    """Attach a service's sentences to the form's fields; unknown ones go to `fallback` or the form."""
    for name, sentences in faults.items():
        target = name if name in form else fallback
        if target and target in form:
            field = form[target]
            field.errors = [*field.errors, *sentences]
        else:
            form.form_errors = [*form.form_errors, *sentences]
