"""Processes that die or freeze in the middle of a sweep: everything happens once, or another time."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select

from complaints.cases import intake, overdue
from complaints.cases.escalation import told
from complaints.sla.sweep import sweep
from complaints.store.tables import Complaint, Event, Milestone, Outbox

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
PROCESSES, KILLED, DUE = 8, 5, 2000
PATIENCE = 60


def rules_of(office):
    with office.installation.reading() as work:
        return work


def run(office, act=overdue.act, **options):
    # One page holds everything that is due, so that what comes due together is acted on together.
    return sweep(office.installation.database, rules_of(office).on, office.now, act, page=5000, **options)


def read(office, query):
    with office.installation.reading() as work:
        return work.session.execute(query).all()


def count(office, *conditions):
    return read(office, select(func.count()).select_from(Milestone).where(*conditions))[0][0]


def due(office):
    return count(office, Milestone.state == "pending", Milestone.due_at <= office.now)


def acted(office):
    return count(office, Milestone.state == "acted")


def due_milestones(office, wanted):
    """File complaints until at least `wanted` milestones are due ten days later; how many are."""
    office.file()
    each = count(office, Milestone.due_at <= office.now + timedelta(days=10))

    def file_all(work):
        for _ in range(-(-wanted // each) - 1):
            filing = intake.Filing(
                "other", {"details": "旁边", "mail": "a@example.cn"}, secrets.token_hex(16)
            )
            intake.insert_prepared(work, intake.prepare(work, filing))

    office.installation.write(file_all)
    office.pass_time(days=10)
    return due(office)


def forked(office, work_through):
    """A process of its own that does `work_through()`; exits 0 when that returns without an error."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        # The parent's connections stay the parent's.
        office.installation.database.engine.dispose(close=False)
        work_through()
        code = 0
    finally:
        os._exit(code)


def ends(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def fired(office):
    """How often the log says of each milestone that it was acted on."""
    found = Counter()
    for uid, leaf in read(office, select(Event.stream, Event.leaf).where(Event.type == "clock")):
        for clock in json.loads(leaf)["meta"]["clocks"]:
            if clock.get("state") == "acted":
                found[uid, clock["cycle"], clock["kind"], clock["step"], clock["rev"]] += 1
    return found


def check_told(office):
    """Each acted milestone has queued exactly what the policy says; returns the number of messages."""
    policy = rules_of(office).policy
    queued = Counter(
        tuple(row)
        for row in read(
            office,
            select(Outbox.milestone_id, Outbox.recipient, Outbox.channel).where(
                Outbox.milestone_id.is_not(None)
            ),
        )
    )
    rows = read(
        office,
        select(Milestone.id, Milestone.step, Complaint)
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(Milestone.state == "acted"),
    )
    wanted = Counter((row.id, *pair) for row in rows for pair in told(policy, row.Complaint, row.step))
    assert queued == wanted
    assert set(queued.values()) == {1}
    return len(queued)


@pytest.mark.slow
def test_eight_processes_of_which_five_are_killed_act_on_two_thousand_milestones_once(any_office):
    office = any_office
    total = due_milestones(office, DUE)
    assert total >= DUE
    dice = random.Random(7)

    def work_through():
        while due(office):
            run(office)

    begin = time.perf_counter()
    children = [forked(office, work_through) for _ in range(PROCESSES)]
    for number, victim in enumerate(children[:KILLED]):
        wait_for(lambda number=number: acted(office) >= number * total // 10)
        time.sleep(dice.uniform(0, 0.02))
        os.kill(victim, signal.SIGKILL)
    codes = ends(children)
    seconds = time.perf_counter() - begin
    assert codes.count(-signal.SIGKILL) == KILLED
    assert codes.count(0) == PROCESSES - KILLED
    assert due(office) == 0
    assert acted(office) == total
    log = fired(office)
    assert len(log) == total
    assert set(log.values()) == {1}
    messages = check_told(office)
    assert office.findings() == []
    print(
        f"{PROCESSES} processes, {KILLED} killed with -9, {total} due milestones: {len(log)} acted, "
        f"0 twice, {messages} messages queued once, chains whole, {seconds:.1f} s"
    )


def test_a_process_killed_before_each_statement_of_a_chunk_leaves_nothing_or_everything(any_office):
    office = any_office
    filings, at = 3, 0
    while True:
        for _ in range(filings):
            office.file()
        office.pass_time(days=10)

        def work_through(at=at):
            seen = []

            def perhaps_die(*_):
                seen.append(None)
                if len(seen) == at + 1:
                    os.kill(os.getpid(), signal.SIGKILL)

            engine = office.installation.database.engine
            rules = rules_of(office)
            for name in ("before_cursor_execute", "commit"):
                event.listen(engine, name, perhaps_die)
            sweep(office.installation.database, rules.on, office.now, overdue.act)

        code = ends([forked(office, work_through)])[0]
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert sum(fired(office).values()) == acted(office)
        assert run(office).failed == ()
        assert due(office) == 0
        at += 1
    assert at > 8
    assert set(fired(office).values()) == {1}
    check_told(office)
    print(f"killed before each of {at} statements of a chunk")


def test_a_process_frozen_in_the_middle_does_no_harm_when_it_goes_on(any_office):
    """Frozen between its look and its lock: what it found is done by others, and it finds nothing to claim."""
    office = any_office
    total = due_milestones(office, 60)

    def work_through():
        database, rules = office.installation.database, rules_of(office)
        write, frozen = database.write, []

        def freeze_once(act):
            if not frozen:
                frozen.append(True)
                os.kill(os.getpid(), signal.SIGSTOP)
            return write(act)

        database.write = freeze_once
        assert sweep(database, rules.on, office.now, overdue.act, page=5000).acted == 0

    child = forked(office, work_through)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    assert run(office).acted == total
    os.kill(child, signal.SIGCONT)
    assert ends([child]) == [0]
    assert set(fired(office).values()) == {1}
    check_told(office)


@pytest.mark.differs(
    "SQLite has one writer: who freezes while writing holds the whole database until it goes on"
)
def test_a_process_frozen_while_it_holds_locks_keeps_only_its_own_chunk_from_the_others(any_office):
    office = any_office
    if office.installation.database.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    total = due_milestones(office, 100)

    def act(work, case, due):
        overdue.act(work, case, due)
        if not frozen:
            frozen.append(True)
            os.kill(os.getpid(), signal.SIGSTOP)

    frozen = []
    child = forked(office, lambda: run(office, act))
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    swept = run(office)
    assert 0 < total - swept.acted <= 20
    assert (swept.failed, swept.oldest_lag > 0) == ((), True)
    os.kill(child, signal.SIGCONT)
    assert ends([child]) == [0]
    assert due(office) == 0
    assert set(fired(office).values()) == {1}
    check_told(office)
