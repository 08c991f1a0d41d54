"""Real process trees on one database, one of whose workers is killed and another frozen while the clock works."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import servers
from sqlalchemy import func, select

from complaints.base.clock import utcnow
from complaints.cases import intake
from complaints.cases.escalation import told
from complaints.cli import group
from complaints.ledger.audit import audit
from complaints.store.tables import Complaint, Event, Lease, Milestone, Outbox

sys.path.insert(0, str(Path(__file__).resolve().parent))

import product

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux: reads threads from /proc"),
]
HERE = Path(__file__).resolve().parent
WORKERS, FILED, PATIENCE = 4, 150, 60


@pytest.fixture
def app(tmp_path, database_url):
    """The product after `init`, with complaints filed forty days ago that nobody has looked at since."""
    made = product.create_app(str(tmp_path), database_url)
    result = made.test_cli_runner().invoke(group, ["init", "--no-policy-file"])
    assert result.exit_code == 0, result.output
    with made.app_context():
        found = made.extensions["complaints"]
        found.now = lambda: utcnow() - timedelta(days=40)

        def file_all(work):
            for _ in range(FILED):
                fields = {"details": "这是很久以前的一件", "mail": "a@example.cn"}
                filing = intake.Filing("other", fields, secrets.token_hex(16))
                intake.insert_prepared(work, intake.prepare(work, filing))

        found.write(file_all)
        found.now = utcnow
        yield made
        found.database.engine.dispose()


@contextmanager
def gunicorn(folder, url, port, *, preload):
    """A process tree that serves the product on `port`; ended with all its workers."""
    command = [
        sys.executable, "-m", "gunicorn", "product:create_app()", "--bind", f"127.0.0.1:{port}",
        "--workers", str(WORKERS), "--log-level", "warning", "--no-control-socket", "--timeout", "90",
        *(["--preload"] if preload else []),
    ]  # fmt: skip
    with (folder / f"server-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=HERE, env=environment(folder, url), stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment(folder, url):
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    return {**os.environ, "PRODUCT_FOLDER": str(folder), "PRODUCT_DATABASE": url, "PYTHONPATH": paths}


def wait_for(condition, patience=PATIENCE):
    until = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
    return found


def workers(master):
    children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii").split()
    return [int(each) for each in children]


def ticking(worker):
    """Whether a worker has a thread beside its own: the clock."""
    return len(list(Path(f"/proc/{worker}/task").iterdir())) > 1


def health(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/complaints/healthz", timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError:
        return None


def clocks_run(master, port):
    health(port)
    found = workers(master)
    return len(found) == WORKERS and all(map(ticking, found)) and found


def read(app, query):
    with app.extensions["complaints"].reading() as work:
        return work.session.execute(query).all()


def count(app, *conditions):
    return read(app, select(func.count()).select_from(Milestone).where(*conditions))[0][0]


def due(app):
    return count(app, Milestone.state == "pending", Milestone.due_at <= utcnow())


def check_once(app):
    """Each milestone stands in the log once, each message was queued once, and the audit finds nothing."""
    fired = Counter()
    for uid, leaf in read(app, select(Event.stream, Event.leaf).where(Event.type == "clock")):
        for clock in json.loads(leaf)["meta"]["clocks"]:
            fired[uid, clock["cycle"], clock["kind"], clock["step"], clock["rev"]] += 1
    assert set(fired.values()) == {1}
    assert len(fired) == count(app, Milestone.state == "acted") >= FILED
    rows = read(
        app,
        select(Milestone.id, Milestone.step, Complaint)
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(Milestone.state == "acted"),
    )
    queued = Counter(
        tuple(row)
        for row in read(
            app,
            select(Outbox.milestone_id, Outbox.kind, Outbox.channel).where(Outbox.dedupe.like("milestone/%")),
        )
    )
    with app.extensions["complaints"].reading() as work:
        policy = work.policy
        assert audit(work).findings == []
    assert queued.total() == sum(len(told(policy, row.Complaint, row.step)) for row in rows)
    return len(fired), queued.total()


@pytest.mark.parametrize("preload", [False, True], ids=["own", "preload"])
def test_workers_of_gunicorn_act_once_each_with_a_clock_of_its_own(app, tmp_path, database_url, preload):
    port = servers.free_port()
    with gunicorn(tmp_path, database_url, port, preload=preload) as master:
        found = wait_for(lambda: clocks_run(master, port))
        wait_for(lambda: due(app) == 0)
        said = wait_for(
            lambda: (now := health(port)) and now["sweep_lag"] == 0 and now["beat_lag"] is not None and now
        )
    assert "sweep" not in said["alarms"]
    acted, messages = check_once(app)
    print(f"gunicorn -w {len(found)}{' --preload' * preload}: {acted} acted once, {messages} messages once")


def test_a_killed_and_a_frozen_worker_beside_a_second_host_and_cron_do_no_harm(app, tmp_path, database_url):
    ports = [servers.free_port(), servers.free_port()]
    with ExitStack() as stack:
        hosts = [stack.enter_context(gunicorn(tmp_path, database_url, each, preload=False)) for each in ports]
        crews = [wait_for(lambda at=at: clocks_run(hosts[at], ports[at])) for at in range(2)]
        wait_for(lambda: count(app, Milestone.state == "acted"))
        killed, frozen = holder(app, crews) or crews[0][0], crews[1][0]
        if killed == frozen:
            frozen = crews[1][1]
        os.kill(killed, signal.SIGKILL)
        os.kill(frozen, signal.SIGSTOP)
        cron = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "product", "complaints", "tick"],
            cwd=HERE,
            env=environment(tmp_path, database_url),
            stdout=subprocess.DEVNULL,
        )
        before = count(app, Milestone.state == "acted")
        with suppress(AssertionError):
            # On SQLite who freezes while writing holds everybody up: then nothing moves until it goes on.
            wait_for(lambda: count(app, Milestone.state == "acted") > before or not due(app), patience=3)
        os.kill(frozen, signal.SIGCONT)
        assert cron.wait(PATIENCE) == 0
        wait_for(lambda: due(app) == 0)
    acted, messages = check_once(app)
    print(
        f"2 hosts × {WORKERS} workers, 1 killed, 1 frozen, cron: {acted} acted once, {messages} messages once"
    )


def holder(app, crews):
    """The worker that holds the lease, if it is one of these."""
    owners = read(app, select(Lease.owner).where(Lease.name == "tick"))
    pid = int(owners[0][0].rpartition(":")[2]) if owners else 0
    return pid if any(pid in crew for crew in crews) else None
