"""What an export holds: the kind and form, the filters, and whether personal data is shown, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, select

from complaints.base.clock import beijing, from_stamp, stamp
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases.measuring import Span
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.tables import Complaint, Event, PolicyVersion

TABLES, PAPERS = ("jsonl", "csv", "xlsx"), ("pdf", "docx")
# Made of many complaints, in which those of restricted types are left out for whoever is not cleared.
KINDS: dict[str, tuple[str, ...]] = {"register": TABLES, "log": TABLES, "period": PAPERS, "case": PAPERS}
# What can be made of the cases of a list.
LISTS = {"register": TABLES, "log": TABLES}
# Ordered by forms of their own: evidence that verifies without us, the audit's report, the report of a month.
BUNDLE, AUDIT, MONTHLY = "bundle", "audit", "monthly"
_MANY = ("register", "log", "period", MONTHLY)
MONTHLY_FORMS = (*PAPERS, "xlsx")
_OTHERS: dict[str, tuple[str, ...]] = {BUNDLE: ("zip",), AUDIT: ("json",), MONTHLY: MONTHLY_FORMS}
MEDIA = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "zip": "application/zip",
    "json": "application/json",
}
# Why personal data may leave unmasked; a free text could itself hold personal data, and the log keeps it for ever.
REASONS = ("authority", "court", "review", "person")
CASES, EVENTS = cast("Table", Complaint.__table__), cast("Table", Event.__table__)
_MOMENTS = frozenset({"since", "until", "at"})
# Of a list's cases so many are named to the database at once; no more than _FEW narrow the log itself.
_SOME, _FEW = 5000, 500
# Acts on many complaints at once say of how many, and nobody can tell any more which those were.
_COUNTING = ("bulk_ordered", "bulk_cancelled")


@dataclass(frozen=True)
class Chosen:
    """One order, as it stands in a job and in the event `exported`; holds nothing personal.

    `since` is the first moment, `until` the first one after; `tests` is empty (both), "no" or "yes"; `number`
    names the one complaint of a case or a bundle, `cases` those that are in a period's bundle as a whole, each with
    a document in the form `paper`. `restricted` says that the reader may see restricted types, `office` that the
    installation itself orders what is whole, such complaints in it but not their contacts; `unmasked`
    with its `reason` that personal data is shown. `at` is when it was ordered, `size` how many events the log's
    tree had then: the log ends there. `by` is who has an audit recorded under their name. `brief` leaves every list of
    complaints out of a month's report, so that nothing but figures is in it. `listing` is the view and the filters of a
    list, in so far as the log may hold them, and `listed` how many cases it had; their rows are `ids` in ascending
    order, which lie beside the job.
    """

    kind: str
    form: str
    lang: str = "zh"
    since: datetime | None = None
    until: datetime | None = None
    type: str = ""
    state: str = ""
    product: str = ""
    tests: str = ""
    number: str = ""
    unmasked: bool = False
    reason: str = ""
    restricted: bool = False
    office: bool = False
    at: datetime | None = None
    size: int = 0
    cases: tuple[str, ...] = ()
    paper: str = ""
    by: str = ""
    brief: bool = False
    listing: Mapping[str, str] | None = None
    listed: int = 0
    ids: Sequence[int] | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON; what was not asked for is left out."""
        held = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "ids"}
        return {
            name: stamp(value)
            if isinstance(value, datetime)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in held.items()
            if value not in (None, "", False, 0, ())
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Chosen:
        """What `plain` wrote."""
        held: dict[str, Any] = {
            name: from_stamp(value) if name in _MOMENTS else value for name, value in plain.items()
        }
        return cls(**{**held, "cases": tuple(held.get("cases", ()))})

    @property
    def covered(self) -> bool:
        """Whether complaints of restricted types may be in it, so that only the cleared may take it away."""
        return self.restricted or self.office or (self.kind == BUNDLE and not self.number)

    @property
    def lacking(self) -> bool:
        """Whether complaints of restricted types are left out of it, and of its counts."""
        return self.kind in _MANY and not self.covered

    @property
    def made(self) -> datetime:
        """The time the file gives as its own: of its data where the period is over, so that two are alike."""
        assert self.at is not None
        return min(self.until, self.at) if self.until else self.at

    @property
    def name(self) -> str:
        """The file's name; nothing a person typed is in it."""
        assert self.at is not None
        about = self.number or f"{self.at:%Y%m%d-%H%M%S}"
        if self.kind == MONTHLY and self.since:
            about = f"{beijing(self.since):%Y-%m}"
        return f"complaints-{self.kind}-{about}.{self.form}"


def check(work: Work, chosen: Chosen) -> None:
    """Raise InputError for an order that cannot be carried out, with a sentence per field."""
    faults: dict[str, list[str]] = {}
    kinds = LISTS if chosen.listing is not None else KINDS | _OTHERS
    if chosen.form not in kinds.get(chosen.kind, ()):
        faults["form"] = [t("Choose one of the formats of this document")]
    faults |= _period(chosen, work.now)
    if chosen.kind == BUNDLE and not (chosen.number or chosen.restricted or chosen.office):
        faults["to"] = [period_closed()]
    if chosen.kind == "case" or (chosen.kind == BUNDLE and chosen.number):
        said = refusals(work, [chosen.number], restricted=chosen.restricted)
        if said:
            faults["number"] = list(said.values())
    if chosen.cases:
        wrong = refusals(work, chosen.cases, restricted=False)
        if wrong:
            faults["cases"] = [t(": ").join(each) for each in wrong.items()]
    if chosen.unmasked and chosen.reason not in REASONS:
        faults["reason"] = [t("Say why personal data must be shown")]
    if faults:
        raise InputError(faults)


def _period(chosen: Chosen, now: datetime) -> dict[str, list[str]]:
    if chosen.since and chosen.until and chosen.since >= chosen.until:
        return {"to": [t("The last day lies before the first one")]}
    if chosen.kind == BUNDLE and not chosen.number and not (chosen.since and chosen.until):
        return {"to": [t("Say both days of the period, or one complaint")]}
    if chosen.kind == MONTHLY and not _is_month(chosen, now):
        return {"month": [t("Choose a month that has begun, such as 2026-10")]}
    return {}


def _is_month(chosen: Chosen, now: datetime) -> bool:
    """Whether the period is one calendar month in Beijing, and has begun."""
    if chosen.since is None or chosen.until is None or chosen.since > now:
        return False
    span = Span.month(beijing(chosen.since).date())
    return (chosen.since, chosen.until) == (span.since, span.until)


def period_closed() -> str:
    """Why a period's bundle is not for whoever is not cleared, and whom to ask."""
    return t(
        "A bundle of a period holds the whole log, with the complaints of restricted types. Ask somebody who may see "
        "those to order it; an administrator can tell who that is. You can order the bundle of one complaint."
    )


def stored_only() -> str:
    """Why a complaint is not exported whose person asked to have it erased."""
    return t("This complaint is kept in storage only, at the person's request; it is not exported")


def refusals(work: Work, numbers: Sequence[str], *, restricted: bool) -> dict[str, str]:
    """Which of these complaints may not leave, and why; of a restricted type only where `restricted` says so.

    A number of a restricted complaint and an unknown one read alike.
    """
    query = select(CASES.c.number, CASES.c.stored_only_at).where(CASES.c.number.in_(numbers))
    if not restricted:
        query = query.where(CASES.c.restricted.is_(False))
    found = {row.number: row.stored_only_at for row in work.session.execute(query)}
    said: dict[str, str] = {}
    for number in numbers:
        if number not in found:
            said[number] = t("There is no complaint with this number; copy it from the queue")
        elif found[number] is not None:
            said[number] = stored_only()
    return said


def narrowed(work: Work, chosen: Chosen) -> list[ColumnElement[bool]]:
    """What a complaint's row must meet besides its time."""
    wanted = lasting(work, chosen)
    if chosen.type:
        wanted.append(CASES.c.type == chosen.type)
    if chosen.state:
        wanted.append(CASES.c.state == chosen.state)
    return wanted


def lasting(work: Work, chosen: Chosen) -> list[ColumnElement[bool]]:
    """The part of it that never changes, so that it holds of the log's end as of today."""
    wanted: list[ColumnElement[bool]] = []
    if chosen.tests:
        wanted.append(CASES.c.is_test.is_(chosen.tests == "yes"))
    if chosen.number:
        wanted.append(CASES.c.number == chosen.number)
    if chosen.product:
        versions = [key for key, name in products(work).items() if name == chosen.product]
        wanted.append(CASES.c.policy_version.in_(versions))
    if chosen.lacking:
        # As of today: one may have become restricted since the order, and none ever ceases to be.
        wanted.append(CASES.c.restricted.is_(False))
    return wanted


def some(chosen: Chosen) -> Iterator[Sequence[int]]:
    """The cases of a list, as many at a time as a statement may name."""
    ids = chosen.ids or ()
    for begin in range(0, len(ids), _SOME):
        yield list(ids[begin : begin + _SOME])


def filed(work: Work, chosen: Chosen, *, whole: bool = False) -> list[ColumnElement[bool]]:
    """What a complaint's row must meet: filed in the period, and as narrowed; with `whole` also by what may change."""
    wanted = narrowed(work, chosen) if whole else lasting(work, chosen)
    if chosen.since:
        wanted.append(CASES.c.filed_at >= chosen.since)
    if chosen.until:
        wanted.append(CASES.c.filed_at < chosen.until)
    return wanted


def logged(
    work: Work, chosen: Chosen, *, whole: bool = False, today: bool = False
) -> list[ColumnElement[bool]]:
    """What an event must meet; with a complaint's filter only events of such complaints, else all streams.

    The log ends where the order says, or with `whole` nowhere. What may change meanwhile, type and state, is held
    against the complaint of today with `today`, else left to whoever replays it.
    """
    wanted: list[ColumnElement[bool]] = [] if whole else [EVENTS.c.leaf_index < chosen.size]
    if chosen.since:
        wanted.append(EVENTS.c.at >= chosen.since)
    if chosen.until:
        wanted.append(EVENTS.c.at < chosen.until)
    about = narrowed(work, chosen) if today else lasting(work, chosen)
    few = chosen.ids is not None and len(chosen.ids) <= _FEW
    if few:
        about.append(CASES.c.id.in_(list(chosen.ids or ())))
    if few or any((chosen.type, chosen.state, chosen.product, chosen.tests, chosen.number)):
        wanted.append(EVENTS.c.stream.in_(select(CASES.c.uid).where(*about)))
    elif chosen.lacking:
        # The installation's own events belong to no complaint, and stay, but for those that count complaints of any type.
        wanted.append(EVENTS.c.stream.not_in(select(CASES.c.uid).where(CASES.c.restricted)))
        wanted.append(EVENTS.c.type.not_in(_COUNTING))
    return wanted


def products(work: Work) -> dict[int, str]:
    """The product's name by version of the policy; a complaint belongs to the product it was filed under."""
    versions = work.session.scalars(select(PolicyVersion.version).order_by(PolicyVersion.version))
    return {version: work.policy_of(version).provider.product for version in versions}


def known(work: Work, key: str, value: str) -> str:
    """A filter's value if it exists, else empty."""
    table = {
        "type": work.policy.types,
        "state": [state.value for state in State],
        "product": set(products(work).values()),
        "tests": ("no", "yes"),
    }[key]
    return value if value in table else ""
