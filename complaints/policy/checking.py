"""Cross-checks of a policy that was read: what refers to what, and what cannot be promised."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from complaints.policy.labels import Label
from complaints.policy.model import ComplaintType, Promises
from complaints.policy.reading import Reader
from complaints.policy.terms import DeadlineSet, Term

BASIC_FIELDS = {
    "details": "textarea",
    "name": "text",
    "mail": "email",
    "phone": "tel",
    "files": "files",
    "answer": "answer",
}
IDENTITY = ("name", "mail", "phone", "account")
LOG_MONTHS = 6
STEP = re.compile(r"warn[1-9]|due|escalate[1-9]|target|alarm")
MOST_DAYS = 30


@dataclass(frozen=True)
class Caution:
    """Something allowed that deserves a second look, with the key it stands under."""

    key: str
    what: Label


def check(policy: Promises, reader: Reader) -> None:
    """Notes every fault of `policy` in `reader`."""
    if not policy.types:
        reader.fault("types", "no complaint type is left.", "Keep at least one type enabled.")
    for kind in policy.types.values():
        _type(policy, kind, reader)
    for deadlines in policy.deadlines.values():
        _deadlines(policy, deadlines, reader)
    _steps(policy, reader)
    _fields(policy, reader)
    _reasons(policy, reader)
    for key, one in policy.risk_classes.items():
        _refer(reader, f"risk_classes.{key}.group", [one.group], policy.risk_groups)
    _numbers(policy, reader)
    _models(policy, reader)


def weigh(policy: Promises) -> tuple[Caution, ...]:
    """What is allowed but worth a look."""
    return tuple(_cautions(policy))


def _refer(
    reader: Reader, path: str, named: Iterable[str], known: Collection[str], *, listed: bool = False
) -> None:
    for place, name in enumerate(named):
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            remedy = f"Did you mean “{near[0]}”?" if near else f"Possible here: {', '.join(known)}."
            reader.fault(f"{path}[{place}]" if listed else path, f"there is no “{name}”.", remedy)


def _type(policy: Promises, kind: ComplaintType, reader: Reader) -> None:
    path = f"types.{kind.key}"
    _refer(reader, f"{path}.group", [kind.group], policy.groups)
    _refer(reader, f"{path}.deadlines", [kind.deadlines], policy.deadlines)
    for name, known in (
        ("required", policy.fields), ("optional", policy.fields),
        ("routes", policy.routes), ("risk_default", policy.risk_classes),
    ):  # fmt: skip
        _refer(reader, f"{path}.{name}", getattr(kind, name), known, listed=True)
    asked = (*kind.required, *kind.optional)
    for name in sorted({name for name in asked if asked.count(name) > 1}):
        reader.fault(path, f"the field “{name}” is asked twice.", "Name it once, under required or optional.")
    if "details" not in asked:
        reader.fault(f"{path}.required", "nobody could say what happened.", 'Add "details".')
    identity = [name for name in kind.required if name in IDENTITY]
    if kind.anonymous and (identity or kind.contact_required):
        reader.fault(
            f"{path}.anonymous",
            "a type that asks who one is cannot be anonymous.",
            "Write anonymous = false, or ask for no name, account or contact.",
        )
    needed = {"mail_or_phone": ("mail", "phone"), "mail": ("mail",), "phone": ("phone",)}.get(
        kind.contact_required, ()
    )
    for name in needed:
        if name not in asked:
            reader.fault(
                f"{path}.contact_required", f"the field “{name}” is not asked.", f'Add "{name}" to optional.'
            )


def _deadlines(policy: Promises, deadlines: DeadlineSet, reader: Reader) -> None:
    path = f"deadlines.{deadlines.key}"
    for kind in ("accept", "result", "review"):
        if deadlines.published(kind) is None:
            reader.fault(
                f"{path}.{kind}",
                "this deadline must be promised.",
                f'Add {kind} = {{ amount = …, unit = "wd" }}.',
            )
    for term in deadlines.terms:
        _term(policy, term, f"{path}.{term.name}", reader)
    if deadlines.outer:
        _term(policy, deadlines.outer, f"{path}.outer", reader)
    _order(deadlines, path, reader)
    for severity, terms in deadlines.severity.items():
        where = f"{path}.severity.{severity}"
        for term in terms:
            _term(policy, term, f"{where}.{term.name}", reader)
        _order(deadlines.at(severity), where, reader)


def _term(policy: Promises, term: Term, where: str, reader: Reader) -> None:
    if term.amount < 1:
        reader.fault(f"{where}.amount", "a deadline needs at least one day or hour.", "Write 1 or more.")
    if term.unit == "h" and term.publish and policy.duty != "24x7":
        reader.fault(
            f"{where}.unit",
            "hours round the clock can be promised only by a team that is awake.",
            'Write unit = "wd" or "sh", or duty = "24x7".',
        )
    if term.unit == "h" and term.cap_days is not None:
        reader.fault(
            f"{where}.cap_days",
            "hours round the clock last as long whatever the days are.",
            "Remove the cap, or write fewer hours.",
        )
    if term.label != "practice" and not term.basis:
        reader.fault(
            f"{where}.basis",
            "a deadline from a rule must name the rule.",
            'Add basis, or label = "practice".',
        )


def _order(deadlines: DeadlineSet, path: str, reader: Reader) -> None:
    accept, result = deadlines.published("accept"), deadlines.published("result")
    if accept and result and accept.unit == result.unit and accept.amount > result.amount:
        reader.fault(
            f"{path}.accept.amount",
            "acceptance would come after the result.",
            f"Write at most {result.amount}.",
        )


def _steps(policy: Promises, reader: Reader) -> None:
    for key, rule in policy.steps.items():
        if not STEP.fullmatch(key):
            reader.fault(
                f"steps.{key}",
                "there is no such step.",
                "Name it warn1 to warn9, due, escalate1 to escalate9, target or alarm.",
            )
        elif key.startswith("escalate") and not 1 <= rule.wd <= MOST_DAYS:
            reader.fault(
                f"steps.{key}.wd",
                "an escalation comes after the last day.",
                f"Write a number of working days from 1 to {MOST_DAYS}.",
            )
        elif not key.startswith("escalate") and not -MOST_DAYS <= rule.wd <= 0:
            reader.fault(
                f"steps.{key}.wd",
                "a reminder comes on the last day or before it.",
                f"Write 0, or a number from -1 to -{MOST_DAYS}.",
            )
        if not rule.tell or not rule.by:
            reader.fault(
                f"steps.{key}", "nobody would be told.", 'Write tell = ["assignee"] and by = ["mail"].'
            )
    if "due" not in policy.steps:
        reader.fault("steps.due", "a promise must come due.", "Keep this step.")


def _fields(policy: Promises, reader: Reader) -> None:
    for key, kind in BASIC_FIELDS.items():
        if key not in policy.fields:
            reader.fault(
                f"fields.{key}",
                "this field is needed by the form itself.",
                "Keep it; leave it out of a type instead.",
            )
        elif policy.fields[key].kind != kind:
            reader.fault(f"fields.{key}.kind", "the form itself needs this field.", f'Write kind = "{kind}".')
    for key, one in policy.fields.items():
        if (one.kind == "choice") != bool(one.choices):
            reader.fault(
                f"fields.{key}.choices",
                'choices belong to kind = "choice", and only there.',
                "Add or remove them.",
            )
        if one.max < 1:
            reader.fault(f"fields.{key}.max", "nothing could be entered.", "Write 1 or more.")


def _reasons(policy: Promises, reader: Reader) -> None:
    for name in ("decision_reasons", "decline_reasons", "ask_reasons"):
        reasons = getattr(policy, name)
        for key, one in reasons.items():
            _refer(reader, f"{name}.{key}.types", one.types, policy.types, listed=True)
            _refer(reader, f"{name}.{key}.outcomes", one.outcomes, policy.outcomes, listed=True)
        if not any(not one.types for one in reasons.values()):
            reader.fault(name, "no reason fits every type.", "Keep one without types.")
    if not policy.outcomes:
        reader.fault("outcomes", "nothing could be decided.", "Keep at least one outcome.")
    for key, outcome in policy.outcomes.items():
        fits = [
            one
            for one in policy.decision_reasons.values()
            if not one.types and key in (one.outcomes or (key,))
        ]
        if outcome.needs_reason and not fits:
            reader.fault(
                f"outcomes.{key}",
                "no decision reason fits it for every type.",
                "Add one to decision_reasons.",
            )


def _numbers(policy: Promises, reader: Reader) -> None:
    for path, given, least, most in (
        ("review.window_days", policy.review.window_days, 1, 3650),
        ("review.max_per_case", policy.review.max_per_case, 1, 10),
        ("pause.max_wd", policy.pause.max_wd, 1, 250),
        ("retention.case_years", policy.retention.case_years, 1, 100),
        ("retention.log_months", policy.retention.log_months, LOG_MONTHS, 1200),
        ("retention.draft_hours", policy.retention.draft_hours, 1, 168),
        ("undo_seconds", policy.undo_seconds, 0, 3600),
    ):
        if not least <= given <= most:
            reader.fault(path, f"{given} is out of range.", f"Write a number from {least} to {most}.")
    if policy.contacts.hours_from >= policy.contacts.hours_to:
        reader.fault(
            "contacts.hours_to", "the service would close before it opens.", "Write a time after hours_from."
        )
    if policy.calendar != "cn":
        reader.fault("calendar", "there is no such calendar.", 'Write calendar = "cn".')


def _models(policy: Promises, reader: Reader) -> None:
    for place, model in enumerate(policy.models):
        for name in ("vendor_mail", "vendor_webhook"):
            if getattr(model, name) and (model.own or not model.vendor):
                reader.fault(
                    f"models[{place}].{name}",
                    "an address to pass complaints on to belongs to a vendor.",
                    "Remove it, or write own = false and vendor = …",
                )


def _cautions(policy: Promises) -> Iterator[Caution]:
    for key, deadlines in policy.deadlines.items():
        yield from _terms_cautions(deadlines, deadlines.terms, f"deadlines.{key}")
        for severity, terms in deadlines.severity.items():
            path = f"deadlines.{key}.severity.{severity}"
            yield from _terms_cautions(deadlines.at(severity), terms, path)
            if not any((one.deadlines, one.severity) == (key, severity) for one in policy.types.values()):
                yield Caution(path, Label("没有一个类型用到", "no type of this severity has these deadlines"))
    if "other" not in policy.types:
        yield Caution(
            "types.other",
            Label("不确定类别的人没有可选的一项", "people who are unsure find no type to choose"),
        )


def _terms_cautions(deadlines: DeadlineSet, own: Collection[Term], path: str) -> Iterator[Caution]:
    for term in own:
        promise = deadlines.published(term.kind)
        if not term.publish and promise and promise.unit == term.unit and term.amount > promise.amount:
            yield Caution(
                f"{path}.{term.name}",
                Label(
                    "内部目标晚于对外承诺的期限", "the internal target is later than the published deadline"
                ),
            )
    result, outer = deadlines.published("result"), deadlines.outer
    if result and result in own and outer and result.unit == outer.unit and result.amount > outer.amount:
        yield Caution(
            f"{path}.result",
            Label(f"超过依据中的上限：{outer.basis.zh}", f"longer than the limit in: {outer.basis.en}"),
        )
