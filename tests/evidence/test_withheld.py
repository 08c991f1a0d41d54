"""What a person or a type closed to the reader after an export was ordered does not leave with it."""

from __future__ import annotations

import csv
import io
import time
import zipfile

import pytest
from factories import ALICE, BOB
from sqlalchemy import func, select

from complaints.base.errors import ConflictError, InputError, NotFoundError
from complaints.cases import erasure
from complaints.evidence import bundle, export, files, handling_log, jobs, parts, register
from complaints.evidence.chosen import Chosen
from complaints.evidence.counting import count
from complaints.jobs.cleaning import clean
from complaints.jobs.working import work_off
from complaints.ledger.work import COMPLAINANT
from complaints.store.tables import Complaint, Event, Job

SHOWN = {"unmasked": True, "reason": "court"}
MINE, NEIGHBOURS = "zqx7@example.com", "reporter@example.com"


@pytest.fixture
def filed(desk):
    return desk.file(fields={"mail": MINE, "name": "周晓", "phone": "13812345678"})


def store_only(desk, filed):
    desk.act(filed, erasure.request, COMPLAINANT)


def make_restricted(desk, filed):
    restricted = desk.read(
        lambda work: next(key for key, kind in work.policy.types.items() if kind.restricted)
    )
    desk.do(filed, "reclassify", to=restricted)


def order(desk, kind="register", form="csv", *, office=True, **values):
    """Of the installation itself, whose register keeps the line of a restricted complaint and not its contact."""
    chosen = Chosen(kind, form, office=office and kind == "register", **values)
    return jobs.order(desk.installation, ALICE, chosen)


def row(desk, uid):
    return desk.read(lambda work: work.session.get(Job, uid))


def take(desk, uid):
    return b"".join(files.read(desk.installation, uid, BOB)[1])


def people(data):
    rows = csv.DictReader(io.StringIO(data.removeprefix(export.BOM).decode(), newline=""))
    return {row["number"]: (row["name"], row["mail"], row["phone"]) for row in rows}


CLOSING = [store_only, make_restricted]


@pytest.mark.parametrize("shown", [{}, SHOWN], ids=["masked", "unmasked"])
@pytest.mark.parametrize("close", CLOSING)
def test_a_register_leaves_out_the_contact_of_a_case_closed_between_order_and_writing(
    desk, filed, close, shown
):
    before = export.order(desk.installation, ALICE, Chosen("register", "csv", office=True, **shown))
    close(desk, filed)
    written = people(desk.read(lambda work: b"".join(export.stream(work, before))))

    assert written[filed.number] == ("", "", "")
    others = {found[1] for number, found in written.items() if number != filed.number}
    assert others == {NEIGHBOURS if shown else "r***@example.com"}
    assert len(written) == desk.read(lambda work: work.session.scalar(select(func.count(Complaint.id))))


MANY = [("register", "csv"), ("register", "jsonl"), ("log", "csv"), ("log", "jsonl"), ("period", "docx")]


@pytest.mark.parametrize(("kind", "form"), MANY)
def test_what_became_restricted_after_the_order_is_in_no_file_of_somebody_not_cleared(
    desk, filed, kind, form
):
    neighbour = desk.file()
    uid = order(desk, kind, form, office=False)
    make_restricted(desk, filed)
    work_off(desk.installation)

    assert row(desk, uid).state == "done"
    text = text_in(form, take(desk, uid))
    assert (filed.number in text, filed.uid in text, neighbour.number in text) == (False, False, True)


@pytest.mark.parametrize(("kind", "form"), MANY)
def test_a_file_of_somebody_not_cleared_made_before_is_not_handed_out_after(desk, filed, kind, form):
    # Filed long before, so that only its events are of the period.
    desk.later(days=2)
    inside = {} if kind != "log" else {"since": desk.clock.now}
    desk.do(filed, "note")
    uid = order(desk, kind, form, office=False, **inside)
    ours = order(desk, kind, form, restricted=True, **inside)
    work_off(desk.installation)
    assert filed.number in text_in(form, take(desk, uid))
    make_restricted(desk, filed)

    with pytest.raises(NotFoundError):
        take(desk, uid)
    assert filed.number in text_in(form, take(desk, ours))


