"""A report to an authority: to whom, by which way, under which number, when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from complaints.base.clock import from_stamp, stamp
from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.ledger.work import Work
from complaints.policy.model import Action
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint

# An authority that is none of the policy's routes; its name is sealed with the number.
OTHER = "other"
WAYS = ("online", "phone", "mail", "letter", "visit", "system")
# Clocks differ, and a form's time has no seconds.
_GRACE = timedelta(minutes=1)


@dataclass(frozen=True)
class Report:
    """One report: `authority` is a route of the policy or OTHER with its `name`, `number` theirs, `at` aware."""

    authority: str = ""
    channel: str = ""
    number: str = ""
    at: datetime | None = None
    name: str = ""

    def in_clear(self) -> dict[str, str]:
        """What the leaf says: the authority's key, the way and the time."""
        when = {"reported_at": stamp(self.at)} if self.at else {}
        return {"authority": self.authority, "channel": self.channel, **when}

    def sealed(self) -> str:
        """What lies sealed beside it: their number, and the name of one the policy does not know."""
        return json.dumps({"number": self.number, "name": self.name}, ensure_ascii=False)


def check(work: Work, case: Complaint, action: Action, report: Report | None) -> None:
    """Raise InputError that names everything missing of a report; also for one where nothing is reported."""
    measure = action.label(language())
    if not action.authority:
        if report is not None:
            raise InputError({"actions": [t("“{measure}” is no report to an authority", measure=measure)]})
        return
    given = report or Report()
    known = {*work.policy_of(case.policy_version).routes, OTHER}
    missing = [
        said
        for said, lacking in (
            (
                t("the authority"),
                given.authority not in known or (given.authority == OTHER and not given.name),
            ),
            (t("the way it was sent"), given.channel not in WAYS),
            (t("their number, or “none”"), not given.number.strip()),
            (t("the time"), given.at is None or given.at > work.now + _GRACE),
        )
        if lacking
    ]
    if missing:
        said = t("Missing for “{measure}”: {what}", measure=measure, what=t(", ").join(missing))
        raise InputError({"actions": [said]})


def shown(policy: Policy, ordered: dict[str, Any], sealed: dict[str, Any]) -> dict[str, Any]:
    """A report as it stands in an event, for people: authority, way, number, at; empty where nothing was reported."""
    key = ordered.get("authority")
    if not key:
        return {}
    route = policy.routes.get(key)
    return {
        "authority": route.name(language()) if route else sealed.get("name") or t("Another authority"),
        "channel": ways().get(str(ordered.get("channel")), ""),
        "number": sealed.get("number", ""),
        "at": from_stamp(ordered["reported_at"]) if "reported_at" in ordered else None,
    }


def ways() -> dict[str, str]:
    """How a report can be sent."""
    return {
        "online": t("On its website"),
        "phone": t("By phone"),
        "mail": t("By mail"),
        "letter": t("By letter"),
        "visit": t("In person"),
        "system": t("By a system of theirs"),
    }


def authorities(policy: Policy) -> dict[str, str]:
    """Whom a report can go to: the routes of the policy, and any other by its name."""
    named = {key: route.name(language()) for key, route in policy.routes.items()}
    return {**named, OTHER: t("Another authority")}
