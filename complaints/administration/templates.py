"""Reply templates: words an operator may start from, shipped with the package or the installation's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import select

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import variables
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import ReplyTemplate

USES = ("reply", "ask", "decide", "decline")
_SHIPPED = Path(__file__).resolve().parent / "templates.toml"
_TITLE, _BODY = 120, 5000


@dataclass(frozen=True)
class Template:
    """A text to start from; `type` limits it to one complaint type, `own` says it is not a shipped one."""

    key: str
    lang: str
    use: str
    type: str
    title: str
    body: str
    own: bool = False


def choose(work: Work, use: str, lang: str, complaint_type: str) -> list[Template]:
    """The templates for this act, language and type; one for the type comes before one for all."""
    return fitting(everything(work), use, lang, complaint_type)


def fitting(found: Sequence[Template], use: str, lang: str, complaint_type: str) -> list[Template]:
    """As `choose`, from templates that have been read already."""
    kept = [
        each for each in found if each.use == use and each.lang == lang and each.type in {"", complaint_type}
    ]
    return sorted(kept, key=lambda each: (not each.type, each.title))


def everything(work: Work) -> list[Template]:
    """All templates; one saved under a shipped key replaces it, and an empty body takes it away."""
    found = {(each.key, each.lang): each for each in _shipped()}
    for row in work.session.scalars(select(ReplyTemplate)):
        found[row.key, row.lang] = Template(
            row.key, row.lang, row.use, row.type or "", row.title, row.body, own=True
        )
    return sorted(
        (each for each in found.values() if each.body), key=lambda each: (each.use, each.key, each.lang)
    )


def check(work: Work, template: Template) -> None:
    """Raise InputError for a template that cannot be kept as it is, naming each variable it does not know."""
    faults: dict[str, list[str]] = {}
    if not re.fullmatch(r"[a-z0-9_]{1,40}", template.key):
        faults["key"] = [t("Use small letters, digits and underscores")]
    if template.use not in USES or template.lang not in {"zh", "en"}:
        faults["use"] = [t("Choose from the list")]
    if template.type and template.type not in work.policy.types:
        faults["type"] = [t("Choose a type of the list")]
    if not template.title.strip() or len(template.title) > _TITLE:
        faults["title"] = [t("Give a short title")]
    if len(template.body) > _BODY:
        faults["body"] = [
            t("{n} characters too long; keep it under {max}", n=len(template.body) - _BODY, max=_BODY)
        ]
    wrong = variables.unknown(template.body, template.use)
    if wrong and "body" not in faults:
        known = " ".join(f"{{{name}}}" for name in variables.names(template.use))
        said = t("{places} cannot be filled in here; use only: {known}", places=" ".join(wrong), known=known)
        faults["body"] = [said]
    if faults:
        raise InputError(faults)


def save(work: Work, template: Template, by: Actor) -> None:
    """Write a template of the installation; an empty body takes it away. Raises InputError. Flushes."""
    check(work, template)
    row = work.session.get(ReplyTemplate, (template.key, template.lang)) or ReplyTemplate(
        key=template.key, lang=template.lang
    )
    row.use, row.type = template.use, template.type or None
    row.title, row.body = template.title.strip(), template.body.strip()
    work.session.add(row)
    work.session.flush()
    record_system(
        work, "template_saved", by, {"key": template.key, "lang": template.lang, "use": template.use}
    )


def remove(work: Work, key: str, lang: str, by: Actor) -> None:
    """Delete a template of the installation; a shipped one under its key comes back. Flushes."""
    row = work.session.get(ReplyTemplate, (key, lang))
    if row is None:
        raise InputError({"key": [t("There is no template of your own under this key")]})
    work.session.delete(row)
    work.session.flush()
    record_system(work, "template_removed", by, {"key": key, "lang": lang})


@cache
def _shipped() -> tuple[Template, ...]:
    data = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    return tuple(
        Template(key, lang, row["use"], row.get("type", ""), row["title"][lang], row["body"][lang])
        for key, row in data.items()
        for lang in ("zh", "en")
    )
