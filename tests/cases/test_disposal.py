"""What is asked of a measure and what is recorded of it: reports, retests, and who may look after them."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from factories import ALICE, BOB, a_decision
from sqlalchemy import select

from complaints.base.errors import InputError, NotFoundError, TransitionError
from complaints.cases import deciding, disposal, erasure, handling, queries, views
from complaints.cases.deciding import Decision
from complaints.cases.handling import Order
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.cases.reports import Report
from complaints.store.tables import Disposal

CLEARED = Operator("op_x", "甲", frozenset({"handler"}), restricted=True)
PLAIN = Operator("op_y", "乙", frozenset({"handler"}))
TRAINED = Order("keyword_rule", "规则 7", retest=True)


def rows(desk, filed):
    query = select(Disposal).where(Disposal.complaint_id == desk.case(filed).id)
    return desk.read(lambda work: list(work.session.scalars(query.order_by(Disposal.seq, Disposal.position))))


def measured(desk, *orders, kind="other"):
    beside = desk.file()
    desk.do(beside, "accept")
    desk.act(beside, handling.record_measure, ALICE, [TRAINED])
    filed = desk.file(kind)
    desk.do(filed, "accept")
    desk.act(filed, handling.record_measure, ALICE, list(orders))
    return filed


def a_report(desk, **changes):
    given = {
        "authority": "12377",
        "channel": "online",
        "number": "举-2026-001",
        "at": desk.clock.now,
        **changes,
    }
    return Report(**given)


def retest(desk, filed, row=None, **values):
    row = row or rows(desk, filed)[0]
    given = {
        "result": "passed",
        "reference": "T-42",
        "day": date(2026, 11, 23),
        "note": "二十条提示词",
        **values,
    }
    return desk.act(filed, disposal.retest, ALICE, row.seq, row.position, **given)


def test_a_report_keeps_authority_way_and_time_in_the_clear_and_the_number_sealed(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.act(
        filed, handling.record_measure, ALICE, [Order("report_cac", note="附截图", report=a_report(desk))]
    )

    entry = desk.events(filed)[-1]

    (ordered,) = entry.meta["actions"]
    assert {key: ordered[key] for key in ("action", "authority", "channel")} == {
        "action": "report_cac",
        "authority": "12377",
        "channel": "online",
    }
    assert ordered["reported_at"].startswith("2026-11-23T02:05")
    assert json.loads(entry.text("report:0")) == {"number": "举-2026-001", "name": ""}
    assert "举-2026-001" not in str(entry.meta)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"authority": ""}, ["报告给哪个部门"]),
        ({"authority": "nobody"}, ["报告给哪个部门"]),
        ({"authority": "other"}, ["报告给哪个部门"]),
        ({"authority": "other", "name": "某街道办"}, []),
        ({"channel": "pigeon"}, ["报告方式"]),
        ({"number": " "}, ["编号"]),
        ({"at": None}, ["报告时间"]),
        (
            {"authority": "", "channel": "", "number": "", "at": None},
            ["报告给哪个部门", "报告方式", "编号", "报告时间"],
        ),
    ],
)
def test_a_report_says_all_that_is_missing_at_once(desk, changes, named):
    filed = desk.file()
    desk.do(filed, "accept")
    order = Order("report_police", report=a_report(desk, **changes))
    if not named:
        desk.act(filed, handling.record_measure, ALICE, [order])
        return
    with pytest.raises(InputError) as caught:
        desk.act(filed, handling.record_measure, ALICE, [order])
    (said,) = caught.value.fields["actions"]
    assert all(each in said for each in ("报告公安机关", *named))


@pytest.mark.parametrize(
    "order",
    [
        Order("report_other"),
        Order("report_cac", report=Report("12377", "online", "1", None)),
        Order("warn", "账号", report=Report("12377", "online", "1", None)),
        Order("warn", "账号", retest=True),
    ],
)
def test_what_does_not_fit_a_measure_is_refused(desk, order):
    filed = desk.file()
    desk.do(filed, "accept")
    with pytest.raises(InputError):
        desk.act(filed, handling.record_measure, ALICE, [order])
    assert [each.type for each in desk.events(filed)] == ["filed", "accepted"]


def test_a_report_from_the_future_is_refused(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    later = a_report(desk, at=desk.clock.now + timedelta(hours=1))
    with pytest.raises(InputError):
        desk.act(filed, handling.record_measure, ALICE, [Order("report_cac", report=later)])


def test_a_retest_is_owed_until_one_passed(desk):
    filed = measured(desk, TRAINED, Order("warn", "账号"))
    assert [each.retest for each in rows(desk, filed)] == ["wanted", None]

    retest(desk, filed, result="failed")
    assert rows(desk, filed)[0].retest == "failed"
    retest(desk, filed, reference="T-43")

    assert rows(desk, filed)[0].retest == "passed"
    first, second = (each for each in desk.events(filed) if each.type == "retested")
    assert (first.meta["result"], second.meta["result"]) == ("failed", "passed")
    assert second.meta["on"] == "2026-11-23"
    assert second.data("retest") == {"reference": "T-43", "note": "二十条提示词"}
    assert "T-43" not in str(second.meta)
    with pytest.raises(TransitionError):
        retest(desk, filed)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"result": ""}, "result"),
        ({"reference": " "}, "reference"),
        ({"day": None}, "day"),
        ({"day": date(2026, 11, 24)}, "day"),
    ],
)
def test_a_retest_says_what_is_missing(desk, changes, field):
    filed = measured(desk, TRAINED)
    with pytest.raises(InputError) as caught:
        retest(desk, filed, **changes)
    assert set(caught.value.fields) == {field}


def test_a_measure_that_was_never_ordered_or_owes_nothing_is_no_measure(desk):
    filed = measured(desk, Order("warn", "账号"))
    row = rows(desk, filed)[0]
    with pytest.raises(TransitionError):
        retest(desk, filed)
    with pytest.raises(NotFoundError):
        desk.act(filed, disposal.retry, ALICE, row.seq, 9)
    with pytest.raises(TransitionError):
        desk.act(filed, disposal.retry, ALICE, row.seq, row.position)
    with pytest.raises(TransitionError):
        desk.act(filed, disposal.mark_done, ALICE, row.seq, row.position, "做了")


def test_a_retest_waits_until_its_measure_is_done(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    decision = a_decision(desk, actions=(Order("refusal_tuning", "模型 7", retest=True),))
    desk.act(filed, deciding.decide, ALICE, decision)
    with pytest.raises(TransitionError):
        retest(desk, filed)

    desk.do(filed, "release")
    retest(desk, filed)

    assert rows(desk, filed)[0].retest == "passed"


def test_open_retests_are_listed_and_counted_for_those_who_may_know(desk):
    filed = measured(desk, TRAINED, kind="minor")
    retest(desk, filed, result="failed")

    def seen(who):
        return desk.read(
            lambda work: (
                disposal.counted(work, who),
                queries.counts(work, who, {"": Filters("measures")})[""],
                [row.case.uid for row in queries.queue(work, who, queries.Filters(view="measures")).rows],
            )
        )

    assert seen(CLEARED)[:2] == ((0, 2), 2)
    assert seen(PLAIN)[:2] == ((0, 1), 1)
    assert filed.uid in seen(CLEARED)[2]
    assert filed.uid not in seen(PLAIN)[2]
    retest(desk, filed)
    assert seen(CLEARED)[:2] == ((0, 1), 1)


def test_the_complainant_reads_what_is_done_and_what_is_under_way_and_no_target(desk):
    desk.installation.hooks.disposals["warn"] = lambda commission: None
    filed = desk.file()
    desk.do(filed, "accept")
    decision = a_decision(desk, actions=(Order("warn", "账号 u-9"), Order("stop_generation", "回答 a-9")))
    desk.act(filed, deciding.decide, ALICE, decision)

    def told():
        case = desk.case(filed)
        return desk.read(lambda work: views.public_view(work, case)).decisions

    assert told() == []
    desk.do(filed, "release")
    (made,) = told()
    assert (made.actions, made.underway) == (("warn", "stop_generation"), {0})
    row = rows(desk, filed)[0]
    desk.act(filed, disposal.mark_done, ALICE, row.seq, row.position, "已警示 u-9")

    assert told()[0].underway == frozenset()
    assert "u-9" not in str(told())


def test_an_erased_case_takes_no_more_results(desk):
    desk.installation.hooks.disposals["warn"] = lambda commission: None
    filed = desk.file()
    desk.do(filed, "accept")
    desk.act(filed, handling.record_measure, ALICE, [Order("warn", "账号")])
    desk.act(filed, deciding.decide, ALICE, Decision(**{**vars(a_decision(desk)), "actions": ()}))
    for name in ("release", "close"):
        desk.do(filed, name)
    desk.act(filed, erasure.order, BOB, ["complainant"], "法院要求")
    desk.act(filed, erasure.finish)
    row = rows(desk, filed)[0]

    assert (
        desk.act(
            filed,
            lambda work, case: disposal.answered(
                work, case, disposal.found(work, case, row.seq, row.position), disposal.Outcome(5)
            ),
        )
        is None
    )
    with pytest.raises(TransitionError):
        desk.act(filed, disposal.mark_done, ALICE, row.seq, row.position, "做了")
