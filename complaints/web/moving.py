"""Why a promised date moved, in words for the complainant; shared by the tracking page and the mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint


def reason(meta: Mapping[str, Any], policy: Policy, case: Complaint) -> str:
    """The reason of an event that moved a date: a calendar, a published policy, another type, or a pause."""
    if "calendar" in meta or "policy" in meta:
        return because(meta)
    if "type" in meta.get("change", {}):
        kind = policy.types.get(meta["change"]["type"][1]) or policy.types.get(case.type)
        return t("the type is now “{type}”", type=kind.label(language()) if kind else "")
    return t("the clock was paused while we waited for you")


def because(meta: Mapping[str, Any]) -> str:
    """The reason of dates that were reckoned anew."""
    return published(meta["calendar"]) if "calendar" in meta else t("our deadlines have become shorter")


def published(calendar: Mapping[str, Any]) -> str:
    """That a year's arrangement came out, with its notice where one is named."""
    if calendar["notice"]:
        return t("the holidays of {year} are published: {notice}", **_of(calendar))
    return t("the holidays of {year} are entered", **_of(calendar))


def _of(calendar: Mapping[str, Any]) -> dict[str, Any]:
    return {"year": calendar["year"], "notice": calendar["notice"]}
