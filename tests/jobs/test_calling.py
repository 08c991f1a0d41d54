"""Measures that the host carries out: called after the commit, at least once, with each end in the log."""

from __future__ import annotations

import os
import threading
from dataclasses import FrozenInstanceError

import pytest
from flask import current_app
from installing import HANDLER
from sqlalchemy import select, update

from complaints import CallbackRefused, Commission
from complaints.administration import messages
from complaints.cases import deciding, disposal, handling, intake
from complaints.cases.deciding import Decision
from complaints.cases.handling import Order
from complaints.cases.people import Operator
from complaints.delivery.health import measure
from complaints.delivery.sending import LEASE_SECONDS, PAUSES
from complaints.jobs import calling
from complaints.jobs.ticks import tick
from complaints.ledger.reading import history
from complaints.store.tables import Disposal, Outbox

ANSWER = intake.Answer("太阳绕着地球转", "谁绕着谁转", mark="verified", model="示例模型", answer_id="a-1")
AT_ONCE, LATER = Order("stop_generation", "回答 a-1", "全部入口"), Order("warn", "账号 u-1")


def run(office, **options):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=None, **options)


def filed(office):
    """One complaint to look at, beside another whose measure nobody carries out."""
    other = office.file()
    office.act(other, handling.accept, HANDLER)
    office.act(other, handling.record_measure, HANDLER, [Order("preserve_records", "别处")])
    made = office.file(answer=ANSWER)
    office.act(made, handling.accept, HANDLER)
    return made


def ordered(office, *orders):
    made = filed(office)
    office.act(made, handling.record_measure, HANDLER, list(orders or (AT_ONCE,)))
    return made


def decided(office, *orders):
    made = filed(office)
    with office.installation.reading() as work:
        reason = next(
            key
            for key, each in work.policy.decision_reasons.items()
            if not each.types and "upheld" in (each.outcomes or ("upheld",))
        )
    office.act(made, deciding.decide, HANDLER, Decision("upheld", reason, "我们核实了", "", orders))
    return made


def rows(office, made):
    with office.installation.reading() as work:
        query = select(Disposal).where(Disposal.complaint_id == office.case(made).id)
        return list(work.session.scalars(query.order_by(Disposal.seq, Disposal.position)))


def ends(office, made):
    with office.installation.reading() as work:
        found = history(work, made.uid)
    return [each for each in found if each.type in {"action_done", "action_failed", "action_retried"}]


def calls(office):
    return office.outbox(Outbox.channel == disposal.CHANNEL)


def listening(office, action="stop_generation", answer=None):
    heard = []

    def callback(commission):
        heard.append(commission)
        result = answer.pop(0) if answer else None
        if isinstance(result, Exception):
            raise result
        return result

    office.disposals[action] = callback
    return heard


def test_the_host_is_called_after_the_commit_with_all_it_needs(any_office):
    heard = listening(any_office, answer=["已屏蔽 3 处缓存"])
    made = ordered(any_office)
    assert heard == []
    assert [(each.state, each.called) for each in rows(any_office, made)] == [("pending", True)]

    run(any_office)
    run(any_office)

    (given,) = heard
    assert isinstance(given, Commission)
    assert (given.action, given.target, given.note) == ("stop_generation", "回答 a-1", "全部入口")
    assert (given.number, given.uid, given.attempt, given.is_test) == (made.number, made.uid, 1, False)
    assert (given.answer_id, given.answer_mark, given.model) == ("a-1", "verified", "示例模型")
    with pytest.raises(FrozenInstanceError):
        given.target = "another"
    (row,) = rows(any_office, made)
    (end,) = ends(any_office, made)
    assert (row.state, row.attempts, row.result_seq) == ("done", 1, end.seq)
    assert end.actor == "system"
    assert end.meta["of"] == row.seq
    assert end.meta["duration_ms"] >= 0
    assert end.text("result") == "已屏蔽 3 处缓存"
    assert "缓存" not in str(end.meta)


def test_a_callback_runs_in_a_context_of_its_own_and_outside_every_transaction(any_office):
    seen = []

    def callback(commission):
        # Somebody else writes to the same complaint meanwhile: no lock of ours may be held.
        any_office.act(made, handling.note, HANDLER, "打电话问过")
        seen.append((current_app.name, threading.current_thread().name))

    any_office.disposals["stop_generation"] = callback
    made = ordered(any_office)

    run(any_office)

    assert seen == [(any_office.app.name, "complaints-callback")]
    assert rows(any_office, made)[0].state == "done"


