"""What a service needs besides its session: one immutable bundle per unit of work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from complaints.base.gathering import Gathering
from complaints.base.ids import keyed_hash
from complaints.base.keys import Keys
from complaints.base.signals import Happened
from complaints.policy.profile import Policy
from complaints.policy.workdays import Calendar
from complaints.store.tables import Milestone
from complaints.store.transactions import note

# How the reference of a key of the JSON interface begins.
MACHINE = "key_"


@dataclass(frozen=True)
class Actor:
    """Who acts: a role of policy/states.py and a pseudonym that may stand in the log for ever."""

    role: str
    ref: str

    def __str__(self) -> str:
        """As it stands in a leaf."""
        return self.role if self.role == self.ref else f"{self.role}:{self.ref}"

    @property
    def in_charge(self) -> bool:
        """Whether a case they take up becomes theirs: a program cannot be reminded, nor can the clock."""
        return self.role != "system" and not self.ref.startswith(MACHINE)


COMPLAINANT = Actor("complainant", "complainant")
SYSTEM = Actor("system", "system")


class Files(Protocol):
    """Where the encrypted bytes of attachments lie, outside any web root."""

    def put(self, uid: str, data: bytes) -> None:
        """Store under a name that does not exist yet."""

    def get(self, uid: str) -> bytes:
        """The stored bytes; raises FileNotFoundError."""

    def delete(self, uid: str) -> None:
        """Remove; a missing file is no error."""

    def delete_parts(self, uid: str) -> None:
        """Remove every part of a job's file, also those that no row names."""


@dataclass
class Chunk:
    """What one transaction over several locked complaints has read for all of them, and writes at its end.

    `running` are their pending and paused milestones by complaint; `events` and `messages` are rows of the log
    and the outbox that are not yet written; `webhooks` are the addresses that are told, each with the events it
    wants, None until somebody asks.
    """

    running: dict[int, list[Milestone]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    webhooks: list[tuple[str, list[Any]]] | None = None


@dataclass(frozen=True)
class Work:
    """One unit of work: services read it, flush into `session`, and never commit.

    `callbacks` are the disposal actions that the host carries out itself; `listened` says whether there was a
    webhook when the policy was read, `signed` names the vendors whose messages can be signed. `hosts` lists the
    host's own operators where its users are the operators, None where the accounts are ours. `real_time` says that `now`
    is a machine's clock, which may differ from the database's.
    """

    session: Session
    policy: Policy
    policy_version: int
    calendar: Calendar
    keys: Keys
    files: Files
    now: datetime
    origin: str
    policies: Callable[[Session, int], Policy] = field(repr=False)
    gathering: Gathering = field(default_factory=Gathering)
    callbacks: Collection[str] = ()
    listened: bool = True
    signed: Collection[str] = ()
    hosts: Callable[[], Sequence[Any]] | None = field(default=None, repr=False)
    real_time: bool = False
    chunk: Chunk | None = field(default=None, repr=False)

    def policy_of(self, version: int) -> Policy:
        """The policy a complaint was filed under."""
        return self.policy if version == self.policy_version else self.policies(self.session, version)

    def on(self, session: Session) -> Work:
        """The same work on another session, for a repeated transaction."""
        return replace(self, session=session, chunk=None)

    def happened(self, number: str, event: str, seq: int, *, is_test: bool) -> None:
        """Note an event for whoever is told after the commit."""
        note(self.session, Happened(number, event, seq, is_test))

    def hash(self, purpose: str, value: str) -> str:
        """A look-up hash with the installation's key."""
        return keyed_hash(self.keys.lookup, purpose, value)
