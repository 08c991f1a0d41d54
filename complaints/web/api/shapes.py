"""What the JSON interface takes: each shape checks a body and describes it in openapi.json."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from complaints.administration.repeats import LONGEST, SHORTEST
from complaints.cases.conversation import MAX_TEXT
from complaints.policy.states import State

_MOST_FIELDS, _LONG, _TOKEN, _WHOLE = 40, 100_000, 4_000, 500_000
Short = Annotated[str, Meta(max_length=200)]
Key = Annotated[str, Meta(max_length=64)]
Words = Annotated[str, Meta(max_length=MAX_TEXT)]
Said = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, pattern=r"\S")]
Number = Annotated[str, Meta(max_length=40, examples=["TS20261123-7K3M9Q"])]
IDEMPOTENCY = rf"^[!-~]{{{SHORTEST},{LONGEST}}}$"


class In(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body; a member it does not name is a mistake and is told."""


class Reported(In):
    """The AI answer that is reported: the texts, and the host's seal over them (`complaints.seal_answer`, `POST /seals`)."""

    output: Annotated[str, Meta(max_length=_LONG)]
    prompt: Annotated[str, Meta(max_length=_LONG)] = ""
    token: Annotated[str, Meta(max_length=_TOKEN)] = ""


class NewComplaint(In):
    """A complaint; `GET /types` says which `type` asks for which `fields`.

    `owner` is the host's reference of its user and needs a key with the scope `file`. Where many complaints come in,
    the answer is 429 with a challenge: send its solution as `proof`, or `unproven` to be looked at first.
    """

    type: Annotated[str, Meta(max_length=64, examples=["other"])]
    fields: Annotated[dict[Key, Annotated[str, Meta(max_length=_LONG)]], Meta(max_length=_MOST_FIELDS)]
    lang: Literal["zh", "en"] | None = None
    answer: Reported | None = None
    owner: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    proof: Annotated[str, Meta(max_length=10_000)] = ""
    unproven: bool = False


class Answer(In):
    """An AI answer as it was shown, whole; `at` is when, now if it is left out, `user_ref` your reference of who asked.

    The same body with the same `at` gives the same token.
    """

    output: Annotated[str, Meta(min_length=1, max_length=_WHOLE)]
    prompt: Annotated[str, Meta(max_length=_WHOLE)] = ""
    model: Short = ""
    answer_id: Annotated[str, Meta(max_length=120)] = ""
    filing_no: Short = ""
    at: Annotated[datetime, Meta(tz=True)] | None = None
    user_ref: Short = ""


class Message(In):
    """Words to the operators; in a complaint that waits for its complainant it is the answer."""

    text: Words = ""


class Withdrawal(In):
    """Taking the complaint back; why is optional."""

    text: Words = ""


class Appeal(In):
    """Asking for a review, and why."""

    text: Said


class Rating(In):
    """How the handling was, from 1 to 5."""

    stars: Annotated[int, Meta(ge=1, le=5)]
    text: Words = ""


class Assign(In):
    """Who is in charge: the reference of an operator, or null for nobody."""

    to: Annotated[str, Meta(min_length=1, max_length=64)] | None


class Transfer(In):
    """To which team, or null for none; `to` is who of them takes charge, null for nobody yet."""

    team: Key | None
    to: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    note: Words = ""


class Ask(In):
    """A question to the complainant; clocks stop for at most the policy's longest pause."""

    reason: Key
    text: Said
    days: Annotated[int, Meta(ge=1, le=366)] | None = None


class Reply(In):
    """A message to the complainant."""

    text: Said


class Note(In):
    """A note the complainant never sees."""

    note: Said


class Reclassify(In):
    """Another type or risk class."""

    type: Key
    risk_class: Key | None = None
    reason: Words = ""


class Measure(In):
    """One disposal action of the policy: what, to what, and how."""

    action: Key
    target: Annotated[str, Meta(max_length=500)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""


Orders = Annotated[list[Measure], Meta(max_length=12)]


class Measures(In):
    """Measures taken outside a decision."""

    actions: Annotated[list[Measure], Meta(min_length=1, max_length=12)]


class Merge(In):
    """The number of the leading complaint."""

    lead: Number
    reason: Said


class Reason(In):
    """One reason, kept as a note."""

    reason: Said


class Decide(In):
    """The answer: `text` goes to the complainant after the undo time, `note` never does."""

    outcome: Key
    reason: Key
    text: Said
    note: Words = ""
    actions: Orders = []


class Decline(In):
    """Not taking a complaint on."""

    reason: Key
    text: Said
    note: Words = ""


class Review(In):
    """The end of a review, by a key that did not decide; `note` goes with send_back, `text` with the others."""

    verdict: Literal["confirm", "change", "overturn", "send_back"]
    outcome: Key = ""
    reason: Key = ""
    text: Words = ""
    note: Words = ""
    actions: Orders = []


class Export(In):
    """A file to be made, personal data masked; `from` and `to` are days in Beijing, both included."""

    kind: Literal["register", "log", "period", "case"]
    form: Literal["jsonl", "csv", "xlsx", "pdf", "docx"]
    lang: Literal["zh", "en"] | None = None
    from_: date | None = msgspec.field(default=None, name="from")
    to: date | None = None
    type: Key = ""
    state: State | None = None
    product: Short = ""
    tests: Literal["", "yes", "no"] = ""
    number: Number = ""


class ListQuery(msgspec.Struct, kw_only=True):
    """Which cases: newest first; `cursor` comes from `next` of the page before, and keeps the filters."""

    # A parameter is left out and never null: "null" would be read as one.
    state: State | UnsetType = UNSET
    type: Key | UnsetType = UNSET
    assignee: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    team: Key | UnsetType = UNSET
    test: Literal["yes", "no"] | UnsetType = UNSET
    late: Literal["yes", "no"] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=400)] | UnsetType = UNSET
