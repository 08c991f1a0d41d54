from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import event, update

from complaints.cases.step import tell
from complaints.delivery import outbox
from complaints.delivery.sending import PAUSES, DeliveryError, claim, retry, send
from complaints.store.tables import Outbox


def pass_once(office, deliver, **options):
    return send(office.installation.database, lambda: office.now, deliver, **options)


def only(office, **values):
    """One queued mail to a complainant, everything else out of the way."""
    filed = office.file()
    office.execute(update(Outbox).where(Outbox.kind != "received").values(state="dropped"))
    return filed


def row(office):
    return office.outbox(Outbox.kind == "received")[0]


def fail(reason="SMTPServerDisconnected", fate="retry", **more):
    def deliver(messages):
        raise DeliveryError(reason, fate, **more)

    return deliver


def test_what_was_accepted_is_marked_sent_and_never_delivered_again(office):
    only(office)
    delivered = []
    assert pass_once(office, delivered.extend).sent == 1
    assert pass_once(office, delivered.extend).sent == 0
    found = row(office)
    assert (found.state, found.sent_at, found.attempts) == ("sent", office.now, 1)
    assert [each.kind for each in delivered] == ["received"]


def test_a_message_leaves_only_after_its_time(office):
    filed = only(office)
    pass_once(office, lambda messages: None)

    def later(work, case):
        when = office.now.replace(hour=3)
        outbox.queue(work, "reply", "complainant", dedupe="x", complaint_id=case.id, seq=1, not_before=when)

    office.act(filed, later)
    assert pass_once(office, lambda messages: None).sent == 0
    office.pass_time(hours=1)
    assert pass_once(office, lambda messages: None).sent == 1


def test_no_transaction_is_open_while_a_message_is_delivered(office):
    filed = only(office)
    pass_once(office, lambda messages: office.act(filed, tell, "reply", 1))
    assert {each.kind for each in office.outbox(Outbox.state == "queued")} == {"reply"}


def test_pauses_grow_to_about_three_days_and_end_in_a_dead_letter(office):
    only(office)
    began, attempts = office.now, 0
    while row(office).state == "queued":
        found = row(office)
        office.now = max(office.now, found.not_before)
        attempts += 1
        before = found.message_id
        pass_once(office, fail())
        assert row(office).message_id == before
    assert attempts == len(PAUSES) + 1
    assert 60 <= (office.now - began).total_seconds() / 3600 <= 80
    assert (row(office).state, row(office).last_error) == ("dead", "SMTPServerDisconnected")
    assert pass_once(office, lambda messages: None).sent == 0


def test_a_dead_letter_can_be_queued_again_by_hand(office):
    only(office)
    pass_once(office, fail("SMTPRecipientsRefused 550", "dead"))
    assert row(office).state == "dead"
    dead = row(office).id
    assert office.installation.write(lambda work: retry(work.session, dead, work.now))
    assert not office.installation.write(lambda work: retry(work.session, dead, work.now))
    assert pass_once(office, lambda messages: None).sent == 1


def test_what_is_not_set_up_costs_no_attempt(office):
    only(office)
    for _ in range(20):
        office.pass_time(minutes=6)
        assert pass_once(office, fail("NoMailServer", "postpone")).postponed == 1
    assert (row(office).state, row(office).attempts) == ("queued", 0)
    office.pass_time(minutes=6)
    assert pass_once(office, lambda messages: None).sent == 1


def test_any_other_error_is_tried_again_and_told_by_its_class_only(office, caplog):
    only(office)

    def deliver(messages):
        raise ValueError("reporter@example.com said something")

    assert pass_once(office, deliver).retried == 1
    assert row(office).last_error == "ValueError"
    assert "reporter" not in caplog.text


def test_one_bad_message_keeps_no_other_back(office):
    for _ in range(3):
        only(office)
    first = office.outbox(Outbox.kind == "received")[0].id

    def deliver(messages):
        if messages[0].id == first:
            raise DeliveryError("SMTPRecipientsRefused 550", "dead")

    sent = pass_once(office, deliver)
    assert (sent.sent, sent.dead) == (2, 1)


def test_an_unreachable_server_is_tried_once_per_pass(office):
    for _ in range(5):
        only(office)
    tried = []

    def deliver(messages):
        tried.append(messages[0].id)
        raise DeliveryError("ConnectionRefusedError 111", unreachable=True)

    assert pass_once(office, deliver).retried == 1
    assert len(tried) == 1
    assert sum(each.attempts for each in office.outbox()) == 1


def test_a_worker_that_dies_leaves_its_claim_to_the_next_after_the_lease(office):
    only(office)
    claim(office.installation.database, office.now, [row(office).id], 300)
    identity = row(office).message_id
    assert row(office).state == "sending"
    office.pass_time(seconds=299)
    assert pass_once(office, lambda messages: None).sent == 0
    office.pass_time(seconds=2)
    delivered = []
    assert pass_once(office, delivered.extend).sent == 1
    assert [each.message_id for each in delivered] == [identity]


def test_a_late_failure_does_not_undo_what_another_worker_sent(office):
    only(office)

    def slow(messages):
        office.pass_time(seconds=400)
        assert pass_once(office, lambda others: None).sent == 1
        raise DeliveryError("TimeoutError")

    pass_once(office, slow)
    assert row(office).state == "sent"


def test_a_late_failure_does_not_disturb_the_worker_that_took_over(office):
    only(office)

    def slow(messages):
        office.pass_time(seconds=400)
        assert claim(office.installation.database, office.now, [row(office).id])
        raise DeliveryError("TimeoutError")

    pass_once(office, slow)
    assert (row(office).state, row(office).attempts, row(office).last_error) == ("sending", 2, None)


def test_a_crash_between_acceptance_and_mark_repeats_under_the_same_identity(office):
    only(office)
    delivered = []
    engine = office.installation.database.engine

    def crash(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("UPDATE complaints_outbox") and "sent" in str(parameters):
            raise SystemExit

    event.listen(engine, "before_cursor_execute", crash)
    with pytest.raises(SystemExit):
        pass_once(office, delivered.extend)
    event.remove(engine, "before_cursor_execute", crash)
    office.pass_time(minutes=6)
    assert pass_once(office, delivered.extend).sent == 1
    assert len(delivered) == 2
    assert len({each.message_id for each in delivered}) == 1


def test_workers_that_send_at_once_deliver_each_message_once(any_office):
    office, seen = any_office, Counter()
    for _ in range(60):
        office.file()
    office.execute(update(Outbox).where(Outbox.kind != "received").values(state="dropped"))
    barrier, errors = threading.Barrier(3), []

    def work_through():
        barrier.wait()
        try:
            send(office.installation.database, lambda: office.now, note)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    def note(messages):
        seen.update(each.id for each in messages)

    threads = [threading.Thread(target=work_through) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(seen) == 60
    assert set(seen.values()) == {1}
    assert {each.state for each in office.outbox(Outbox.kind == "received")} == {"sent"}
    print(f"3 workers, {len(seen)} messages")
