"""Building the search index anew by command, and what doctor says of an index that finds nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from office import Office
from searching import found, take_in

from complaints.administration import search_gaps
from complaints.base.translations import speaking
from complaints.cli import group
from complaints.jobs.ticks import tick


@pytest.fixture
def office(tmp_path, clock):
    made = Office(tmp_path, clock).start(clock)
    made.filed = made.desk.file(fields={"details": "要求退款"})
    return made


def rebuild(office):
    return office.app.test_cli_runner().invoke(group, ["search", "rebuild"])


def gaps(office):
    with speaking("en"):
        return office.desk.read(lambda work: [(gap.level, gap.what) for gap in search_gaps.gaps(work)])


def test_a_turn_of_the_clock_takes_in_what_is_new(office):
    assert found(office.desk, "退款") == []
    with office.app.app_context():
        assert tick(office.installation, post=None, alone=True).indexed == 1
    assert found(office.desk, "退款") == [office.filed.number]


def test_after_a_change_of_the_key_doctor_says_so_and_a_rebuild_puts_it_right(office):
    take_in(office.installation)
    keys = office.installation.keys
    office.installation.__dict__["keys"] = replace(keys, data=bytes(32))
    assert gaps(office) == [("fail", "search: the index was made with another key")]
    office.installation.__dict__["keys"] = keys
    assert gaps(office) == []

    done = rebuild(office)
    assert done.exit_code == 0, done.output
    assert "complaints indexed: 1" in done.output
    assert found(office.desk, "退款") == [office.filed.number]


def test_doctor_says_how_far_the_index_is_behind(office):
    from complaints.ledger import sequencer

    sequencer.sequence(office.installation.database)
    office.desk.later(minutes=30)
    assert gaps(office) == [("look", "search: texts of the last 30 minutes are not found yet")]
