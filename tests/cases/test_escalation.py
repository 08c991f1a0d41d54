from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from complaints.cases import overdue
from complaints.cases.escalation import told
from complaints.policy.terms import StepRule
from complaints.sla.sweep import sweep
from complaints.store.tables import Outbox

RULES = {
    "warn1": StepRule("warn1", tell=("assignee",), by=("mail", "push")),
    "escalate1": StepRule("escalate1", tell=("assignee", "supervisors"), by=("mail", "push")),
    "escalate2": StepRule("escalate2", tell=("compliance",), by=("push",)),
}


@pytest.mark.parametrize(
    ("step", "assignee", "restricted", "pairs"),
    [
        ("warn1", None, False, {("operators", "mail"), ("operators", "push")}),
        ("warn1", "op_a", False, {("operator:op_a", "mail"), ("operator:op_a", "push")}),
        ("warn1", "op_a", True, {("operator:op_a", "mail")}),
        ("warn2", "op_a", False, {("operator:op_a", "mail")}),
        ("warn2", None, False, {("operators", "mail")}),
        (
            "escalate1",
            "op_a",
            False,
            {(to, way) for to in ("operator:op_a", "supervisors") for way in ("mail", "push")},
        ),
        ("escalate2", "op_a", False, {("compliance", "push")}),
        ("escalate2", None, True, {("compliance", "mail")}),
    ],
)
def test_who_is_told_of_a_step_and_how_stands_in_the_policy(office, step, assignee, restricted, pairs):
    with office.installation.reading() as work:
        policy = replace(work.policy, steps=RULES)
    case = SimpleNamespace(assignee=assignee, restricted=restricted)
    found = told(policy, case, step)
    assert set(found) == pairs
    assert len(found) == len(pairs)


def test_each_recipient_and_channel_of_a_late_complaint_has_a_row_of_its_own(any_office):
    office = any_office
    office.file()
    office.execute(Outbox.__table__.delete())
    office.pass_time(days=40)
    with office.installation.reading() as rules:
        pass
    swept = sweep(office.installation.database, rules.on, office.now, overdue.act)
    assert swept.failed == ()
    rows = office.outbox(Outbox.recipient != "complainant", Outbox.kind == "late")
    assert {(row.recipient, row.channel) for row in rows} == {
        (to, way)
        for to, ways in (
            ("operators", ("mail", "push")),
            ("supervisors", ("mail", "push")),
            ("compliance", ("mail", "push")),
        )
        for way in ways
    }
    assert len({row.dedupe for row in rows}) == len(rows)
    assert all(row.milestone_id for row in rows)
