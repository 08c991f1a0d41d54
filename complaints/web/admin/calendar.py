"""The calendar page: which years are known, what a file would change, and the import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import FileField, HiddenField, StringField

from complaints.administration import calendars, roster, underway
from complaints.administration.calendars import KnownYear, Moves, Preview
from complaints.base.errors import ConflictError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.policy.deadlines import clock
from complaints.policy.roles import LEADERS
from complaints.policy.yearfiles import MAX_BYTES, CalendarError, as_upload, read_upload
from complaints.web.admin.access import operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import frame


class UploadForm(OwnForm):
    """A year's file, and what it may not say itself."""

    file = FileField()
    notice = StringField()
    url = StringField()


class ImportForm(OwnForm):
    """The year that was looked at, as it was read, and the revision it was looked at for."""

    year = HiddenField()
    revision = HiddenField()


@dataclass(frozen=True)
class Row:
    """A known year in words."""

    year: int
    final: bool
    notice: str
    url: str
    came: str
    off: int
    work: int


def register(blueprint: Blueprint) -> None:
    """Add the calendar's pages."""
    blueprint.add_url_rule("/calendar", "calendar", calendar)
    blueprint.add_url_rule("/calendar/preview", "calendar_preview", preview, methods=["POST"])
    blueprint.add_url_rule("/calendar/import", "calendar_import", take, methods=["POST"])


@roles(*LEADERS)
def calendar() -> ResponseReturnValue:
    """The years, the form, and how far dates have been reckoned anew."""
    return _years(UploadForm(formdata=None))


@roles(*LEADERS)
def preview() -> ResponseReturnValue:
    """What a file would change; nothing is written."""
    form = UploadForm()
    if not sent(form):
        return _years(form), 400
    given = form.file.data
    data = given.stream.read(MAX_BYTES + 1) if given else b""
    if not given or not given.filename:
        put_errors(form, {"file": [t("Choose the file of a year")]})
        return _years(form), 422
    try:
        year = read_upload(data, notice=(form.notice.data or "").strip(), url=(form.url.data or "").strip())
        return _preview(calendars.preview(frame().installation, year))
    except CalendarError as error:
        put_errors(form, {"file": [error.said(language())]})
        return _years(form), 422


@roles(*LEADERS)
def take() -> ResponseReturnValue:
    """Import what was looked at; where somebody else was faster, it is looked at again."""
    form = ImportForm()
    blank = UploadForm(formdata=None)
    if not sent(form):
        put_errors(blank, {"": form.form_errors})
        return _years(blank), 400
    given, who = str(form.revision.data or ""), operator().actor
    try:
        year = read_upload((form.year.data or "").encode())
        revision = int(given) if given.isdecimal() and len(given) < 10 else 0  # noqa: PLR2004 - digits of 32 bits
        frame().write(lambda work: calendars.import_year(work, year, who, revision=revision))
    except CalendarError as error:
        put_errors(blank, {"file": [error.said(language())]})
        return _years(blank), 422
    except ConflictError:
        return _preview(calendars.preview(frame().installation, year), changed=True), 409
    return redirect(url_for("complaints.admin.calendar"), 303)


def _years(form: UploadForm) -> str:
    work = frame().work
    names = roster.read(work).names
    # The newest first: it ends last.
    open_jobs = underway.jobs(frame().installation, work)
    return render_template(
        "complaints/admin/calendar.html",
        nav="calendar",
        form=form,
        years=[_row(each, names) for each in calendars.years(work)],
        missing=calendars.missing_year(work),
        running=bool(open_jobs),
        left=underway.left(frame().installation) if open_jobs else 0,
        until=clock(open_jobs[0].since + underway.AFTERMATH, language()) if open_jobs else "",
    )


def _row(known: KnownYear, names: Mapping[str, str]) -> Row:
    data, lang = known.data, language()
    came = t("with the package")
    if known.imported is not None:
        came = t(
            "imported {when} by {who}",
            when=clock(known.imported.imported_at, lang),
            who=names.get(known.imported.imported_by, known.imported.imported_by),
        )
    return Row(data.year, data.final, data.notice, data.url, came, len(data.off), len(data.work))


def _preview(found: Preview, *, changed: bool = False) -> str:
    data, lang = found.data, language()
    groups = (
        ("off", t("Become days off")),
        ("work", t("Become working days (make-up days)")),
        ("ordinary", t("Become ordinary days again")),
    )
    return render_template(
        "complaints/admin/calendar_preview.html",
        nav="calendar",
        found=found,
        changed=changed,
        groups=[
            (key, words, [day.words(lang) for day in found.days if day.becomes == key])
            for key, words in groups
        ],
        farthest=farthest(found.moves),
        form=ImportForm(
            formdata=None, data={"year": as_upload(data).decode(), "revision": str(found.revision)}
        ),
    )


def farthest(moves: Moves) -> str:
    """The farthest move in words; empty where nothing moves."""
    if not moves.farthest:
        return ""
    if moves.farthest < 0:
        return t("{n} days earlier", n=-moves.farthest)
    return t("{n} days later", n=moves.farthest)
