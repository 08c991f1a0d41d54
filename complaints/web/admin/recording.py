"""A complaint that came by phone, mail, letter or in person, written down by an operator."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, MultipleFileField, StringField, TextAreaField
from wtforms.fields import Field

from complaints.base.clock import BEIJING, beijing
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import access as reach
from complaints.cases import fields as questions
from complaints.cases import intake
from complaints.cases.attachments import check
from complaints.cases.happenings import channels
from complaints.cases.intake import Filing
from complaints.policy.deadlines import words as day_words
from complaints.policy.model import ComplaintType
from complaints.policy.model import Field as Question
from complaints.policy.profile import Policy
from complaints.policy.roles import HANDLERS
from complaints.web.admin import words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import OwnForm, put_errors
from complaints.web.frame import absolute, frame

CHANNELS = ("phone", "mail", "letter", "visit")
OLDEST = timedelta(days=60)


class RecordForm(OwnForm):
    """How and when it came; the type's own questions are added to it."""

    type = HiddenField()
    secret = HiddenField()
    channel = StringField()
    arrived = StringField()
    files = MultipleFileField()


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/new", "new", new, methods=["GET", "POST"])


@roles(*HANDLERS)
def new() -> ResponseReturnValue:
    """Choose a type, write down what was said, hand on number and code."""
    work, lang = frame().work, language()
    chosen = (request.form if request.method == "POST" else request.args).get("type", "")
    if chosen not in work.policy.types:
        return render_template(
            "complaints/admin/new_type.html",
            nav="queue",
            groups=[
                (label(lang), [kind for kind in work.policy.types.values() if kind.group == key])
                for key, label in work.policy.groups.items()
            ],
        )
    form = _form(work.policy, chosen)
    if request.method == "GET":
        form.type.data, form.secret.data = chosen, secrets.token_hex(16)
        form.arrived.data = f"{beijing(work.now):%Y-%m-%dT%H:%M}"
        return _page(form, chosen)
    if not sent(form):
        return _page(form, chosen), 400
    try:
        filed = _file(form, chosen)
    except InputError as error:
        put_errors(form, error.fields, "details")
        return _page(form, chosen), 422
    return _receipt(filed)


def _phone() -> bool:
    return frame().installation.hooks.phone


def _asked(policy: Policy, kind: ComplaintType) -> tuple[Question, ...]:
    return questions.asked(policy, kind, phone=_phone())


def _form(policy: Any, chosen: str) -> Any:
    asked: dict[str, Field] = {}
    for each in _asked(policy, policy.types[chosen]):
        if each.kind != "files":
            asked[each.key] = TextAreaField() if each.kind == "textarea" else StringField()
    return type("TypedRecordForm", (RecordForm,), asked)()


def _file(form: Any, chosen: str) -> intake.Filed:
    settings, viewer = frame().settings, operator()
    work = frame().work
    given = {name: form[name].data or "" for name in form.data if isinstance(form[name].data, str)}
    faults: dict[str, Any] = {}
    channel = form.channel.data or ""
    if channel not in CHANNELS:
        faults["channel"] = [t("Say how it came")]
    arrived = _arrived(form.arrived.data or "", work.now)
    if arrived is None:
        faults["arrived"] = [t("Give day and time, not in the future and at most 60 days ago")]
    taken: dict[str, str] = {}
    try:
        taken = questions.check(work.policy, chosen, given, phone=_phone(), recorded=True)
    except InputError as error:
        faults |= error.fields
    uploads = []
    try:
        for file in [file for file in form.files.data or [] if getattr(file, "filename", "")][
            : settings.MAX_FILES
        ]:
            data = file.stream.read(settings.MAX_FILE_MB * 1_000_000 + 1)
            uploads.append(check(file.filename, data, max_mb=settings.MAX_FILE_MB))
    except InputError as error:
        faults |= error.fields
    if faults:
        raise InputError(faults)
    filing = Filing(
        type=chosen,
        fields=taken,
        secret=form.secret.data or secrets.token_hex(16),
        lang=language(),
        channel=channel,
        uploads=uploads,
        is_test=settings.TEST_INSTALLATION,
        recorded_by=viewer.actor,
        arrived_at=arrived,
    )
    return frame().write(lambda fresh: intake.file(fresh, filing, phone=_phone()))


def _page(form: Any, chosen: str) -> str:
    work, lang = frame().work, language()
    kind = work.policy.types[chosen]
    rows = [
        (field, form[field.key], field.key in kind.required and field.key == "details")
        for field in _asked(work.policy, kind)
        if field.kind != "files"
    ]
    return render_template(
        "complaints/admin/new.html",
        nav="queue",
        form=form,
        kind=kind,
        rows=rows,
        channels=[(key, channels()[key]) for key in CHANNELS],
        label=kind.label(lang),
    )


def _receipt(filed: intake.Filed) -> str:
    work, lang = frame().work, language()
    case = reach.find(work, filed.number)
    rows = [
        (name, day_words(due, lang))
        for name, due in (
            (words.kinds()["accept"], case.accept_due),
            (words.kinds()["result"], case.result_due),
        )
        if due
    ]
    return render_template(
        "complaints/admin/recorded.html",
        nav="queue",
        filed=filed,
        rows=rows,
        track=absolute("track"),
        case=case,
    )


def _arrived(given: str, now: datetime) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
    # A minute's grace: the field has no seconds and clocks differ.
    return min(moment, now) if now - OLDEST <= moment <= now + timedelta(minutes=1) else None
