"""The form that orders a file: its choices, what they come to, and how many lines match."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import request
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import Optional

from complaints.base.clock import BEIJING
from complaints.base.ids import tidy_number
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.people import Operator
from complaints.evidence import jobs
from complaints.evidence.chosen import KINDS, REASONS, Chosen, known, products
from complaints.evidence.counting import count
from complaints.policy.states import State
from complaints.web.admin.access import operator
from complaints.web.forms import OwnForm
from complaints.web.frame import frame

_EARLIEST, _LATEST = date(2000, 1, 1), date(2999, 12, 31)


class Day(DateField):
    """A day that may be left out; a wrong one is named in the reader's language."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day; ValueError with a sentence for the person."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(t("Enter a day such as 2026-11-23")) from error


class OrderForm(OwnForm):
    """What to export; every choice is checked against what exists."""

    kind = SelectField(validate_choice=False, choices=[], default="register")
    form = SelectField(validate_choice=False, choices=[], default="csv")
    since = Day(name="from", validators=[Optional()])
    until = Day(name="to", validators=[Optional()])
    type = SelectField(validate_choice=False, choices=[])
    state = SelectField(validate_choice=False, choices=[])
    product = SelectField(validate_choice=False, choices=[])
    tests = SelectField(validate_choice=False, choices=[])
    number = StringField()
    unmasked = BooleanField()
    reason = SelectField(validate_choice=False, choices=[])


def context(form: OrderForm | None = None) -> dict[str, Any]:
    """What the form needs; beside it the number of lines as the choices stand."""
    viewer, lang, work = operator(), language(), frame().work
    asked = {"from": "since", "to": "until", "type": "type", "state": "state", "tests": "tests"}
    form = form or OrderForm(
        formdata=None,
        data={
            name: _day(request.args.get(key, "")) if key in {"from", "to"} else request.args.get(key)
            for key, name in asked.items()
        },
    )
    return {
        "order_form": form,
        "kinds": list(kinds().items()),
        "forms": list(forms().items()),
        "types": [("", t("All")), *((key, kind.label(lang)) for key, kind in work.policy.types.items())],
        "states": [("", t("All")), *((state.value, state_word(state)) for state in State)],
        "products": [
            ("", t("All")),
            *((name, name) for name in sorted(set(products(work).values())) if name),
        ],
        "tests": [("", t("All")), ("no", t("Without test cases")), ("yes", t("Test cases only"))],
        "reasons": [("", t("Choose")), *reasons().items()],
        "counted": sentence(form),
        "may_unmask": viewer.may("auditor"),
        "allowed": viewer.authenticated_at is not None,
        "may_list_restricted": viewer.restricted,
        "ordered": len(jobs.recent(work.session)),
    }


def chosen_by(form: OrderForm, viewer: Operator) -> Chosen:
    """The order as the form has it; a choice that does not exist counts as none."""
    work = frame().work
    until = form.until.data
    values: dict[str, Any] = {
        key: known(work, key, form[key].data or "") for key in ("type", "state", "product", "tests")
    }
    return Chosen(
        kind=form.kind.data if form.kind.data in KINDS else "register",
        form=form.form.data or "",
        lang=language(),
        since=midnight(form.since.data),
        until=midnight(until, days=1),
        number=tidy_number(form.number.data or "") if form.kind.data == "case" else "",
        unmasked=bool(form.unmasked.data),
        reason=(form.reason.data or "") if form.unmasked.data else "",
        restricted=viewer.restricted,
        **values,
    )


def sentence(form: OrderForm) -> str:
    """How many lines the choices give; empty for a case, which is one."""
    chosen = chosen_by(form, operator())
    if chosen.kind == "case":
        return ""
    # The tree ends where it ends when the order is given; until then every event counts.
    n = count(frame().work, chosen, whole=True)
    return t("{n} lines match", n=n) if n != 1 else t("1 line matches")


def kinds() -> dict[str, str]:
    """What can be exported."""
    return {
        "register": t("Register: one line per complaint"),
        "log": t("Handling log: every event with its hash"),
        "period": t("Report of a period"),
        "case": t("One complaint"),
    }


def forms() -> dict[str, str]:
    """The formats."""
    return {
        "csv": t("CSV (register, log)"),
        "xlsx": t("XLSX (register, log)"),
        "jsonl": t("JSON Lines, as it is (register, log)"),
        "pdf": t("PDF (report, complaint)"),
        "docx": t("Word (report, complaint)"),
    }


def reasons() -> dict[str, str]:
    """Why personal data may be shown."""
    said = (
        t("An authority asks for it"),
        t("A court or a lawyer needs it"),
        t("An internal review needs it"),
        t("The person asks for it"),
    )
    return dict(zip(REASONS, said, strict=True))


def state_word(state: State) -> str:
    """A state as operators call it; the public word says "you" and means the complainant."""
    return t("Waiting for complainant") if state is State.AWAITING_COMPLAINANT else state.label(language())


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        return None


def midnight(day: date | None, days: int = 0) -> datetime | None:
    """The moment a Beijing day begins, or the one so many days later; never one that no database holds."""
    if day is None:
        return None
    held = min(max(day, _EARLIEST), _LATEST) + timedelta(days=days)
    return datetime.combine(held, datetime.min.time(), BEIJING)
