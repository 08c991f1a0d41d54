"""One complaint's whole life, with faults in it: no word of it in a log line or a bare byte, and none left at its end."""

from __future__ import annotations

import logging
import sys
from io import BytesIO
from pathlib import Path

import pytest
from following import Following
from marked import raw_bytes, rows_of
from office import ADMIN, Office, quick_passwords, send, send_from
from PIL import ExifTags, Image
from smtp import Answers, serving
from sqlalchemy import select

from complaints.base.errors import NotFoundError
from complaints.cases import conversation, deciding, erasure
from complaints.cases.intake import Filed
from complaints.cli import group
from complaints.evidence import files
from complaints.store.tables import Base, Complaint, Job, Limit, Outbox
from complaints.web.admin.access import FRESH

sys.path.insert(0, str(Path(__file__).parent))

from filing import NEW, Person

PHONE, MAIL, ADDRESS = "13912340007", "zqx7.zhou@example.com", "203.0.113.77"
# Whatever is typed, sent or known of the person holds one of these.
MARKS = ("zqx7", "周晓雨", PHONE, "1391234", ADDRESS, "203.0.113.")
TEXT = f"zqx7 我是周晓雨，电话{PHONE}，它把我的住址说了出来"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    answers = Answers()
    with serving(answers) as port:
        made = Office(
            tmp_path,
            clock,
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=port,
            MAIL_DEFAULT_SENDER="notice@example.cn",
            PROPAGATE_EXCEPTIONS=False,
        )
        made.answers = answers

        @made.complaints.on_notify("phone")
        def call(message):
            raise RuntimeError(f"nobody answers at {PHONE}, {MAIL}")

        made.start(clock)
        yield made
        made.installation.database.engine.dispose()


def tick(office):
    return office.app.test_cli_runner().invoke(group, ["tick"])


def refuse(office):
    """The mail server quotes the address, as many do, and gives up for good."""
    office.answers.rcpt[:] = [f"550 5.1.1 <{MAIL}> 周晓雨 unknown here"] * 3


def file_by_form(office):
    """Through the form, with a file that waits in a draft, and once in vain."""
    person = Person(office.app, **{"User-Agent": "zqx7-browser", "Accept-Language": "zh"})
    person.client.environ_base["REMOTE_ADDR"] = ADDRESS
    person.open(f"{NEW}?type=privacy_leak&ref=zqx7")
    person.open(f"{NEW}?type=other")
    person.send(
        [("zqx7 周晓雨.txt", f"zqx7 {PHONE}".encode()), ("zqx7.jpg", PORTRAIT)],
        details=TEXT,
        mail=MAIL,
        phone=PHONE,
    )
    person.send()
    number, code = person.receipt()[:2]
    uid = office.desk.read(
        lambda work: work.session.scalars(select(Complaint.uid).where(Complaint.number == number)).one()
    )
    return Filed(number=number, uid=uid, code=code, repeated=False)


def _portrait():
    """A photograph whose camera wrote down whose it is."""
    exif, out = Image.Exif(), BytesIO()
    exif[ExifTags.Base.Artist] = "zqx7 Zhou"
    exif[ExifTags.Base.ImageDescription] = f"zqx7 {PHONE}"
    Image.new("RGB", (40, 30), "green").save(out, "JPEG", exif=exif, comment=b"zqx7")
    return out.getvalue()


# Made before anybody listens: Pillow quotes the tags when it writes them, too.
PORTRAIT = _portrait()


def follow(office, filed, other):
    made = Following(office.app, office.desk, office.app.test_client(), {}, filed, other)
    made.client.environ_base["REMOTE_ADDR"] = ADDRESS
    made.open()
    return made


def handle(office, filed, action, do="", /, who="handler", mode="", **values):
    page = f"{ADMIN}/case/{filed.number}"
    answer = send(office.client(who), f"{page}/{mode}" if mode else page, f"/{action}", do, **values)
    assert answer.status_code == 303, (action, answer.get_data(as_text=True)[:300])


