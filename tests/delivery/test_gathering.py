from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.clock import beijing
from complaints.base.errors import ConfigError
from complaints.base.gathering import Gathering
from complaints.delivery import outbox

NIGHT = (time(22), time(8))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside
hours = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def at(text):
    """A moment of 23 and 24 November 2026 in Beijing: `23 21:57`."""
    day, clock = text.split(" ")
    local = datetime.combine(datetime(2026, 11, int(day)), time.fromisoformat(clock))  # noqa: DTZ001 - Beijing's, see below
    return (local - timedelta(hours=8)).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "quiet", "made", "leaves", "at_once", "awake"),
    [
        (0, "", "23 10:03", "23 10:03", False, False),
        (10, "", "23 10:03", "23 10:10", False, False),
        (10, "", "23 10:10", "23 10:10", False, False),
        (10, "", "23 10:03", "23 10:03", True, False),
        (10, "22:00-08:00", "23 21:57", "24 08:00", False, False),
        (10, "22:00-08:00", "23 21:47", "23 21:50", False, False),
        (0, "22:00-08:00", "23 22:00", "24 08:00", False, False),
        (0, "22:00-08:00", "24 07:59", "24 08:00", True, False),
        (0, "22:00-08:00", "24 08:00", "24 08:00", False, False),
        (10, "22:00-08:00", "24 03:03", "24 03:03", True, True),
        (10, "22:00-08:00", "24 03:03", "24 03:10", False, True),
        (0, " 12:00 - 13:30 ", "23 12:10", "23 13:30", False, False),
        (0, "12:00-13:30", "23 11:59", "23 11:59", False, False),
        (0, "00:00-08:00", "24 00:00", "24 08:00", False, False),
    ],
)
def test_when_a_notice_leaves(minutes, quiet, made, leaves, at_once, awake):
    gathering = Gathering.of(minutes, quiet)
    assert gathering.leaves(at(made), at_once=at_once, awake=awake) == at(leaves)


@given(moments, st.integers(0, 1440), hours, hours, st.booleans())
def test_nothing_leaves_before_its_time_in_quiet_hours_or_more_than_a_day_and_a_digest_late(
    now, minutes, begins, ends, at_once
):
    quiet = None if begins == ends else (begins, ends)
    leaves = Gathering(minutes, quiet).leaves(now, at_once=at_once)
    assert now <= leaves < now + timedelta(days=1, minutes=minutes + 1)
    clock = beijing(leaves).time()
    if quiet:
        assert not (begins <= clock < ends if begins < ends else clock >= begins or clock < ends)
    assert Gathering(minutes, quiet).leaves(now, at_once=at_once, awake=True) <= leaves


@given(moments, moments, st.integers(1, 1440))
def test_two_workers_find_the_same_end_of_a_digest(first, second, minutes):
    one, other = (Gathering(minutes).leaves(each) for each in (first, second))
    assert (one - other) % timedelta(minutes=minutes) == timedelta(0)


@pytest.mark.parametrize(
    ("minutes", "quiet", "said"),
    [
        (-1, "", "COMPLAINTS_DIGEST_MINUTES must be 0 to 1440"),
        (1441, "", "COMPLAINTS_DIGEST_MINUTES must be 0 to 1440"),
        (10, "22-8", "COMPLAINTS_QUIET_HOURS must be two times of day in Beijing"),
        (10, "22:00-24:00", "COMPLAINTS_QUIET_HOURS must be"),
        (10, "22:00", 'such as "22:00-08:00"'),
        (10, "08:00-08:00", "nobody would ever be told"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(minutes, quiet, said):
    with pytest.raises(ConfigError) as caught:
        Gathering.of(minutes, quiet)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "recipient", "urgent", "duty", "leaves"),
    [
        ("received", "complainant", False, "office", "23 22:03"),
        ("late", "complainant", False, "office", "23 22:03"),
        ("new", "operators", False, "office", "24 08:00"),
        ("late", "supervisors", False, "office", "24 08:00"),
        ("new", "operators", True, "office", "23 22:03"),
        ("warn", "operator:op_a", True, "office", "23 22:03"),
        ("new", "operators", False, "24x7", "23 22:10"),
        ("due", "operators", False, "24x7", "23 22:03"),
        ("late", "compliance", False, "24x7", "23 22:03"),
    ],
)
def test_complainants_never_wait_and_operators_are_woken_only_for_urgent_matters_or_on_duty(
    office, kind, recipient, urgent, duty, leaves
):
    with office.installation.reading() as work:
        night = replace(work, now=at("23 22:03"), gathering=Gathering(10, NIGHT))
        night = replace(night, policy=replace(work.policy, duty=duty))
        row = outbox.row(night, kind, recipient, dedupe="x", urgent=urgent)
    assert row["not_before"] == at(leaves)
