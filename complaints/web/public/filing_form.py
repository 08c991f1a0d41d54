"""The questions of a type as a form: built once per policy, type and language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wtforms import MultipleFileField, StringField

from complaints.base.translations import gettext as t
from complaints.base.translations import speaking
from complaints.cases import fields
from complaints.policy.model import ComplaintType, Field
from complaints.policy.profile import Policy
from complaints.web.forms import OwnForm

_CHOICE_LIMIT = 6
_CONTACT = frozenset({"mail", "phone"})


@dataclass(frozen=True)
class Question:
    """One question as the template renders it."""

    key: str
    kind: str
    label: str
    hint: str
    optional: bool
    rows: int
    max: int
    autocomplete: str
    inputmode: str
    choices: tuple[tuple[str, str], ...]
    personal: bool

    def shown(self, value: str) -> str:
        """An answer as the check page shows it."""
        if self.kind == "checkbox":
            return t("Yes") if value else ""
        return dict(self.choices).get(value, value)


@dataclass(frozen=True)
class Sheet:
    """The form class of a type and its questions in order; `files` is None where no files are taken."""

    form: type[OwnForm]
    questions: tuple[Question, ...]
    files: Question | None
    answer: Question | None


def sheet(policy: Policy, type_key: str, lang: str, *, phone: bool) -> Sheet:
    """The form of a type; `phone` says whether the host sends text messages (`fields.asked`)."""
    return _sheet(_ByDigest(policy), type_key, lang, phone)


class _ByDigest:
    """A policy as a cache key: the same digest is the same form."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.digest = policy.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and other.digest == self.digest


@lru_cache(maxsize=256)
def _sheet(ruling: _ByDigest, type_key: str, lang: str, phone: bool) -> Sheet:
    policy = ruling.policy
    kind = policy.types[type_key]
    with speaking(lang):
        found = [_question(kind, field, lang) for field in fields.asked(policy, kind, phone=phone)]
        answer = _answer(policy, kind, lang)
    files = next((one for one in found if one.kind == "files"), None)
    if answer is not None:
        found.insert(1, answer)
    members: dict[str, Any] = {one.key: StringField(one.label) for one in found if one.kind != "files"}
    if files is not None:
        members["files"] = MultipleFileField(files.label)
    return Sheet(type("FilingForm", (OwnForm,), members), tuple(found), files, answer)


def _answer(policy: Policy, kind: ComplaintType, lang: str) -> Question | None:
    key = next((key for key in (*kind.required, *kind.optional) if policy.fields[key].kind == "answer"), None)
    return None if key is None else _question(kind, policy.fields[key], lang)


def _question(kind: ComplaintType, field: Field, lang: str) -> Question:
    demanded = field.key in kind.required or kind.contact_required == field.key
    reach = kind.contact_required == "mail_or_phone" and field.key in _CONTACT
    hint = field.hint(lang).replace("{max}", str(field.max))
    if reach:
        hint = t("One of the two is enough, so that we can check who is asking")
    elif field.key in _CONTACT and not demanded:
        hint = t("Only to tell you news; you can check without it")
    return Question(
        key=field.key,
        kind=_kind(field),
        label=field.label(lang),
        hint=hint,
        optional=not demanded and not reach,
        rows=8 if field.key == "details" else 4,
        max=field.max if field.kind in {"textarea", "answer"} else 0,
        autocomplete=field.autocomplete,
        inputmode={"email": "email", "tel": "tel", "url": "url"}.get(field.kind, ""),
        choices=_choices(field, lang),
        personal=field.personal,
    )


def _kind(field: Field) -> str:
    if field.kind == "choice":
        return "select" if len(field.choices) > _CHOICE_LIMIT else "radios"
    return "textarea" if field.kind == "answer" else field.kind


def _choices(field: Field, lang: str) -> tuple[tuple[str, str], ...]:
    rows = tuple((key, label(lang)) for key, label in field.choices.items())
    return (("", t("Choose")), *rows) if len(rows) > _CHOICE_LIMIT else rows


def typed(form: OwnForm) -> dict[str, str]:
    """What was entered, by the question's key."""
    return {name: field.data or "" for name, field in form._fields.items() if isinstance(field, StringField)}