def test_a_whole_life_leaves_no_mark_in_logs_and_bare_bytes_and_nothing_anywhere_after_its_end(
    office, tmp_path, caplog, monkeypatch
):
    caplog.set_level(logging.DEBUG)
    neighbours = [office.desk.file(kind, fields={"details": "旁边的一件"}) for kind in ("billing", "service")]
    filed = file_by_form(office)
    refuse(office)
    tick(office)

    handle(office, filed, "accept")
    handle(office, filed, "note", note=f"周晓雨来电 {PHONE} zqx7")
    handle(office, filed, "reply", text=f"已收到，会写信到 {MAIL}")
    handle(office, filed, "ask", text="zqx7 请周晓雨说明哪一天", reason="what_happened", days="5")
    person = follow(office, filed, neighbours[0])
    assert person.act("message", text=f"{TEXT} 是昨天").status_code == 303
    _a_fault_that_quotes(office, person, monkeypatch)
    office.desk.act(filed, conversation.write, f"{TEXT} 补充", ())
    given = {"outcome": "upheld", "reason": "verified", "text": f"周晓雨您好，{TEXT}", "note": "zqx7 内部"}
    handle(
        office, filed, "decide", "send", mode="decide", **given, **{"action-0": "remove", "target-0": "zqx7"}
    )
    office.desk.later(minutes=3)
    office.desk.act(filed, deciding.release)
    refuse(office)
    tick(office)
    assert person.act("rate", rating="2", text=f"zqx7 {TEXT}").status_code == 303
    ordered = _files_for_an_auditor(office, filed)
    office.desk.later(days=40)
    tick(office)
    handle(office, filed, "contact", who="handler")
    _hold_and_lift(office, filed)

    _no_mark(_logged(caplog), "a log line")
    _no_mark(raw_bytes(tmp_path), "a bare byte of the installation's files")
    assert all(mark in rows_of(office.desk, filed) for mark in ("zqx7", "周晓雨", PHONE))
    assert _errors(office), "the refusals must have been recorded"

    office.desk.later(days=3 * 366)
    done = tick(office)
    assert '"erased": 1' in done.output, done.output
    assert office.desk.case(filed).erased_at is not None
    _no_mark(rows_of(office.desk, filed).encode(), "a table")
    _no_mark(raw_bytes(tmp_path), "a bare byte")
    _no_mark(_logged(caplog), "a log line")
    for uid in ordered:
        with pytest.raises(NotFoundError):
            files.read(office.installation, uid, None)
    left = office.desk.read(
        lambda work: {
            table.name: len(work.session.execute(select(table)).all())
            for table in Base.metadata.sorted_tables
        }
    )
    empty = ("token", "draft", "limit", "idempotency", "operator_session")
    assert {name: left[f"complaints_{name}"] for name in empty} == dict.fromkeys(empty, 0)
    assert office.desk.outbox(filed) == []
    assert _kept(office, filed) == []
    assert all(_kept(office, each) for each in neighbours)
    assert [path for path in (tmp_path / "complaints" / "files").rglob("*") if path.is_file()] == []
    assert office.desk.codes() == set()


def _a_fault_that_quotes(office, person, monkeypatch):
    """A library's error quotes what was typed; the page and the log give its class alone."""
    with monkeypatch.context() as broken:

        def fail(*arguments, **named):
            raise ValueError(f"cannot take {TEXT!r} from {ADDRESS}")

        broken.setattr(conversation, "write", fail)
        assert person.act("message", text=TEXT).status_code == 500


def _files_for_an_auditor(office, filed):
    client = office.client("auditor")
    for values in (
        {"kind": "register", "form": "csv", "unmasked": "y", "reason": "court"},
        {"kind": "case", "form": "pdf", "number": filed.number, "unmasked": "y", "reason": "court"},
    ):
        assert send(client, f"{ADMIN}/evidence", "/order#order", **values).status_code == 303
        office.desk.later(seconds=1)
    made = office.desk.read(lambda work: list(work.session.scalars(select(Job))))
    assert {job.state for job in made} == {"done"}
    html = client.get(f"{ADMIN}/evidence/exports").get_data(as_text=True)
    assert any(MAIL.encode() in send_from(client, html, "", f"/{job.uid}/file").data for job in made), (
        "the register shows it"
    )
    office.desk.later(seconds=FRESH.total_seconds())
    return [job.uid for job in made]


def _hold_and_lift(office, filed):
    runner = office.app.test_cli_runner()
    for what in ("--hold", "--lift"):
        done = runner.invoke(
            group, ["erase", filed.number, what, "--by", "lin", "--reason", f"zqx7 周晓雨诉讼 {PHONE}"]
        )
        assert done.exit_code == 0, done.output
    office.desk.act(filed, erasure.request, _person())


def _person():
    from complaints.ledger.work import COMPLAINANT

    return COMPLAINANT


def _kept(office, filed):
    return office.desk.read(lambda work: erasure.present(work, office.desk.case(filed)))


def _errors(office):
    query = select(Outbox.last_error).where(Outbox.last_error.is_not(None))
    return office.desk.read(lambda work: set(work.session.scalars(query)))


def _logged(caplog):
    said = [
        f"{record.name} {record.getMessage()} {record.exc_text or ''} {logging.Formatter().format(record)}"
        for record in caplog.records
    ]
    return "\n".join(said).encode()


def _no_mark(data, where):
    data = data.lower()
    assert [mark for mark in MARKS if mark.encode() in data] == [], where


def test_the_keys_of_counters_hold_no_address(office):
    file_by_form(office)
    keys = office.desk.read(lambda work: list(work.session.scalars(select(Limit.key))))
    assert keys
    _no_mark("\n".join(keys).encode(), "a counter")
