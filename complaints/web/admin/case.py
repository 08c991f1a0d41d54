"""One case: what was said, what was done, what may be done now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from complaints.administration import templates
from complaints.base.errors import NotAllowedError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import looking, variables
from complaints.policy.roles import HANDLERS, STAFF
from complaints.web.admin import caseacts, casepage, claiming, fieldhistory, measures
from complaints.web.admin.access import operator, roles
from complaints.web.admin.casepage import Page
from complaints.web.admin.forms import sent
from complaints.web.forms import Act, OwnForm
from complaints.web.frame import frame

# Acts whose words take long to write, and the event of each: the browser keeps them until the next such event.
_WRITTEN = {"reply": "replied", "ask": "asked", "note": "noted"}


class StoredForm(OwnForm):
    """Why somebody must read what is only stored."""

    reason = StringField()


def register(blueprint: Blueprint) -> None:
    """Add the case page, its dates as JSON and the way to a contact."""
    blueprint.add_url_rule("/case/<number>", "case", case)
    blueprint.add_url_rule("/case/<number>/clocks", "clocks", clocks)
    blueprint.add_url_rule("/case/<number>/contact", "contact", contact, methods=["POST"])


@roles(*STAFF)
def case(number: str) -> ResponseReturnValue:
    """The case page; that it was read stands in the log before it is shown."""
    page = opened(number)
    name = request.args.get("template", "")
    forms = caseacts.blank(page.case.version)
    chosen = None
    if name:
        chosen = next((each for each in _templates(page) if each.key == name), None)
    if chosen is not None and chosen.use in forms:
        forms[chosen.use].text.data = variables.fill(chosen.body, variables.of(page.work, page.case))
    unfolded = chosen.use if chosen else ""
    if request.args.get("hand") in {each["uid"] for each in page.files}:
        unfolded = "assign"
        forms["assign"].note.data = t("Look at the picture in my place.")
    lead = page.leads.get(request.args.get("join", ""))
    if lead is not None:
        unfolded = "merge"
        forms["merge"].lead.data, forms["merge"].reason.data = lead
    answer = shown(page, forms, unfolded=unfolded, added=chosen.key if chosen else "")
    claiming.stay(page)
    return answer


@roles(*STAFF)
def clocks(number: str) -> ResponseReturnValue:
    """The dates of a case as JSON, each counted day by day; recorded as reading the case is."""
    page = opened(number)
    return jsonify(number=page.case.number, clocks=page.clocks.plain())


@roles(*HANDLERS)
def contact(number: str) -> ResponseReturnValue:
    """Show the contact in clear for this hour; an event."""
    page = opened(number)
    uid, actor = page.case.uid, page.viewer.actor
    if page.stored:
        raise NotAllowedError("this case is only stored; open it with a reason first")
    if sent(Act()):
        frame().write(lambda work: looking.view(work, uid, actor, contact=True))
    return redirect(url_for("complaints.admin.case", number=number, _anchor="contact"), 303)


def opened(number: str) -> Page:
    """Read a case, recording once an hour that this operator did."""
    viewer = operator()
    page = casepage.gather(frame().work, viewer, number)
    if not looking.stands(page.entries, viewer.actor, page.work.now):
        uid = page.case.uid
        frame().write(lambda work: looking.view(work, uid, viewer.actor))
        page = casepage.gather(frame().work, viewer, number)
    return page


def shown(
    page: Page,
    forms: Mapping[str, Any],
    *,
    unfolded: str = "",
    added: str = "",
    status: int = 200,
    conflict: Any = None,
) -> ResponseReturnValue:
    """The case page with its forms; `unfolded` is the act whose form was sent or asked for, `added` the text put in."""
    lang = language()
    people = caseacts.colleagues(page.work, page.roster.staff, page.case)
    offered = _templates(page)
    html = render_template(
        "complaints/admin/case.html",
        **page.context,
        forms=forms,
        bad=forms.get(unfolded) if status >= 400 else None,  # noqa: PLR2004 - a refused form
        unfolded=unfolded,
        added=added,
        written={name: page.record.own(event) for name, event in _WRITTEN.items()},
        conflict=conflict,
        show=request.args.get("show", ""),
        act=Act(formdata=None),
        stored_form=StoredForm(formdata=None, prefix="stored-"),
        people=[("", t("Nobody")), *people],
        teams=[("", t("No team")), *page.roster.standing.items()],
        reasons=[
            ("", t("Choose")),
            *((key, row.label(lang)) for key, row in page.policy.ask_reasons.items()),
        ],
        types=[(key, row.label(lang)) for key, row in page.policy.types.items()],
        risks={"": [("", t("None"))], **_risks(page.policy, lang)},
        measures={"": [("", t("Choose"))], **measures.choices(page.policy, lang)},
        **measures.report_choices(page.policy),
        measure_pairs=lambda flag: [
            (each["which"], t(" · ").join(filter(None, (each["label"], each["target"][:40]))))
            for each in page.measures
            if each[flag]
        ],
        vendor_pairs=[
            (str(each["seq"]), t(" · ").join((each["to"], each["when"])))
            for each in page.handed
            if each["can_answer"]
        ],
        templates={use: [each for each in offered if each.use == use] for use in ("reply", "ask")},
        history=_history(page),
        pause=page.policy.pause.max_wd,
        most_files=frame().settings.MAX_FILES,
        largest=frame().settings.MAX_FILE_MB,
    )
    return html, status


def _templates(page: Page) -> list[templates.Template]:
    lang, kind, found = page.case.lang, page.case.type, templates.everything(page.work)
    return [each for use in ("reply", "ask") for each in templates.fitting(found, use, lang, kind)]


def _history(page: Page) -> list[dict[str, Any]]:
    said = fieldhistory.Words(page.policy, page.record, page.lang, page.roster.teams, page.kin.numbers)
    return fieldhistory.fields(page.entries, said)


def _risks(policy: Any, lang: str) -> dict[str, list[tuple[str, str]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, row in policy.risk_classes.items():
        groups.setdefault(policy.risk_groups[row.group](lang), []).append((key, f"{key} {row.label(lang)}"))
    return groups
