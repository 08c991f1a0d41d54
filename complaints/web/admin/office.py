"""The office: which policy rules, and whether the clocks are watched."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from complaints.administration import checkpoints, publishing
from complaints.administration.doctor import examine
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import disposal
from complaints.delivery import health as lags
from complaints.delivery import sending
from complaints.ledger.journal import record_system
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock
from complaints.policy.process import deadlines_table
from complaints.store.tables import Complaint
from complaints.web.admin import words
from complaints.web.admin.access import STAFF, operator, roles
from complaints.web.admin.forms import sent
from complaints.web.forms import Act
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the office's pages."""
    blueprint.add_url_rule("/policy", "policy", policy)
    blueprint.add_url_rule("/health", "health", health)
    blueprint.add_url_rule("/health/retry/<int:letter>", "retry", retry, methods=["POST"])


@roles(*STAFF)
def policy() -> ResponseReturnValue:
    """What is in force, since when, by whom, and what only the provider can still say."""
    work, installed = frame().work, frame().installation
    ruling = installed.in_force(work.session)
    lang = language()
    versions = publishing.versions(work.session)
    return render_template(
        "complaints/admin/policy.html",
        nav="policy",
        ruling=ruling,
        since=clock(ruling.published_at, lang) if ruling.published_at else "",
        differs=ruling.version == 0 or publishing.differs(work.session, installed.file_policy),
        missing=[row.what(lang) for row in ruling.policy.missing()],
        deadlines=deadlines_table(ruling.policy, lang),
        versions=[(row, clock(row.published_at, lang)) for row in versions],
    )


@roles(*STAFF)
def health() -> ResponseReturnValue:
    """Lags in the database, messages that were given up, and what `doctor` says."""
    work, installed = frame().work, frame().installation
    refused = checkpoints.refusal(installed, work.session)
    found = lags.measure(
        work.session, installed.now(), real=installed.real_time, refusal=refused.code if refused else ""
    )
    dead = lags.dead_letters(work.session)
    ids = [letter.complaint_id for letter in dead if letter.complaint_id]
    rows = work.session.execute(
        select(Complaint.id, Complaint.number, Complaint.restricted).where(Complaint.id.in_(ids))
    )
    viewer = operator()
    numbers = {row.id: row.number for row in rows if viewer.restricted or not row.restricted}
    # What the policy still lacks has its own list on the policy page.
    advice = [each for each in examine(installed) if each.level != "ok" and each.topic != "missing"]
    failed, retests = disposal.counted(work, viewer)
    return render_template(
        "complaints/admin/health.html",
        nav="health",
        failed=failed,
        retests=retests,
        found=found,
        lags=[
            (
                t("Dates watched"),
                _ago(found.beat_lag),
                "clock" in found.alarms,
                t("since the clock last ran"),
            ),
            (
                t("Dates not acted on"),
                words.age(found.sweep_lag),
                "sweep" in found.alarms,
                t("age of the oldest"),
            ),
            (
                t("Messages not sent"),
                words.age(found.outbox_lag),
                "outbox" in found.alarms,
                t("age of the oldest"),
            ),
            *_apart(found),
            (
                t("Events without a place in the tree"),
                words.age(found.sequencer_lag),
                "sequencer" in found.alarms,
                t("age of the oldest"),
            ),
            (
                t("Texts not yet found by search"),
                words.age(found.search_lag),
                "search" in found.alarms,
                t("age of the oldest"),
            ),
            (t("Messages given up"), str(found.dead), found.dead > 0, t("see below")),
        ],
        dead=[
            (letter, numbers.get(letter.complaint_id, ""), words.moment(letter.created_at, work.now))
            for letter in dead
        ],
        waiting=found.waiting,
        advice=advice,
        act=Act(),
    )


@roles("supervisor", "admin")
def retry(letter: int) -> ResponseReturnValue:
    """Send a message that was given up once more."""
    if sent(Act()):
        viewer = operator()

        def again(work: Work) -> None:
            if sending.retry(work.session, letter, work.now):
                record_system(work, "message_retried", viewer.actor, {"outbox": letter})

        frame().write(again)
    return redirect(url_for("complaints.admin.health"), 303)


def _apart(found: lags.Health) -> list[tuple[str, str, bool, str]]:
    """The clocks' difference, once it matters."""
    if "skew" not in found.alarms:
        return []
    return [(t("Clocks apart"), words.age(abs(found.skew)), True, t("this machine and the database"))]


def _ago(seconds: int | None) -> str:
    if seconds is None:
        return t("Never")
    return words.age(max(seconds, 1))
