"""What is erased is gone from every table and file, and what is not to go stays."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest
from factories import ALICE, BOB
from marked import (
    MARK,
    QUOTE,
    WORDS,
    ended,
    filed_with_marks,
    finish,
    hashes,
    mark,
    request,
    rows_of,
    stored_names,
    years,
)
from sqlalchemy import insert, select

from complaints.base.errors import TransitionError
from complaints.cases import (
    access,
    erasure,
    handling,
    personal_places,
    third_party,
)
from complaints.ledger.private import COMPLAINANT, OPERATOR, THIRD_PARTY
from complaints.store.files import LocalFiles
from complaints.store.tables import Attachment, Base, Job, Limit, PersonKey, Private, Token


def test_every_table_is_on_the_list_or_says_why_it_holds_nothing_of_a_complainant():
    named = {place.name for place in personal_places.PLACES} - {"files"}

    assert named | set(personal_places.IMPERSONAL) == set(Base.metadata.tables)
    assert not named & set(personal_places.IMPERSONAL)


def test_after_an_erasure_no_mark_is_left_in_any_table_or_file(desk):
    filed = filed_with_marks(desk)
    before = rows_of(desk, filed)
    for each in (*WORDS.values(), *map(mark, ("输出", "提问", "文件名", "补充", "图")), QUOTE):
        assert each in before, each
    assert stored_names(desk, filed)
    ended(desk, filed)
    assert all(hashes(desk.case(filed)))
    names = stored_names(desk, filed)
    assert any(name.endswith(".view") for name in names)
    neighbours = desk.read(
        lambda work: work.session.query(Private).filter(Private.stream != filed.uid).count()
    )
    filing_hash = desk.case(filed).filing_hash
    assert finish(desk, filed) is None, "its time is not over"
    years(desk)

    assert finish(desk, filed)

    after = rows_of(desk, filed)
    assert MARK not in after
    assert WORDS["mail"] not in after
    case = desk.case(filed)
    assert case.erased_at == desk.clock.now
    assert not any(hashes(case))
    assert case.filing_hash != filing_hash
    assert not stored_names(desk, filed)
    kept = desk.read(lambda work: work.session.query(Private).filter(Private.stream == filed.uid).count())
    keys = desk.read(lambda work: work.session.query(PersonKey).filter(PersonKey.stream == filed.uid).count())
    tokens = desk.read(lambda work: work.session.query(Token).filter(Token.complaint_id == case.id).count())
    assert (kept, keys, tokens, desk.outbox(filed)) == (0, 0, 0, [])
    assert neighbours == desk.read(
        lambda work: work.session.query(Private).filter(Private.stream != filed.uid).count()
    )
    erased = desk.events(filed)[-1]
    assert (erased.type, erased.meta["reason"], erased.meta["persons"]) == (
        "erased", "retention", [COMPLAINANT, OPERATOR],
    )  # fmt: skip
    assert erased.meta["attachments"] == 2
    assert desk.codes() == set()


def test_the_person_still_finds_by_number_and_code_that_it_is_gone(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    years(desk)
    finish(desk, filed)

    found = desk.read(lambda work: access.by_code(work, filed.number, filed.code))

    assert found.erased_at is not None
    assert found.state == "closed"
    assert desk.read(lambda work: access.owned(work, mark("账号"))) == []


def test_counters_and_files_of_exports_go_too(desk):
    filed = filed_with_marks(desk)
    case = ended(desk, filed)
    years(desk)
    soon = desk.clock.now + timedelta(days=7)
    job = {"kind": "export", "params": {}, "state": "done", "ordered_by": "x", "done": 1, "total": 1,
           "place": {}, "result": {}, "expires_at": soon}  # fmt: skip

    def write(session):
        session.execute(insert(Limit), [
            {"key": f"LIMITER/filing/{case.source_hash}/1", "count": 1, "expires_at": soon},
            {"key": "LIMITER/filing/other/1", "count": 1, "expires_at": soon},
        ])  # fmt: skip
        session.execute(insert(Job), [
            {**job, "uid": "1" * 32, "created_at": desk.clock.now},
            {**job, "uid": "2" * 32, "created_at": case.filed_at - timedelta(days=1)},
        ])  # fmt: skip

    desk.installation.database.write(write)

    finish(desk, filed)

    left = desk.read(lambda work: list(work.session.scalars(select(Limit.key))))
    ends = desk.read(
        lambda work: {
            row.uid: row.expires_at for row in work.session.execute(select(Job.uid, Job.expires_at))
        }
    )
    assert left == ["LIMITER/filing/other/1"]
    assert ends == {"1" * 32: desk.clock.now, "2" * 32: soon}


def test_erasing_twice_changes_nothing_and_an_erased_case_takes_nothing(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    years(desk)
    finish(desk, filed)
    seq = desk.events(filed)[-1].seq

    assert finish(desk, filed) is None
    for act in ("note", "reopen"):
        with pytest.raises(TransitionError):
            desk.do(filed, act)
    for refused in (
        lambda: request(desk, filed),
        lambda: desk.act(filed, erasure.hold, BOB, "x"),
        lambda: desk.act(filed, erasure.order, BOB, [COMPLAINANT], "x"),
        lambda: desk.act(filed, third_party.name, BOB, ["1/details"]),
    ):
        with pytest.raises(TransitionError):
            refused()
    assert desk.events(filed)[-1].seq == seq


def test_an_order_takes_the_complainant_and_leaves_what_operators_wrote_unless_it_quotes_them(desk):
    filed = filed_with_marks(desk)
    until = ended(desk, filed).erase_at
    desk.act(filed, erasure.order, BOB, [COMPLAINANT], "法院裁定")
    finish(desk, filed)

    words = [value for entry in desk.events(filed) for value in entry.personal.values() if value]
    assert "与人无关的备注".encode() in words
    assert not any(WORDS["mail"].encode() in value for value in words)
    assert desk.events(filed)[-1].meta["also"]
    assert (desk.case(filed).erased_at, desk.case(filed).erase_at) == (desk.clock.now, until)
    years(desk)
    assert desk.read(erasure.due) == [filed.uid]
    finish(desk, filed)
    assert desk.read(lambda work: erasure.present(work, desk.case(filed))) == []


@pytest.mark.parametrize(
    ("kept", "name", "text"),
    [
        (False, "王晓明", "来电138 1234-5678核实"),
        (False, "王晓明", "写信到 Zhou.Wang@Example.COM"),
        (False, "王晓明", "投诉人王 晓·明说的"),
        (False, "王晓明", "回电138.1234.5678"),
        (False, "王晓明", "回电１３８／１２３４／５６７８"),
        (True, "王晓明", "来电 13812340000 的是另一个人"),
        (True, "Li", "按规定处理，believe me"),
    ],
)
def test_what_operators_wrote_goes_where_it_quotes_the_contact_in_another_spelling(desk, kept, name, text):
    rights = {
        "relation": "self",
        "right_kind": "copyright",
        "work": "小说",
        "proof": "出版合同",
        "truthful": "y",
    }
    contact = {
        "name": name,
        "phone": "13812345678",
        "mail": "zhou.wang@example.com",
    }
    filed, other = (desk.file("ip_notice", fields={**rights, **contact}) for _ in range(2))
    for each in (filed, other):
        desk.act(each, handling.note, ALICE, text)
        desk.do(each, "withdraw")
    desk.act(filed, erasure.order, BOB, [COMPLAINANT], "法院裁定")
    finish(desk, filed)

    notes = [entry.text("note") for entry in desk.events(filed) if entry.type == "noted"]
    assert notes == [text if kept else ""]
    assert [entry.text("note") for entry in desk.events(other) if entry.type == "noted"] == [text]
    assert desk.codes() == set()


def test_a_third_partys_words_and_files_go_alone_also_from_an_open_case(desk):
    filed = filed_with_marks(desk)
    uid = desk.read(
        lambda work: work.session.scalars(
            select(Attachment.uid).where(Attachment.stream == filed.uid, Attachment.seq == 1)
        ).one()
    )
    desk.act(filed, third_party.name, ALICE, ["1/answer", f"file/{uid}"])
    assert desk.codes() == set()
    assert mark("输出") in desk.events(filed)[0].text("answer")
    with pytest.raises(TransitionError):
        desk.act(filed, erasure.order, BOB, [COMPLAINANT], "还没有答复完")
    desk.act(filed, erasure.order, BOB, [THIRD_PARTY], "本人要求")
    finish(desk, filed)

    first = desk.events(filed)[0]
    assert (first.text("answer"), WORDS["details"] in first.text("details")) == ("", True)
    assert uid not in stored_names(desk, filed)
    assert len(stored_names(desk, filed)) == 2
    case = desk.case(filed)
    assert (case.erased_at, case.erase_at) == (None, None)


def test_joined_cases_are_kept_and_erased_each_for_itself(desk):
    lead, joined = desk.file(), desk.file()
    desk.do(lead, "accept")
    desk.do(joined, "merge", lead=lead)
    request(desk, joined)
    desk.do(lead, "decide")
    desk.do(lead, "release")
    for filed in (lead, joined):
        assert desk.case(filed).released_at
    desk.later(days=40)
    desk.do(lead, "close")
    desk.later(days=100)
    desk.do(joined, "close")
    desk.later(days=365 * 3 - 60)

    assert desk.read(erasure.due) == [lead.uid]
    finish(desk, lead)
    assert desk.events(joined)[-1].type != "erased"
    assert desk.read(lambda work: access.contact(work, desk.case(joined)))


def test_a_file_that_is_missing_already_stops_nothing(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    years(desk)
    for name in stored_names(desk, filed):
        desk.installation.files.delete(name)

    assert finish(desk, filed)


def test_a_worker_killed_between_files_and_commit_is_finished_by_the_next_run(desk, monkeypatch):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    years(desk)
    before, delete = stored_names(desk, filed), LocalFiles.delete

    def die(self, uid):
        delete(self, uid)
        if uid.endswith(".view"):
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        desk.installation.database.engine.dispose(close=False)
        monkeypatch.setattr(LocalFiles, "delete", die)
        finish(desk, filed)
        os._exit(9)
    _, status = os.waitpid(child, 0)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert stored_names(desk, filed) < before
    assert desk.case(filed).erased_at is None
    assert desk.read(erasure.due) == [filed.uid]
    assert finish(desk, filed)
    assert not stored_names(desk, filed)
    assert desk.codes() == set()
