"""Who handles the samples: the accounts that are there, else made-up references."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.administration import roster
from complaints.ledger.work import Actor, Work
from complaints.policy.roles import HANDLERS, LEADERS

# "desk" answers most, "lead" sees restricted types and may reopen, "second" reviews and sees them too.
Staff = Mapping[str, Actor]


def staff(work: Work) -> Staff:
    """Three different people who may do what the samples ask of them."""
    free = [each for each in roster.read(work).staff if each.may(*HANDLERS)]
    found: dict[str, Actor] = {}
    for name, leading, restricted in (
        ("lead", True, True),
        ("second", False, True),
        ("desk", False, False),
    ):
        fitting = [
            each
            for each in free
            if (each.restricted or not restricted) and (each.may(*LEADERS) or not leading)
        ]
        # The desk is the one with the least rights, so that somebody with more is left for the rest.
        chosen = min(fitting, key=lambda each: (each.restricted, each.name)) if fitting else None
        if chosen is not None:
            free.remove(chosen)
        found[name] = (
            chosen.actor if chosen else Actor("supervisor" if leading else "handler", f"op_sample_{name}")
        )
    return found
