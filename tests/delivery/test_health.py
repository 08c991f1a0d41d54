from __future__ import annotations

from sqlalchemy import update

from complaints.delivery.health import Health, measure
from complaints.jobs import leases
from complaints.ledger.sequencer import sequence
from complaints.store.tables import Outbox


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
