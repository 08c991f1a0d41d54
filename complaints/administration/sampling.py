"""Sample complaints for demonstrations: written as people write, handled by the real services, at past times.

Every one is marked 测试 in its first leaf. Nothing is sent: each message of theirs is dropped in the transaction
that queues it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select, update

from complaints.administration import sample_days, sample_files, sample_steps
from complaints.administration.installation import Installation
from complaints.administration.sample_clock import Clock
from complaints.administration.sample_staff import Staff, staff
from complaints.cases import fields, intake
from complaints.delivery import outbox
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.policy.workdays import Calendar
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import take_noted

T = TypeVar("T")
Progress = Callable[[int, int], None]
_FOLDER = Path(__file__).resolve().parent / "samples"
_MODEL = "offline-demo"


@dataclass(frozen=True)
class Sample:
    """One sample as its file says it; `key` is unique, `steps` follow the filing in time."""

    key: str
    type: str
    filed: str
    fields: Mapping[str, str]
    steps: Sequence[Mapping[str, Any]]
    more: Mapping[str, Any]

    @property
    def secret(self) -> str:
        """The draft's secret: the same at each filling, so that a sample never appears twice."""
        return hashlib.sha256(f"sample/{self.key}".encode()).hexdigest()[:32]


@dataclass(frozen=True)
class _Moment:
    at: datetime
    order: tuple[int, int]
    sample: Sample
    step: Mapping[str, Any] | None


def fill(installation: Installation, progress: Progress | None = None) -> int:
    """File and handle every sample; returns how many, or 0 when there is any complaint already.

    Commits step by step, in the order of time. `progress` is called with steps done and steps in all.
    """
    with installation.reading() as rules:
        if rules.session.scalar(select(Complaint.id).limit(1)) is not None:
            return 0
        people = staff(rules)
    samples = everything()
    moments = _schedule(samples, rules.calendar, rules.now)
    filler = _Filler(installation, rules, people)
    for done, moment in enumerate(moments, start=1):
        filler.take(moment)
        if progress:
            progress(done, len(moments))
    filler.clock.run(rules.now)
    return len(samples)


def receipts(work: Work) -> list[tuple[Sample, intake.Filed]]:
    """Every sample that is there with its number and access code, which only a sample's secret can tell."""
    found = ((sample, intake.find_repeat(work, sample.secret)) for sample in everything())
    return [(sample, filed) for sample, filed in found if filed is not None]


@cache
def everything() -> tuple[Sample, ...]:
    """All samples, in the order of their files."""
    return tuple(
        _read(f"{path.stem}/{number}", row)
        for path in sorted(_FOLDER.glob("*.toml"))
        for number, row in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["sample"], start=1)
    )


class _Filler:
    """Takes each moment through the services, each in one transaction at its own time."""

    def __init__(self, installation: Installation, rules: Work, people: Staff) -> None:
        self._installation = installation
        self._rules = rules
        self._people = people
        self._uids: dict[str, str] = {}
        self.clock = Clock(installation.database, rules, _drop)

    def take(self, moment: _Moment) -> None:
        """Let the clock run up to the moment, then do what happens there."""
        self.clock.run(moment.at)
        if moment.step is None:
            self._file(moment)
        else:
            uid = self._uids[moment.sample.key]
            self._write(moment.at, lambda work: self._step(work, uid, moment.step or {}))

    def _file(self, moment: _Moment) -> None:
        sample, more = moment.sample, moment.sample.more
        work = replace(self._rules, now=moment.at)
        called = more.get("called")
        filing = intake.Filing(
            sample.type,
            fields.check(
                work.policy, sample.type, sample.fields, phone=False, recorded="recorded_by" in more
            ),
            sample.secret,
            lang=more.get("lang", "zh"),
            channel=more.get("channel", "web"),
            answer=_answer(more.get("answer"), moment.at),
            uploads=[sample_files.make(each) for each in more.get("files", ())],
            owner=more.get("owner"),
            is_test=True,
            recorded_by=self._people[more["recorded_by"]] if "recorded_by" in more else None,
            arrived_at=sample_days.moment(called, work.calendar, self._rules.now) if called else None,
        )
        prepared = intake.prepare(work, filing)
        self._uids[sample.key] = prepared.filed.uid

        def insert(work: Work) -> None:
            intake.insert_prepared(work, prepared)
            _drop(work)

        self._write(moment.at, insert)

    def _step(self, work: Work, uid: str, step: Mapping[str, Any]) -> None:
        given = dict(step)
        if "into" in given:
            given["into"] = self._uids[given["into"]]
        case = journal.lock(work, uid)
        sample_steps.take(work, case, given, self._people)
        _drop(work)

    def _write(self, at: datetime, act: Callable[[Work], T]) -> T:
        # Samples show what was done; no product is called for something that never happened.
        return self._installation.database.write(
            lambda session: act(replace(self._rules.on(session), now=at, callbacks=()))
        )


def _drop(work: Work) -> None:
    """No message of a sample ever leaves, no signal is sent; the row stays to show what would have been sent.

    Whatever is queued up to a sample's moment is a sample's: there were no complaints when the filling began.
    """
    outbox.settle(work)
    take_noted(work.session)
    work.session.execute(
        update(Outbox)
        .where(Outbox.state == "queued", Outbox.created_at <= work.now)
        .values(state="dropped")
        .execution_options(synchronize_session=False)
    )


def _schedule(samples: Sequence[Sample], calendar: Calendar, now: datetime) -> list[_Moment]:
    found = [
        _Moment(sample_days.moment(at, calendar, now, sample.key), (number, position), sample, step)
        for number, sample in enumerate(samples)
        for position, (at, step) in enumerate(_times(sample))
    ]
    return sorted(found, key=lambda each: (each.at, each.order))


def _times(sample: Sample) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    yield sample.filed, None
    for step in sample.steps:
        yield step["at"], step


def _read(key: str, row: Mapping[str, Any]) -> Sample:
    more = {
        name: value
        for name, value in row.items()
        if name not in {"type", "filed", "fields", "steps", "details"}
    }
    return Sample(
        key=more.pop("key", key),
        type=row["type"],
        filed=row["filed"],
        fields={"details": row["details"].strip(), **row.get("fields", {})},
        steps=tuple(row.get("steps", ())),
        more=more,
    )


def _answer(given: Mapping[str, str] | None, filed: datetime) -> intake.Answer | None:
    if given is None:
        return None
    asked = filed - timedelta(minutes=7)
    sealed = given.get("mark", "verified") != "unverified"
    return intake.Answer(
        output=given["output"].strip(),
        prompt=given.get("prompt", ""),
        model=_MODEL if sealed else "",
        answer_id=hashlib.sha256(given["output"].encode()).hexdigest()[:16] if sealed else "",
        filing_no="（演示）" if sealed else "",
        at=asked.strftime("%Y-%m-%dT%H:%M:%SZ") if sealed else "",
        mark=given.get("mark", "verified"),
    )
