from __future__ import annotations

from sqlalchemy import update

from complaints.delivery.health import Health, measure
from complaints.jobs import leases
from complaints.ledger.sequencer import sequence
from complaints.store.jobs import Jobs
from complaints.store.tables import Job, Outbox


def health(office):
    with office.installation.reading() as work:
        return measure(work.session, office.now)


def test_a_clock_that_never_ran_is_an_alarm(office):
    assert health(office).alarms == ("clock",)
    assert not health(office).sound


def test_lag_is_the_age_of_what_is_due_and_not_done(office):
    office.file()
    leases.take(office.installation.database, "tick", office.now, 60)
    leases.beat(office.installation.database, "tick", office.now, 0)
    assert health(office) == Health(beat_lag=0)
    assert health(office).sound
    office.pass_time(hours=1)
    found = health(office)
    assert (found.outbox_lag, found.beat_lag, found.sweep_lag, found.sequencer_lag) == (3600, 3600, 0, 3600)
    assert found.alarms == ("clock", "outbox", "sequencer")
    office.pass_time(days=3)
    assert health(office).sweep_lag > 0
    assert "sweep" in health(office).alarms


def test_a_message_held_back_on_purpose_is_no_lag_but_a_failing_one_is(office):
    office.file()
    office.execute(update(Outbox).values(not_before=office.now.replace(hour=9)))
    office.pass_time(hours=1)
    assert health(office).outbox_lag == 0
    office.execute(update(Outbox).values(last_error="TimeoutError"))
    assert health(office).outbox_lag == 3600
    assert health(office).waiting == {"TimeoutError": 2}


def test_dead_letters_and_missing_set_up_are_alarms_for_people_not_for_restarts(office):
    office.file()
    leases.take(office.installation.database, "tick", office.now, 60)
    leases.beat(office.installation.database, "tick", office.now, 0)
    office.execute(
        update(Outbox).where(Outbox.kind == "new").values(state="dead", last_error="SMTPDataError 554")
    )
    office.execute(update(Outbox).where(Outbox.kind == "received").values(last_error="NoMailServer"))
    found = health(office)
    assert found.alarms == ("dead", "setup")
    assert found.sound


def test_events_without_a_place_are_a_late_log_and_a_refused_signature_is_for_a_person(office):
    office.file()
    leases.take(office.installation.database, "tick", office.now, 60)
    office.pass_time(seconds=301)
    leases.beat(office.installation.database, "tick", office.now, 0)
    assert health(office).alarms == ("sequencer",)
    assert not health(office).sound
    sequence(office.installation.database)
    with office.installation.reading() as work:
        found = measure(work.session, office.now, refusal="fork")
    assert found.alarms == ("checkpoint",)
    assert found.sound


JOBS = Jobs(("audit",), 60)


def order(office, uid):
    office.installation.write(
        lambda work: JOBS.queue(work.session, uid, "audit", {}, "op_x", work.now, total=1)
    )


def take(office):
    return office.installation.write(lambda work: JOBS.take(work.session, work.now).uid)


def test_an_order_waits_until_a_worker_takes_it_and_again_once_that_one_is_gone(office):
    leases.take(office.installation.database, "tick", office.now, 60)
    order(office, "a" * 32)
    assert health(office).orders_lag == 0
    office.pass_time(seconds=601)
    leases.beat(office.installation.database, "tick", office.now, 0)
    assert health(office).orders_lag == 601
    assert health(office).alarms == ("orders",)
    assert health(office).sound
    taken = take(office)
    assert health(office).orders_lag == 0
    office.pass_time(seconds=65)
    assert health(office).orders_lag == 5
    office.execute(update(Job).values(state="failed", lease_until=None))
    assert health(office).orders_lag == 0
    office.pass_time(hours=1)
    office.installation.write(lambda work: JOBS.again(work.session, taken, work.now))
    assert health(office).orders_lag == 0
    office.pass_time(seconds=7)
    assert health(office).orders_lag == 7
    assert take(office) == taken
