"""The pages of the form; each can be written without database and session, from the request alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import marks
from complaints.cases.drafts import Waiting
from complaints.cases.intake import KINDS, Filed
from complaints.ledger.work import Work
from complaints.policy.deadlines import plan, words
from complaints.policy.model import ComplaintType
from complaints.policy.profile import Policy
from complaints.web import drafting
from complaints.web.drafting import Kept
from complaints.web.forms import Act, OwnForm
from complaints.web.frame import installation
from complaints.web.incoming import MB, plain
from complaints.web.public.filing_form import Question, Sheet, sheet
from complaints.web.visiting import Visit

_KB = 1000
_MOST_WRITTEN = 256
# The empty questions of each type, as the host's templates write them.
_written: WeakKeyDictionary[Installation, dict[tuple[type[OwnForm], bool], Markup]] = WeakKeyDictionary()


@dataclass
class Desk:
    """One request's form: rules, the type that was chosen, what travels hidden; `work` is None without a database.

    In the dialog of another page `visit` says whose, and `finish` shows the receipt, for which there is no session.
    """

    policy: Policy
    type_key: str
    kept: Kept
    work: Work | None
    short: bool = False
    files: list[Waiting] = field(default_factory=list)
    challenge: str = ""
    visit: Visit | None = None
    finish: Callable[[Desk, Filed], ResponseReturnValue] | None = None

    @property
    def kind(self) -> ComplaintType:
        """The type that was chosen."""
        return self.policy.types[self.type_key]

    @property
    def phone(self) -> bool:
        """Whether the host sends text messages."""
        return installation().hooks.phone

    @property
    def sheet(self) -> Sheet:
        """Its questions, but for an answer that came along."""
        return sheet(self.policy, self.type_key, language(), phone=self.phone)

    @property
    def questions(self) -> list[Question]:
        """What is asked on the details page."""
        return [
            one for one in self.sheet.questions if one is not self.sheet.answer or self.kept.answer is None
        ]

    def form(self, given: MultiDict[str, str]) -> OwnForm:
        """Its questions answered; in the dialog a token of the visit stands in for that of the session."""
        return self.sheet.form(formdata=given, meta={"csrf": self.visit is None})

    def address(self) -> str:
        """Where the form is sent; it names the type, so that a request too large to read still has one."""
        if self.visit is not None:
            return self.visit.address("embed_new", type=self.type_key)
        return url_for("complaints.new", type=self.type_key, form="short" if self.short else None)


def types_page(
    policy: Policy,
    kept: Kept | None = None,
    *,
    wrong: str = "",
    status: int = 200,
    visit: Visit | None = None,
    chosen: str = "",
    arriving: bool = False,
    late: bool = False,
) -> tuple[str, int]:
    """Step 1: the types in their groups; with something to carry they are buttons, else links.

    In the dialog of a `visit` an answer may be on its way (`arriving`), and its type `chosen` by the page around it, or
    by a person who was faster than the answer (`late`).
    """
    groups = [
        (label, [kind for kind in policy.types.values() if kind.group == key])
        for key, label in policy.groups.items()
    ]
    page = render_template(
        "complaints/embed/type.html" if visit else "complaints/new_type.html",
        groups=[row for row in groups if row[1]],
        other="other" if "other" in policy.types else "",
        carried=drafting.seal(installation(), kept) if kept else "",
        kept=kept,
        answer_said=_said(kept),
        wrong=[{"id": "", "text": wrong}] if wrong else [],
        visit=visit,
        chosen=chosen,
        arriving=arriving,
        late=late,
    )
    return page, status


def details_page(
    desk: Desk, form: OwnForm | None = None, *, status: int = 200, focus: str = "", faults: Sequence[str] = ()
) -> tuple[str, int]:
    """Step 2; without `form` it is filled from what was kept."""
    filled = form if form is not None else desk.form(plain(desk.kept.values))
    filled.form_errors = [*filled.form_errors, *faults]
    kept = replace(desk.kept, type="", values={})
    plain_form = form is None and not desk.kept.values and not desk.files and not focus
    page = render_template(
        "complaints/embed/details.html" if desk.visit else "complaints/new_details.html",
        desk=desk,
        visit=desk.visit,
        kind=desk.kind,
        form=filled,
        kept=desk.kept,
        answer_said=_said(desk.kept),
        hidden=drafting.seal(installation(), kept),
        asked=_empty(desk, filled) if plain_form else _asked(desk, filled, focus),
        emergency=desk.policy.emergency,
        promises=promises(desk) if desk.short else [],
    )
    return page, status


def _asked(desk: Desk, form: OwnForm, focus: str = "") -> Markup:
    return Markup(  # noqa: S704 - our own template, autoescaped
        render_template(
            "complaints/_questions.html",
            questions=desk.questions,
            form=form,
            files=_shown(desk.files),
            focus=focus,
            most_files=installation().settings.MAX_FILES,
        )
    )


def _empty(desk: Desk, form: OwnForm) -> Markup:
    # A third of the time of the page that everybody opens; a template in work is read anew.
    if current_app.jinja_env.auto_reload:
        return _asked(desk, form)
    written = _written.setdefault(installation(), {})
    key = (desk.sheet.form, desk.kept.answer is None)
    if key not in written:
        if len(written) >= _MOST_WRITTEN:
            written.clear()
        written[key] = _asked(desk, form)
    return written[key]


def check_page(desk: Desk, form: OwnForm | None = None, *, status: int = 200) -> tuple[str, int]:
    """Step 3: everything once more, the two dates, and the button that files."""
    values = desk.kept.values
    rows = [
        {"key": one.label, "value": one.shown(values.get(one.key, "")), "button": ("change", one.key)}
        for one in desk.questions
        if one.kind != "files"
    ]
    page = render_template(
        "complaints/new_check.html",
        desk=desk,
        kind=desk.kind,
        form=form if form is not None else Act(formdata=None),
        kept=desk.kept,
        answer_said=_said(desk.kept),
        hidden=drafting.seal(installation(), desk.kept),
        rows=rows,
        files=_shown(desk.files) if desk.sheet.files else None,
        promises=promises(desk),
        personal=any(values.get(one.key) for one in desk.questions if one.personal),
        years=desk.policy.retention.case_years,
        signed_in=bool(owner()),
        emergency=desk.policy.emergency,
    )
    return page, status


def _said(kept: Kept | None) -> str:
    """What the comparison with its seal gave of the answer that came along."""
    return marks.said(kept.answer.notes) if kept and kept.answer else ""


def promises(desk: Desk) -> list[tuple[str, str]]:
    """What is promised if it is filed now, in words; empty without a calendar to count by."""
    if desk.work is None:
        return []
    terms = desk.policy.deadlines_of(desk.kind.key).terms
    planned = plan(desk.policy, terms, desk.work.now, desk.work.calendar, kinds=KINDS)
    names = {
        "accept": t("Whether we take it on"),
        "first_action": t("First measure"),
        "result": t("Result"),
    }
    return [
        (names[each.kind], by_date(words(each.due, language()), provisional=each.provisional))
        for each in planned
        if each.publish and each.step == "due"
    ]


def by_date(day: str, *, provisional: bool) -> str:
    """A promised day, with its mark while a year's holidays are not announced."""
    said = t("by {date} at the latest", date=day)
    return said + t(" (provisional)") if provisional else said


def owner() -> str | None:
    """The host's signed-in user, if the host says who that is."""
    loader = installation().hooks.complainant
    return loader() if loader is not None else None


def _shown(files: Sequence[Waiting]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "size": size_words(one.size),
            "token": one.uid,
            "icon": "image" if one.media_type.startswith("image/") else "file",
        }
        for one in files
    ]


def size_words(size: int) -> str:
    """A file's size for a person."""
    return f"{size / MB:.1f} MB" if size >= MB else f"{max(1, size // _KB)} KB"
