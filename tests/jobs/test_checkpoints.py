"""The log's own work in a tick: places, checkpoints, mails to witnesses."""

from __future__ import annotations

import re
import socket
from email import message_from_bytes
from email.policy import default

import pytest
from notes import by_openssl
from smtp import Answers, serving
from sqlalchemy import update
from ticking import rows, run, set_up, told

from complaints.administration import checkpoints, refusals
from complaints.administration.doctor import examine
from complaints.base.translations import speaking
from complaints.delivery.mail import MailSettings, Post
from complaints.jobs import checkpoints as log_work
from complaints.jobs.due import look
from complaints.ledger.sequencer import head, oldest_waiting
from complaints.ledger.state import SigningError
from complaints.store.tables import Lease, Outbox

WITNESSES = ["archive@law.example", "watch@court.example"]


def test_an_event_has_its_place_with_the_next_tick_on_any_host(any_office):
    any_office.file()
    done = run(any_office)
    assert done.log.placed > 0
    assert done.log.signed is None
    with any_office.installation.reading() as work:
        assert oldest_waiting(work.session) is None
        assert head(work.session).size == done.log.placed
    # What the next tick writes itself gets its place in that tick.
    any_office.pass_time(days=30)
    assert run(any_office).log.placed > 0
    with any_office.installation.reading() as work:
        assert oldest_waiting(work.session) is None


def test_the_host_that_holds_the_folder_signs_when_it_is_due(signing):
    signing.file()
    first = run(signing).log
    assert first.signed == first.placed + 1, "the heartbeat came with it"
    signing.file()
    signing.pass_time(minutes=4)
    assert run(signing).log.signed is None
    signing.pass_time(minutes=1)
    assert run(signing).log.signed > first.signed
    signing.pass_time(minutes=10)
    assert run(signing, alone=True).log.signed is None
    signing.pass_time(days=1)
    assert run(signing, alone=True).log.signed is not None
    assert [row.stamp_state for row in rows(signing)] == ["none"] * 3


def test_a_refusal_stops_nothing_else_and_is_an_alarm_everywhere(signing):
    signing.file()
    run(signing)
    state = signing.installation.settings.state_folder / "checkpoint.json"
    state.write_text("{}")
    signing.file()
    signing.pass_time(minutes=10)
    done = run(signing)
    assert done.log.placed > 0
    assert done.log.signed is None
    assert len(rows(signing)) == 1
    with signing.installation.reading() as work:
        assert checkpoints.refusal(signing.installation, work.session).code == "state-damaged"
    with speaking("en"):
        said = [
            each for each in examine(signing.installation) if each.what.startswith("log: no checkpoint is")
        ]
    assert [each.level for each in said] == ["fail"]
    assert "--adopt" in said[0].remedy


def test_a_refusal_is_tried_again_with_growing_pauses_and_told_each_time_it_is(signing, caplog):
    signing.file()
    run(signing)
    state = signing.installation.settings.state_folder / "checkpoint.json"
    whole = state.read_text()
    state.write_text("{}")
    signing.pass_time(minutes=10)
    signing.file()
    tries = []
    for minute in range(60):
        caplog.clear()
        done = run(signing, alone=True)
        assert done.log.signed is None
        if [each for each in caplog.records if "no checkpoint was signed" in each.getMessage()]:
            tries.append(minute)
        with signing.installation.reading() as work:
            assert checkpoints.refusal(signing.installation, work.session).code == "state-damaged"
        assert told(signing, "en")[0][0] == "fail"
        signing.pass_time(minutes=1)
    assert tries == [0, 1, 2, 4, 8, 16, 32]
    # In the middle of a pause: what works again is not waited out, once anything else happens.
    state.write_text(whole)
    signing.file()
    assert run(signing, alone=True).log.signed is not None
    assert not checkpoints.waits(signing.installation)


def test_while_a_refusal_is_waited_out_a_tick_is_idle(signing):
    signing.file()
    run(signing)
    (signing.installation.settings.state_folder / "checkpoint.json").write_text("{}")
    signing.pass_time(minutes=10)
    signing.file()
    assert run(signing, alone=True).log.refused == "state-damaged"
    assert not waits(signing)
    signing.pass_time(seconds=59)
    assert not waits(signing)
    signing.pass_time(seconds=1)
    assert waits(signing)
    assert run(signing, alone=True).log.refused == "state-damaged"


def waits(office):
    with office.installation.reading() as work:
        seen = look(work.session, office.now)
    return log_work.waits(office.installation, seen, office.now)


def test_a_folder_that_cannot_be_written_stays_an_alarm_between_the_tries(signing, monkeypatch):
    signing.file()
    run(signing)
    signing.pass_time(minutes=10)
    signing.file()
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", _full)
        assert run(signing).log.refused == "state-unwritable"
    (level, what, remedy), *_ = told(signing, "zh")
    assert (level, "无法写入" in what, "磁盘" in remedy) == ("fail", True, True)
    with signing.installation.reading() as work:
        assert checkpoints.refusal(signing.installation, work.session).code == "state-unwritable"
    signing.pass_time(minutes=2)
    assert run(signing, alone=True).log.signed is not None
    with signing.installation.reading() as work:
        assert checkpoints.refusal(signing.installation, work.session) is None


def _full(*_):
    raise OSError(28, "no space left on device")


