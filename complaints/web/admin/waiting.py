"""An answer that has not gone out: as its complainant will read it, and typed in anew once it was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from markupsafe import Markup

from complaints.base.clock import beijing, from_stamp
from complaints.base.translations import gettext as t
from complaints.base.translations import speaking
from complaints.cases import deciding
from complaints.ledger.reading import Entry
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint
from complaints.web.admin.measures import ROWS, MeasureRow
from complaints.web.public.telling import mark
from complaints.web.result import result

# The page on which each decision is made, and the verdict it is on the page of reviews.
_MADE_ON = {
    "decided": ("decide", ""),
    "declined": ("decline", ""),
    "confirmed": ("review", "confirm"),
    "changed": ("review", "change"),
}


@dataclass(frozen=True)
class TakenBack:
    """A decision that was taken back, nothing having been decided since, and the event that took it back."""

    decision: Entry
    back: Entry

    @property
    def verdict(self) -> str:
        """What the review ended in; empty for the first answer."""
        return _MADE_ON[self.decision.type][1]

    @property
    def typed(self) -> dict[str, str]:
        """What was typed, by the names of the form's fields."""
        meta, entry = self.decision.meta, self.decision
        # The answer that stands keeps its outcome and reason; both are left open then.
        kept = self.verdict == "confirm"
        return {
            "verdict": self.verdict,
            "outcome": "" if kept else meta["outcome"],
            "reason": "" if kept and "reason" not in meta.get("change", {}) else meta["reason"],
            "text": entry.text("public"),
            "facts": entry.text("facts"),
            "note": entry.text("note"),
        }

    @property
    def rows(self) -> list[MeasureRow]:
        """Its measures as they were typed, with an empty row to go on with."""
        found = [
            _row(self.decision, place, each)
            for place, each in enumerate(self.decision.meta.get("actions", ()))
        ]
        return [*found, *[MeasureRow()] * max(ROWS - len(found), 0)]


def taken_back(entries: Sequence[Entry], mode: str) -> TakenBack | None:
    """The decision to type in anew on this page; None where none of its kind was taken back last."""
    decision, back = _newest(entries)
    if decision is None or back is None or _MADE_ON.get(decision.type, ("", ""))[0] != mode:
        return None
    return TakenBack(decision, back)


def as_read(case: Complaint, policy: Policy, entries: Sequence[Entry]) -> Markup:
    """The decision that waits, in its complainant's language; without who made it, which only they are told by."""
    decision, _ = _newest(entries)
    if decision is None:
        return Markup("")
    orders = decision.meta.get("actions", ())
    with speaking(case.lang):
        made = result(
            policy,
            case.lang,
            outcome=decision.meta["outcome"],
            reason=decision.meta["reason"],
            text=decision.text("public"),
            actions=[each["action"] for each in orders],
            underway={place for place, each in enumerate(orders) if each.get("called")},
            review=verdict_words(_MADE_ON[decision.type][1]),
        )
        html = render_template(
            "complaints/admin/_as_seen.html",
            made={**made, "by": ""},
            mark=mark(case.answer_mark),
            next=None,
            lines=[],
        )
    return Markup(html)  # noqa: S704 - rendered by our own template, which escapes


def verdict_words(verdict: str) -> str:
    """How a review ended, as its complainant reads it."""
    return {
        "confirm": t("Review answered: the result stands"),
        "change": t("Review answered: the result is changed"),
        "overturn": t("Review answered: we take it on after all"),
    }.get(verdict, "")


def _newest(entries: Sequence[Entry]) -> tuple[Entry | None, Entry | None]:
    decision: Entry | None = None
    back: Entry | None = None
    for entry in entries:
        if entry.type in deciding.DECISIONS:
            decision, back = entry, None
        elif entry.type == "taken_back":
            back = entry
    return decision, back


def _row(entry: Entry, place: int, ordered: dict[str, Any]) -> MeasureRow:
    target, _, note = entry.text(f"action:{place}").partition("\n")
    sealed, at = entry.data(f"report:{place}"), ordered.get("reported_at")
    return MeasureRow(
        ordered["action"],
        target,
        note,
        "y" if ordered.get("retest") else "",
        ordered.get("authority", ""),
        sealed.get("name", ""),
        ordered.get("channel", ""),
        sealed.get("number", ""),
        f"{beijing(from_stamp(at)):%Y-%m-%dT%H:%M}" if at else "",
    )
