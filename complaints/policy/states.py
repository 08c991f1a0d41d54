"""The life of a complaint, for views, API, bulk actions, scheduler, diagram and tests: ask here what is possible."""

from __future__ import annotations

from typing import Literal

from complaints.base.errors import TransitionError
from complaints.policy.moves import RESUME, Release, Transition
from complaints.policy.state_words import STATES, State, StateInfo
from complaints.policy.transitions import FINAL, OPEN, RELEASES, TRANSITIONS

__all__ = [
    "FINAL",
    "OPEN",
    "RELEASES",
    "RESUME",
    "STATES",
    "TRANSITIONS",
    "Release",
    "State",
    "StateInfo",
    "Transition",
    "allowed",
    "pause_effect",
    "public_state",
    "require",
    "resume_targets",
]

_S = State


def resume_targets(state: State) -> frozenset[State]:
    """The states a complaint in `state` may return to by a `"resume"` transition."""
    return frozenset(
        source
        for row in TRANSITIONS.values()
        if row.target is state
        for source in row.sources
        if source is not None and source is not state
    )


def pause_effect(before: State | None, after: State) -> Literal["pause", "resume", ""]:
    """What a move does to the clocks' pause; a decision taken back may lead into a pause again."""
    waits, waited = after is _S.AWAITING_COMPLAINANT, before is _S.AWAITING_COMPLAINANT
    if waits == waited:
        return ""
    return "pause" if waits else "resume"


def allowed(state: State | None, role: str, *, released: bool | None = None) -> tuple[Transition, ...]:
    """What `role` may do in `state`, in table order; with `released` given, minus what that rules out."""
    return tuple(
        row
        for row in TRANSITIONS.values()
        if state in row.sources and role in row.roles and not _ruled_out(row, state, released)
    )


def require(action: str, state: State | None, role: str, *, released: bool | None = None) -> Transition:
    """The transition `action`; raises TransitionError that says what `role` can do in `state` instead.

    The text never tells a complainant of a decision that is not released.
    """
    row = TRANSITIONS.get(action)
    possible = allowed(state, role, released=released)
    if row is not None and row in possible:
        return row
    shown = state
    if role == "complainant" and state is not None:
        shown = public_state(state, released is not False)
        possible = possible if shown is state else tuple(each for each in possible if not each.moves)
    where = f"a complaint that is {shown.value!r}" if shown is not None else "a complaint not yet filed"
    instead = ", ".join(each.action for each in possible) or "nothing"
    if row is None:
        raise TransitionError(f"there is no action {action!r}; possible here for {role}: {instead}")
    raise TransitionError(f"{role} cannot {action!r} {where}; possible: {instead}")


def public_state(state: State, released: bool, before: State | None = None) -> State:
    """The state a complainant sees: a decision not yet released does not exist for them.

    `before` is the state the decision was made in, where the caller knows it.
    """
    if released or state not in RELEASES:
        return state
    if before is not None:
        return before
    return _S.SUBMITTED if state is _S.DECLINED else _S.PROCESSING


def _ruled_out(row: Transition, state: State | None, released: bool | None) -> bool:
    if released is None or state not in RELEASES:
        return False
    return ("unreleased" if released else "released") in row.conditions
