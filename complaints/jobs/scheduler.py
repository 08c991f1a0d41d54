"""The clock in the workers: one background thread per process, started at its first request."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from complaints.delivery.mail import MailSettings, Post
from complaints.jobs.ticks import Ticked, tick
from complaints.jobs.working import work_off
from complaints.web.frame import KEY

_CLOCKS: weakref.WeakSet[Clock] = weakref.WeakSet()
_log = logging.getLogger(__name__)


class Clock:
    """The in-process clock of one app. Whether it runs says nothing about health; see `delivery.health`."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self._lock = threading.Lock()
        self._scheduler: Any = None
        _CLOCKS.add(self)

    @property
    def alive(self) -> bool:
        """Whether this process has a live clock thread; `running` survives a fork, threads do not."""
        thread = getattr(self._scheduler, "_thread", None)
        return thread is not None and thread.is_alive()

    def start_once(self) -> bool:
        """Start the clock unless it runs here already or COMPLAINTS_SCHEDULER is off; whether it runs now."""
        app = self._app()
        if app is None or not app.extensions[KEY].settings.SCHEDULER:
            return False
        if self.alive:
            return True
        with self._lock:
            if not self.alive:
                self._scheduler = self._started(app.extensions[KEY].settings.TICK_SECONDS)
        return True

    def run(self) -> Ticked | None:
        """One tick in an app context; a fault is logged by its class and the next tick comes all the same."""
        app = self._app()
        if app is None:
            self.stop()
            return None
        try:
            with app.app_context():
                return tick_app(app)
        except Exception as error:  # noqa: BLE001 - a database that is away now may be back in a moment
            _log.error("the clock stumbled: %s", type(error).__name__)
            return None

    def run_orders(self) -> None:
        """Go on with what was ordered, beside the ticks: a long export must keep no date waiting."""
        app = self._app()
        if app is None:
            return
        try:
            with app.app_context():
                work_off(app.extensions[KEY])
        except Exception as error:  # noqa: BLE001 - as in `run`
            _log.error("ordered work stumbled: %s", type(error).__name__)

    def stop(self) -> None:
        """End the thread without waiting for a tick under way; what it leaves is claimed by another."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None and scheduler.running:
            scheduler.shutdown(wait=False)

    def forget(self) -> None:
        """Drop a scheduler copied by fork: it has no thread here, and its locks may be held for ever."""
        self._scheduler = None
        self._lock = threading.Lock()

    def _started(self, seconds: int) -> BackgroundScheduler:
        # UTC: a host's zone with daylight saving must not stop or repeat the clock.
        scheduler = BackgroundScheduler(timezone=UTC, daemon=True)
        scheduler.add_job(
            self.run,
            "interval",
            seconds=seconds,
            jitter=max(1, seconds // 10),
            id="complaints",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC) + timedelta(seconds=1),
        )
        scheduler.add_job(
            self.run_orders,
            "interval",
            seconds=seconds,
            jitter=max(1, seconds // 10),
            id="complaints-orders",
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        scheduler.start()
        return scheduler


def start_with_first_request(app: Flask) -> Clock:
    """Start the clock with the first request each process serves: not at import, reload or preload."""
    clock = Clock(app)
    app.extensions[f"{KEY}_clock"] = clock

    def start() -> None:
        clock.start_once()

    app.before_request_funcs.setdefault(None, []).insert(0, start)
    return clock


def run_forever(app: Flask) -> None:
    """Tick in this process until it is interrupted; for a clock of its own beside the workers."""
    clock = Clock(app)
    stopped = threading.Event()
    seconds = app.extensions[KEY].settings.TICK_SECONDS
    try:
        while True:
            clock.run()
            clock.run_orders()
            stopped.wait(seconds)
    except KeyboardInterrupt:
        return


def tick_app(app: Flask, *, alone: bool = False) -> Ticked:
    """One tick of the installation mounted on `app`, with its mail settings; needs its app context."""
    installation = app.extensions[KEY]
    settings = MailSettings.of(installation.settings, app.config, testing=app.testing)
    return tick(installation, post=Post(settings), alone=alone)


def _stop_all() -> None:
    for clock in list(_CLOCKS):
        clock.stop()


def _forget_all() -> None:
    for clock in list(_CLOCKS):
        clock.forget()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
