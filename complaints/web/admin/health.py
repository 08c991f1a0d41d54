"""Whether dates are watched and messages leave, and what to do about what is not well."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints
from complaints.administration.doctor import Advice, examine
from complaints.base.translations import gettext as t
from complaints.cases import disposal
from complaints.delivery import health as lags
from complaints.policy.roles import STAFF
from complaints.web.admin import trouble, words
from complaints.web.admin.access import operator, roles
from complaints.web.admin.office import address
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/health", "health", health)


@roles(*STAFF)
def health() -> ResponseReturnValue:
    """Lags in the database, messages that were given up, and what `doctor` says."""
    work, installed = frame().work, frame().installation
    refused = checkpoints.refusal(installed, work.session)
    viewer = operator()
    found = lags.measure(
        work.session,
        installed.now(),
        real=installed.real_time,
        refusal=refused.code if refused else "",
        restricted=viewer.restricted,
    )
    # What the policy still lacks has its own list on the policy page.
    examined = [
        each
        for each in (*_late(found), *examine(installed, restricted=viewer.restricted))
        if each.topic != "missing"
    ]
    places = {each.topic: address(each.topic) for each in examined}
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
                words.ago(found.beat_lag),
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
            (
                t("Orders not begun"),
                words.age(found.orders_lag),
                "orders" in found.alarms,
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
            (t("Messages given up"), str(found.dead), found.dead > 0, t("see the outbox")),
        ],
        outbox=address("outbox"),
        waiting=[(trouble.told(reason), count) for reason, count in found.waiting.items()],
        advice=sorted(
            (each for each in examined if each.level != "ok"), key=lambda each: each.level != "fail"
        ),
        well=[each.what for each in examined if each.level == "ok"],
        places=places,
    )


def _late(found: lags.Health) -> Iterator[Advice]:
    """What to do about lags; what `doctor` says of its own is not said here."""
    clock = t("See that a worker of the product runs, or let cron call `flask complaints tick` every minute.")
    if "clock" in found.alarms:
        never = found.beat_lag is None
        yield Advice(
            "fail",
            t("The clock has never run: nobody watches the dates, and no message leaves.")
            if never
            else t(
                "The clock last ran {ago} ago: nobody watches the dates, and no message leaves.",
                ago=words.age(found.beat_lag or 0),
            ),
            clock,
        )
    elif "sweep" in found.alarms:
        yield Advice(
            "fail",
            t("A date that came due {ago} ago has not been acted on.", ago=words.age(found.sweep_lag)),
            t(
                "Look into the log of the server for why the clock stops at it, and run `flask complaints tick`."
            ),
        )
    if "outbox" in found.alarms and "clock" not in found.alarms:
        yield Advice(
            "fail",
            t("A message has waited {ago} to leave.", ago=words.age(found.outbox_lag)),
            t("The outbox says why; mend it there, or see whether the mail server can be reached."),
            "outbox",
        )
    if "orders" in found.alarms and "clock" not in found.alarms:
        yield Advice(
            "look",
            t(
                "An export, audit or act on many has waited {ago} for a worker.",
                ago=words.age(found.orders_lag),
            ),
            t("Start another worker, or run `flask complaints tick`; a long order before it may hold it up."),
        )


def _apart(found: lags.Health) -> list[tuple[str, str, bool, str]]:
    """The clocks' difference, once it matters."""
    if "skew" not in found.alarms:
        return []
    return [(t("Clocks apart"), words.age(abs(found.skew)), True, t("this machine and the database"))]
