"""Each kind of tampering, done with SQL and a file manager, is found under its own code; what is whole stays silent."""

from __future__ import annotations

import json

import pytest
import rfc8785
from factories import WORDS
from sqlalchemy import delete, func, insert, select, update
from tampering import unguarded

from complaints.cases.attachments import check
from complaints.ledger import audit as auditing
from complaints.ledger.proof import leaf_hash
from complaints.store.tables import (
    Attachment,
    Complaint,
    Disposal,
    Event,
    Milestone,
    PersonKey,
    Private,
    Stream,
)

pytestmark = pytest.mark.tampered


@pytest.fixture
def victim(desk):
    """A complaint with files, a pause and a released decision, whose log is about to be damaged."""
    filed = desk.file(uploads=[check("对话.txt", WORDS.encode(), max_mb=1)])
    for name in ("accept", "ask", "supply", "decide", "release", "rate"):
        desk.do(filed, name)
    assert desk.codes() == set()
    return filed


def sql(desk, statement):
    unguarded(desk.installation.database, lambda session: session.execute(statement) and None)


def event(victim, seq):
    return (Event.stream == victim.uid) & (Event.seq == seq)


def rewrite(desk, victim, seq, change):
    """Replace one leaf by a canonical one with other content."""

    def act(session):
        row = session.scalars(select(Event).where(event(victim, seq))).one()
        body = json.loads(row.leaf)
        change(body)
        row.leaf = rfc8785.dumps(body)

    unguarded(desk.installation.database, act)


def last(desk, victim):
    return desk.events(victim)[-1].seq


def case_id(desk, victim):
    return desk.case(victim).id


