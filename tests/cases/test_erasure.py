"""What is erased is gone from every table and file; what is kept says until when, and a hold keeps it."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from factories import ALICE, BOB, CAROL, Desk
from flask import Flask
from realfiles import small_picture
from sqlalchemy import delete, insert, select, update
from tampering import unguarded

from complaints import Complaints
from complaints.base.clock import beijing
from complaints.base.errors import InputError, NotAllowedError, TransitionError
from complaints.base.keys import Keys
from complaints.base.resources import folder
from complaints.base.translations import speaking
from complaints.cases import (
    access,
    conversation,
    disclosure,
    erasure,
    handling,
    intake,
    personal_places,
    third_party,
)
from complaints.cases.attachments import check
from complaints.cases.reported import Turn
from complaints.ledger import journal
from complaints.ledger.private import COMPLAINANT, OPERATOR, THIRD_PARTY
from complaints.ledger.work import COMPLAINANT as PERSON
from complaints.policy.model import Retention
from complaints.policy.retention import kept_until
from complaints.store import residue, schema
from complaints.store.files import LocalFiles
from complaints.store.tables import Attachment, Base, Complaint, Job, Limit, PersonKey, Private, Token

MARK = "ZQX7"
WORDS = {
    "details": f"{MARK}-详情-我说的事😀𠮷",
    "mail": "zqx7-mail@example.com",
}
QUOTE = f"已收到，会写信到{WORDS['mail']}"


def mark(kind):
    return f"{MARK}-{kind}"


def filed_with_marks(desk, **values):
    """A complaint with a unique mark in every field, file name and content, handled to its end."""
    filed = desk.file(
        "inaccurate",
        fields=WORDS,
        answer=intake.Answer(
            mark("输出"),
            prompt=mark("提问"),
            model=mark("模型"),
            mark="verified",
            token=mark("封签"),
            notes=("expired",),
            identity=mark("回答号"),
        ),
        turns=[Turn(mark("先前的提问"), mark("先前的回答"))],
        uploads=[check(f"{mark('文件名')}.txt", mark("文件内容").encode(), max_mb=1)],
        owner=mark("账号"),
        source="ab" * 32,
        **values,
    )
    desk.act(filed, conversation.write, mark("补充"), [check(f"{mark('图')}.jpg", small_picture(), max_mb=1)])
    desk.do(filed, "accept")
    desk.act(filed, conversation.reply, ALICE, QUOTE)
    desk.act(filed, handling.note, ALICE, "与人无关的备注")
    desk.do(filed, "decide")
    desk.do(filed, "release")
    case = desk.case(filed)
    desk.installation.write(lambda work: access.new_token(work, case.id, "verify"))
    return filed


def ended(desk, filed):
    desk.later(days=40)
    desk.do(filed, "close")
    return desk.case(filed)


def request(desk, filed):
    return desk.act(filed, erasure.request, PERSON)


def finish(desk, filed):
    return desk.act(filed, erasure.finish)


def years(desk, count=3, days=45):
    desk.later(days=365 * count + days)


def rows_of(desk, filed):
    """Everything readable in the tables about one complaint, sealed fields opened, as one text."""

    def look(work):
        case = work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()
        said = [json.dumps(disclosure.kept_about(work, case), ensure_ascii=False)]
        for table in Base.metadata.sorted_tables:
            for row in work.session.execute(select(table)):
                said.append(
                    " ".join(
                        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                        for value in row
                    )
                )
        return "\n".join(said)

    return desk.read(look)


def stored_names(desk, filed):
    query = select(Attachment.uid).where(Attachment.stream == filed.uid)
    uids = desk.read(lambda work: list(work.session.scalars(query)))
    there = set(desk.installation.files.names())
    return {name for uid in uids for name in (uid, f"{uid}.view") if name in there}


def hashes(case):
    return [
        case.mail_hash,
        case.owner_hash,
        case.answer_hash,
        case.seal_hash,
        case.text_hash,
        case.source_hash,
    ]


@pytest.mark.parametrize(
    ("ended_at", "years", "months", "until"),
    [
        ("2024-02-28T16:00", 3, 6, "2027-02-28"),
        ("2026-11-23T02:00", 3, 6, "2029-11-23"),
        ("2026-11-23T16:00", 3, 6, "2029-11-24"),
        ("2026-08-31T02:00", 1, 18, "2028-02-29"),
        ("2026-12-31T02:00", 1, 6, "2027-12-31"),
    ],
)
def test_the_period_ends_with_its_last_day_and_never_before_the_logs_own(ended_at, years, months, until):
    moment = kept_until(Retention(years, months), datetime.fromisoformat(ended_at).replace(tzinfo=UTC))

    assert beijing(moment - timedelta(seconds=1)).date().isoformat() == until


def test_nothing_is_forgotten_before_the_time_to_ask_for_a_review_is_over():
    now = datetime(2026, 11, 23, tzinfo=UTC)

    assert kept_until(Retention(1, 6), now, now + timedelta(days=900)) == now + timedelta(days=900)


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


def test_a_request_within_the_period_only_stores_and_the_end_erases_by_itself(desk):
    filed = filed_with_marks(desk)
    until = ended(desk, filed).erase_at
    request(desk, filed)

    case = desk.case(filed)
    assert (case.stored_only_at, case.erase_at, case.erased_at) == (desk.clock.now, until, None)
    assert finish(desk, filed) is None
    with pytest.raises(TransitionError):
        request(desk, filed)
    assert filed.uid not in desk.read(erasure.due)
    years(desk)
    assert desk.read(erasure.due) == [filed.uid]
    finish(desk, filed)
    assert desk.events(filed)[-1].meta["reason"] == "request"
    assert desk.read(erasure.due) == []


def test_a_request_while_the_case_is_open_leaves_the_answer_and_counts_from_the_end(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    request(desk, filed)
    assert desk.case(filed).erase_at is None
    for use in ("ask", "reply", "merge", "reclassify"):
        with pytest.raises(TransitionError):
            desk.do(filed, use)
    desk.do(filed, "decide")
    desk.do(filed, "release")
    case = ended(desk, filed)

    assert case.erase_at == kept_until(Retention(), desk.clock.now, case.appeal_until)
    assert desk.codes() == set()


def test_a_request_during_a_pause_and_its_withdrawal(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "ask")
    request(desk, filed)
    desk.do(filed, "supply")
    desk.act(filed, erasure.withdraw_request, PERSON)

    assert desk.case(filed).stored_only_at is None
    desk.do(filed, "reply")
    with pytest.raises(TransitionError):
        desk.act(filed, erasure.withdraw_request, PERSON)


def test_an_appeal_against_a_stored_case_stops_the_count_until_it_ends_again(desk):
    filed = desk.file()
    for step in ("accept", "decide", "release", "close"):
        desk.do(filed, step)
    request(desk, filed)
    first = desk.case(filed).erase_at
    desk.do(filed, "appeal")
    assert (desk.case(filed).erase_at, desk.case(filed).stored_only_at is not None) == (None, True)
    desk.later(days=10)
    desk.do(filed, "confirm")
    desk.do(filed, "release")
    assert ended(desk, filed).erase_at > first


def test_a_hold_keeps_what_a_request_and_the_period_would_erase(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    desk.act(filed, erasure.hold, BOB, "（2026）京01民初1号")
    request(desk, filed)
    years(desk)
    assert desk.read(erasure.due) == []
    assert finish(desk, filed) is None
    with pytest.raises(TransitionError):
        desk.act(filed, erasure.order, BOB, [COMPLAINANT], "x")
    desk.act(filed, erasure.lift, BOB, "已结案")
    assert desk.read(erasure.due) == [filed.uid]
    assert finish(desk, filed)


def test_after_the_period_a_request_is_for_now(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    years(desk)
    desk.act(filed, erasure.hold, CAROL, "诉讼")
    request(desk, filed)
    assert desk.case(filed).erase_at < desk.clock.now
    other = desk.file()
    desk.do(other, "withdraw")
    years(desk)
    request(desk, other)
    assert desk.case(other).erase_at == desk.clock.now
    assert finish(desk, other)


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


@pytest.mark.parametrize("lang", ["en", "zh", ""])
@pytest.mark.parametrize(
    "act",
    [
        lambda work, case: erasure.hold(work, case, BOB, " "),
        lambda work, case: erasure.request(work, case, BOB, how="\n"),
        lambda work, case: erasure.order(work, case, BOB, [], "x"),
        lambda work, case: erasure.order(work, case, BOB, ["everybody"], "x"),
        lambda work, case: third_party.name(work, case, BOB, []),
        lambda work, case: third_party.name(work, case, BOB, ["1/contact"]),
        lambda work, case: third_party.name(work, case, BOB, ["9/x", "../etc/passwd", "file/'; --"]),
    ],
)
def test_bad_input_is_refused_in_words_and_changes_nothing(desk, act, lang):
    filed = desk.file()
    desk.do(filed, "withdraw")
    with speaking(lang or "zh"), pytest.raises(InputError) as refused:
        desk.act(filed, act)
    said = [sentence for each in refused.value.fields.values() for sentence in each]
    assert said
    assert all(sentence.isascii() == (lang == "en") for sentence in said)
    assert desk.case(filed).erase_at is not None
    assert desk.events(filed)[-1].type == "withdrawn"


def test_only_leaders_hold_order_and_enter_requests(desk):
    filed = desk.file()
    desk.do(filed, "withdraw")
    for refused in (
        lambda: desk.act(filed, erasure.hold, ALICE, "x"),
        lambda: desk.act(filed, erasure.lift, ALICE, "x"),
        lambda: desk.act(filed, erasure.order, ALICE, [COMPLAINANT], "x"),
        lambda: desk.act(filed, erasure.request, ALICE, how="x"),
    ):
        with pytest.raises(NotAllowedError):
            refused()


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


def test_what_ended_under_an_earlier_version_gets_its_date(desk):
    filed, opened = desk.file(), desk.file()
    desk.do(filed, "withdraw")
    until = desk.case(filed).erase_at
    desk.act(filed, lambda work, case: journal.record(work, case, "kept", BOB, change={"erase_at": None}))
    assert desk.read(erasure.unplanned) == [filed.uid]

    desk.act(filed, erasure.plan)

    assert desk.case(filed).erase_at == until
    assert desk.read(erasure.unplanned) == []
    assert desk.act(opened, erasure.plan) is None


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


@pytest.mark.tampered
@pytest.mark.parametrize(("table", "code"), [(Private, "private-kept"), (PersonKey, "key-kept")])
def test_the_audit_finds_what_is_still_there_after_an_erasure(desk, table, code):
    filed = desk.file()
    desk.do(filed, "withdraw")
    query = select(table.__table__).where(table.stream == filed.uid, table.person == COMPLAINANT)
    row = desk.read(lambda work: dict(work.session.execute(query).mappings().first()))
    years(desk)
    finish(desk, filed)

    unguarded(desk.installation.database, lambda session: session.execute(insert(table), [row]) and None)

    assert code in desk.codes()


@pytest.mark.tampered
def test_an_erasure_of_one_person_excuses_nobody_elses_missing_words(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    desk.act(filed, erasure.order, BOB, [COMPLAINANT], "x")
    finish(desk, filed)
    assert desk.codes() == set()
    lost = delete(Private).where(
        Private.stream == filed.uid, Private.person == OPERATOR, Private.field == "note"
    )

    unguarded(desk.installation.database, lambda session: session.execute(lost) and None)

    assert desk.codes() == {"private-missing"}


@pytest.mark.tampered
def test_words_filed_under_another_person_are_found(desk):
    filed = desk.file()
    moved = update(Private).where(Private.stream == filed.uid, Private.field == "details")

    unguarded(desk.installation.database, lambda s: s.execute(moved.values(person=OPERATOR)) and None)

    assert desk.codes() == {"private-person"}


@pytest.mark.tampered
def test_a_file_that_came_back_after_an_erasure_is_found(desk):
    filed = filed_with_marks(desk)
    ended(desk, filed)
    years(desk)
    name = min(stored_names(desk, filed), key=len)
    data = desk.installation.files.get(name)
    finish(desk, filed)
    desk.installation.files.put(name, data)

    assert desk.codes() == {"file-kept"}


def test_no_mark_is_left_in_the_bytes_of_our_own_sqlite_file_and_in_its_folder(tmp_path, clock):
    """Keys, salts and hashes as raw bytes: in the database, its WAL, and every file of the installation."""
    app = Flask("host", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="x" * 32, TESTING=True, COMPLAINTS_BASE_URL="https://ai.example.cn")
    Complaints(app)
    found = app.extensions["complaints"]
    found.now = clock
    found.__dict__["keys"] = Keys.random()
    schema.upgrade(found.database.engine, folder("migrations"))
    desk = Desk(found, clock)
    neighbour = desk.file("billing")
    filed = filed_with_marks(desk)
    case = ended(desk, filed)
    held = [value.encode() for value in [*hashes(case), case.filing_hash] if value]
    rows = desk.read(
        lambda work: list(work.session.scalars(select(Private.sealed).where(Private.stream == filed.uid)))
    )
    wrapped = desk.read(
        lambda work: list(
            work.session.scalars(select(PersonKey.wrapped).where(PersonKey.stream == filed.uid))
        )
    )
    sealed = desk.read(
        lambda work: list(
            work.session.scalars(select(Attachment.sealed).where(Attachment.stream == filed.uid))
        )
    )
    files = [found.files.get(name) for name in stored_names(desk, filed)]
    secrets = [*held, *(row[:48] for row in (*rows, *wrapped, *sealed, *files))]
    raw = _raw(tmp_path)
    assert [each for each in secrets if each not in raw] == []
    years(desk)

    assert finish(desk, filed)
    assert residue.wipe(found.database.engine)

    raw = _raw(tmp_path)
    assert [each for each in secrets if each in raw] == []
    assert desk.read(lambda work: access.contact(work, desk.case(neighbour)))
    assert desk.codes() == set()
    found.database.engine.dispose()


def _raw(place: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file())
