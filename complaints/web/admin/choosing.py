"""What the page of a decision offers to choose from, and what it says of the time to take it back."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.base.translations import gettext as t
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint


def reasons(policy: Policy, case: Complaint, mode: str, lang: str) -> Mapping[str, list[tuple[str, str]]]:
    """The reasons to choose from, by the outcome each fits."""
    first = {"": [("", t("Choose"))]}
    if mode == "decline":
        return {
            "": [("", t("Choose")), *((key, row.label(lang)) for key, row in policy.decline_reasons.items())]
        }
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, row in policy.decision_reasons.items():
        if row.fits(case.type):
            ends = t(" / ").join(policy.outcomes[each].label(lang) for each in row.outcomes) or t(
                "Any outcome"
            )
            groups.setdefault(ends, []).append((key, row.label(lang)))
    return {**first, **groups}


def verdicts(case: Complaint) -> list[tuple[str, str, str]]:
    """What a review can end in: key, words, hint."""
    found = [
        ("confirm", t("The answer stands"), t("Outcome and reason stay; write why, in your own words")),
        ("change", t("The answer is changed"), t("Choose outcome and reason anew")),
        ("send_back", t("Send it back to be done again"), t("The clock of the review runs on")),
    ]
    if case.outcome == "declined":
        found[1] = ("overturn", t("Take it on after all"), t("A new date for the result runs from now"))
    return found


def undo(seconds: int) -> str:
    """When the answer goes out, once it is sent."""
    if seconds == 0:
        return t("It goes out at once")
    minutes, rest = divmod(seconds, 60)
    return (
        t("It goes out after {n} minutes; until then you can take it back", n=minutes)
        if not rest and minutes > 1
        else t("It goes out after {n} seconds; until then you can take it back", n=seconds)
    )