SQL = [
    ("the type of an event", lambda d, v: update(Event).where(event(v, 2)).values(type="declined"), {"event-row"}),
    ("the time of an event", lambda d, v: update(Event).where(event(v, 2)).values(at=d.clock.now), {"event-time"}),
    ("a middle event is deleted", lambda d, v: delete(Event).where(event(v, 3)), {"sequence", "chain"}),
    ("the last event is deleted", lambda d, v: delete(Event).where(event(v, last(d, v))), {"head"}),
    ("the first event is deleted", lambda d, v: delete(Event).where(event(v, 1)), {"sequence", "chain"}),
    ("all events are deleted", lambda d, v: delete(Event).where(Event.stream == v.uid), {"head", "complaint-row"}),
    ("the chain itself is deleted", lambda d, v: delete(Stream).where(Stream.uid == v.uid), {"stream-missing"}),
    ("the head is moved back", lambda d, v: update(Stream).where(Stream.uid == v.uid).values(seq=3), {"head"}),
    ("the state", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(state="withdrawn"), {"complaint-row"}),
    ("the promised date", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(result_due=d.clock.now), {"complaint-row"}),
    ("the date of filing", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(filed_at=d.clock.now), {"complaint-row"}),
    ("the outcome", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(outcome="not_upheld"), {"complaint-row"}),
    ("lateness", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(late=True), {"complaint-row"}),
    ("the test mark", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(is_test=True), {"complaint-row"}),
    ("a measure", lambda d, v: update(Disposal).where(Disposal.complaint_id == case_id(d, v)).values(action="warn"), {"disposal-row"}),
    ("the version", lambda d, v: update(Complaint).where(Complaint.uid == v.uid).values(version=1), {"complaint-row"}),
    ("the complaint is deleted", lambda d, v: delete(Milestone).where(Milestone.complaint_id == case_id(d, v)), {"milestone-missing"}),
    ("a milestone's date", lambda d, v: update(Milestone).where(Milestone.complaint_id == case_id(d, v), Milestone.kind == "result").values(due_at=d.clock.now), {"milestone-row"}),
    ("a milestone's state", lambda d, v: update(Milestone).where(Milestone.complaint_id == case_id(d, v), Milestone.kind == "accept").values(state="acted"), {"milestone-row"}),
    ("a milestone is made public", lambda d, v: update(Milestone).where(Milestone.complaint_id == case_id(d, v), Milestone.step == "target").values(publish=True), {"milestone-row"}),
    ("a milestone is added", lambda d, v: insert(Milestone).values(complaint_id=case_id(d, v), cycle=7, kind="result", step="due", revision=0, since=d.clock.now, due_at=d.clock.now, publish=True, provisional=False, state="pending", acted_at=None), {"milestone-stray"}),
    ("a text is overwritten", lambda d, v: update(Private).where(Private.stream == v.uid, Private.field == "details").values(sealed=b"x" * 80), {"private-unreadable"}),
    ("a text is deleted", lambda d, v: delete(Private).where(Private.stream == v.uid, Private.field == "details"), {"private-missing"}),
    ("a text is moved", lambda d, v: update(Private).where(Private.stream == v.uid, Private.field == "details").values(seq=2), {"private-stray", "private-missing"}),
    ("a text is added", lambda d, v: insert(Private).values(stream=v.uid, seq=2, field="note", person="operator", sealed=b"y" * 80), {"private-stray"}),
    ("a text without a chain", lambda d, v: insert(Private).values(stream="0" * 32, seq=1, field="note", person="operator", sealed=b"y"), {"private-stray"}),
    ("a person's key is deleted", lambda d, v: delete(PersonKey).where(PersonKey.stream == v.uid, PersonKey.person == "complainant"), {"key-missing"}),
    ("a person's key is overwritten", lambda d, v: update(PersonKey).where(PersonKey.stream == v.uid, PersonKey.person == "operator").values(wrapped=b"\x01" * 61), {"key-unreadable"}),
    ("a key without a chain", lambda d, v: insert(PersonKey).values(stream="0" * 32, person="operator", wrapped=b"x"), {"key-stray"}),
    ("a file is deleted from the tables", lambda d, v: delete(Attachment).where(Attachment.stream == v.uid), {"file-missing"}),
    ("a file's size", lambda d, v: update(Attachment).where(Attachment.stream == v.uid, Attachment.seq == 1).values(size=1), {"file-row"}),
    ("a file's seal", lambda d, v: update(Attachment).where(Attachment.stream == v.uid, Attachment.seq == 1).values(sealed=b"z" * 90), {"file-changed"}),
    ("a file is added", lambda d, v: insert(Attachment).values(uid="f" * 32, stream=v.uid, draft=None, seq=1, person="complainant", media_type="text/plain", size=3, sealed=b"z", view_size=None, created_at=d.clock.now), {"file-stray"}),
    ("an event without a chain", lambda d, v: insert(Event).values(stream="0" * 32, seq=1, type="filed", at=d.clock.now, leaf=b"{}", leaf_index=None), {"event-stray"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "codes"), [row[1:] for row in SQL], ids=[row[0].replace(" ", "_") for row in SQL]
)
def test_what_sql_can_do_is_found(desk, victim, statement, codes):
    sql(desk, statement(desk, victim))

    assert codes <= desk.codes()
    assert all(victim.uid in finding.where or "0" * 32 in finding.where for finding in desk.audit().findings)


def test_a_complaint_taken_out_of_its_table_is_missed(desk, victim):
    sql(desk, delete(Milestone).where(Milestone.complaint_id == case_id(desk, victim)))
    identity = case_id(desk, victim)
    from complaints.store.tables import Disposal

    sql(desk, delete(Disposal).where(Disposal.complaint_id == identity))
    sql(desk, delete(Complaint).where(Complaint.uid == victim.uid))

    assert "complaint-missing" in desk.codes()


EDITS = [
    ("the time", lambda body: body.update(at="2026-01-01T00:00:00.000000Z"), {"chain", "event-time"}),
    ("who did it", lambda body: body.update(actor="handler:op_bob"), {"chain"}),
    ("what it says of a text", lambda body: body["commits"].update(dict.fromkeys(body["commits"], "0" * 64)), {"private-changed"}),
    ("a value before", lambda body: body["meta"]["change"].update(state=["closed", "accepted"]), {"chain", "replay"}),
    ("a clock that never was", lambda body: body["meta"].update(clocks=[{"cycle": 9, "kind": "result", "step": "due", "rev": 0, "state": "met"}]), {"replay-clock"}),
    ("a field is added", lambda body: body.update(more=1), {"leaf-form"}),
    ("the version", lambda body: body.update(v=2), {"leaf-version"}),
    ("the stream", lambda body: body.update(stream="0" * 32), {"event-row"}),
    ("the event before", lambda body: body.update(prev="0" * 64), {"chain"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "codes"), [row[1:] for row in EDITS], ids=[row[0].replace(" ", "_") for row in EDITS]
)
def test_an_edited_leaf_is_found(desk, victim, change, codes):
    # The answer to a question carries a text, and the acceptance a change of state.
    rewrite(desk, victim, 4 if codes == {"private-changed"} else 2, change)

    assert codes <= desk.codes()


GARBAGE = [
    b"",
    b"no json",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"{}",
    b'{"v":1,"origin":"","stream":1,"seq":"x","prev":5,"type":[],"at":"never","actor":null,"meta":null,"commits":7}',
]
MADE_UP = [
    {"meta": None},
    {"meta": []},
    {"meta": {"change": {"state": 7}}},
    {"meta": {"change": {"result_due": [None, "tomorrow"]}}},
    {"meta": {"change": "x"}},
    {"meta": {"clocks": [{}]}},
    {"meta": {"clocks": 7}},
    {"meta": {"files": [{}]}},
    {"commits": []},
    {"commits": None},
    {"at": "yesterday"},
    {"at": None},
    {"seq": "2"},
    {"seq": None},
    {"stream": ["x"]},
    {"prev": 7},
    {"v": "1"},
]


@pytest.mark.parametrize("leaf", GARBAGE)
def test_garbage_in_the_place_of_a_leaf_is_a_finding_and_no_crash(desk, victim, leaf):
    sql(desk, update(Event).where(event(victim, 2)).values(leaf=leaf))

    assert desk.codes()


@pytest.mark.parametrize("values", MADE_UP, ids=json.dumps)
def test_a_leaf_of_the_wrong_shape_is_a_finding_and_no_crash(desk, victim, values):
    rewrite(desk, victim, 2, lambda body: body.update(values))

    found = desk.audit().findings
    assert found
    assert all(victim.uid in finding.where or "0" * 32 in finding.where or finding.where for finding in found)


def test_two_leaves_that_change_places_are_found(desk, victim):
    def swap(session):
        one, two = (session.scalars(select(Event).where(event(victim, seq))).one() for seq in (2, 3))
        one.leaf, two.leaf = two.leaf, one.leaf

    unguarded(desk.installation.database, swap)
    assert {"sequence", "event-row"} <= desk.codes()


def test_two_texts_that_change_places_do_not_open(desk, victim):
    other = desk.file(fields={"details": "另一件"})

    def swap(session):
        rows = [
            session.scalars(
                select(Private).where(Private.stream == filed.uid, Private.field == "details")
            ).one()
            for filed in (victim, other)
        ]
        rows[0].sealed, rows[1].sealed = rows[1].sealed, rows[0].sealed

    unguarded(desk.installation.database, swap)
    found = [finding for finding in desk.audit().findings if finding.code == "private-unreadable"]
    assert {finding.where.partition("/")[0] for finding in found} == {victim.uid, other.uid}


@pytest.mark.parametrize("how", ["overwritten", "truncated", "deleted", "replaced"])
def test_a_stored_file_that_changed_is_found(desk, victim, how):
    uid = desk.read(
        lambda work: work.session.scalar(
            select(Attachment.uid).where(Attachment.stream == victim.uid, Attachment.seq == 1)
        )
    )
    path = next(desk.installation.files.folder.glob(f"??/{uid}"))
    data = path.read_bytes()
    match how:
        case "overwritten":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "truncated":
            path.write_bytes(data[:5])
        case "deleted":
            path.unlink()
        case "replaced":
            other = next(each for each in desk.installation.files.folder.glob("??/*") if each != path)
            path.write_bytes(other.read_bytes())

    assert desk.codes() == {"file-changed"}


def test_a_chain_rewritten_as_a_whole_agrees_with_itself_but_not_with_the_receipt(desk, victim):
    """What a chain alone cannot show, and why the complainant holds the hash of the first leaf."""
    from complaints.cases.access import find
    from complaints.evidence import receipts

    receipt = desk.read(lambda work: receipts.promise(work, find(work, victim.number)))

    def act(session):
        previous = bytes(32)
        for row in session.scalars(select(Event).where(Event.stream == victim.uid).order_by(Event.seq)):
            body = json.loads(row.leaf)
            body["origin"], body["prev"] = "another.example.cn", previous.hex()
            row.leaf = rfc8785.dumps(body)
            previous = leaf_hash(row.leaf)
        session.get(Stream, victim.uid).head = previous

    unguarded(desk.installation.database, act)
    assert desk.codes() == set()
    again = desk.read(lambda work: receipts.promise(work, find(work, victim.number)))
    assert again["promise"]["leaf"] != receipt["promise"]["leaf"]


def test_the_log_of_another_installation_key_does_not_open(desk, victim):
    from complaints.base.keys import Keys

    desk.installation.__dict__["keys"] = Keys.random()

    assert {"key-unreadable", "file-changed"} <= desk.codes()


def test_an_audit_counts_what_it_saw(desk, victim):
    report = desk.audit()
    events = desk.read(lambda work: len(work.session.scalars(select(Event.id)).all()))
    private = desk.read(lambda work: len(work.session.scalars(select(Private.id)).all()))

    assert (report.events, report.private, report.files) == (events, private, 2)
    assert report.streams == 3
    assert report.sound


def test_a_complaint_that_is_worked_on_during_the_audit_is_no_finding(desk, victim, monkeypatch):
    looking, done = auditing._stream, []

    def interrupted(work, head, report):
        if head.uid == victim.uid and not done:
            done.append(desk.do(victim, "note"))
        return looking(work, head, report)

    monkeypatch.setattr(auditing, "_stream", interrupted)
    report = desk.audit()
    assert done
    assert report.findings == []
    there = desk.read(lambda work: work.session.scalar(select(func.count(Event.id))))
    # MariaDB reads one snapshot, in which the note of the meantime does not exist yet; the others see it.
    assert report.events in {there, there - 1}
