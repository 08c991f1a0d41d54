"""The only writer: state and leaf in one act, in order, on every database."""

from __future__ import annotations

import json
import threading

import pytest
import rfc8785
from factories import ALICE
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from complaints.base.errors import ConflictError, NotFoundError
from complaints.ledger import journal
from complaints.ledger.proof import ZERO, leaf_hash
from complaints.store.tables import Complaint, Event, Private, Stream


def leaves(desk, uid):
    query = select(Event.leaf).where(Event.stream == uid).order_by(Event.seq)
    return desk.read(lambda work: list(work.session.scalars(query)))


def test_each_leaf_names_the_one_before_it_and_the_head_names_the_last(desk):
    filed = desk.file()
    for name in ("accept", "note", "ask", "supply"):
        desk.do(filed, name)
    written = leaves(desk, filed.uid)

    previous = ZERO
    for seq, leaf in enumerate(written, 1):
        body = json.loads(leaf)
        assert (body["seq"], body["prev"], body["stream"]) == (seq, previous.hex(), filed.uid)
        previous = leaf_hash(leaf)
    head = desk.read(lambda work: work.session.get(Stream, filed.uid))
    assert (head.seq, head.head) == (len(written), previous)


def test_leaves_are_canonical_and_stored_as_hashed(desk):
    filed = desk.file(fields={"details": "长文😀𠮷\u202eعربي"})
    desk.do(filed, "accept")

    for leaf in leaves(desk, filed.uid):
        assert rfc8785.dumps(json.loads(leaf)) == leaf


def test_an_event_says_what_a_value_was_and_what_it_became(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    change = desk.events(filed)[-1].meta["change"]

    assert change["state"] == ["submitted", "accepted"]
    assert change["assignee"] == [None, ALICE.ref]
    assert "number" not in change


def test_a_value_that_stays_is_not_said_again(desk):
    filed = desk.file()
    desk.act(filed, journal.record, "noted", ALICE, change={"late": False, "lang": "en"})

    assert desk.events(filed)[-1].meta["change"] == {"lang": ["zh", "en"]}


def test_who_reads_makes_nobody_elses_form_stale(desk):
    filed = desk.file()
    version = desk.case(filed).version
    desk.act(filed, journal.record, "viewed", ALICE)
    assert desk.case(filed).version == version
    desk.act(filed, journal.record, "noted", ALICE)
    assert desk.case(filed).version == version + 1


def test_what_is_wrong_half_way_leaves_nothing(desk):
    filed = desk.file()

    def halfway(work):
        case = journal.lock(work, filed.uid)
        journal.record(work, case, "noted", ALICE, change={"late": True})
        raise RuntimeError("the plug was pulled")

    with pytest.raises(RuntimeError, match="plug"):
        desk.installation.write(halfway)

    assert [entry.type for entry in desk.events(filed)] == ["filed"]
    assert desk.case(filed).late is False


def test_an_unknown_stream_cannot_be_locked(desk):
    with pytest.raises(NotFoundError):
        desk.installation.write(lambda work: journal.lock(work, "0" * 32))


def test_a_present_version_passes_and_an_old_one_conflicts(desk):
    filed = desk.file()
    version = desk.case(filed).version
    desk.installation.write(lambda work: journal.lock(work, filed.uid, version=version) and None)
    desk.do(filed, "note")

    with pytest.raises(ConflictError):
        desk.installation.write(lambda work: journal.lock(work, filed.uid, version=version) and None)


def test_one_place_in_a_chain_is_taken_once(desk):
    filed = desk.file()

    def again(session):
        row = session.scalars(select(Event).where(Event.stream == filed.uid)).one()
        session.add(Event(stream=row.stream, seq=1, type="filed", at=row.at, leaf=row.leaf, leaf_index=None))

    with pytest.raises(IntegrityError):
        desk.installation.database.write(again)


def test_four_writers_at_once_make_one_chain_without_a_gap(desk):
    """Each writer writes twelve notes to the same two complaints; nothing is lost, nothing forks."""
    one, two = desk.file(), desk.file()
    failed = []

    def write():
        try:
            for turn in range(12):
                desk.act(one if turn % 2 else two, journal.record, "noted", ALICE)
        except Exception as error:  # noqa: BLE001 - the test's own thread reports it
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    print(f"4 writers, 48 events, {len(failed)} failed")
    assert failed == []
    assert [len(leaves(desk, filed.uid)) for filed in (one, two)] == [25, 25]
    assert desk.case(one).version == 25


def test_the_system_has_a_stream_of_its_own(desk):
    for turn in range(2):
        desk.installation.write(
            lambda work, turn=turn: journal.record_system(work, "exported", ALICE, {"turn": turn}) and None
        )
    bodies = [json.loads(leaf) for leaf in leaves(desk, journal.SYSTEM_STREAM)]

    assert [body["seq"] for body in bodies] == [1, 2]
    assert [body["meta"] for body in bodies] == [{"turn": 0}, {"turn": 1}]


def test_personal_words_are_beside_the_leaf_and_never_in_it(desk):
    filed = desk.file()
    desk.do(filed, "note")
    [first, second] = leaves(desk, filed.uid)

    assert "内部备注".encode() not in second
    assert json.loads(second)["commits"].keys() == {"note"}
    assert json.loads(first)["commits"].keys() == {"details", "contact"}
    assert desk.events(filed)[-1].text("note") == "内部备注"


def test_words_whose_key_is_gone_read_as_erased(desk):
    from complaints.ledger.reading import history

    filed = desk.file()

    def look(work):
        work.session.execute(update(Private).where(Private.stream == filed.uid).values(person="third_party"))
        return history(work, filed.uid)[0]

    entry = desk.read(look)
    assert entry.text("details") == ""
    assert entry.data("contact") == {}


def test_the_row_holds_what_the_log_says_and_nothing_else_writes_it(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    count = desk.read(lambda work: work.session.scalar(select(func.count()).select_from(Complaint)))

    assert count == 3
    assert desk.audit().sound