def test_what_fails_is_tried_again_by_pauses_and_given_up_at_last(any_office):
    heard = listening(any_office, answer=[ValueError("secret")] * 20)
    made = ordered(any_office)

    for pause in (0, *PAUSES):
        any_office.pass_time(minutes=pause)
        run(any_office)

    assert [each.attempt for each in heard] == list(range(1, len(PAUSES) + 2))
    assert len({each.event_id for each in heard}) == 1
    (row,) = rows(any_office, made)
    assert (row.state, row.attempts) == ("failed", len(PAUSES) + 1)
    found = ends(any_office, made)
    assert [each.meta["final"] for each in found] == [False] * len(PAUSES) + [True]
    assert {each.meta["failure"] for each in found} == {"ValueError"}
    assert "secret" not in str([(each.meta, each.personal) for each in found])
    assert any_office.outbox(Outbox.kind == "measure_failed")
    with any_office.installation.reading() as work:
        assert "dead" in measure(work.session, any_office.now).alarms


def test_a_refusal_is_final_and_its_words_are_sealed(any_office):
    heard = listening(any_office, answer=[CallbackRefused("账号 u-1 已注销")])
    made = ordered(any_office)

    run(any_office)
    any_office.pass_time(days=2)
    run(any_office)

    assert len(heard) == 1
    (end,) = ends(any_office, made)
    assert (end.meta["failure"], end.meta["final"]) == ("CallbackRefused", True)
    assert end.text("result") == "账号 u-1 已注销"
    assert "u-1" not in str(end.meta)
    assert rows(any_office, made)[0].state == "failed"


def test_a_failed_measure_is_tried_again_at_the_push_of_a_button(any_office):
    heard = listening(any_office, answer=[CallbackRefused("还不行")])
    made = ordered(any_office)
    run(any_office)
    (row,) = rows(any_office, made)

    any_office.act(made, disposal.retry, HANDLER, row.seq, row.position)
    run(any_office)

    assert [each.type for each in ends(any_office, made)] == [
        "action_failed",
        "action_retried",
        "action_done",
    ]
    assert [each.attempt for each in heard] == [1, 2]
    assert heard[0].event_id == heard[1].event_id
    assert (rows(any_office, made)[0].state, rows(any_office, made)[0].attempts) == ("done", 2)


def test_a_dead_call_sent_again_from_the_outbox_is_tried_again_as_on_its_case(any_office):
    listening(any_office, answer=[CallbackRefused("还不行")])
    made = ordered(any_office)
    run(any_office)
    (letter,) = calls(any_office)
    keeper = Operator("op_kim", "Kim", frozenset({"admin"}))
    any_office.installation.write(lambda work: messages.retry(work, keeper, letter.id))

    run(any_office)

    types = [each.type for each in ends(any_office, made)]
    assert types == ["action_failed", "action_retried", "action_done"]
    assert rows(any_office, made)[0].state == "done"


def test_nothing_registered_waits_visibly_and_counts_no_attempt(any_office):
    listening(any_office)
    made = ordered(any_office)
    any_office.disposals.clear()

    run(any_office)

    assert rows(any_office, made)[0].state == "pending"
    (letter,) = calls(any_office)
    assert (letter.state, letter.attempts, letter.last_error) == ("queued", 0, "NoDisposalCallback")
    with any_office.installation.reading() as work:
        assert "setup" in measure(work.session, any_office.now).alarms
    heard = listening(any_office)
    any_office.pass_time(minutes=6)
    run(any_office)
    assert [each.attempt for each in heard] == [1]


def test_what_acts_at_the_click_is_called_at_once_and_the_rest_with_the_release(any_office):
    heard = listening(any_office)
    warned = listening(any_office, "warn")
    made = decided(any_office, AT_ONCE, LATER)

    run(any_office)
    assert ([each.action for each in heard], warned) == (["stop_generation"], [])
    assert [each.state for each in rows(any_office, made)] == ["done", "pending"]
    any_office.pass_time(minutes=3)
    run(any_office)
    run(any_office)

    assert [each.action for each in (*heard, *warned)] == ["stop_generation", "warn"]
    assert [each.state for each in rows(any_office, made)] == ["done", "done"]


