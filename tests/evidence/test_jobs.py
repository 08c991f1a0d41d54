"""Ordered files: made piece by piece by any worker, through kills and cancellations, and gone after their time."""

from __future__ import annotations

import hashlib
import os
import signal
import time

import pytest
from factories import ALICE, BOB
from sqlalchemy import select

from complaints.base.errors import ConflictError, IntegrityError, NotFoundError
from complaints.evidence import export, files, handling_log, jobs, parts
from complaints.evidence.chosen import Chosen
from complaints.jobs.cleaning import clean
from complaints.jobs.working import work_off
from complaints.ledger.reading import history
from complaints.store.jobs import KEEP_DAYS, StoppedError
from complaints.store.tables import Job


@pytest.fixture
def filed(desk):
    for _ in range(5):
        desk.do(desk.file(), "accept")
    return desk


def order(desk, kind="log", form="jsonl", **values):
    return jobs.order(desk.installation, ALICE, Chosen(kind, form, **values))


def row(desk, uid):
    return desk.read(lambda work: work.session.get(Job, uid))


def whole(desk, uid):
    chosen = Chosen.of(row(desk, uid).params)
    return desk.read(lambda work: b"".join(export.stream(work, chosen)))


def taken(desk, uid):
    return b"".join(files.read(desk.installation, uid, BOB)[1])


def stored(desk):
    return sorted(path.name for path in desk.installation.files.folder.glob("??/*") if "." in path.name)


def system(desk):
    return [entry.type for entry in desk.read(lambda work: history(work, "system"))]


@pytest.mark.parametrize(
    ("kind", "form"),
    [("log", "jsonl"), ("log", "csv"), ("log", "xlsx"), ("register", "csv"), ("period", "pdf")],
)
def test_an_ordered_file_is_made_kept_sealed_and_handed_out_as_an_event(filed, kind, form):
    uid = order(filed, kind, form)
    ordered = row(filed, uid).total
    assert work_off(filed.installation) == 1
    job, data = row(filed, uid), taken(filed, uid)

    assert data == whole(filed, uid)
    assert (job.state, job.result["size"], job.result["sha256"]) == (
        "done",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert job.done == job.total == ordered > 0
    assert all(data[:40] not in filed.installation.files.get(name) for name in stored(filed))
    assert system(filed)[-2:] == ["exported", "export_downloaded"]
    assert filed.installation.files.names() == []


def test_a_job_goes_on_where_its_time_was_over(filed, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed)
    rounds = 0
    while row(filed, uid).state != "done":
        jobs.go_on(filed.installation, jobs.claim(filed.installation), time.monotonic())
        rounds += 1

    assert rounds > 3
    assert taken(filed, uid) == whole(filed, uid)


def test_two_workers_do_not_take_one_job_while_its_lease_holds(filed):
    uid = order(filed)
    assert jobs.claim(filed.installation).uid == uid
    assert jobs.claim(filed.installation) is None
    filed.later(seconds=jobs.LEASE_SECONDS + 1)
    assert jobs.claim(filed.installation).uid == uid


def test_a_worker_that_wakes_up_late_changes_nothing(filed, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed)
    frozen = jobs.claim(filed.installation)
    filed.later(seconds=jobs.LEASE_SECONDS + 1)
    jobs.go_on(filed.installation, jobs.claim(filed.installation), time.monotonic())
    with pytest.raises(StoppedError):
        jobs.go_on(filed.installation, frozen, time.monotonic())
    filed.later(seconds=jobs.LEASE_SECONDS + 1)
    work_off(filed.installation)

    assert taken(filed, uid) == whole(filed, uid)


def test_a_cancelled_job_stops_at_its_next_part_and_its_parts_go(filed, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed)
    jobs.go_on(filed.installation, jobs.claim(filed.installation), time.monotonic())
    held = jobs.claim(filed.installation)
    filed.installation.write(lambda work: jobs.cancel(work, uid, BOB))
    with pytest.raises(StoppedError):
        jobs.go_on(filed.installation, held, time.monotonic() + 9)
    assert stored(filed) == []
    clean(filed.installation, filed.clock.now)

    assert stored(filed) == []
    assert row(filed, uid).state == "cancelled"
    assert work_off(filed.installation) == 0
    with pytest.raises(ConflictError):
        filed.installation.write(lambda work: jobs.cancel(work, uid, BOB))
    with pytest.raises(NotFoundError):
        files.read(filed.installation, uid, BOB)


def test_a_failed_job_says_why_and_goes_on_from_where_it_came_to(filed, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed)
    jobs.go_on(filed.installation, jobs.claim(filed.installation), time.monotonic())
    with monkeypatch.context() as broken:
        broken.setattr(handling_log, "jsonl", lambda rows: 1 / 0)
        work_off(filed.installation)
    failed = row(filed, uid)
    assert (failed.state, failed.error, failed.done) == ("failed", "ZeroDivisionError", 2)
    filed.installation.write(lambda work: jobs.again(work, uid, BOB))
    work_off(filed.installation)

    assert taken(filed, uid) == whole(filed, uid)


@pytest.mark.parametrize("form", ["jsonl", "xlsx"])
def test_a_worker_killed_at_its_work_loses_nothing(filed, monkeypatch, form):
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed, form=form)
    # A connection must not be in two processes.
    filed.installation.database.engine.dispose()
    child = os.fork()
    if child == 0:
        # The child dies as a machine does, after its part is stored and before its row says so.
        put = filed.installation.files.put

        def put_and_die(name, data):
            put(name, data)
            if name.split(".")[1] == ("000001" if form == "jsonl" else "000000"):
                os.kill(os.getpid(), signal.SIGKILL)

        filed.installation.files.put = put_and_die
        monkeypatch.setattr(parts, "SIZE", 10 if form == "jsonl" else parts.SIZE)
        work_off(filed.installation)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert row(filed, uid).state == "running"
    left = len(stored(filed))
    filed.later(seconds=jobs.LEASE_SECONDS + 1)
    assert work_off(filed.installation) == 1

    assert taken(filed, uid) == whole(filed, uid)
    assert len(stored(filed)) > left - 1
    if form == "xlsx":
        assert row(filed, uid).place["anew"] == 1
    filed.later(days=KEEP_DAYS, seconds=1)
    clean(filed.installation, filed.clock.now)
    assert stored(filed) == []


