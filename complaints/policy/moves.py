"""What a row of the table of transitions says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from complaints.policy.labels import Label
from complaints.policy.state_words import State

RESUME: Final = "resume"


@dataclass(frozen=True)
class Transition:
    """One thing that can be done to a complaint.

    `target` None leaves the state; `"resume"` returns to the state before the pause, merge or decision.
    `needs` names what it must carry. `conditions` are facts beyond the state that the service checks:
    released, unreleased, appeal_window, appeal_left, window_over (for `system` only), not_decider,
    was_declined (what is under review is a decline).
    `starts`, `meets` name milestone kinds; a kind that is not running is passed over. `voids` ends every
    milestone that still runs. A pause exists exactly while the state is awaiting_complainant, so
    `pauses` and `resumes` follow from entering and leaving it (see `pause_effect`).
    `tells` is the kind of message to the complainant, empty when nothing is sent.
    """

    action: str
    label: Label
    sources: frozenset[State | None]
    target: State | Literal["resume"] | None
    roles: frozenset[str]
    needs: tuple[str, ...] = ()
    conditions: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    meets: tuple[str, ...] = ()
    voids: bool = False
    pauses: bool = False
    resumes: bool = False
    tells: str = ""

    @property
    def moves(self) -> bool:
        """Whether the state changes."""
        return self.target is not None


@dataclass(frozen=True)
class Release:
    """What the release of a waiting decision does to the clocks and what it tells the complainant."""

    meets: tuple[str, ...]
    voids: bool
    tells: str