def test_a_decision_taken_back_calls_nobody(any_office):
    heard, warned = listening(any_office), listening(any_office, "warn")
    made = decided(any_office, AT_ONCE, LATER, Order("correct", "页面"))

    any_office.act(made, deciding.take_back, HANDLER)
    any_office.pass_time(minutes=5)
    run(any_office)
    any_office.pass_time(days=1)
    run(any_office)

    assert (heard, warned) == ([], [])
    assert [each.state for each in rows(any_office, made)] == ["taken_back"] * 3


def test_what_the_host_has_begun_when_a_decision_is_taken_back_is_recorded_to_its_end(any_office):
    begun, end = threading.Event(), threading.Event()

    def callback(commission):
        begun.set()
        assert end.wait(30)
        return "停了"

    any_office.disposals["stop_generation"] = callback
    made = decided(any_office, AT_ONCE, LATER)
    worker = threading.Thread(target=run, args=(any_office,))
    worker.start()
    assert begun.wait(30)
    any_office.act(made, deciding.take_back, HANDLER)
    end.set()
    worker.join(30)

    with any_office.installation.reading() as work:
        taken = history(work, made.uid, types=("taken_back",))[0]
    assert taken.meta["running"] == [0]
    assert [each.state for each in rows(any_office, made)] == ["done", "taken_back"]


@pytest.mark.parametrize("raised", [SystemExit(0), GeneratorExit()], ids=lambda raised: type(raised).__name__)
def test_a_callback_that_would_end_the_process_has_done_nothing(any_office, raised):
    def callback(commission):
        del commission
        raise raised

    any_office.disposals["stop_generation"] = callback
    made = ordered(any_office)

    run(any_office)

    assert rows(any_office, made)[0].state == "pending"
    assert [each.meta.get("failure") for each in ends(any_office, made)] == [type(raised).__name__]


def test_words_of_the_host_with_half_a_character_are_kept_and_nothing_is_done_twice(any_office):
    heard = listening(any_office, answer=["已处理\ud800"])
    made = ordered(any_office)

    run(any_office)
    run(any_office)

    assert len(heard) == 1
    assert [each.text("result") for each in ends(any_office, made)] == ["已处理\ufffd"]


def test_a_callback_that_hangs_keeps_nobody_waiting(any_office, monkeypatch):
    monkeypatch.setattr(calling, "SECONDS", 0.05)
    end = threading.Event()
    any_office.disposals["stop_generation"] = lambda commission: end.wait(30)
    heard = listening(any_office, "warn")
    made = ordered(any_office, AT_ONCE, LATER)

    run(any_office)
    end.set()

    assert [each.action for each in heard] == ["warn"]
    first, second = rows(any_office, made)
    assert (first.state, second.state) == ("pending", "done")
    assert {each.meta.get("failure") for each in ends(any_office, made)} == {"CallbackTimeout", None}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_worker_that_dies_between_the_call_and_its_record_leaves_the_call_to_the_next(any_office, tmp_path):
    told = tmp_path / "told"

    def dying(commission):
        told.write_text(commission.event_id)
        os._exit(9)

    any_office.disposals["stop_generation"] = dying
    made = ordered(any_office)
    child = os.fork()
    if not child:
        any_office.installation.database.engine.dispose(close=False)
        run(any_office)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert rows(any_office, made)[0].state == "pending"
    heard = listening(any_office)
    run(any_office)
    assert heard == [], "the claim of the dead still holds"

    any_office.pass_time(seconds=LEASE_SECONDS + 1)
    run(any_office, alone=True)

    assert [each.event_id for each in heard] == [told.read_text()]
    assert rows(any_office, made)[0].state == "done"
    assert len(ends(any_office, made)) == 1


def test_a_worker_that_dies_after_the_record_calls_nobody_again(any_office):
    heard = listening(any_office)
    made = ordered(any_office)
    run(any_office)
    (letter,) = calls(any_office)
    any_office.execute(update(Outbox).where(Outbox.id == letter.id).values(state="queued"))

    run(any_office)

    assert len(heard) == 1
    assert len(ends(any_office, made)) == 1


def test_what_somebody_did_by_hand_is_recorded_and_its_call_stopped(any_office):
    heard = listening(any_office)
    made = ordered(any_office)
    (row,) = rows(any_office, made)

    any_office.act(made, disposal.mark_done, HANDLER, row.seq, row.position, "在后台手工下线")
    run(any_office)

    assert heard == []
    (end,) = ends(any_office, made)
    assert (end.actor, end.text("result")) == (str(HANDLER), "在后台手工下线")
    assert (rows(any_office, made)[0].state, rows(any_office, made)[0].attempts) == ("done", 0)
