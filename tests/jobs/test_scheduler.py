from __future__ import annotations

import gc
import os
import signal
import threading

import pytest
from installing import Office

from complaints.jobs import scheduler
from complaints.jobs.scheduler import Clock, start_with_first_request, tick_app
from complaints.jobs.ticks import Ticked


@pytest.fixture
def clock(office):
    made = Clock(office.app)
    yield made
    made.stop()


def threads():
    return [each for each in threading.enumerate() if "APScheduler" in each.name]


def test_nothing_runs_before_the_first_request_and_one_clock_after_many(office):
    clock = start_with_first_request(office.app)
    office.app.add_url_rule("/", "root", lambda: "ok")
    before = len(threads())
    assert not clock.alive
    client = office.app.test_client()
    for _ in range(5):
        assert client.get("/").text == "ok"
    assert clock.alive
    assert len(threads()) == before + 1
    clock.stop()
    assert not clock.alive


def test_many_threads_that_serve_their_first_request_start_one_clock(clock):
    before, barrier = len(threads()), threading.Barrier(8)

    def serve():
        barrier.wait()
        clock.start_once()

    workers = [threading.Thread(target=serve) for _ in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(threads()) == before + 1


def test_the_setting_switches_it_off(tmp_path, office):
    off = Office(office.installation.database.engine, tmp_path, COMPLAINTS_SCHEDULER=False)
    clock = Clock(off.app)
    assert clock.start_once() is False
    assert not clock.alive


def test_a_tick_runs_in_the_background_without_anybody_asking(clock, monkeypatch):
    ticked = threading.Event()
    monkeypatch.setattr(scheduler, "tick_app", lambda app: ticked.set())
    clock.start_once()
    assert ticked.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_worker_has_no_clock_until_it_starts_its_own(clock):
    clock.start_once()
    copied = clock._scheduler
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - in the other process
        try:
            said = [copied.running, clock.alive, clock.start_once(), clock.alive]
            os.write(writing, ",".join(map(str, map(int, said))).encode())
        finally:
            os._exit(0)
    os.close(writing)
    said = os.read(reading, 100).decode()
    os.close(reading)
    os.waitpid(child, 0)
    # `running` is still true in the child although no thread runs there: it must never count as health.
    assert said == "1,0,1,1"
    assert clock.alive


def test_a_fault_does_not_end_the_clock(clock, monkeypatch, caplog):
    def broken(app):
        raise RuntimeError("reporter@example.com")

    monkeypatch.setattr(scheduler, "tick_app", broken)
    assert clock.run() is None
    assert "RuntimeError" in caplog.text
    assert "reporter" not in caplog.text


def test_an_app_that_is_gone_takes_its_clock_along(tmp_path, office):
    other = Office(office.installation.database.engine, tmp_path)
    clock = Clock(other.app)
    clock.start_once()
    del other.app
    gc.collect()
    assert clock.run() is None
    assert not clock.alive


def test_the_hosts_mail_settings_are_used(office):
    office.file()
    office.app.config.update(
        MAIL_SERVER="127.0.0.1", MAIL_DEFAULT_SENDER="n@example.cn", MAIL_SUPPRESS_SEND=True
    )
    with office.app.app_context():
        done = tick_app(office.app)
    assert isinstance(done, Ticked)
    assert done.sent.sent == 2
    # No operator has an account yet: the policy's compliance contact hears of it.
    assert {each.recipient for each in office.outbox()} == {"complainant", "operators", "operator:compliance"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_forked_while_the_clock_was_being_started_does_not_hang(clock):
    with clock._lock:
        child = os.fork()
        if child == 0:  # pragma: no cover - in the other process
            try:
                # The alarm ends the child when it waits for a lock that nobody here will release.
                signal.alarm(10)
                started = clock.start_once()
            finally:
                os._exit(0 if started else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
