"""Bundles and audits as jobs, and what becomes of a job while personal data is erased."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import pytest
from evidence.bundles import checkpoint, codes, live
from factories import ALICE, BOB, CAROL

from complaints.base.errors import NotFoundError
from complaints.cases import erasure
from complaints.evidence import bundle_cases, files, jobs, parts, register
from complaints.evidence.chosen import Chosen
from complaints.jobs.cleaning import clean
from complaints.jobs.working import work_off
from complaints.ledger import audit, journal
from complaints.ledger.reading import history
from complaints.store.tables import Job

WAIT = 30


@pytest.fixture
def lived(desk):
    return live(desk)


def row(desk, uid):
    return desk.read(lambda work: work.session.get(Job, uid))


def stored(desk, uid):
    return sorted(path.name for path in desk.installation.files.folder.glob("??/*") if uid in path.name)


def system(desk):
    return [entry.type for entry in desk.read(lambda work: history(work, "system"))]


def order(lived, kind, **values):
    forms = {"register": "jsonl", "log": "csv", "bundle": "zip", "audit": "json"}
    if kind == "bundle":
        values = {"since": lived.since, "until": lived.until, "cases": (lived.filed.number,), **values}
        values["restricted"] = True
    return jobs.order(lived.desk.installation, ALICE, Chosen(kind, forms[kind], **values))


def taken(desk, uid):
    return b"".join(files.read(desk.installation, uid, BOB)[1])


def erase(desk, filed):
    """Close the case and erase it by order, at once."""
    desk.later(days=40)
    desk.do(filed, "close")
    desk.installation.write(
        lambda work: erasure.order(work, journal.lock(work, filed.uid), CAROL, erasure.PERSONS, "法院要求")
    )
    return lambda: desk.act(filed, erasure.finish)


def test_a_bundle_is_made_by_any_worker_and_holds(lived, tmp_path):
    uid = order(lived, "bundle")
    assert row(lived.desk, uid).total > 0
    assert work_off(lived.desk.installation) == 1
    job = row(lived.desk, uid)
    path = tmp_path / "b.zip"
    path.write_bytes(taken(lived.desk, uid))

    assert (job.kind, job.state, job.done) == ("bundle", "done", job.total)
    assert codes(path, [lived.vkey], lived.notes) == []
    assert "cases/1/case.pdf" in zipfile.ZipFile(path).namelist()
    assert system(lived.desk)[-2:] == ["exported", "export_downloaded"]


def test_a_bundle_that_waits_ends_at_the_best_checkpoint_there_is_when_it_is_made(lived):
    lived.until = lived.desk.clock.now
    uid = order(lived, "bundle", cases=())
    late = checkpoint(lived.desk)
    work_off(lived.desk.installation)
    inside = zipfile.ZipFile(io.BytesIO(taken(lived.desk, uid)))

    assert inside.read("log/after.note").decode() == late


def test_an_audit_as_a_job_is_recorded_under_who_ordered_it(lived):
    uid = order(lived, "audit")
    total = row(lived.desk, uid).total
    assert "audited" not in system(lived.desk)
    assert work_off(lived.desk.installation) == 1
    job, report = row(lived.desk, uid), json.loads(taken(lived.desk, uid))

    assert (job.state, job.done, report["findings"]) == ("done", total, [])
    assert report["ordered_by"] == str(ALICE)
    entries = {entry.type: entry for entry in lived.desk.read(lambda work: history(work, "system"))}
    assert entries["audited"].actor == str(ALICE)
    assert entries["audited"].meta["counted"] == job.result["counted"]
    assert "exported" not in entries


def test_an_audit_holds_no_write_and_no_reader_back(lived, monkeypatch):
    """Somebody files while the audit stands still between two steps, on the same database."""
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(audit, "_PAGE", 1)
    order(lived, "audit")
    filed = []
    step = jobs._step

    def filing(*arguments, **values):
        step(*arguments, **values)
        filed.append(lived.desk.file())

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(jobs, "_step", filing)
        assert work_off(lived.desk.installation) == 1

    assert len(filed) >= 2


@pytest.mark.parametrize("kind", ["register", "bundle"])
def test_a_worker_notices_an_erasure_at_its_next_step_and_its_file_is_gone(lived, monkeypatch, kind):
    desk = lived.desk
    uid, finish = order(lived, kind), erase(desk, lived.filed)
    reached, erased = threading.Event(), threading.Event()
    # Another page, so that a part of the file lies there already, and one is written after the erasure.
    monkeypatch.setattr(register, "_PAGE", 1)
    monkeypatch.setattr(parts, "SIZE", 1)
    monkeypatch.setattr(jobs, "PAUSE_SECONDS", 0.0)
    module, name = (register, "jsonl") if kind == "register" else (bundle_cases, "events")
    real = getattr(module, name)
    calls = []

    def waits(*arguments):
        calls.append(1)
        if kind == "bundle" or len(calls) == 2:
            reached.set()
            assert erased.wait(WAIT)
        return real(*arguments)

    monkeypatch.setattr(module, name, waits)
    worker = threading.Thread(target=work_off, args=(desk.installation,))
    worker.start()
    assert reached.wait(WAIT)
    assert row(desk, uid).state == "running"
    assert bool(stored(desk, uid)) == (kind == "register")
    finish()
    erased.set()
    worker.join(WAIT)

    assert not worker.is_alive()
    job = row(desk, uid)
    assert (job.state, job.error, job.lease_until) == ("cancelled", "Erased", None)
    assert stored(desk, uid) == []
    with pytest.raises(NotFoundError):
        taken(desk, uid)
    clean(desk.installation, desk.clock.now)
    assert work_off(desk.installation) == 0


@pytest.mark.parametrize("state", ["queued", "failed", "done"])
def test_an_erasure_ends_a_job_in_each_state_and_deletes_what_it_wrote(lived, monkeypatch, state):
    desk = lived.desk
    finish = erase(desk, lived.filed)
    before = order(lived, "register")
    work_off(desk.installation)
    uid = order(lived, "register")
    if state == "failed":
        monkeypatch.setattr(register, "_PAGE", 1)
        monkeypatch.setattr(parts, "SIZE", 1)
        real, calls = register.jsonl, []

        def fails(rows):
            calls.append(rows)
            return real(rows) if len(calls) < 3 else 1 / 0

        monkeypatch.setattr(register, "jsonl", fails)
    if state != "queued":
        work_off(desk.installation)
    audited = order(lived, "audit")
    assert (row(desk, uid).state, bool(stored(desk, uid))) == (state, state != "queued")
    finish()

    assert row(desk, uid).error == "Erased"
    assert stored(desk, uid) == stored(desk, before) == []
    assert row(desk, uid).state == ("done" if state == "done" else "cancelled")
    with pytest.raises(NotFoundError):
        taken(desk, uid)
    # The report of an audit holds nothing of anybody.
    assert row(desk, audited).error is None
    assert work_off(desk.installation) == 1


def test_a_job_older_than_the_case_goes_on(desk):
    uid = jobs.order(desk.installation, ALICE, Chosen("register", "csv"))
    desk.later(hours=1)
    filed = desk.file()
    for name in ("accept", "decide", "release"):
        desk.do(filed, name)
    erase(desk, filed)()
    assert work_off(desk.installation) == 1
    assert row(desk, uid).state == "done"
