"""One act on many complaints: what is wished, for which of them it is not possible and why, and the act on one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import deciding, handling, people, teams, transfer
from complaints.cases.people import Operator
from complaints.cases.step import EVENTS, USES
from complaints.ledger.journal import Written
from complaints.ledger.work import Work
from complaints.policy.states import RELEASES, State, allowed
from complaints.store.tables import Complaint

# Nothing that speaks to a complainant in words of our own: each answer is read by somebody before it goes.
ACTS = ("accept", "assign", "transfer", "note", "reclassify", "take_back", "close")
assert set(ACTS) <= EVENTS.keys()
MOST = 1000
_LONGEST = 5000
# What needs nothing but the case and whoever does it.
_PLAIN = {"accept": handling.accept, "take_back": deciding.take_back, "close": deciding.close}


@dataclass(frozen=True)
class Wish:
    """What is to be done with each: `to` is who takes charge or which team it goes to (empty: nobody, none).

    `text` is a note or a reason.
    """

    act: str
    to: str = ""
    type: str = ""
    text: str = ""


def check(work: Work, wish: Wish, colleague: Operator | None) -> None:
    """Raise InputError for a wish that is not whole; `colleague` is whom `to` names, None for an unknown one."""
    faults: dict[str, list[str]] = {}
    if wish.act not in ACTS:
        faults["act"] = [t("Choose what to do")]
    elif wish.act == "assign" and wish.to and colleague is None:
        faults["to"] = [t("Choose somebody of the list")]
    elif wish.act == "transfer" and wish.to and wish.to not in teams.standing(work):
        faults["team"] = [t("Choose a team of the list")]
    elif wish.act == "note" and not wish.text.strip():
        faults["text"] = [t("Write a few words")]
    elif wish.act == "reclassify" and wish.type not in work.policy.types:
        faults["type"] = [t("Choose a type of the list")]
    if len(wish.text) > _LONGEST:
        over = len(wish.text) - _LONGEST
        faults["text"] = [t("{n} characters too long; keep it under {max}", n=over, max=_LONGEST)]
    if faults:
        raise InputError(faults)


def refusal(
    work: Work,
    case: Complaint | None,
    who: Operator,
    wish: Wish,
    colleague: Operator | None,
    at_it: Mapping[int, str] | None = None,
) -> str:
    """Why this case is left out, as a key of `words`; empty where the act is possible as far as can be seen.

    `at_it` says who is at which case now, by its id.
    """
    if case is None or not people.may_see(who, case):
        # A restricted case and one that does not exist read alike.
        return "unknown"
    if case.erased_at is not None:
        return "erased"
    if case.stored_only_at is not None and wish.act in USES:
        return "stored"
    if (at_it or {}).get(case.id, who.ref) != who.ref:
        return "claimed"
    state = State(case.state)
    released = case.released_at is not None if state in RELEASES else None
    if wish.act not in {row.action for row in allowed(state, who.actor.role, released=released)}:
        return "state"
    look = {
        "assign": _not_assigned,
        "transfer": _not_transferred,
        "reclassify": _not_reclassified,
        "take_back": _not_taken_back,
    }.get(wish.act)
    return look(work, case, wish, colleague) if look else ""


def act(work: Work, case: Complaint, who: Operator, wish: Wish) -> Written:
    """Do it to one locked case, as its own event. Flushes; raises what the act itself raises."""
    match wish.act:
        case "accept" | "take_back" | "close":
            return _PLAIN[wish.act](work, case, who.actor)
        case "assign":
            return handling.assign(work, case, who.actor, wish.to or None)
        case "transfer":
            return transfer.transfer(work, case, who.actor, wish.to or None, wish.text)
        case "note":
            return handling.note(work, case, who.actor, wish.text)
        case _:
            kept: Any = {"complaint_type": wish.type, "reason": wish.text.strip()}
            # Its risk class was somebody's judgement of the content, and stays one's own to change.
            return handling.reclassify(work, case, who.actor, risk_class=case.risk_class, **kept)


def words() -> dict[str, str]:
    """Why a case was left out, by key."""
    return {
        "unknown": t("There is no such complaint, or you may not see it"),
        "moved": t("Somebody changed it after the preview"),
        "claimed": t("A colleague is at it; ask them, or open it and take it over"),
        "erased": t("Its personal data has been deleted; nothing more can be done"),
        "stored": t("It is kept in storage only"),
        "state": t("Its state does not allow this"),
        "same": t("It is so already"),
        "decider": t("This colleague made the decision under review"),
        "person": t("This colleague may not see restricted cases"),
        "type": t("The policy it was filed under does not know this type"),
        "out": t("It goes out this moment"),
        "rights": t("Whoever ordered this may no longer do so"),
        "refused": t("It was refused"),
        "failed": t("It failed; nothing of it was changed. Try this one by hand"),
    }


def _not_assigned(work: Work, case: Complaint, wish: Wish, colleague: Operator | None) -> str:
    if (case.assignee or "") == wish.to:
        return "same"
    if not wish.to:
        return ""
    if colleague is None:
        return "refused"
    if not handling.may_lie_with(work, case, wish.to):
        return "decider"
    return "" if people.may_see(colleague, case) else "person"


def _not_transferred(work: Work, case: Complaint, wish: Wish, colleague: Operator | None) -> str:
    del work, colleague
    return "same" if (case.team or "") == wish.to else ""


def _not_reclassified(work: Work, case: Complaint, wish: Wish, colleague: Operator | None) -> str:
    del colleague
    if case.type == wish.type:
        return "same"
    return "" if wish.type in work.policy_of(case.policy_version).types else "type"


def _not_taken_back(work: Work, case: Complaint, wish: Wish, colleague: Operator | None) -> str:
    del wish, colleague
    return "out" if deciding.on_its_way(work, case) else ""
