from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import servers
from installing import Office
from servers import open_engine
from sqlalchemy import func, select

from complaints.administration import sample_days, sampling
from complaints.administration.sample_staff import staff
from complaints.ledger.audit import audit
from complaints.ledger.reading import history
from complaints.policy.states import State
from complaints.policy.workdays import Calendar
from complaints.store.tables import Attachment, Complaint, Event, Milestone, Outbox

# A working Monday morning, and the night after the longest holiday of the year.
TODAYS = {
    "monday": datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    "after-a-holiday": datetime(2026, 10, 7, 17, 0, tzinfo=UTC),
}


@pytest.fixture(scope="module", params=TODAYS)
def filled(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("samples")
    engine = open_engine(f"sqlite:///{path / 'complaints.db'}")
    servers.furnish(engine)
    office = Office(engine, path)
    office.now = TODAYS[request.param]
    office.told = []
    office.filled = sampling.fill(office.installation, lambda *done: office.told.append(done))
    yield office
    engine.dispose()


@pytest.fixture
def cases(filled):
    with filled.installation.reading() as work:
        return list(work.session.scalars(select(Complaint).order_by(Complaint.id)))


def test_there_are_sixty_at_least_and_each_is_labelled_a_test_in_its_first_leaf(filled, cases):
    assert filled.filled == len(cases) >= 60
    assert all(case.is_test for case in cases)
    with filled.installation.reading() as work:
        assert all(history(work, case.uid)[0].meta["test"] is True for case in cases)


def test_every_type_is_there(cases, filled):
    with filled.installation.reading() as work:
        types = Counter(case.filed_type for case in cases)
        assert types.keys() == work.policy.types.keys()


def test_every_state_is_there(cases):
    assert {case.state for case in cases} == {state.value for state in State}


def test_every_turn_a_complaint_can_take_is_there(filled, cases):
    with filled.installation.reading() as work:
        happened = {case.uid: history(work, case.uid) for case in cases}
    events = Counter(entry.type for entries in happened.values() for entry in entries)
    for turn in (
        *(
            "asked",
            "supplied",
            "resumed",
            "message",
            "replied",
            "noted",
            "reclassified",
            "action",
            "assigned",
        ),
        *("decided", "taken_back", "declined", "released", "appealed", "confirmed", "changed", "overturned"),
        *("sent_back", "withdrawn", "merged", "decided_with_lead", "reopened", "rated", "closed", "clock"),
        *("contact_verified", "viewed"),
    ):
        assert events[turn], turn
    automatic = [e for entries in happened.values() for e in entries if e.role == "system"]
    assert {"accepted", "resumed", "closed"} <= {entry.type for entry in automatic}
    assert any(case.released_at is None for case in cases if case.state == "decided")
    assert any(case.released_at is None for case in cases if case.state == "declined")
    assert any(case.late for case in cases if case.state == "processing")
    assert {"phone", "letter", "web"} <= {case.channel for case in cases}
    assert {"zh", "en"} == {case.lang for case in cases}
    assert {"verified", "altered", "none"} <= {case.answer_mark for case in cases}
    assert any(count > 2 for key, count in Counter(case.answer_hash for case in cases).items() if key)


def test_most_are_on_time_and_few_are_late(cases):
    assert 3 <= sum(case.late for case in cases) <= len(cases) // 8


def test_they_came_over_six_weeks_and_nothing_happens_in_the_future(filled, cases):
    filed = [case.filed_at for case in cases]
    assert max(filed) <= filled.now
    assert min(filed) < filled.now - timedelta(days=33)
    with filled.installation.reading() as work:
        assert work.session.scalar(select(func.max(Event.at))) <= filled.now


def test_milestones_were_acted_on_when_they_were_due(filled):
    with filled.installation.reading() as work:
        rows = work.session.scalars(select(Milestone)).all()
    acted = [row for row in rows if row.state == "acted"]
    assert len(acted) > 60
    assert all(timedelta(0) <= row.acted_at - row.due_at <= timedelta(seconds=1) for row in acted)
    assert not [row for row in rows if row.state == "pending" and row.due_at <= filled.now]


def test_no_message_of_a_sample_will_ever_leave(filled):
    with filled.installation.reading() as work:
        states = Counter(work.session.scalars(select(Outbox.state)))
    assert states.keys() == {"dropped"}
    assert states["dropped"] > 100


def test_attachments_of_three_kinds_come_with_them(filled):
    with filled.installation.reading() as work:
        kinds = Counter(work.session.scalars(select(Attachment.media_type)))
    assert {"image/png", "application/pdf"} <= kinds.keys()


def test_the_audit_of_a_filled_installation_finds_nothing(filled):
    with filled.installation.reading() as work:
        report = audit(work)
    assert report.findings == []
    assert report.events > 300


def test_a_second_filling_does_nothing(filled):
    assert sampling.fill(filled.installation) == 0


def test_codes_of_samples_can_be_told(filled):
    with filled.installation.reading() as work:
        found = sampling.receipts(work)
    assert len(found) == filled.filled
    assert all(filed.number.startswith("TS") and filed.code for _, filed in found)


def test_nobody_reviews_a_decision_of_their_own(filled):
    with filled.installation.reading() as work:
        people = staff(work)
    assert len({actor.ref for actor in people.values()}) == len(people)


def test_progress_is_told_step_by_step(filled):
    total = len(filled.told)
    assert filled.told == [(done, total) for done in range(1, total + 1)]


@pytest.mark.parametrize(
    "now",
    [
        *(datetime(2026, 2, day, hour, 5, tzinfo=UTC) for day in (14, 15, 24, 25) for hour in (0, 16)),
        *(datetime(2026, 11, 20, 0, 0, tzinfo=UTC) + timedelta(days=day, hours=15.9) for day in range(8)),
        datetime(2027, 3, 1, 3, 0, tzinfo=UTC),
    ],
)
def test_the_steps_of_a_sample_follow_each_other_whatever_day_it_is(now):
    calendar = Calendar.shipped()
    for sample in sampling.everything():
        times = [sample.filed, *(step["at"] for step in sample.steps)]
        moments = [sample_days.moment(each, calendar, now, sample.key) for each in times]
        assert moments == sorted(moments), sample.key
        assert moments[-1] <= now, sample.key


def test_operators_write_like_people():
    stock = ("给您带来不便", "敬请谅解", "工单", "闭环", "SLA", "亲，", "感谢您的支持")
    answers = [
        step.get("text", "") for sample in sampling.everything() for step in sample.steps if "by" in step
    ]
    answers += [
        step["text"] for sample in sampling.everything() for step in sample.steps if step["do"] == "decide"
    ]
    for answer in answers:
        assert not any(phrase in answer for phrase in stock), answer
        assert "！" not in answer, answer
    assert len(set(answers)) > 60
