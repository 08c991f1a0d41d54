"""An answer before it is sent, as its complainant will see it: their language, the tracking page's own part."""

from __future__ import annotations

from typing import Any

from flask import render_template
from markupsafe import Markup

from complaints.base.translations import gettext as t
from complaints.base.translations import speaking
from complaints.cases import people, variables
from complaints.cases.deciding import Decision
from complaints.web import mails
from complaints.web.admin import waiting
from complaints.web.admin.casepage import Page
from complaints.web.admin.wording import other_language
from complaints.web.public.telling import mark, routes
from complaints.web.result import result


def keys(page: Page, decision: Decision, mode: str, verdict: str) -> tuple[str, str]:
    """Outcome and reason as they will stand: a review that confirms keeps those there are."""
    if mode == "decline":
        return "declined", decision.reason
    if verdict == "confirm":
        return page.case.outcome or "", page.case.reason or ""
    return decision.outcome, decision.reason


def preview(page: Page, decision: Decision, mode: str, verdict: str) -> dict[str, Any]:
    """The part of the page, the message, and whether the words seem to be in another language."""
    case, lang = page.case, page.case.lang
    with speaking(lang):
        html = render_template("complaints/admin/_as_seen.html", **_seen(page, decision, mode, verdict))
    return {
        "lang": lang,
        "html": Markup(html),  # noqa: S704 - rendered by our own template, which escapes
        "silent": verdict == "send_back",
        "foreign": other_language(decision.text, lang),
        "unreachable": case.reach == "none",
    }


def _seen(page: Page, decision: Decision, mode: str, verdict: str) -> dict[str, Any]:
    work, case, policy = page.work, page.case, page.policy
    outcome, reason = keys(page, decision, mode, verdict)
    actions = [] if verdict == "confirm" else [order.action for order in decision.actions]
    called = {place for place, key in enumerate(actions) if key in work.callbacks}
    made = result(
        policy,
        case.lang,
        outcome=outcome,
        reason=reason,
        text=decision.text,
        actions=actions,
        underway=called,
        review=waiting.verdict_words(verdict),
        by=people.pseudonyms(work, {page.viewer.ref}).get(page.viewer.ref, ""),
    )
    appeal = variables.of(work, case)["appeal_until"]
    if verdict == "overturn":
        # Taken on after all: another answer follows, and only these words are told now.
        made, appeal = {**made, "outcome": "", "measures": []}, ""
    kind = "review_result" if case.appeals else "declined" if mode == "decline" else "decided"
    said = mails.said(kind, {"t": t, "lang": case.lang, "number": case.number, "review_by": appeal})
    kept = policy.types[case.filed_type]
    over = t("This complaint has been reviewed; there is no further review here.")
    return {
        "made": made,
        "mark": mark(case.answer_mark),
        "next": None
        if verdict == "overturn"
        else {"appeal": appeal, "over": over, "routes": routes(policy, kept)},
        "lines": said if case.reach != "none" else [],
    }