@pytest.mark.parametrize(("kind", "form"), MANY)
def test_what_is_done_to_a_case_that_was_always_restricted_takes_no_file_away(desk, kind, form):
    plain, hidden = desk.file(), desk.file("minor")
    uid = order(desk, kind, form, office=False)
    work_off(desk.installation)
    desk.do(hidden, "reclassify", to="self_harm")

    assert plain.number in text_in(form, take(desk, uid))


def test_a_log_half_written_when_a_case_became_restricted_begins_anew_without_it(desk, filed, monkeypatch):
    monkeypatch.setattr(handling_log, "_PAGE", 1)
    neighbour = desk.file()
    uid = order(desk, "log", office=False)
    events = desk.read(lambda work: work.session.scalar(select(func.count(Event.id))))
    # One step writes the head of the table; the last event is the order itself.
    for _ in range(events - 1):
        jobs.go_on(desk.installation, jobs.claim(desk.installation), time.monotonic())
    assert any(filed.number.encode() in block for block in _written(desk, row(desk, uid)))
    make_restricted(desk, filed)
    work_off(desk.installation)

    text = take(desk, uid).decode()
    assert (filed.number in text, neighbour.number in text) == (False, True)


def test_the_number_of_lines_told_before_is_that_of_the_file_for_whoever_is_not_cleared(desk, filed):
    lead, linked, joined = desk.file(), desk.file(), desk.file()
    for lives in ((filed, "link"), (filed, "unlink"), (filed, "link")):
        desk.do(*lives)
    desk.do(linked, "merge", lead=lead)
    desk.do(joined, "merge", lead=lead)
    desk.do(linked, "unmerge")
    export.order(desk.installation, ALICE, Chosen("case", "pdf", number=lead.number))
    desk.do(joined, "withdraw")
    for hidden in (lead, filed):
        make_restricted(desk, hidden)
    for narrowed in ({}, {"type": "inaccurate"}, {"since": desk.clock.now}):
        uid = order(desk, "log", "jsonl", office=False, **narrowed)
        told = desk.read(lambda work, uid=uid: count(work, Chosen.of(work.session.get(Job, uid).params)))
        work_off(desk.installation)
        assert (row(desk, uid).total, len(take(desk, uid).splitlines())) == (told, told)


def text_in(form, data):
    if form != "docx":
        return data.decode()
    return zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml").decode()


def test_who_takes_the_request_back_is_in_the_register_again(desk, filed):
    store_only(desk, filed)
    desk.act(filed, erasure.withdraw_request, COMPLAINANT)
    uid = order(desk, **SHOWN)
    work_off(desk.installation)

    assert people(take(desk, uid))[filed.number][1] == MINE


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
@pytest.mark.parametrize("close", CLOSING)
def test_a_job_ordered_before_and_carried_out_after_leaves_it_out(desk, filed, close, form):
    uid = order(desk, form=form, **SHOWN)
    close(desk, filed)
    work_off(desk.installation)

    assert row(desk, uid).state == "done"
    data = take(desk, uid)
    if form == "csv":
        assert people(data)[filed.number] == ("", "", "")
    if form != "xlsx":
        assert MINE.encode() not in data
        assert NEIGHBOURS.encode() in data


@pytest.mark.parametrize("close", CLOSING)
def test_a_job_half_written_before_begins_anew_and_leaves_it_out(desk, filed, close, monkeypatch):
    monkeypatch.setattr(register, "_PAGE", 1)
    for _ in range(2):
        desk.file()
    uid = order(desk, **SHOWN)
    for _ in range(4):
        jobs.go_on(desk.installation, jobs.claim(desk.installation), time.monotonic())
    held = row(desk, uid)
    assert held.state == "running"
    assert any(MINE.encode() in block for block in _written(desk, held))
    close(desk, filed)
    work_off(desk.installation)

    done = row(desk, uid)
    assert (done.state, done.done) == ("done", done.total)
    written = people(take(desk, uid))
    assert written[filed.number] == ("", "", "")
    assert len(written) == done.total
    assert not set(held.place["parts"]) & _stored(desk)


