"""Cases for machines: lists that go on from a cursor, and one case whole; reading is an event as on the desk."""

from __future__ import annotations

from typing import Any

from flask import Response
from itsdangerous import BadSignature, URLSafeSerializer
from msgspec import UNSET

from complaints.cases import attachments, looking, queries
from complaints.cases.masking import mask
from complaints.cases.queries import After
from complaints.ledger.reading import Entry
from complaints.store.tables import Complaint
from complaints.web.admin import casepage
from complaints.web.admin.casepage import Page
from complaints.web.api import following, shapes, shown
from complaints.web.api.acting import ACTS
from complaints.web.api.problems import ProblemError
from complaints.web.api.routing import Call, route, written
from complaints.web.downloads import inert
from complaints.web.frame import frame

_SALT = "complaints.api.cursor"
_FIRST = frozenset({"details", "contact", "answer"})
# Where the desk's names differ from those of the routes.
NAMED = {
    "take_back": "take-back",
    "record_action": "measures",
    **dict.fromkeys(("confirm", "change", "overturn", "send_back"), "review"),
}


@route(
    "GET",
    "/cases",
    "operators",
    who="read",
    query=shapes.ListQuery,
    gives=shown.CasePage,
    problems=("cursor",),
)
def cases(call: Call) -> Response:
    """Cases without their words, newest first; restricted types only for keys that may see them.

    A list ends: what is filed meanwhile is not on its later pages. Whoever wants to hear of new cases begins anew.
    """
    asked: shapes.ListQuery = call.query
    filters = {
        name: str(value or "")
        for name in ("state", "type", "assignee", "team", "test", "late")
        if (value := getattr(asked, name)) is not UNSET
    }
    after = _after(asked.cursor, filters) if asked.cursor is not UNSET else 0
    work = frame().work
    rows = queries.after(work, call.operator, After(after, asked.limit + 1, **filters))
    page = rows[: asked.limit]
    more = len(rows) > len(page)
    return written(
        shown.CasePage(
            cases=[shown.CaseRow(**row(each)) for each in page],
            next=_cursor(page[-1].id, filters) if more else None,
        )
    )


@route("GET", "/cases/<number>", "operators", who="read", gives=shown.Case)
def case(call: Call, number: str) -> Response:
    """A case with its words; that the key read it stands in the log first, once an hour. The ETag is its version."""
    page = opened(call, number)
    found = page.case
    first = page.entries[0]
    contact = {key: mask(key, str(value)) for key, value in first.data("contact").items()}
    answer = shown.Case(
        **row(found),
        fields={key: str(value) for key, value in first.data("details").items()},
        contact=contact,
        answer={key: str(value) for key, value in first.data("answer").items()},
        answer_mark=found.answer_mark,
        unproven="unproven" in first.meta,
        attachments=[
            following.file(each, available=not page.stored) for each in attachments.held(page.work, found.uid)
        ]
        if not page.stored
        else [],
        events=[_event(each) for each in page.entries if each.seq not in page.kin.hidden],
        can=sorted({NAMED.get(name, name) for name in page.can} & ACTS.keys()),
    )
    return written(answer, headers={"ETag": f'"{found.version}"'})


@route("GET", "/cases/<number>/attachments/<uid>", "operators", who="read", problems=("not-allowed",))
def original(call: Call, number: str, uid: str) -> Response:
    """A file byte for byte as it came; each download is an event."""
    page = opened(call, number)
    if page.stored:
        raise ProblemError("not-allowed")
    stream, actor = page.case.uid, call.operator.actor
    held, data = attachments.original(page.work, stream, uid)
    frame().write(lambda work: looking.download(work, stream, actor, uid))
    return inert(held.name, data)


def opened(call: Call, number: str) -> Page:
    """Read a case as this key may; not found also where it may not know of it."""
    viewer = call.operator
    page = casepage.gather(frame().work, viewer, number)
    if not looking.looked(page.work, page.case.uid, viewer.actor, "viewed"):
        uid = page.case.uid
        frame().write(lambda work: looking.view(work, uid, viewer.actor))
        page = casepage.gather(frame().work, viewer, number)
    return page


def row(case: Complaint) -> dict[str, Any]:
    """What a list shows of a case: nothing a person wrote."""
    same = {
        name: getattr(case, name)
        for name in shown.CaseRow.__struct_fields__
        if name not in {"test", "stored_only", "erased"}
    }
    return {
        **same,
        "test": case.is_test,
        "stored_only": case.stored_only_at is not None,
        "erased": case.erased_at is not None,
    }


def _event(entry: Entry) -> shown.Event:
    return shown.Event(
        seq=entry.seq,
        type=entry.type,
        at=entry.at,
        actor=entry.actor,
        texts={
            name: entry.text(name) for name in entry.personal if name not in _FIRST and entry.personal[name]
        },
        files=[str(each["uid"]) for each in entry.meta.get("files", ())],
    )


def _cursor(last: int, filters: dict[str, str]) -> str:
    return _serializer().dumps([last, filters])


def _after(cursor: str, filters: dict[str, str]) -> int:
    try:
        last, kept = _serializer().loads(cursor)
    except BadSignature as error:
        raise ProblemError("cursor") from error
    if kept != filters:
        raise ProblemError("cursor")
    return int(last)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(frame().settings.secret_key, salt=_SALT)


VIEWS = {"cases": cases, "case": case, "original": original}
