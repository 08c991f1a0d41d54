"""One act on many cases: each exactly once and in its own record, whoever works, dies or changes something meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest
from factories import ALICE, BOB

from complaints.administration import bulk as jobs
from complaints.administration import operators
from complaints.base.errors import ConflictError, InputError
from complaints.cases import bulk, erasure, handling
from complaints.cases.bulk import Wish
from complaints.cases.people import Operator
from complaints.jobs.cleaning import clean
from complaints.jobs.working import work_off
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.store.jobs import KEEP_DAYS, StoppedError
from complaints.store.tables import Job

NOTE = Wish("note", text="统一回访：张三 13800000000")


@pytest.fixture
def who(desk):
    return hired(desk, "alice")


def hired(desk, login, *roles, restricted=False):
    row, _ = desk.installation.write(
        lambda work: operators.create(
            work, login, login, roles or ("handler",), restricted=restricted, by=Actor("admin", "setup")
        )
    )
    return operators.seen(row)


def shown(desk, *filed):
    return [(each.uid, desk.case(each).version) for each in filed]


def order(desk, who, wish, *filed):
    return jobs.order(desk.installation, who, wish, shown(desk, *filed))


def row(desk, uid):
    return desk.read(lambda work: work.session.get(Job, uid))


def ends(desk, uid):
    return row(desk, uid).place["ends"]


def kinds(desk, filed):
    return [entry.type for entry in desk.events(filed)]


def test_each_case_gets_its_own_event_by_who_ordered_it_and_no_other_case_any(desk, who):
    chosen, beside = [desk.file() for _ in range(3)], desk.file()
    uid = order(desk, who, Wish("accept"), *chosen)
    assert work_off(desk.installation) == 1

    assert ends(desk, uid) == ["", "", ""]
    assert row(desk, uid).result == {"done": 3, "skipped": 0, "failed": 0}
    for each in chosen:
        accepted = desk.events(each)[-1]
        assert (accepted.type, accepted.ref, desk.case(each).assignee) == ("accepted", who.ref, who.ref)
    assert kinds(desk, beside) == ["filed"]
    system = desk.read(lambda work: history(work, "system"))
    assert [(each.type, each.meta.get("cases")) for each in system if each.type.startswith("bulk")] == [
        ("bulk_ordered", 3)
    ]


def test_what_cannot_be_is_left_out_with_its_reason_and_stops_no_other(desk, who):
    fine, done, hidden, moved = desk.file(), desk.file(), desk.file("minor"), desk.file()
    desk.do(done, "accept")
    cases = [*shown(desk, done, hidden, moved), ("0" * 32, 1), *shown(desk, fine)]
    desk.do(moved, "note")
    uid = jobs.order(desk.installation, who, Wish("accept"), cases)
    work_off(desk.installation)

    assert ends(desk, uid) == ["state", "unknown", "moved", "unknown", ""]
    assert kinds(desk, hidden) == ["filed"]
    assert kinds(desk, moved) == ["filed", "noted"]


def test_what_is_only_stored_keeps_its_type_and_what_is_erased_takes_no_note(desk, who):
    stored, erased = desk.file(), desk.file()
    desk.act(stored, erasure.request, BOB, how="来信要求删除")
    desk.do(erased, "withdraw")
    desk.act(erased, erasure.order, BOB, ["complainant"], "本人要求")
    desk.act(erased, erasure.finish)
    kept = [kinds(desk, each) for each in (stored, erased)]
    first = order(desk, who, Wish("reclassify", type="inaccurate"), stored)
    second = order(desk, who, NOTE, erased)
    work_off(desk.installation)

    assert (ends(desk, first), ends(desk, second)) == (["stored"], ["erased"])
    assert [kinds(desk, each) for each in (stored, erased)] == kept


@pytest.mark.parametrize(
    ("wish", "before", "expected"),
    [
        (Wish("assign", to="self"), [], ["", "assigned"]),
        (Wish("assign"), [], ["same", "filed"]),
        (NOTE, [], ["", "noted"]),
        (Wish("reclassify", type="inaccurate", text="看过内容"), [], ["", "reclassified"]),
        (Wish("reclassify", type="other"), [], ["same", "filed"]),
        (Wish("close"), [], ["state", "filed"]),
        (Wish("close"), ["decide"], ["state", "decided"]),
        (Wish("close"), ["decide", "release"], ["", "closed"]),
        (Wish("accept"), ["withdraw"], ["state", "withdrawn"]),
        (Wish("take_back"), ["decide"], ["", "taken_back"]),
        (Wish("take_back"), ["decline"], ["", "taken_back"]),
        # Its undo time is over, whether the clock has come by or not.
        (Wish("take_back"), ["decide", "note"], ["out", "noted"]),
        (Wish("take_back"), ["decide", "release"], ["state", "released"]),
        (Wish("take_back"), [], ["state", "filed"]),
    ],
)
def test_each_act_is_the_one_of_a_single_case(desk, who, wish, before, expected):
    filed, beside = desk.file(), desk.file()
    for name in before:
        desk.do(filed, name)
    wish = Wish(wish.act, who.ref if wish.to else "", wish.type, wish.text)
    uid = order(desk, who, wish, filed)
    work_off(desk.installation)

    assert [*ends(desk, uid), kinds(desk, filed)[-1]] == expected
    assert kinds(desk, beside) == ["filed"]


def test_the_preview_says_what_the_run_will_do(desk, who):
    rows = [desk.file() for _ in range(3)]
    desk.do(rows[1], "accept")
    before = desk.read(
        lambda work: [bulk.refusal(work, desk.case(each), who, Wish("accept"), None) for each in rows]
    )
    uid = order(desk, who, Wish("accept"), *rows)
    work_off(desk.installation)

    assert before == ends(desk, uid) == ["", "state", ""]


def test_a_restricted_case_is_given_to_nobody_who_may_not_see_it(desk):
    trusted, other = hired(desk, "trusted", restricted=True), hired(desk, "other")
    secret, plain = desk.file("minor"), desk.file()
    uid = order(desk, trusted, Wish("assign", to=other.ref), secret, plain)
    work_off(desk.installation)

    assert ends(desk, uid) == ["person", ""]
    assert (desk.case(secret).assignee, desk.case(plain).assignee) == (None, other.ref)


def test_rights_are_looked_at_when_it_is_done_not_when_it_was_ordered(desk):
    hired(desk, "boss", "admin")
    gone, narrowed = hired(desk, "gone"), hired(desk, "narrowed", restricted=True)
    secret, plain = desk.file("minor"), desk.file()
    first = order(desk, gone, NOTE, desk.file())
    second = order(desk, narrowed, NOTE, secret, plain)
    by = Actor("admin", "setup")
    desk.installation.write(lambda work: operators.disable(work, "gone", by=by))
    desk.installation.write(
        lambda work: operators.change_roles(work, "narrowed", ["handler"], restricted=False, by=by)
    )
    work_off(desk.installation)

    assert (ends(desk, first), ends(desk, second)) == (["rights"], ["unknown", ""])
    assert kinds(desk, secret) == ["filed"]


def test_a_note_is_sealed_while_it_waits_and_gone_from_the_job_afterwards(desk, who):
    filed = desk.file()
    uid = order(desk, who, NOTE, filed)
    waiting = str(row(desk, uid).params)
    work_off(desk.installation)

    assert "张三" not in waiting
    assert desk.events(filed)[-1].text("note") == NOTE.text
    assert row(desk, uid).params["text"] == ""


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish("decide"), "act"),
        (Wish("assign", to="op_nobody"), "to"),
        (Wish("note", text="  "), "text"),
        (Wish("note", text="长" * 5001), "text"),
        (Wish("reclassify", type="nothing"), "type"),
    ],
)
def test_a_wish_that_is_not_whole_is_refused_before_anything(desk, who, wish, field):
    filed = desk.file()
    with pytest.raises(InputError) as refused:
        order(desk, who, wish, filed)
    assert set(refused.value.fields) == {field}
    assert desk.read(lambda work: jobs.recent(work.session, who)) == []


def test_more_than_a_thousand_are_refused_and_the_limit_is_named(desk, who):
    with pytest.raises(InputError) as refused:
        jobs.order(desk.installation, who, NOTE, [(f"{n:032}", 1) for n in range(1001)])
    assert "1000" in refused.value.fields["case"][0]
    with pytest.raises(InputError):
        jobs.order(desk.installation, who, NOTE, [])
    assert jobs.order(desk.installation, who, NOTE, [(f"{n:032}", 1) for n in range(1000)])


def test_one_case_that_breaks_is_named_and_the_others_go_on(desk, who, monkeypatch):
    rows = [desk.file() for _ in range(3)]
    bad = rows[1].uid
    real = handling.note

    def note(work, case, actor, text):
        written = real(work, case, actor, text)
        if case.uid == bad:
            raise ZeroDivisionError
        return written

    monkeypatch.setattr(handling, "note", note)
    uid = order(desk, who, NOTE, *rows)
    work_off(desk.installation)

    assert ends(desk, uid) == ["", "failed", ""]
    assert [kinds(desk, each)[-1] for each in rows] == ["noted", "filed", "noted"]


def test_it_goes_on_where_its_time_was_over(desk, who):
    rows = [desk.file() for _ in range(3)]
    uid = order(desk, who, NOTE, *rows)
    job = jobs.claim(desk.installation)
    assert jobs.claim(desk.installation) is None
    jobs._one(desk.installation, job, [])
    assert not jobs.go_on(desk.installation, jobs.Claimed(uid, who, NOTE, job.cases, [""]), time.monotonic())
    assert row(desk, uid).done == 1
    work_off(desk.installation)

    assert [kinds(desk, each) for each in rows] == [["filed", "noted"]] * 3


def test_a_worker_that_wakes_up_late_acts_on_nothing(desk, who):
    rows = [desk.file() for _ in range(2)]
    uid = order(desk, who, NOTE, *rows)
    frozen = jobs.claim(desk.installation)
    desk.later(seconds=jobs.LEASE_SECONDS + 1)
    jobs._one(desk.installation, jobs.claim(desk.installation), [])
    with pytest.raises(StoppedError):
        jobs.go_on(desk.installation, frozen, time.monotonic() + 9)
    assert ends(desk, uid) == [""]
    desk.later(seconds=jobs.LEASE_SECONDS + 1)
    work_off(desk.installation)

    assert ends(desk, uid) == ["", ""]
    assert [kinds(desk, each) for each in rows] == [["filed", "noted"]] * 2


def test_a_stopped_job_leaves_the_rest_as_it_is(desk, who):
    rows = [desk.file() for _ in range(2)]
    uid = order(desk, who, NOTE, *rows)
    job = jobs.claim(desk.installation)
    jobs._one(desk.installation, job, [])
    desk.installation.write(lambda work: jobs.cancel(work, uid, who.actor))
    with pytest.raises(StoppedError):
        jobs._one(desk.installation, job, [""])
    with pytest.raises(ConflictError):
        desk.installation.write(lambda work: jobs.cancel(work, uid, who.actor))

    assert (row(desk, uid).state, row(desk, uid).params["text"]) == ("cancelled", "")
    assert [kinds(desk, each)[-1] for each in rows] == ["noted", "filed"]
    assert work_off(desk.installation) == 0


def test_the_list_goes_after_its_time_and_what_was_done_stays(desk, who):
    filed = desk.file()
    uid = order(desk, who, NOTE, filed)
    work_off(desk.installation)
    desk.later(days=KEEP_DAYS - 1)
    clean(desk.installation, desk.clock.now)
    assert row(desk, uid) is not None
    desk.later(days=1, seconds=1)
    clean(desk.installation, desk.clock.now)

    assert row(desk, uid) is None
    assert kinds(desk, filed) == ["filed", "noted"]


def test_a_worker_killed_in_the_middle_of_a_case_acts_on_none_twice(desk, who, monkeypatch):
    rows = [desk.file() for _ in range(4)]
    uid = order(desk, who, NOTE, *rows)
    # A connection must not be in two processes.
    desk.installation.database.engine.dispose()
    child = os.fork()
    if child == 0:
        advance = jobs._advance

        def advance_and_die(session, job, ends, found):
            advance(session, job, ends, found)
            if len(ends) == 3:
                session.flush()
                os.kill(os.getpid(), signal.SIGKILL)

        jobs._advance = advance_and_die
        work_off(desk.installation)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    assert row(desk, uid).done == 2
    assert work_off(desk.installation) == 0
    desk.later(seconds=jobs.LEASE_SECONDS + 1)
    assert work_off(desk.installation) == 1

    assert [kinds(desk, each) for each in rows] == [["filed", "noted"]] * 4


def test_two_workers_at_one_job_do_each_case_once(desk, who):
    rows = [desk.file() for _ in range(12)]
    uid = order(desk, who, NOTE, *rows)
    job = jobs.claim(desk.installation)
    desk.installation.database.engine.dispose()
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(2)

    def run():
        gate.wait()
        try:
            jobs.go_on(desk.installation, job, time.monotonic() + 30)
        except StoppedError:
            desk.installation.database.engine.dispose()
        os._exit(0)

    workers = [context.Process(target=run) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    desk.later(seconds=jobs.LEASE_SECONDS + 1)
    work_off(desk.installation)

    # A second try would have found the case changed, and said so.
    assert (row(desk, uid).state, ends(desk, uid)) == ("done", [""] * 12)
    assert [kinds(desk, each) for each in rows] == [["filed", "noted"]] * 12
    print(f"2 workers at one job of {len(rows)} cases: each done once")


def test_with_the_hosts_accounts_the_rights_are_those_of_the_order(desk):
    object.__setattr__(desk.installation, "hooks", desk.installation.hooks.__class__(operator=lambda: None))
    visitor = Operator("u17", "王", frozenset({"handler"}))
    filed, secret = desk.file(), desk.file("minor")
    uid = order(desk, visitor, Wish("assign", to="u17"), filed, secret)
    work_off(desk.installation)

    assert ends(desk, uid) == ["", "unknown"]
    assert desk.case(filed).assignee == "u17"
    with pytest.raises(InputError):
        order(desk, visitor, Wish("assign", to=ALICE.ref), filed)