@pytest.mark.parametrize("close", CLOSING)
def test_a_file_made_before_is_not_handed_out_after_and_goes(desk, filed, close):
    uid, masked = order(desk, **SHOWN), order(desk)
    work_off(desk.installation)
    assert MINE.encode() in take(desk, uid)
    named = set(row(desk, uid).place["parts"])
    close(desk, filed)
    with pytest.raises(NotFoundError):
        take(desk, uid)
    assert MINE.encode() not in take(desk, masked)
    desk.later(seconds=1)
    clean(desk.installation, desk.clock.now)

    assert row(desk, uid).state == "expired"
    assert not named & _stored(desk)
    assert row(desk, masked).state == "done"


def test_a_file_stays_where_only_cases_beside_it_were_closed_or_moved(desk, filed):
    later = desk.file()
    desk.later(days=1)
    outside = desk.file()
    uid = order(desk, until=desk.clock.now, **SHOWN)
    desk.do(later, "reclassify", to="inaccurate")
    work_off(desk.installation)
    store_only(desk, outside)
    desk.do(filed, "reclassify", to="inaccurate")

    assert MINE.encode() in take(desk, uid)


def test_a_document_of_one_case_ordered_before_is_not_made_after(desk, filed):
    other = desk.file()
    uid, neighbours = (order(desk, "case", "pdf", number=each.number) for each in (filed, other))
    store_only(desk, filed)
    work_off(desk.installation)

    assert row(desk, uid).state == "failed"
    # The pages say in the reader's language what this means.
    assert row(desk, uid).error == "NotFoundError"
    assert take(desk, neighbours).startswith(b"%PDF")
    with pytest.raises(InputError):
        order(desk, "case", "docx", number=filed.number)


def test_a_document_of_one_case_made_before_is_not_handed_out_after(desk, filed):
    other = desk.file()
    uid, neighbours = (order(desk, "case", "pdf", number=each.number) for each in (filed, other))
    work_off(desk.installation)
    store_only(desk, filed)

    with pytest.raises(NotFoundError):
        take(desk, uid)
    assert take(desk, neighbours).startswith(b"%PDF")


def test_a_bundle_discloses_no_texts_of_a_case_that_is_only_stored(desk, filed, tmp_path):
    store_only(desk, filed)
    case = desk.case(filed)
    with pytest.raises(NotFoundError):
        desk.read(lambda work: bundle.case(work, tmp_path / "case.zip", case, disclose=[COMPLAINANT]))
    assert not (tmp_path / "case.zip").exists()


def test_an_erasure_ends_what_was_half_made_too(desk, filed, monkeypatch):
    monkeypatch.setattr(register, "_PAGE", 1)
    desk.do(filed, "withdraw")
    desk.later(days=366 * 3)
    desk.file()
    uid = order(desk, **SHOWN)
    for _ in range(4):
        jobs.go_on(desk.installation, jobs.claim(desk.installation), time.monotonic())
    assert any(MINE.encode() in block for block in _written(desk, row(desk, uid)))
    desk.act(filed, erasure.finish)
    work_off(desk.installation)

    assert row(desk, uid).state == "cancelled"
    assert not any(name.startswith(uid) for name in _stored(desk))


def test_a_failed_job_whose_parts_went_with_an_erasure_does_not_go_on(desk, filed, monkeypatch):
    monkeypatch.setattr(register, "_PAGE", 1)
    desk.do(filed, "withdraw")
    desk.later(days=366 * 3)
    desk.file()
    uid = order(desk, **SHOWN)
    for _ in range(3):
        jobs.go_on(desk.installation, jobs.claim(desk.installation), time.monotonic())
    with monkeypatch.context() as broken:
        broken.setattr(register, "table", lambda *_: 1 / 0)
        work_off(desk.installation)
    named = set(row(desk, uid).place["parts"])
    assert (row(desk, uid).state, len(named)) == ("failed", 3)
    desk.act(filed, erasure.finish)
    desk.later(seconds=1)
    clean(desk.installation, desk.clock.now)
    assert not named & _stored(desk)
    with pytest.raises(ConflictError):
        desk.installation.write(lambda work: jobs.again(work, uid, BOB))


def _written(desk, job):
    found = desk.installation
    return list(parts.read(found.files, found.keys.data, job.uid, job.place["parts"]))


def _stored(desk):
    return {path.name for path in desk.installation.files.folder.glob("??/*")}
