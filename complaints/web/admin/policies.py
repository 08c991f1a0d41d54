"""The policy: what rules, each version as it was published, and what one changed against another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import publishing, succession
from complaints.administration.installation import InForce
from complaints.base.errors import NotFoundError, PolicyError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.policy import process
from complaints.policy.deadlines import clock
from complaints.policy.differing import difference
from complaints.policy.differing_words import FIELDS, KINDS, VALUES
from complaints.policy.process import deadlines_table
from complaints.policy.profile import Policy, load
from complaints.policy.roles import STAFF
from complaints.web.admin.access import roles
from complaints.web.frame import frame

FILE = "file"
COMMAND = "flask complaints policy publish --by NAME"
# With more open complaints than this the page leaves the reckoning to the command.
_RECKONED = 2000


def register(blueprint: Blueprint) -> None:
    """Add what is in force, one version, and the difference of two."""
    blueprint.add_url_rule("/policy", "policy", policy)
    blueprint.add_url_rule("/policy/<int(max=2147483647):version>", "policy_version", version_page)
    blueprint.add_url_rule("/policy/difference", "policy_difference", compared)


@roles(*STAFF)
def policy() -> ResponseReturnValue:
    """What is in force, since when, by whom, and what only the provider can still say."""
    work, installed = frame().work, frame().installation
    ruling = installed.in_force(work.session)
    lang, asked = language(), request.args.get("below", "")
    below = int(asked) if asked.isdecimal() and len(asked) < 10 else None  # noqa: PLR2004 - digits of 32 bits
    rows, more = publishing.listing(work.session, below)
    return render_template(
        "complaints/admin/policy.html",
        nav="policy",
        ruling=ruling,
        since=clock(ruling.published_at, lang) if ruling.published_at else "",
        differs=ruling.version == 0 or publishing.differs(work.session, installed.file_policy),
        missing=[row.what(lang) for row in ruling.policy.missing()],
        deadlines=deadlines_table(ruling.policy, lang),
        versions=[(row, clock(row.published_at, lang)) for row in rows],
        more=url_for("complaints.admin.policy", below=rows[-1].version) if more else "",
        first=below is None,
        command=COMMAND,
        file=FILE,
    )


@roles(*STAFF)
def version_page(version: int) -> ResponseReturnValue:
    """One version: its values as tables, and the page it was published with."""
    ruling, lang = _known(version), language()
    held = ruling.policy
    return render_template(
        "complaints/admin/policy_version.html",
        nav="policy",
        ruling=ruling,
        digest=held.digest,
        since=clock(ruling.published_at, lang) if ruling.published_at else "",
        before=version - 1,
        deadlines=deadlines_table(held, lang),
        facts=_facts(held, lang),
        types=[_type(held, key, lang) for key in held.types],
        kept=_kept(held, lang),
    )


@roles(*STAFF)
def compared() -> ResponseReturnValue:
    """What the newer of two versions says differently; `newer=file` is what publishing now would change."""
    asked, lang = request.args, language()
    session = frame().work.session
    newest = frame().installation.in_force(session).version
    newer, older = asked.get("newer") or FILE, asked.get("older") or str(newest)
    old = _named(older)
    new, problems = old, list[str]()
    if newer == FILE:
        try:
            # Anew from the disk, as the command would read it.
            new = load(frame().settings.policy_path)
        except PolicyError as error:
            problems = [str(each) for each in error.problems]
    else:
        new = _named(newer)
    to_publish = newer == FILE and not problems and older == str(newest)
    rows, total = _consequences(new, lang) if to_publish and new != old else ([], 0)
    return render_template(
        "complaints/admin/policy_difference.html",
        nav="policy",
        older=older,
        newer=newer,
        file=FILE,
        choices=[
            (str(row.version), t("Version {n}", n=row.version)) for row in publishing.listing(session)[0]
        ],
        groups=[
            (each.name(lang), [(row.where(lang), row.before(lang), row.after(lang)) for row in each.changes])
            for each in difference(old, new)
        ],
        problems=problems,
        to_publish=to_publish,
        same=old == new and not problems,
        rows=rows,
        total=total,
        reckoned=total <= _RECKONED,
        command=COMMAND,
    )


def _named(text: str) -> Policy:
    if not text.isdecimal() or len(text) >= 10:  # noqa: PLR2004 - digits of 32 bits
        raise NotFoundError("no such version")
    return _known(int(text)).policy


def _known(version: int) -> InForce:
    """A published version; 0 is the file itself while nothing is published."""
    found = frame().installation
    ruling = found.published(frame().work.session, version)
    if ruling.version != version or (version == 0 and found.in_force(frame().work.session).version):
        raise NotFoundError("no such version")
    return ruling


def _consequences(wanted: Policy, lang: str) -> tuple[list[dict[str, Any]], int]:
    """What publishing would mean type by type, and how many open complaints that concerns."""
    work = frame().work
    total = succession.concerned(work, wanted)
    if total > _RECKONED:
        return [], total
    kinds = {**work.policy.types, **wanted.types}
    rows = [
        {
            "type": kinds[each.key].label(lang),
            "terms": [
                (KINDS[row.kind](lang), row.before or t("not promised"), row.after or t("not promised"))
                for row in each.terms
            ],
            "open": each.open,
            "gains": each.gains,
        }
        for each in succession.consequences(work, wanted, lang)
    ]
    return rows, total


def _facts(held: Policy, lang: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The provider's own words, table by table; what is empty is left out."""
    tables = (
        (t("Provider"), held.provider),
        (t("Filing numbers"), held.numbers),
        (t("Contacts"), held.contacts),
        (t("Emergency"), held.emergency),
    )
    found = [
        (
            name,
            [
                (FIELDS[key](lang) if key in FIELDS else key, VALUES[said](lang) if said in VALUES else said)
                for key, said in vars(table).items()
                if said
            ],
        )
        for name, table in tables
    ]
    found += [
        (
            t("Model {name}", name=model.name),
            [
                (FIELDS[key](lang), str(said))
                for key, said in vars(model).items()
                if said and key not in {"name", "own"}
            ],
        )
        for model in held.models
    ]
    return [(name, rows) for name, rows in found if rows]


def _type(held: Policy, key: str, lang: str) -> dict[str, Any]:
    kind = held.types[key]
    return {
        "label": kind.label(lang),
        "severity": VALUES[kind.severity](lang),
        "anonymous": kind.anonymous,
        "restricted": kind.restricted,
        "required": t(", ").join(held.fields[name].label(lang) for name in kind.required),
        "routes": t(", ").join(held.routes[name].name(lang) for name in kind.routes if name in held.routes),
    }


def _kept(held: Policy, lang: str) -> list[tuple[str, str]]:
    opened = [
        name
        for name, on in ((t("statistics"), held.public.statistics), (t("checkpoint"), held.public.checkpoint))
        if on
    ]
    window, most = held.review.window_days, held.review.max_per_case
    return [
        (t("Review"), t("within {n} days of the answer, at most {most} for each case", n=window, most=most)),
        (t("Pause"), t("at most {n} working days", n=held.pause.max_wd)),
        (t("Answer goes out"), t("{n} seconds after the click", n=held.undo_seconds)),
        (t("Time of keeping"), process.keeping(held, lang)),
        (t("Duty"), VALUES[held.duty](lang)),
        (t("Open pages"), t(", ").join(opened) or t("none")),
    ]
