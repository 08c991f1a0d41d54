"""A machine's clock that jumps or is wrong: nothing fires twice, nothing fires before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select, update

from complaints.administration.doctor import examine
from complaints.base.clock import SystemClock
from complaints.base.translations import speaking
from complaints.delivery.health import measure
from complaints.jobs import leases
from complaints.jobs.ticks import tick
from complaints.store.database_now import DatabaseNow
from complaints.store.tables import Event, Lease, Milestone


class Wrong(SystemClock):
    """A machine's clock that is off by a fixed span."""

    def __init__(self, **off):
        self.off = timedelta(**off)

    def __call__(self):
        return super().__call__() + self.off


def run(office):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=None)


def acted(office):
    with office.installation.reading() as work:
        query = select(Milestone.id, Milestone.acted_at).where(Milestone.state == "acted")
        return {row.id: row.acted_at for row in work.session.execute(query)}


def test_the_databases_clock_is_read_as_it_is(installation):
    before = datetime.now(UTC) - timedelta(seconds=5)
    with installation.database.reading() as session:
        read = session.scalar(select(DatabaseNow()))
    assert before < read < before + timedelta(seconds=60)


@pytest.mark.parametrize("hours", [2, 26])
def test_a_clock_set_back_fires_nothing_again(any_office, hours):
    office = any_office
    office.file()
    office.pass_time(days=10)
    assert run(office).swept.acted
    before = acted(office)
    office.now -= timedelta(hours=hours)
    assert run(office).swept.acted == 0
    office.pass_time(hours=hours, minutes=1)
    assert run(office).swept.acted == 0
    assert acted(office) == before


def test_a_day_forward_and_back_takes_nothing_back_and_repeats_nothing(office):
    office.file()
    office.pass_time(days=1)
    run(office)
    office.pass_time(days=1)
    run(office)
    ahead = acted(office)
    office.pass_time(days=-1)
    assert run(office).swept.acted == 0
    assert acted(office) == ahead
    office.pass_time(days=1, minutes=1)
    run(office)
    assert acted(office) == ahead
    with office.installation.reading() as work:
        per_moment = work.session.execute(
            select(Event.at, func.count()).where(Event.type == "clock").group_by(Event.at)
        ).all()
    assert all(moments == 1 for _, moments in per_moment)


def test_a_machine_that_runs_a_week_ahead_of_the_database_acts_on_nothing_before_its_time(any_office):
    office = any_office
    office.now = datetime.now(UTC)
    office.file()
    office.installation.now = Wrong(days=20)
    done = run(office)
    assert done.swept.acted == 0
    assert acted(office) == {}
    with office.installation.reading() as work:
        lease = work.session.get_one(Lease, "tick")
        found = measure(work.session, office.installation.now(), real=office.installation.real_time)
    # Nor does its lease or its heartbeat stand in the future, where it would keep the others away.
    assert lease.until < datetime.now(UTC) + timedelta(minutes=10)
    assert lease.beat_at < datetime.now(UTC) + timedelta(minutes=1)
    assert "skew" in found.alarms
    assert abs(found.skew - 20 * 86400) < 60
    with speaking("en"):
        advice = list(examine(office.installation))
    assert any("seconds apart" in each.what and each.level == "fail" for each in advice)


def test_a_clock_turned_by_hand_is_believed_and_one_that_agrees_is_no_alarm(office):
    office.file()
    office.pass_time(days=400)
    assert run(office).swept.acted
    with office.installation.reading() as work:
        assert measure(work.session, office.now, real=office.installation.real_time).skew == 0
        office.installation.now = Wrong(seconds=60)
        found = measure(work.session, office.installation.now(), real=office.installation.real_time)
    assert "skew" not in found.alarms
    assert 55 <= found.skew <= 65


def test_a_guarded_tick_still_costs_three_statements_when_there_is_nothing_to_do(office):
    office.installation.now = Wrong(seconds=0)
    run(office)
    statements = []
    event.listen(
        office.installation.database.engine,
        "before_cursor_execute",
        lambda *given: statements.append(given[2]),
    )
    run(office)
    assert len(statements) <= 3, statements


def test_a_lease_taken_before_the_clock_was_set_back_binds_nobody(any_office):
    office = any_office
    database = office.installation.database
    assert leases.take(database, "tick", office.now, 60)
    office.execute(update(Lease).values(owner="another:1"))
    assert not leases.take(database, "tick", office.now, 60)
    office.now -= timedelta(hours=2)
    with office.installation.reading() as work:
        row = work.session.get_one(Lease, "tick")
    assert leases.free(row.owner, row.until, office.now, 60)
    assert leases.take(database, "tick", office.now, 60)