CODES = (
    "state-missing", "state-damaged", "state-unwritable", "origin", "smaller", "fork", "tree", "key-replaced",
    "key-changed", "key-revoked", "key-previous",
)  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_each_refusal_has_its_words_and_a_remedy_in_both_languages(office, code):
    said = {}
    for lang in ("zh", "en"):
        with speaking(lang), office.installation.reading() as work:
            said[lang] = refusals.told(work.session, SigningError(code, "in English only"))
    for what, remedy in said.values():
        assert what != code
        assert remedy
    assert not any(
        re.search("[a-z]{3} [a-z]{3}", text.replace("flask complaints", "")) for text in said["zh"]
    )
    assert {"smaller", "fork", "state-missing", "state-damaged"} & {code} == set() or "--adopt" in said["zh"][
        1
    ]


def test_doctor_says_which_host_signs_and_how_this_one_would(any_office):
    any_office.file()
    checkpoints.folder(any_office.installation).create()
    run(any_office)
    here = any_office.installation.settings
    set_up(any_office, STATE_DIR=str(here.instance / "elsewhere"))
    (level, what, remedy), *_ = told(any_office, "en")
    assert level == "ok"
    assert what.startswith(
        f"log: {socket.gethostname()} signs the checkpoints, the last one on Monday 23 November"
    )
    assert str(here.instance / "elsewhere") in remedy
    assert "--adopt OLDER" in remedy
    assert socket.gethostname() in told(any_office, "zh")[0][1]
    any_office.pass_time(hours=37)
    level, what, remedy = told(any_office, "en")[0]
    assert (level, what.startswith("log: no checkpoint since Monday")) == ("fail", True)
    assert "--adopt" in remedy


def test_a_second_host_with_an_empty_folder_is_told_to_remove_it(any_office):
    any_office.file()
    checkpoints.folder(any_office.installation).create()
    run(any_office)
    any_office.execute(update(Lease).where(Lease.name == "signer").values(owner="alpha"))
    set_up(any_office, STATE_DIR=str(any_office.installation.settings.instance / "empty"))
    checkpoints.folder(any_office.installation).create()
    level, what, remedy = told(any_office, "en")[0]
    assert (level, "alpha signs the checkpoints" in what) == ("fail", True)
    assert remedy.startswith("remove the folder here")


def test_doctor_says_who_signs_and_when_a_checkpoint_last_left(any_office):
    def log():
        with speaking("en"):
            return [each.what for each in examine(any_office.installation) if each.what.startswith("log:")]

    assert log()[0] == "log: no checkpoint is signed by this host"
    assert "no checkpoint has left this machine yet" in log()[1]
    checkpoints.folder(any_office.installation).create()
    any_office.file()
    run(any_office)
    assert len(log()) == 1
    row = Outbox.__table__
    any_office.execute(update(row).values(kind="checkpoint", state="sent", sent_at=any_office.now))
    assert log() == ["log: a checkpoint last left this machine on Monday 23 November 2026, 10:00"]
    any_office.pass_time(seconds=301)
    any_office.file()
    any_office.pass_time(seconds=301)
    assert "has waited 301 seconds" in log()[0]


def test_each_days_last_checkpoint_reaches_every_witness_over_real_smtp(signing):
    answers = Answers()
    set_up(signing, WITNESSES=tuple(WITNESSES))
    with serving(answers) as port:
        config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "n@example.cn"}
        post = Post(MailSettings.of(signing.settings, config))
        for _ in range(2):
            signing.file(mail="")
            signing.pass_time(minutes=6)
            run(signing, post)
        last = rows(signing)[-1]
        assert not [mail for mail in answers.mails if mail.rcpt_tos[0] in WITNESSES]
        signing.pass_time(days=1)
        run(signing, post)
        signing.pass_time(minutes=1)
        run(signing, post)
        signing.pass_time(minutes=6)
        run(signing, post)
    mails = {mail.rcpt_tos[0]: mail for mail in answers.mails if mail.rcpt_tos[0] in WITNESSES}
    assert sorted(mails) == WITNESSES
    assert len([mail for mail in answers.mails if mail.rcpt_tos[0] in WITNESSES]) == 2
    for mail in mails.values():
        read = message_from_bytes(mail.content, policy=default)
        text = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
        note = text.partition("-" * 40 + "\n")[2].partition("-" * 40)[0]
        assert note == last.note
        assert by_openssl(note, checkpoints.signer(signing.installation).vkey)[1] == last.size
        assert last.note.partition("\n")[0] in text
    assert [row.mailed_at is not None for row in rows(signing)] == [False, True, False]


def test_a_witness_no_longer_named_gets_nothing(signing):
    answers = Answers()
    set_up(signing, WITNESSES=tuple(WITNESSES))
    signing.file(mail="")
    run(signing)
    signing.pass_time(days=1)
    run(signing)
    set_up(signing, WITNESSES=())
    with serving(answers) as port:
        config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "n@example.cn"}
        signing.pass_time(minutes=1)
        run(signing, Post(MailSettings.of(signing.settings, config)))
    assert not [mail for mail in answers.mails if mail.rcpt_tos[0] in WITNESSES]
    left = signing.outbox(Outbox.kind == "checkpoint")
    assert {row.state for row in left} == {"dropped"}
    assert not [row for row in left if "@" in row.recipient]
