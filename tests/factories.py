"""A desk with a clock: file complaints and act on them as views and jobs do, one committed step at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from complaints.administration import teams
from complaints.administration.installation import Installation
from complaints.cases import (
    appeal,
    conversation,
    deciding,
    handling,
    intake,
    linking,
    overdue,
    queries,
    relations,
    reviewing,
    transfer,
)
from complaints.cases import teams as teams_of
from complaints.cases.attachments import check
from complaints.cases.deciding import Decision
from complaints.cases.handling import Order
from complaints.ledger import journal
from complaints.ledger.audit import audit
from complaints.ledger.audit_report import Report
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import Actor, Work
from complaints.sla.sweep import Swept, sweep
from complaints.store.tables import Complaint, Milestone, Outbox

ALICE, BOB, CAROL = Actor("handler", "op_alice"), Actor("supervisor", "op_bob"), Actor("admin", "op_carol")
WORDS = "回答里说的事情完全不对😀𠮷"
UPHELD = Decision(
    "upheld", "", "我们核实了，情况属实", "内部：模型版本7", (Order("stop_generation", "answer-1"),)
)


class Desk:
    """One installation whose clock tests turn by hand; each call is a transaction of its own."""

    def __init__(self, installation: Installation, clock: Any) -> None:
        self.installation = installation
        self.clock = clock

    def later(self, **spans: float) -> None:
        self.clock.now += timedelta(**spans)

    def read(self, look: Callable[[Work], Any]) -> Any:
        with self.installation.reading() as work:
            return look(work)

    def file(self, kind: str = "other", secret: str = "", **values: Any) -> intake.Filed:
        fields = {"details": WORDS, "mail": "reporter@example.com", **values.pop("fields", {})}
        filing = intake.Filing(kind, fields, secret or secrets.token_hex(16), **values)
        return self.installation.write(lambda work: intake.file(work, filing))

    def act(self, filed: intake.Filed, step: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        return self.installation.write(
            lambda work: step(work, journal.lock(work, filed.uid), *arguments, **named)
        )

    def do(self, filed: intake.Filed, name: str, **changes: Any) -> Any:
        """One of STEPS; five minutes pass first, and half of one before an answer is taken back: it goes out after two."""
        self.later(minutes=0.5 if name == "take_back" else 5)
        return STEPS[name](self, filed, **changes)

    def case(self, filed: intake.Filed) -> Complaint:
        return self.read(
            lambda work: work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()
        )

    def milestones(self, filed: intake.Filed, **wanted: Any) -> list[Milestone]:
        case = self.case(filed)
        query = (
            select(Milestone)
            .where(Milestone.complaint_id == case.id)
            .order_by(Milestone.due_at, Milestone.id)
        )
        rows = self.read(lambda work: list(work.session.scalars(query)))
        return [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]

    def states(self, filed: intake.Filed, kind: str, **wanted: Any) -> set[str]:
        return {row.state for row in self.milestones(filed, kind=kind, **wanted)}

    def events(self, filed: intake.Filed) -> list[Entry]:
        return self.read(lambda work: history(work, filed.uid))

    def outbox(self, filed: intake.Filed) -> list[tuple[str, str]]:
        case = self.case(filed)
        query = select(Outbox).where(Outbox.complaint_id == case.id).order_by(Outbox.id)
        return self.read(lambda work: [(row.kind, row.recipient) for row in work.session.scalars(query)])

    def sweep(self) -> Swept:
        found = self.installation
        return sweep(found.database, found.work, self.clock.now, overdue.act)

    def audit(self) -> Report:
        return self.read(audit)

    def codes(self) -> set[str]:
        return {finding.code for finding in self.audit().findings}


def a_reason(work: Work, outcome: str) -> str:
    return next(
        key
        for key, one in work.policy.decision_reasons.items()
        if not one.types and outcome in (one.outcomes or (outcome,))
    )


def a_decision(desk: Desk, outcome: str = "upheld", **changes: Any) -> Decision:
    values = {
        **vars(UPHELD),
        "outcome": outcome,
        "reason": desk.read(lambda work: a_reason(work, outcome)),
        **changes,
    }
    return Decision(**values)


def _first(desk: Desk, table: str) -> str:
    return desk.read(
        lambda work: next(key for key, one in getattr(work.policy, table).items() if not one.types)
    )


def _transferred(desk: Desk, filed: intake.Filed, by: Actor) -> Any:
    if not desk.read(teams_of.standing):
        desk.installation.write(lambda work: teams.add(work, "legal", "法务组", by=by).key)
    to = None if desk.case(filed).team else "legal"
    return desk.act(filed, transfer.transfer, by, to, "请法务组看一看")


def _beside(desk: Desk, filed: intake.Filed, do: Callable[..., Any], by: Actor) -> Any:
    """Something done to a complaint and the oldest other one."""
    query = select(Complaint.uid).where(Complaint.uid != filed.uid).order_by(Complaint.id).limit(1)

    def write(work: Work) -> Any:
        other = work.session.scalars(query).one()
        cases = {each.case.uid: each.case for each in journal.lock_all(work.session, [filed.uid, other])}
        return do(work, cases[filed.uid], cases[other], by)

    return desk.installation.write(write)


STEPS: dict[str, Callable[..., Any]] = {
    "accept": lambda desk, filed, by=ALICE: desk.act(filed, handling.accept, by),
    "start": lambda desk, filed, by=ALICE: desk.act(filed, handling.start, by),
    "assign": lambda desk, filed, by=BOB: desk.act(filed, handling.assign, by, ALICE.ref),
    "note": lambda desk, filed, by=ALICE: desk.act(filed, handling.note, by, "内部备注"),
    "reclassify": lambda desk, filed, to="inaccurate", by=ALICE: desk.act(
        filed, handling.reclassify, by, complaint_type=to, reason="看过内容后调整"
    ),
    "record_action": lambda desk, filed, by=ALICE: desk.act(
        filed, handling.record_measure, by, [Order("preserve_records", "answer-1")]
    ),
    "ask": lambda desk, filed, by=ALICE, days=None: desk.act(
        filed, conversation.ask, by, "请问是哪一天？", reason=_first(desk, "ask_reasons"), days=days
    ),
    "supply": lambda desk, filed: desk.act(
        filed, conversation.write, "是昨天", [check("截图.txt", "昨天".encode(), max_mb=1)]
    ),
    "message": lambda desk, filed: desk.act(filed, conversation.write, "补充一点", ()),
    "reply": lambda desk, filed, by=ALICE: desk.act(filed, conversation.reply, by, "我们在看", ()),
    "resume": lambda desk, filed, by=ALICE: desk.act(filed, conversation.resume, by),
    "decide": lambda desk, filed, by=ALICE, outcome="upheld": desk.act(
        filed, deciding.decide, by, a_decision(desk, outcome)
    ),
    "decline": lambda desk, filed, by=ALICE: desk.act(
        filed, deciding.decline, by, _first(desk, "decline_reasons"), "不属于本产品"
    ),
    "take_back": lambda desk, filed, by=ALICE: desk.act(filed, deciding.take_back, by),
    "release": lambda desk, filed: desk.act(filed, deciding.release),
    "close": lambda desk, filed, by=ALICE: desk.act(filed, deciding.close, by),
    "appeal": lambda desk, filed: desk.act(filed, appeal.appeal, "我不同意"),
    "confirm": lambda desk, filed, by=BOB: desk.act(
        filed, appeal.review, by, "confirm", Decision("", "", "维持原答复")
    ),
    "change": lambda desk, filed, by=BOB: desk.act(
        filed, appeal.review, by, "change", a_decision(desk, "partly")
    ),
    "overturn": lambda desk, filed, by=BOB: desk.act(
        filed, appeal.review, by, "overturn", Decision("", "", "我们重新受理")
    ),
    "send_back": lambda desk, filed, by=BOB: desk.act(
        filed, appeal.review, by, "send_back", Decision("", "", "", "请重新核对日志")
    ),
    "withdraw": lambda desk, filed: desk.act(filed, relations.withdraw, "不用了"),
    "rate": lambda desk, filed: desk.act(filed, relations.rate, 4, "谢谢"),
    "merge": lambda desk, filed, lead=None, by=ALICE: desk.act(
        filed, relations.merge, (lead or desk.file()).uid, by, "同一条回答"
    ),
    "unmerge": lambda desk, filed, by=ALICE: desk.act(filed, relations.unmerge, by, "不是同一件事"),
    "transfer": lambda desk, filed, by=ALICE: _transferred(desk, filed, by),
    "link": lambda desk, filed, by=ALICE: _beside(desk, filed, linking.link, by),
    "unlink": lambda desk, filed, by=ALICE: _beside(desk, filed, linking.unlink, by),
    "reopen": lambda desk, filed, by=BOB: desk.act(filed, relations.reopen, by, "有新的材料"),
}


@pytest.fixture
def desk(installation: Installation, clock: Any) -> Desk:
    """A desk on each database, with two complaints beside the one a test looks at."""
    return beside_others(installation, clock)


def beside_others(installation: Installation, clock: Any) -> Desk:
    """A desk with two complaints beside the one that is looked at."""
    made = Desk(installation, clock)
    made.file("billing", fields={"details": "旁边的一件"})
    other = made.file("service", fields={"details": "已受理的另一件"})
    made.do(other, "accept")
    clock.now = clock.now - timedelta(minutes=5)
    return made


def count_to(monkeypatch, most):
    """Let lists be counted only so far, by statements made for this test: those that are kept count further."""
    monkeypatch.setattr(queries, "COUNTED", most)
    for module, name in ((queries, "_counting"), (reviewing, "_to_review")):
        monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)
