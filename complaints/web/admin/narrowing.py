"""The filters of the queue in words: what each can be set to, what is set now and how to drop it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import url_for
from markupsafe import Markup

from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases.counted import PROMISED
from complaints.cases.happenings import channels
from complaints.cases.narrowing import ANSWERED, CHANNELS, ME, MINE, NOBODY, NONE, Filters
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.web.admin import words
from complaints.web.admin.ordering import state_word

Choices = list[tuple[str, str]]
# What figures lead to; nobody thinks of it in front of the form, where each has room only while it is set.
_LED_TO = frozenset({"reached", "promise"})
_SELECTED = {True: Markup(" selected"), False: Markup()}


def view_words() -> dict[str, str]:
    """The views by name."""
    return {
        "open": t("All open"),
        "late": t("Late"),
        "today": t("Due today"),
        "week": t("Due this week"),
        "mine": t("Mine"),
        "teams": t("My teams"),
        "unassigned": t("Nobody in charge"),
        "replied": t("Complainant wrote"),
        "awaiting": t("Waiting for complainant"),
        "review": t("To review"),
        "measures": t("Measures to look after"),
        "leaving": t("About to go out"),
        "answered": t("Answered"),
        "ended": t("Ended"),
        "all": t("All complaints"),
    }


def labels() -> dict[str, str]:
    """What each filter is called."""
    return {
        "state": t("State"),
        "type": t("Type"),
        "risk": t("Risk class"),
        "outcome": t("Outcome"),
        "severity": t("Severity"),
        "assignee": t("In charge"),
        "team": t("Team"),
        "channel": t("How it came"),
        "language": t("Language"),
        "answer": t("AI answer"),
        "late": t("Dates kept"),
        "test": t("Test"),
        "since": t("Received from"),
        "until": t("Received until"),
        "reached": t("How far it came"),
        "promise": t("Promised date"),
        "q": t("Search"),
    }


def choices(work: Work, people: Iterable[tuple[str, str]], teams: Mapping[str, str]) -> dict[str, Choices]:
    """What each filter but the dates can be set to; `people` may be in charge, `teams` are called so."""
    lang, policy = language(), work.policy
    known = channels()
    return {
        "state": [(state.value, state_word(state)) for state in State],
        "type": [(key, kind.label(lang)) for key, kind in policy.types.items()],
        "risk": [
            (NONE, t("Not classified")),
            *((key, row.label(lang)) for key, row in policy.risk_classes.items()),
        ],
        "outcome": [
            (ANSWERED, t("Answered, whatever it was")),
            *((key, outcome.label(lang)) for key, outcome in policy.outcomes.items()),
            ("declined", t("Not taken on")),
        ],
        "severity": [("urgent", t("Urgent")), ("high", t("High")), ("normal", t("Normal"))],
        "assignee": [(ME, t("Me")), (NOBODY, t("Nobody")), *people],
        "team": [(MINE, t("My teams")), (NONE, t("No team")), *teams.items()],
        "channel": [(key, known[key]) for key in CHANNELS],
        "language": [("zh", "中文"), ("en", "English")],
        "answer": [
            ("verified", t("Matches our record")),
            ("altered", t("Differs from our record")),
            ("unverified", t("Not checked")),
            ("none", t("None given")),
        ],
        "late": [
            ("yes", t("A date was missed")),
            ("warned", t("Warned, date still to come")),
            ("no", t("No date was missed")),
        ],
        "test": [("no", t("Without test cases")), ("yes", t("Test cases only"))],
        "reached": [
            ("accepted", t("Taken on")),
            ("appealed", t("Asked for a review")),
            ("changed", t("Changed by a review")),
            ("ever_accept", t("Taken on, in this or an earlier round")),
            ("ever_first_action", t("A first step was taken")),
            ("ever_answer", t("Answered, in this or an earlier round")),
        ],
        "promise": [(asked, _promise(asked)) for asked in PROMISED],
    }


def _promise(asked: str) -> str:
    kind, _, became = asked.partition(".")
    said = {"kept": t("Kept"), "missed": t("Missed"), "running": t("Still running")}
    return f"{words.kinds()[kind]}{t(': ')}{said[became]}"


def fields(filters: Filters, offered: Mapping[str, Choices]) -> list[dict[str, Any]]:
    """The form's fields; what is set and no longer exists stays choosable, so that it is not dropped unseen."""
    made: list[dict[str, Any]] = []
    for name, label in labels().items():
        if name == "q":
            # It has a field of its own, whose words go by POST.
            continue
        value, rows = getattr(filters, name), offered.get(name)
        if name in _LED_TO and not value:
            continue
        if rows is not None:
            strange = [(value, value)] if value and value not in dict(rows) else []
            rows = [("", t("All")), *rows, *strange]
        options = None if rows is None else _options(tuple(rows), value)
        made.append({"name": name, "label": label, "value": value, "options": options})
    return made


@lru_cache(maxsize=256)
def _options(rows: Sequence[tuple[str, str]], value: str) -> Markup:
    # A hundred and more on each page of the queue, and hardly ever others than on the page before.
    one = Markup('<option value="{}"{}>{}</option>')
    return Markup().join(one.format(key, _SELECTED[key == value], said) for key, said in rows)


def chips(filters: Filters, offered: Mapping[str, Choices]) -> list[dict[str, str]]:
    """What is set, each with the address of the list without it."""
    said, address = labels(), filters.address
    return [
        {
            "label": said[name],
            "value": dict(offered.get(name, ())).get(value, value),
            "href": url_for(
                "complaints.admin.queue", **{key: kept for key, kept in address.items() if key != name}
            ),
        }
        for name, value in filters.narrowed.items()
    ]
