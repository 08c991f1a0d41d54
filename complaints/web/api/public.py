"""What anybody may ask: what can be filed, how it is handled, how this interface works."""

from __future__ import annotations

from flask import Response

from complaints.base.errors import NotFoundError
from complaints.base.translations import language
from complaints.cases import fields
from complaints.cases.intake import KINDS
from complaints.policy import process
from complaints.policy.deadlines import plan
from complaints.policy.model import ComplaintType
from complaints.policy.model import Field as Asked
from complaints.web.api import describing, problems, shown
from complaints.web.api.routing import Call, route, written
from complaints.web.frame import absolute, frame


@route("GET", "/openapi.json", "about", gives=shown.Described)
def openapi(call: Call) -> Response:
    """This interface, described for programs (OpenAPI 3.1); types and fields are those of the policy in force."""
    del call
    return Response(describing.document(frame().work.policy), content_type="application/json")


@route("GET", "/problems", "about", gives=shown.Problems)
def problem_list(call: Call) -> Response:
    """Every kind of problem, what it means and what to do about it."""
    del call
    rows = [shown.ProblemKind(**problems.document(row)) for row in problems.PROBLEMS.values()]
    return written(shown.Problems(problems=rows))


@route("GET", "/problems/<name>", "about", gives=shown.ProblemKind)
def problem(call: Call, name: str) -> Response:
    """One kind of problem: where the `type` of a problem document leads."""
    del call
    if name not in problems.PROBLEMS:
        raise NotFoundError("no such problem")
    return written(shown.ProblemKind(**problems.document(problems.PROBLEMS[name])))


@route("GET", "/types", "about", gives=shown.Types)
def types(call: Call) -> Response:
    """What can be filed, which fields each type asks for, and what it promises."""
    del call
    work = frame().work
    found = [_type(kind) for kind in work.policy.types.values()]
    return written(shown.Types(policy_version=work.policy_version, types=found))


@route("GET", "/process", "about", gives=shown.Process)
def published(call: Call) -> Response:
    """How a complaint is handled, as the provider has published it."""
    del call
    found, lang = frame(), language()
    ruling = found.installation.published(found.work.session, found.work.policy_version)
    policy = ruling.policy
    contacts = {name: getattr(policy.contacts, name) for name in ("phone", "mail", "address")}
    return written(
        shown.Process(
            policy_version=ruling.version,
            policy_digest=policy.digest,
            trial=ruling.trial,
            published_at=ruling.published_at,
            page=absolute("process"),
            product=policy.provider.product,
            provider=policy.provider.name,
            contacts={name: value for name, value in contacts.items() if value},
            steps=[shown.Step(title=each.title, text=each.text) for each in process.steps(policy, lang)],
            counting=process.counting(lang),
            keeping=process.keeping(policy, lang),
            appeal_window_days=policy.review.window_days,
        )
    )


def _type(kind: ComplaintType) -> shown.Type:
    work, lang = frame().work, language()
    policy = work.policy
    asked = fields.asked(policy, kind, phone=frame().installation.hooks.phone)
    kinds = {policy.fields[key].kind for key in (*kind.required, *kind.optional)}
    due = plan(policy, policy.deadlines_of(kind.key).terms, work.now, work.calendar, kinds=KINDS)
    promised = {each.kind: each.due for each in due if each.publish and each.step == "due"}
    terms = policy.deadlines_of(kind.key)
    return shown.Type(
        key=kind.key,
        group=kind.group,
        label=kind.label(lang),
        hint=kind.hint(lang),
        contact_required=kind.contact_required,
        takes_answer="answer" in kinds,
        takes_files="files" in kinds,
        fields=[_question(kind, each, lang) for each in asked if each.kind != "files"],
        deadlines=[
            shown.Deadline(kind=name, term=process.amount_words(term, lang), due=when)
            for name, when in promised.items()
            if (term := terms.published(name)) is not None
        ],
    )


def _question(kind: ComplaintType, field: Asked, lang: str) -> shown.Question:
    return shown.Question(
        key=field.key,
        kind=field.kind,
        label=field.label(lang),
        hint=field.hint(lang).replace("{max}", str(field.max)),
        required=field.key in kind.required or kind.contact_required == field.key,
        max=field.max,
        choices=[shown.Choice(key=key, label=label(lang)) for key, label in field.choices.items()],
    )


VIEWS = {
    "openapi": openapi,
    "problems": problem_list,
    "problem": problem,
    "types": types,
    "process": published,
}