def test_a_file_is_deleted_after_its_time_and_its_row_says_so(filed):
    uid = order(filed)
    work_off(filed.installation)
    filed.later(days=KEEP_DAYS - 1)
    clean(filed.installation, filed.clock.now)
    assert row(filed, uid).state == "done"
    filed.later(days=1, seconds=1)
    with pytest.raises(NotFoundError):
        files.read(filed.installation, uid, BOB)
    clean(filed.installation, filed.clock.now)

    assert (row(filed, uid).state, stored(filed)) == ("expired", [])
    assert clean(filed.installation, filed.clock.now) == 0


def test_a_changed_or_swapped_part_is_not_handed_out(filed, monkeypatch):
    monkeypatch.setattr(parts, "SIZE", 100)
    monkeypatch.setattr(handling_log, "_PAGE", 2)
    uid = order(filed)
    work_off(filed.installation)
    first, second = (filed.installation.files._path(name) for name in stored(filed)[:2])
    first.write_bytes(second.read_bytes())
    with pytest.raises(IntegrityError):
        taken(filed, uid)


def test_what_is_written_after_the_order_is_not_in_it(filed):
    uid = order(filed)
    filed.file()
    export.settle(filed.installation, Chosen("log", "jsonl"))
    work_off(filed.installation)

    assert taken(filed, uid).count(b"\n") == Chosen.of(row(filed, uid).params).size == row(filed, uid).total


def test_jobs_of_another_kind_are_left_alone(filed):
    def write(work):
        work.session.add(
            Job(uid="a" * 32, kind="report", params={}, state="queued", ordered_by="x", created_at=work.now, done=0, total=0, place={}, result={})
        )  # fmt: skip

    filed.installation.write(write)
    assert work_off(filed.installation) == 0
    assert filed.read(lambda work: work.session.scalars(select(Job.state)).all()) == ["queued"]
