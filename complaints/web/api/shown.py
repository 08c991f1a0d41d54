"""What the JSON interface answers with: each shape is written as JSON and describes itself in openapi.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from complaints.policy.states import State


class Out(msgspec.Struct, kw_only=True):
    """An answer; times are in UTC, null where there is none."""


class ProblemDocument(Out):
    """A problem document (RFC 9457); `type` is the address of its explanation and ends in its stable name."""

    type: str
    title: str
    status: int
    remedy: str
    detail: str = ""
    errors: list[dict[str, str]] = []
    challenge: dict[str, Any] | None = None
    version: int | None = None
    scope: str = ""


class Choice(Out):
    """One value a field takes."""

    key: str
    label: str


class Question(Out):
    """One field of a type: `max` counts characters."""

    key: str
    kind: str
    label: str
    hint: str
    required: bool
    max: int
    choices: list[Choice]


class Deadline(Out):
    """A promise of the policy, and when it would be due for a complaint filed now."""

    kind: str
    term: str
    due: datetime


class Type(Out):
    """Something that can be complained about; `contact_required` is mail, phone, mail_or_phone or empty."""

    key: str
    group: str
    label: str
    hint: str
    contact_required: str
    takes_answer: bool
    takes_files: bool
    fields: list[Question]
    deadlines: list[Deadline]


class Types(Out):
    """What can be filed, by the policy in force."""

    policy_version: int
    types: list[Type]


class Step(Out):
    """One step of the process."""

    title: str
    text: str


class Process(Out):
    """The published process; `page` is where people read it."""

    policy_version: int
    policy_digest: str
    trial: bool
    published_at: datetime | None
    page: str
    product: str
    provider: str
    contacts: dict[str, str]
    steps: list[Step]
    counting: str
    keeping: str
    appeal_window_days: int


class Filed(Out):
    """A filed complaint: keep number and code, the code is shown by this answer alone.

    `receipt` is the signed promise that `complaints verify` checks; `unproven` ones are looked at first.
    """

    number: str
    code: str
    filed_at: datetime
    accept_due: datetime | None
    result_due: datetime | None
    provisional: bool
    track: str
    receipt: dict[str, Any]


class Seal(Out):
    """What vouches for an answer; it travels with the report."""

    token: str


class File(Out):
    """An attachment; `available` says whether it is handed out, `digest` is its SHA-256."""

    uid: str
    name: str
    media_type: str
    size: int
    digest: str
    ours: bool
    available: bool


class Files(Out):
    """The attachments of a complaint."""

    files: list[File]


class Moment(Out):
    """Something that happened, with what was written and which files came with it.

    `by` is what complainants call the operator who acted; empty for one without a name of that kind.
    """

    at: datetime
    event: str
    text: str
    files: list[str]
    by: str


class Verdict(Out):
    """A decision that went out; `outcome`, `reason` and `actions` are keys of the policy; `by` as in Moment."""

    event: str
    outcome: str
    reason: str
    reason_text: str
    text: str
    actions: list[str]
    decided_at: datetime
    released_at: datetime
    by: str


class Complaint(Out):
    """A complaint as its complainant sees it; `can` names what may be done now."""

    number: str
    state: State
    state_label: str
    late: bool
    test: bool
    type: str
    lang: str
    filed_at: datetime
    accept_due: datetime | None
    result_due: datetime | None
    reply_due: datetime | None
    appeal_until: datetime | None
    provisional: bool
    fields: dict[str, str]
    contact: dict[str, str]
    answer: dict[str, str]
    answer_mark: str
    question: str
    decisions: list[Verdict]
    timeline: list[Moment]
    files: list[File]
    can: list[str]


class Sent(Out):
    """Something the complainant did."""

    number: str
    state: State


class CaseRow(Out):
    """A case in a list: keys and dates, no words."""

    number: str
    state: State
    type: str
    risk_class: str | None
    severity: str
    restricted: bool
    test: bool
    channel: str
    lang: str
    filed_at: datetime
    accept_due: datetime | None
    result_due: datetime | None
    due_next: datetime | None
    provisional: bool
    late: bool
    unread: bool
    assignee: str | None
    team: str | None
    outcome: str | None
    released_at: datetime | None
    stored_only: bool
    erased: bool
    files: int
    version: int


class CasePage(Out):
    """One page of a list; `next` is the cursor of the page after it, null on the last one."""

    cases: list[CaseRow]
    next: str | None


class Event(Out):
    """One event of the log: `actor` is a pseudonym, `texts` are the words that were sealed with it."""

    seq: int
    type: str
    at: datetime
    actor: str
    texts: dict[str, str]
    files: list[str]


class Case(CaseRow, kw_only=True):
    """A case as operators see it; its contact is masked, and opened by people on the desk alone."""

    fields: dict[str, str]
    contact: dict[str, str]
    answer: dict[str, str]
    answer_mark: str
    unproven: bool
    attachments: list[File]
    events: list[Event]
    can: list[str]


class Done(Out):
    """What an act came to: its event in the case's stream, and the case's new version (the next If-Match)."""

    number: str
    event: int
    state: State
    version: int


class Job(Out):
    """An ordered file; its bytes are at `file` once `state` is done."""

    uid: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "expired"]
    kind: str
    form: str
    done: int
    total: int
    created_at: datetime
    expires_at: datetime | None
    size: int | None
    sha256: str
    file: str | None


class ProblemKind(Out):
    """A kind of problem."""

    type: str
    title: str
    status: int
    remedy: str


class Problems(Out):
    """Every kind of problem of this interface."""

    problems: list[ProblemKind]


class Described(Out):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
