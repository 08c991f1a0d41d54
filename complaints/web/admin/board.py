"""Today's board: what waits for people, whether the house keeps time; each figure leads to its list."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints
from complaints.administration.calendars import missing_year
from complaints.base.translations import gettext as t
from complaints.cases import queries
from complaints.cases.narrowing import Filters
from complaints.delivery import health as lags
from complaints.ledger.work import Work
from complaints.policy.roles import LEADERS, STAFF
from complaints.web.admin import narrowing, words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.queue import count_words
from complaints.web.frame import frame

# The lists of the board, as the queue knows them; red are those that somebody must do something about now.
DATES = ("late", "today", "week", "awaiting")
WORK = ("unassigned", "replied", "review", "measures")
RED = frozenset({"late", "measures"})


@dataclass(frozen=True)
class Tile:
    """One figure: what it says, where it leads, and whether somebody must act."""

    value: str
    text: str
    href: str
    bad: bool = False
    note: str = ""


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/board", "board", board)


@roles(*STAFF)
def board() -> ResponseReturnValue:
    """Where the day begins: the same counts as the lists have, and the lags that the health page has."""
    work, viewer = frame().work, operator()
    counted = queries.counts(work, viewer, {key: Filters(key) for key in (*DATES, *WORK)})
    said = narrowing.view_words()

    def tiles(keys: tuple[str, ...]) -> list[Tile]:
        return [
            Tile(
                count_words(counted[key]),
                said[key],
                url_for("complaints.admin.queue", **Filters(key).address),
                bad=key in RED and counted[key] > 0,
            )
            for key in keys
        ]

    installed = frame().installation
    found = lags.measure(
        work.session, installed.now(), real=installed.real_time, restricted=viewer.restricted
    )
    return render_template(
        "complaints/admin/board.html",
        nav="board",
        dates=tiles(DATES),
        work=tiles(WORK),
        house=_house(work, found),
        quiet=not any(counted.values()),
        # No tile says everything that can be wrong: a clock that runs ahead, nobody to tell.
        sound=not found.alarms,
        today=words.moment(work.now, work.now),
    )


def _house(work: Work, found: lags.Health) -> list[Tile]:
    """Whether the clock runs, messages leave, and the log is put away: one tile each, red with what to do."""
    health = url_for("complaints.admin.health")
    lag = (
        (t("Dates not acted on"), found.sweep_lag, "sweep"),
        (t("Messages not sent"), found.outbox_lag, "outbox"),
    )
    orders = (t("Orders not begun"), found.orders_lag, "orders")
    tree = (t("Events without a place in the tree"), found.sequencer_lag, "sequencer")
    tiles = [
        Tile(
            words.age(seconds),
            text,
            health,
            bad=name in found.alarms,
            note=t("too long: see what to do")
            if name in found.alarms
            else t("age of the oldest")
            if seconds
            else "",
        )
        for text, seconds, name in (*lag, orders, tree)
    ]
    dead = Tile(
        f"{found.dead:,}",
        t("Messages given up"),
        health,
        bad=found.dead > 0,
        note=t("send them again") if found.dead else "",
    )
    still = "clock" in found.alarms
    note = t("too long: see what to do") if still else t("since the clock last ran")
    clock = Tile(words.ago(found.beat_lag), t("Dates watched"), health, bad=still, note=note)
    return [clock, *tiles, dead, _checkpoint(work, health), *_year(work)]


def _checkpoint(work: Work, health: str) -> Tile:
    signed, left = checkpoints.last(work.session)
    note = t("none has left this machine")
    if left is not None:
        note = t("last left this machine {when}", when=words.moment(left, work.now))
    return Tile(
        words.moment(signed, work.now) if signed else t("None yet"), t("Last checkpoint"), health, note=note
    )


def _year(work: Work) -> list[Tile]:
    year = missing_year(work)
    if year is None:
        return []
    may = operator().may(*LEADERS)
    where = "complaints.admin.calendar" if may else "complaints.admin.health"
    note = t("import it when the notice is out") if may else t("a supervisor or administrator imports it")
    return [Tile(str(year), t("Holidays not final"), url_for(where), note=note)]
