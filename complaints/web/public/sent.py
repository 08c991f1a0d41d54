"""What a form brought: its token checked first, its files read within bounds, nothing typed lost."""

from __future__ import annotations

from flask import request
from flask_wtf import FlaskForm

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases.attachments import MB, Upload, check, display_name
from complaints.web.forms import old_page, put_errors
from complaints.web.frame import frame


def genuine(form: FlaskForm) -> bool:
    """Whether the form carries its own token; if not, it says so in words and keeps what was typed."""
    form.validate()
    token = getattr(form, "csrf_token", None)
    if token is None or not token.errors:
        return True
    token.errors = []
    put_errors(form, {"": [old_page()]})
    return False


def uploads(name: str) -> list[Upload]:
    """The files of field `name`, checked; raises InputError with a sentence per file that cannot be taken.

    A browser does not send the good ones again, so they are named too.
    """
    settings = frame().settings
    given = [each for each in request.files.getlist(name) if each.filename]
    taken: list[Upload] = []
    faults: list[str] = []
    if len(given) > settings.MAX_FILES:
        faults.append(t("At most {n} files at once; choose fewer", n=settings.MAX_FILES))
        given, lost = [], given
    else:
        lost = []
    for each in given:
        try:
            # One byte beyond the limit is enough to know.
            data = each.stream.read(settings.MAX_FILE_MB * MB + 1)
            taken.append(check(each.filename or "", data, max_mb=settings.MAX_FILE_MB))
        except InputError as error:
            faults += [sentence for sentences in error.fields.values() for sentence in sentences]
    if faults:
        faults += [_again(each.name) for each in taken]
        faults += [_again(display_name(each.filename or "")) for each in lost]
        raise InputError({"files": faults})
    return taken


def lost_files(name: str) -> list[str]:
    """A sentence per file that came with a form which is shown again; a browser cannot keep them."""
    return [
        _again(display_name(each.filename or "")) for each in request.files.getlist(name) if each.filename
    ]


def _again(file: str) -> str:
    return t("“{file}” did not arrive; your text is kept. Choose it again", file=file)
