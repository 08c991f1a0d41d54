"""Whether the machinery keeps up, for a load balancer or a watchdog; lags only, nothing personal."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from complaints.administration import checkpoints
from complaints.delivery.health import measure
from complaints.web.frame import frame


def register(blueprint: Blueprint) -> None:
    """Add the health answer."""
    blueprint.add_url_rule("/healthz", "healthz", healthz)


def healthz() -> ResponseReturnValue:
    """200 while dates are watched, messages leave and events get their place, else 503; lags in seconds."""
    try:
        session, installed = frame().work.session, frame().installation
        refused = checkpoints.refusal(installed, session)
        found = measure(
            session, installed.now(), real=installed.real_time, refusal=refused.code if refused else ""
        )
    except Exception:  # noqa: BLE001 - a database that does not answer is what this page is asked for
        return jsonify(status="no database"), 503
    body = {
        "status": "ok" if found.sound else "late",
        "sweep_lag": found.sweep_lag,
        "outbox_lag": found.outbox_lag,
        "beat_lag": found.beat_lag,
        "sequencer_lag": found.sequencer_lag,
        "search_lag": found.search_lag,
        "orders_lag": found.orders_lag,
        "alarms": list(found.alarms),
    }
    return jsonify(body), 200 if found.sound else 503
