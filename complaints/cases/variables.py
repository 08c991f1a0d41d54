"""What a reply template may leave to be filled in from the case: {number}, {type}, {due} …; only what stands here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from complaints.base.clock import beijing
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.ledger.work import Work
from complaints.policy.deadlines import appeal_end, end_of, words
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint

# A name in braces; braces around anything else, as in program text, are the writer's own.
_NAME = r"[^\W\d]\w{0,39}"
PLACE = re.compile(rf"\{{({_NAME})\}}")
# What stands open in a text that somebody began with: a name in braces, or a note to the writer in brackets.
_GAP = re.compile(
    rf"【(?:填写|待填|补充)[^】]*】|【[\s…._]*】|\[fill in[^\]]*\]|\{{{_NAME}\}}", re.IGNORECASE
)
# What is known of every case, and what only an answer has.
ALWAYS = ("number", "type", "filed_on", "product", "provider", "phone", "due")
ANSWERING = ("outcome", "reason", "measures", "appeal_until")
_ANSWERS = frozenset({"decide", "decline"})
# What is true of one case and of no other that reads the same text.
_OF_ONE = ("number", "filed_on", "due", "appeal_until")


def names(use: str) -> tuple[str, ...]:
    """The variables a template for this act may hold."""
    return (*ALWAYS, *ANSWERING) if use in _ANSWERS else ALWAYS


def unknown(text: str, use: str) -> list[str]:
    """What stands in braces and is no variable of this act, as it is written."""
    known = names(use)
    return [f"{{{name}}}" for name in dict.fromkeys(PLACE.findall(text)) if name not in known]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known put in; the rest stays, and is refused when the text is sent."""
    return PLACE.sub(lambda found: values.get(found[1]) or found[0], text)


def gaps(text: str) -> list[str]:
    """Places of a template that nobody has filled in."""
    return _GAP.findall(text)


def require_filled(text: str) -> None:
    """Raise InputError while places of a template stand open in what a complainant is to read."""
    left = gaps(text)
    if left:
        raise InputError({"text": [t("Fill in {places} first", places=" ".join(left[:3]))]})


def of(
    work: Work, case: Complaint, *, outcome: str = "", reason: str = "", actions: Sequence[str] = ()
) -> dict[str, str]:
    """The values for a case in its complainant's language; empty where nothing is known or chosen yet."""
    policy, lang = work.policy_of(case.policy_version), case.lang
    named = {**policy.decision_reasons, **policy.decline_reasons}
    sent = work.now + timedelta(seconds=policy.undo_seconds)
    until = appeal_end(policy, sent)
    result = policy.outcomes.get(outcome)
    return {
        **_provider(work.policy),
        "number": case.number,
        "type": policy.types[case.type].label(lang),
        "filed_on": words(beijing(case.filed_at).date(), lang),
        "due": words(case.result_due, lang) if case.result_due else "",
        "outcome": result.label(lang) if result else "",
        "reason": named[reason].label(lang) if reason in named else "",
        "measures": _listed(policy, actions, lang),
        # As the tracking page will say it: the time to ask runs from when the answer goes out.
        "appeal_until": words(until, lang) if case.appeals < policy.review.max_per_case else "",
    }


def alone(work: Work, case: Complaint, others: Sequence[Complaint], text: str) -> list[str]:
    """What a text says of this case that is not true of the others who are to read it too, as it stands there."""
    own, theirs = of(work, case), [of(work, other) for other in others]
    said = [own[name] for name in _OF_ONE if own[name] and any(each[name] != own[name] for each in theirs)]
    return [value for value in said if value in text]


def sample(work: Work, lang: str, complaint_type: str) -> dict[str, str]:
    """Invented values for a preview: today's dates, and the policy's first words of each kind."""
    policy = work.policy
    kind = policy.types.get(complaint_type) or next(iter(policy.types.values()))
    today = beijing(work.now).date()
    return {
        **_provider(policy),
        "number": f"TS{today:%Y%m%d}-7K3M9Q",
        "type": kind.label(lang),
        "filed_on": words(today, lang),
        "due": words(end_of(today + timedelta(days=15)), lang),
        "outcome": next(iter(policy.outcomes.values())).label(lang),
        "reason": next(iter(policy.decision_reasons.values())).label(lang),
        "measures": _listed(policy, list(policy.actions)[:2], lang),
        "appeal_until": words(end_of(today + timedelta(days=policy.review.window_days)), lang),
    }


def meanings() -> dict[str, str]:
    """What each variable stands for."""
    return {
        "number": t("Number of the complaint"),
        "type": t("Its type"),
        "filed_on": t("Day it was filed"),
        "product": t("Name of the product"),
        "provider": t("Name of the provider"),
        "phone": t("Telephone of the complaints desk"),
        "due": t("Date the result is promised by"),
        "outcome": t("Outcome chosen"),
        "reason": t("Reason chosen"),
        "measures": t("Measures ordered with the answer"),
        "appeal_until": t("Until when a review can be asked for"),
    }


def _provider(policy: Policy) -> dict[str, str]:
    return {
        "product": policy.provider.product,
        "provider": policy.provider.name,
        "phone": policy.contacts.phone,
    }


def _listed(policy: Policy, actions: Sequence[str], lang: str) -> str:
    labels = [policy.actions[key].label(lang) for key in dict.fromkeys(actions) if key in policy.actions]
    return ("、" if lang == "zh" else ", ").join(labels)
