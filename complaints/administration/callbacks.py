"""Whether the measures the host says it carries out are measures of the policy, and which nobody carries out."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from complaints.policy.profile import Policy


def strangers(registered: Collection[str], policy: Policy) -> Iterator[tuple[str, str]]:
    """Registered names the policy does not know, each with the nearest it does; empty where none is near."""
    for name in sorted(set(registered) - policy.actions.keys()):
        near = difflib.get_close_matches(name, list(policy.actions), n=1, cutoff=0.6)
        yield name, near[0] if near else ""


def by_hand(registered: Collection[str], policy: Policy) -> list[str]:
    """Actions of the policy that an operator carries out and marks."""
    return [key for key in policy.actions if key not in registered]


def warning(registered: Collection[str], policy: Policy) -> str:
    """What to say at start of names that will never be called; empty where all are known."""
    said = [
        f"{name!r} (did you mean {near!r}?)" if near else repr(name)
        for name, near in strangers(registered, policy)
    ]
    if not said:
        return ""
    return f"on_disposal: the policy has no action {', '.join(said)}; such a callback is never called"
