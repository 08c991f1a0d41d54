"""An answer as its complainant reads it: the tracking page and the preview beforehand say it by this."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from complaints.base.translations import gettext as t
from complaints.policy.profile import Policy


def result(
    policy: Policy,
    lang: str,
    *,
    outcome: str,
    reason: str,
    text: str,
    actions: Sequence[str],
    underway: Collection[int],
    review: str = "",
    by: str = "",
    when: str = "",
) -> dict[str, Any]:
    """What `_result.html` prints.

    Outcome, reason and actions are keys, `underway` the places of actions not done yet, `by` a pseudonym.
    """
    declined = outcome == "declined"
    reasons = policy.decline_reasons if declined else policy.decision_reasons
    why, ends = reasons.get(reason), policy.outcomes.get(outcome)
    return {
        "outcome": t("Not taken on") if declined else ends.label(lang) if ends else "",
        "review": review,
        "measures": [
            {
                "label": policy.actions[key].label(lang),
                "state": t("under way") if place in underway else t("done"),
                "icon": "clock" if place in underway else "tick",
            }
            for place, key in enumerate(actions)
            if key in policy.actions
        ],
        "reason": (why.text or why.label)(lang) if why else "",
        "text": text,
        "by": t("Handled by {name}", name=by or t("Handling staff")),
        "when": when,
    }
