from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from installing import HANDLER
from sqlalchemy import event, func, select

from complaints.cases import conversation, overdue
from complaints.ledger import journal
from complaints.ledger.work import SYSTEM
from complaints.sla import milestones
from complaints.sla.sweep import CHUNK, sweep
from complaints.store.tables import Event, Milestone, Outbox


def rules_of(office):
    with office.installation.reading() as work:
        return work


def run(office, act=overdue.act, **options):
    return sweep(office.installation.database, rules_of(office).on, office.now, act, **options)


def states(office, *conditions):
    with office.installation.reading() as work:
        query = select(Milestone.state, func.count()).where(*conditions).group_by(Milestone.state)
        return dict(work.session.execute(query).all())


def due_count(office):
    return states(office, Milestone.due_at <= office.now).get("pending", 0)


def test_nothing_is_due_before_its_time(office):
    office.file()
    assert run(office).acted == 0
    assert states(office) == {"pending": states(office)["pending"]}


def test_a_due_milestone_is_acted_on_once_and_stands_in_the_log(office):
    filed = office.file()
    office.file()
    office.pass_time(days=10)
    expected = due_count(office)
    assert expected > 2
    assert run(office).acted == expected
    assert run(office).acted == 0
    with office.installation.reading() as work:
        events = work.session.scalars(
            select(Event.type).where(Event.stream == filed.uid).order_by(Event.seq)
        ).all()
    assert events.count("clock") == 1
    assert office.case(filed).late
    assert office.findings() == []


def test_a_paused_clock_is_left_alone(office):
    filed, other = office.file(), office.file()
    with office.installation.reading() as work:
        reason = next(iter(work.policy.ask_reasons))
    office.act(filed, conversation.ask, HANDLER, "哪一天？", reason=reason)
    office.pass_time(days=40)
    seen = []
    run(office, lambda work, case, due: seen.append(case.uid) or overdue.act(work, case, due))
    assert seen == [other.uid]
    assert office.findings() == []


def test_one_poisoned_complaint_stops_no_other_and_is_reported(office):
    filings = [office.file() for _ in range(30)]
    poisoned = filings[7]
    office.pass_time(days=10)
    expected = due_count(office)

    def act(work, case, due):
        overdue.act(work, case, due)
        if case.uid == poisoned.uid:
            raise RuntimeError("a text that must not be logged")

    swept = run(office, act)
    of_poisoned = states(office, Milestone.complaint_id == office.case(poisoned).id)
    assert swept.acted == expected - len(swept.failed)
    assert {each.error for each in swept.failed} == {"RuntimeError"}
    assert of_poisoned["pending"] >= len(swept.failed) > 0
    assert "acted" not in of_poisoned
    assert swept.oldest_lag > 0
    assert due_count(office) == len(swept.failed)
    assert office.findings() == []


def test_poisoned_rows_at_the_head_of_the_queue_do_not_hide_what_is_behind_them(office):
    first = [office.file() for _ in range(3)]
    office.pass_time(minutes=1)
    last = office.file()
    office.pass_time(days=10)
    seen = []

    def act(work, case, due):
        if case.uid != last.uid:
            raise RuntimeError
        overdue.act(work, case, due)
        seen.append(case.uid)

    swept = run(office, act, page=2)
    assert len(first) == 3
    assert set(seen) == {last.uid}
    assert len(swept.failed) >= 3


def test_a_sweep_goes_on_until_nothing_is_due_however_many_pages_that_takes(office):
    for _ in range(15):
        office.file()
    office.pass_time(days=10)
    assert run(office, page=7).acted > 2 * CHUNK
    assert due_count(office) == 0


def test_a_sweep_stops_when_its_time_is_over_and_says_how_much_is_left(office):
    for _ in range(15):
        office.file()
    office.pass_time(days=10)
    total = due_count(office)
    swept = run(office, budget_seconds=0)
    assert 0 < swept.acted <= CHUNK < total
    assert swept.oldest_lag > 0
    assert run(office).oldest_lag == 0


