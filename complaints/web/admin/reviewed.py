"""The decision under review beside what the complainant says against it, for whoever looks at it anew."""

from __future__ import annotations

from typing import Any

from complaints.base.translations import gettext as t
from complaints.cases import deciding
from complaints.ledger.reading import Entry
from complaints.web.admin.casepage import Page


def both(page: Page) -> dict[str, Any] | None:
    """The decision that is reviewed and the request to review it; None where the case has no review."""
    asked: Entry | None = None
    last: Entry | None = None
    decision: Entry | None = None
    for entry in page.entries:
        if entry.type in deciding.DECISIONS:
            last = entry
        elif entry.type == "taken_back":
            last = None
        elif entry.type == "appealed":
            asked, decision = entry, last
    if asked is None or decision is None:
        return None
    return {
        "by": page.record.who(decision),
        "at": page.record.said(decision.at),
        "rows": _rows(page, decision),
        "text": decision.text("public"),
        "asked": asked.text("message"),
        "asked_at": page.record.said(asked.at),
    }


def _rows(page: Page, decision: Entry) -> list[dict[str, str]]:
    policy, lang, meta = page.policy, page.lang, decision.meta
    reasons = {**policy.decision_reasons, **policy.decline_reasons}
    outcome = policy.outcomes.get(meta.get("outcome", ""))
    reason = reasons.get(meta.get("reason", ""))
    measures = t(", ").join(
        policy.actions[each["action"]].label(lang)
        for each in meta.get("actions", ())
        if each["action"] in policy.actions
    )
    declined = decision.type == "declined"
    rows = [
        (t("Outcome"), outcome.label(lang) if outcome else t("Not taken on") if declined else ""),
        (t("Reason"), reason.label(lang) if reason else ""),
        (t("What was found"), decision.text("facts")),
        (t("Measures"), measures),
        (t("Internal note"), decision.text("note")),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]
