"""What a filing must contain, by type; one check for the form, the host's own form and the API."""

from __future__ import annotations

import re
from collections.abc import Mapping

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.policy.model import ComplaintType, Field
from complaints.policy.profile import Policy

CONTACT = ("name", "mail", "phone")
_MAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_PHONE = re.compile(r"(?:\+?86)?1\d{10}|(?:\+\d{6,15})|(?:0\d{2,3}\d{7,8})")
_MAIL_MAX = 254


def asked(policy: Policy, kind: ComplaintType, *, phone: bool) -> tuple[Field, ...]:
    """The questions of this type in order: what is required first, files and contact last.

    `phone` says whether the host sends text messages. Then a number is asked for, though never demanded, wherever
    a mail address is; without it only where the type demands a way to reach the person.
    """
    keys = [*kind.required, *(key for key in kind.optional if key not in kind.required)]
    if not (phone or "phone" in kind.required or "phone" in kind.contact_required):
        keys = [key for key in keys if key != "phone"]
    elif phone and "mail" in keys and "phone" not in keys and "phone" in policy.fields:
        keys.append("phone")
    ordered = sorted(keys, key=lambda key: (key in CONTACT, policy.fields[key].kind == "files"))
    return tuple(policy.fields[key] for key in ordered if policy.fields[key].kind != "answer")


def answer_limit(policy: Policy) -> int:
    """Characters of a reported AI answer that are kept; 0 where the policy has no such field."""
    return next((field.max for field in policy.fields.values() if field.kind == "answer"), 0)


def check(
    policy: Policy, type_key: str, values: Mapping[str, str], *, phone: bool, recorded: bool = False
) -> dict[str, str]:
    """The tidy values of a filing; raises InputError with a sentence per wrong field.

    What is not asked (`asked`, which `phone` is for) is not kept either.
    `recorded` is a complaint taken by phone or letter: there only what happened is demanded, because the
    person is no longer there to be asked.
    """
    kind = policy.types.get(type_key)
    if kind is None:
        raise InputError({"type": [t("Choose a type; if unsure, choose “Other”")]})
    taken: dict[str, str] = {}
    faults: dict[str, list[str]] = {}
    for field in asked(policy, kind, phone=phone):
        if field.kind == "files":
            continue
        value = _tidy(values.get(field.key) or "", field)
        if value:
            fault = _fault(field, value)
            if fault:
                faults[field.key] = [fault]
            taken[field.key] = value
        elif field.key in kind.required and (not recorded or field.key == "details"):
            faults[field.key] = [_missing(field)]
    if not recorded:
        _reach(kind, taken, faults)
    if faults:
        raise InputError(faults)
    return taken


def _reach(kind: ComplaintType, taken: Mapping[str, str], faults: dict[str, list[str]]) -> None:
    wanted = kind.contact_required
    if wanted == "mail_or_phone" and not (taken.get("mail") or taken.get("phone")):
        faults.setdefault(
            "mail", [t("Leave a mail address or a phone number, so that we can check who is asking")]
        )
    elif wanted in {"mail", "phone"} and not taken.get(wanted):
        faults.setdefault(wanted, [t("We need this to answer you")])


def _tidy(value: str, field: Field) -> str:
    if field.kind == "textarea":
        return value.replace("\r\n", "\n").strip()
    flat = " ".join(value.split())
    return flat.replace(" ", "").replace("-", "") if field.kind == "tel" else flat


def _fault(field: Field, value: str) -> str:
    if len(value) > field.max:
        return t("{n} characters too long; keep it under {max}", n=len(value) - field.max, max=field.max)
    if any(character < " " and character not in "\n\t" for character in value):
        return t("There are invisible control characters in it; type it anew")
    return _form_fault(field, value)


def _form_fault(field: Field, value: str) -> str:
    match field.kind:
        case "email" if len(value) > _MAIL_MAX or not _MAIL.fullmatch(value):
            return t("Enter an address such as name@example.com")
        case "tel" if not _PHONE.fullmatch(value):
            return t("Enter a mobile number with 11 digits")
        case "url" if not value.lower().startswith(("http://", "https://")):
            return t("Enter a whole address that begins with https://")
        case "choice" if value not in field.choices:
            return t("Choose one of the list")
    return ""


def _missing(field: Field) -> str:
    if field.key == "details":
        return t("Tell us what happened")
    if field.kind == "checkbox":
        return t("Confirm this to go on")
    return t("Fill in “{field}”", field=field.label(language()))
