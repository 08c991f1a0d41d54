"""Keys for hands that stay on the keyboard: one table, which the pages, the sheet and the tests read."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from complaints.base.translations import gettext as t
from complaints.policy.roles import STAFF
from complaints.web.admin.access import roles

# `g`, then this letter, opens a section; a section without a letter is reached by its link only.
SECTIONS = {
    "board": "b",
    "queue": "q",
    "appeals": "r",
    "figures": "f",
    "evidence": "e",
    "office": "o",
    "account": "m",
}


def register(blueprint: Blueprint) -> None:
    """Add the sheet, and let the operators' layout ask which letter opens a section."""
    blueprint.add_url_rule("/shortcuts", "shortcuts", shortcuts)
    blueprint.context_processor(lambda: {"section_keys": SECTIONS})


@roles(*STAFF)
def shortcuts() -> ResponseReturnValue:
    """The sheet of keys as a page of its own; `?` shows the same sheet over any other page."""
    return render_template("complaints/admin/shortcuts.html", nav="account", groups=groups())


def groups() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Where keys work, and there each key, what it does, and the control on the page that does the same."""
    return [
        (
            t("In a list"),
            [
                ("j", t("Next line"), t("The number in the line below")),
                ("k", t("Line before"), t("The number in the line above")),
                ("o", t("Open"), t("The number in the line")),
                ("x", t("Tick, or take the tick away"), t("The box in front of the number")),
                ("b", t("Act on what is ticked"), t("The button below the list")),
                (".", t("Refresh"), t("The link that says what is new")),
                ("J", t("Next page"), t("Below the list")),
                ("K", t("Page before"), t("Below the list")),
            ],
        ),
        (
            t("In a case"),
            [
                ("a", t("Put yourself in charge"), t("Take it myself")),
                ("t", t("Take it on; the complainant is told"), t("Take on")),
                ("w", t("Begin work"), t("Begin work")),
                ("r", t("Write to the complainant"), t("Reply to complainant (they see it)")),
                ("n", t("Write a note"), t("Internal note (hidden from them)")),
                ("i", t("Ask the complainant"), t("Ask the complainant")),
                ("c", t("Put somebody else in charge"), t("Hand over to a colleague")),
                ("m", t("Join with another complaint"), ""),
                ("d", t("Answer, or decide the review"), t("Give the answer")),
                ("z", t("Take the answer back before it goes out"), t("Take back")),
                ("u", t("Back to the list, at the same place"), t("The link above the heading")),
                ("J", t("Next case of the list"), t("Next case")),
                ("K", t("Case before"), t("Case before")),
            ],
        ),
        (
            t("On every page"),
            [
                (
                    "/",
                    t("Search complaints"),
                    t("The field above the queue, or the link at the foot of the page"),
                ),
                ("?", t("This sheet"), t("The link at the foot of the page")),
                (
                    "Ctrl+Enter",
                    t("Send the form you write in; an answer is shown first, and again once it was changed"),
                    t("The form's own button"),
                ),
                ("Esc", t("Leave a field, so that letters are keys again"), ""),
                *((f"g {letter}", words, "") for letter, words in _sections()),
            ],
        ),
    ]


def _sections() -> list[tuple[str, str]]:
    words = {
        "board": t("Today"),
        "queue": t("Queue"),
        "appeals": t("Reviews"),
        "figures": t("Figures"),
        "evidence": t("Evidence"),
        "office": t("Administration"),
        "account": t("My account"),
    }
    return [(letter, words[name]) for name, letter in SECTIONS.items()]