def test_a_chunk_is_one_transaction_of_at_most_twenty_milestones(office):
    for _ in range(15):
        office.file()
    office.pass_time(days=10)
    commits, rows = [], []

    def act(work, case, due):
        rows.append((len(commits), len(due)))
        overdue.act(work, case, due)

    event.listen(office.installation.database.engine, "commit", commits.append)
    run(office, act)
    per_commit = Counter()
    for commit, count in rows:
        per_commit[commit] += count
    assert len(per_commit) > 1
    assert max(per_commit.values()) <= CHUNK


def test_a_chunk_costs_few_statements_and_none_for_what_is_only_open(any_office):
    office = any_office
    for _ in range(12):
        office.file()
    office.pass_time(days=10)
    for _ in range(5):
        office.file()
    rules, counted = rules_of(office), []
    event.listen(
        office.installation.database.engine,
        "before_cursor_execute",
        lambda *arguments: counted.append(arguments[2]),
    )
    swept = sweep(office.installation.database, rules.on, office.now, overdue.act)
    assert swept.acted > 50
    assert len(counted) / swept.acted < 2, counted


def test_an_idle_sweep_costs_one_statement_however_much_is_open(office):
    counted = []
    for _ in range(3):
        office.file()
    rules = rules_of(office)
    event.listen(
        office.installation.database.engine,
        "before_cursor_execute",
        lambda *arguments: counted.append(arguments[2]),
    )
    sweep(office.installation.database, rules.on, office.now, overdue.act)
    assert len(counted) == 1


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_that_sweep_at_once_act_on_each_milestone_once(any_office, workers):
    office = any_office
    filings = [office.file() for _ in range(70)]
    office.pass_time(days=10)
    expected = due_count(office)
    assert expected >= 200
    acts, errors, barrier = Counter(), [], threading.Barrier(workers)

    def work_through():
        try:
            barrier.wait()
            swept = run(office, record)
            acts["total"] += swept.acted
            errors.extend(swept.failed)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    def record(work, case, due):
        overdue.act(work, case, due)

    threads = [threading.Thread(target=work_through) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert acts["total"] == expected
    assert due_count(office) == 0
    with office.installation.reading() as work:
        clocks = work.session.scalar(select(func.count()).select_from(Event).where(Event.type == "clock"))
        keys = work.session.scalars(select(Outbox.dedupe)).all()
    assert clocks == len(filings)
    assert len(keys) == len(set(keys))
    assert office.findings() == []
    print(f"{workers} workers, {len(filings)} complaints, {expected} due milestones, {clocks} clock events")


def test_a_milestone_met_in_the_same_moment_is_not_acted_on(office):
    """Somebody accepts between the look and the lock: the conditional UPDATE finds nothing to claim."""
    filed = office.file()
    office.pass_time(days=10)
    rules = rules_of(office)
    called = []

    def meet(work):
        case = journal.lock(work, filed.uid)
        clocks = [
            milestones.changed(each, {"state": "met", "acted_at": work.now})
            for each in milestones.running(work, case)
        ]
        journal.record(work, case, "clock", SYSTEM, clocks=clocks)

    def make_work(session):
        return rules.on(session)

    original = office.installation.database.write

    class Meddled:
        engine = office.installation.database.engine
        reading = office.installation.database.reading

        def write(self, act):
            if not called:
                called.append("met")
                office.installation.write(meet)
            return original(act)

    swept = sweep(Meddled(), make_work, office.now, lambda *_: called.append("acted"))
    assert called == ["met"]
    assert swept.acted == 0
    assert office.findings() == []


def test_a_clock_set_back_fires_nothing_again(office):
    office.file()
    office.pass_time(days=10)
    run(office)
    office.now -= timedelta(hours=26)
    assert run(office).acted == 0
