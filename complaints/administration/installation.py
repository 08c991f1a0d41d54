"""One mounted installation: settings, keys, database, files and the policy in force, frozen at start."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from complaints.administration.directory import Directory
from complaints.base import keys as key_files
from complaints.base.clock import SystemClock, utcnow
from complaints.base.errors import ConfigError
from complaints.base.gathering import Gathering
from complaints.base.keys import Keys
from complaints.base.settings import Settings
from complaints.cases.people import Operator
from complaints.delivery.calling import Reach
from complaints.delivery.push import Rooms
from complaints.delivery.vendor_keys import vendor_keys
from complaints.ledger.work import Files, Work
from complaints.policy.profile import Policy, load
from complaints.policy.workdays import Calendar
from complaints.policy.years import read_year
from complaints.store.tables import CalendarYear, PolicyVersion, Webhook
from complaints.store.transactions import Database

T = TypeVar("T")

# One statement tells whether what this process remembers still rules, and whether anybody is told of events: without
# a webhook a filing asks no table for them. Every page asks it, so it goes by tables and straight to the connection:
# half the time of asking by classes through the session.
_VERSIONS, _YEARS, _WEBHOOKS = PolicyVersion.__table__, CalendarYear.__table__, Webhook.__table__
_HEADS = select(
    select(func.max(_VERSIONS.c.version)).scalar_subquery(),
    select(func.count()).select_from(_YEARS).scalar_subquery(),
    exists().where(_WEBHOOKS.c.active.is_(True)),
)


@dataclass(frozen=True)
class Hooks:
    """What the host hands over: loaders, and callbacks by the name they answer to."""

    operator: Callable[[], Operator | None] | None = None
    operators: Callable[[], Iterable[Operator] | None] | None = None
    complainant: Callable[[], str | None] | None = None
    answer: Callable[[str], Mapping[str, Any] | None] | None = None
    disposals: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    notifiers: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def phone(self) -> bool:
        """Whether the host sends text messages: then people may leave a number of any type of complaint."""
        return "phone" in self.notifiers


@dataclass(frozen=True)
class InForce:
    """The policy that rules now: version 0 is the file itself, before anything was published."""

    version: int
    policy: Policy
    trial: bool
    published_at: datetime | None
    published_by: str


class Installation:
    """Opens units of work for views, jobs and commands; those commit, services never do."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        files: Files,
        hooks: Hooks,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self.settings = settings
        self.database = database
        self.files = files
        self.hooks = hooks
        self.now = clock
        self._key_files: object = None
        self._policies: dict[int, InForce] = {}
        self._calendars: dict[int, tuple[Calendar, ...]] = {}

    @property
    def real_time(self) -> bool:
        """Whether `now` is a machine's clock, to be held against the database's; tests turn theirs by hand."""
        return isinstance(self.now, SystemClock)

    @cached_property
    def keys(self) -> Keys:
        """The installation's keys; with debug or TESTING missing ones are made, otherwise ConfigError."""
        folder, environment = self.settings.keys_folder, self._environment
        if not key_files.in_environment("log", environment):
            # Before they are read: what changes meanwhile is noticed.
            self._key_files = key_files.mark(folder)
        try:
            return key_files.load(folder, environment)
        except ConfigError:
            if not self.settings.relaxed:
                raise
            made = key_files.create_missing(folder, environment)
            if made:
                warnings.warn(
                    f"made new keys in {folder} because debug or TESTING is on; run `flask complaints init` for a real one",
                    RuntimeWarning,
                    stacklevel=2,
                )
            return key_files.load(folder, environment)

    @cached_property
    def gathering(self) -> Gathering:
        """How operators' notices are gathered, and when they are quiet; raises ConfigError."""
        return Gathering.of(self.settings.DIGEST_MINUTES, self.settings.QUIET_HOURS)

    @cached_property
    def rooms(self) -> Rooms:
        """The chat rooms that are told; raises ConfigError."""
        return Rooms.of(self.settings.PUSH)

    @cached_property
    def reach(self) -> Reach:
        """Where webhooks may lead; raises ConfigError."""
        return Reach.of(self.settings.WEBHOOK_NETWORKS, plain=self.settings.relaxed)

    @cached_property
    def vendor_keys(self) -> Mapping[str, tuple[bytes, ...]]:
        """What signs messages to vendors, by their name in the policy; raises ConfigError."""
        return vendor_keys(self.settings.VENDOR_KEYS)

    @cached_property
    def directory(self) -> Directory:
        """The host's operators, where it lists them."""
        return Directory(self.hooks.operators)

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings.key_settings}

    def read_keys_again(self) -> None:
        """Forget the keys in memory, since their files have changed."""
        self.__dict__.pop("keys", None)

    def notice_new_key(self) -> None:
        """Take up the log key that another process has put in the place of ours; two looks at files.

        Keys from the environment change with a restart only, and a folder that is away takes no key away.
        """
        folder = self.settings.keys_folder
        if self._key_files is None or self._key_files == (seen := key_files.mark(folder)):
            return
        try:
            fresh = key_files.load(folder, self._environment)
        except ConfigError:
            return
        self._key_files = seen
        self.__dict__["keys"] = replace(self.keys, log=fresh.log, log_previous=fresh.log_previous)

    @contextmanager
    def reading(self, now: datetime | None = None) -> Iterator[Work]:
        """A unit of work for reading, at `now` where the caller has reason to trust another clock."""
        with self.database.reading() as session:
            yield self.work(session, now)

    def write(self, act: Callable[[Work], T]) -> T:
        """Run `act(work)` in one transaction and commit it; repeated on a lock conflict."""
        return self.database.write(lambda session: act(self.work(session)))

    def write_under(self, rules: Work, act: Callable[[Work], T]) -> T:
        """As `write`, under a policy read beforehand, so that the transaction holds no reads of ours."""
        return self.database.write(lambda session: act(rules.on(session)))

    def work(self, session: Session, now: datetime | None = None) -> Work:
        """A unit of work on an open session, under the policy and the calendar in force."""
        self.notice_new_key()
        version, years, listened = _heads(session)
        ruling = self.published(session, version)
        return Work(
            session=session,
            policy=ruling.policy,
            policy_version=ruling.version,
            calendar=self._known(session, years)[-1],
            keys=self.keys,
            files=self.files,
            now=now or self.now(),
            origin=self.settings.origin,
            policies=lambda session, version: self.published(session, version).policy,
            gathering=self.gathering,
            callbacks=frozenset(self.hooks.disposals),
            listened=listened,
            signed=self.vendor_keys.keys(),
            hosts=self.directory.listed if self.hooks.operator is not None else None,
            real_time=self.real_time,
        )

    def in_force(self, session: Session) -> InForce:
        """The newest published policy; the file's own while none is published."""
        return self.published(session, _heads(session)[0])

    def published(self, session: Session, version: int) -> InForce:
        """A published version, kept in memory: a published policy never changes."""
        if version not in self._policies:
            row = session.get(PolicyVersion, version) if version else None
            if row is None:
                return InForce(0, self.file_policy, trial=True, published_at=None, published_by="")
            self._policies[version] = InForce(
                version,
                Policy.from_resolved(json.loads(row.resolved)),
                row.trial,
                row.published_at,
                row.published_by,
            )
        return self._policies[version]

    @cached_property
    def file_policy(self) -> Policy:
        """The policy file as it was when the process started; raises PolicyError."""
        return load(self.settings.policy_path)

    def former(self, session: Session) -> tuple[Calendar, ...]:
        """The calendars that ruled before the present one, oldest first; the shipped one began."""
        return self._known(session, _heads(session)[1])[:-1]

    def _known(self, session: Session, imported: int) -> tuple[Calendar, ...]:
        """The shipped calendar and the one after each import; each import is a row, so their number tells."""
        if imported not in self._calendars:
            rows = session.scalars(select(CalendarYear).order_by(CalendarYear.imported_at)).all()
            known = [Calendar.shipped()]
            for row in rows:
                known.append(known[-1].with_year(read_year(json.dumps(row.payload))))
            # A clock that was set back may have turned two imports round: of a year the newest revision rules.
            for row in sorted(rows, key=lambda each: each.revision):
                known[-1] = known[-1].with_year(read_year(json.dumps(row.payload)))
            self._calendars[imported] = tuple(known)
        return self._calendars[imported]


def _heads(session: Session) -> tuple[int, int, bool]:
    version, years, listened = session.connection(bind_arguments={"clause": _VERSIONS}).execute(_HEADS).one()
    return version or 0, years, bool(listened)
