from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from flask import Flask
from flask_mail import email_dispatched
from smtp import Answers, Authority, free_port, serving, silent

from complaints.base.errors import ConfigError
from complaints.base.settings import Settings
from complaints.delivery.mail import Letter, MailSettings, Post, address
from complaints.delivery.sending import DeliveryError

LETTER = Letter(
    to="reporter@example.com",
    name="张三",
    subject="〔灵犀助手〕TS20261123-7K3M9Q已收到",
    text="我们已收到您的投诉。\n",
    html="<p>我们已收到您的投诉。</p>",
    lang="zh",
    message_id="<0123456789abcdef@ai.example.cn>",
    date=datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
    reply_to="complaints@example.cn",
)


def settings(tmp_path, port, **more):
    values = {
        "SECRET_KEY": "x",
        "COMPLAINTS_MAIL_SERVER": "127.0.0.1",
        "COMPLAINTS_MAIL_PORT": port,
        "COMPLAINTS_MAIL_SENDER": "灵犀助手 <noreply@example.cn>",
        "COMPLAINTS_MAIL_TIMEOUT_SECONDS": 1,
        **more,
    }
    return MailSettings.of(Settings.from_mapping(values, tmp_path), values)


def send(wanted, letter=LETTER):
    with Flask(__name__).app_context():
        Post(wanted).send(letter)


def received(answers):
    return message_from_bytes(answers.mails[-1].content, policy=default)


def test_a_mail_arrives_whole(tmp_path):
    answers = Answers()
    with serving(answers) as port:
        send(settings(tmp_path, port))
    mail = received(answers)
    assert answers.mails[0].rcpt_tos == ["reporter@example.com"]
    assert answers.mails[0].mail_from == "noreply@example.cn"
    assert mail["Subject"] == LETTER.subject
    assert mail["Message-ID"] == LETTER.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"].addresses[0].display_name == "张三"
    assert mail["From"].addresses[0].display_name == "灵犀助手"
    assert mail["Reply-To"].addresses[0].addr_spec == "complaints@example.cn"
    assert mail["Date"].datetime == LETTER.date
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().strip() == LETTER.text.strip()
    assert all(byte < 128 for byte in answers.mails[0].content)


@pytest.mark.parametrize(
    ("rcpt", "data", "fate", "reason"),
    [
        (["450 busy"], [], "retry", "SMTPRecipientsRefused 450"),
        (["550 no such user"], [], "dead", "SMTPRecipientsRefused 550"),
        ([], ["451 try later"], "retry", "SMTPDataError 451"),
        ([], ["554 no"], "dead", "SMTPDataError 554"),
    ],
)
def test_the_first_digit_of_the_answer_decides(tmp_path, rcpt, data, fate, reason):
    answers = Answers()
    answers.rcpt, answers.data = rcpt, data
    with serving(answers) as port, pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, port))
    assert (caught.value.fate, caught.value.reason) == (fate, reason)
    assert not caught.value.unreachable


def test_a_server_that_hangs_up_after_accepting_has_accepted(tmp_path):
    answers = Answers()
    answers.on_quit = "hang up"
    with serving(answers) as port:
        send(settings(tmp_path, port))
    assert len(answers.mails) == 1


def test_a_server_that_is_down_or_silent_is_unreachable_and_bounded(tmp_path):
    with pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, free_port()))
    assert caught.value.unreachable
    began = time.monotonic()
    with silent() as port, pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, port))
    assert time.monotonic() - began < 10
    assert caught.value.unreachable
    assert caught.value.fate == "retry"
    assert "127.0.0.1" not in caught.value.reason


@pytest.mark.parametrize("security", ["ssl", "starttls"])
def test_a_certificate_nobody_vouches_for_is_refused_and_ours_accepted(tmp_path, security):
    authority, answers = Authority(tmp_path), Answers()
    how = {"ssl_context" if security == "ssl" else "tls_context": authority.context}
    with serving(answers, **how) as port:
        wanted = settings(tmp_path, port, COMPLAINTS_MAIL_SECURITY=security)
        with pytest.raises(DeliveryError) as caught:
            send(wanted)
        assert caught.value.reason.startswith("SSLCertVerificationError")
        assert answers.mails == []
        send(replace(wanted, ca_file=str(authority.file)))
    assert len(answers.mails) == 1


def test_without_starttls_the_mail_does_not_leave_in_the_clear(tmp_path):
    answers = Answers()
    with serving(answers) as port, pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, port, COMPLAINTS_MAIL_SECURITY="starttls"))
    assert caught.value.reason == "SMTPNotSupportedError"
    assert answers.mails == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", "a@example.com\r\nBcc: b@example.com"),
        ("to", "a@example.com, b@example.com"),
        ("to", "a@example.com b@example.com"),
        ("to", "<a@example.com>, <b@example.com>"),
        ("to", "a@example.com\u2028Bcc: b@example.com"),
        ("to", "not an address"),
        ("to", "@example.com"),
        ("to", ""),
        ("name", "张三\nBcc: b@example.com"),
        ("name", "张三\x00"),
        ("name", "张三\x1c"),
        ("subject", "已收到\r\nBcc: b@example.com"),
        ("subject", "已收到\u2029"),
        ("message_id", "<x@y>\r\nBcc: b@example.com"),
        ("reply_to", "a@example.cn\r\nBcc: b@example.com"),
    ],
)
def test_nobody_can_inject_a_header_or_a_second_recipient(tmp_path, field, value):
    answers = Answers()
    with serving(answers) as port, pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, port), replace(LETTER, **{field: value}))
    assert caught.value.fate == "dead"
    assert answers.mails == []


def test_odd_but_honest_names_and_domains_survive(tmp_path):
    answers = Answers()
    with serving(answers) as port:
        odd = 'a@example.com, "Bcc" <b@example.com>'
        send(settings(tmp_path, port), replace(LETTER, name=odd, to="x@例子.测试"))
    to = received(answers)["To"].addresses
    assert [each.addr_spec for each in to] == ["x@xn--fsqu00a.xn--0zwm56d"]
    assert to[0].display_name == odd
    assert address("", "o'brien+tag@example.com").addr_spec == "o'brien+tag@example.com"


def test_settings_fall_back_to_the_hosts_and_ours_win(tmp_path):
    hosts = {
        "SECRET_KEY": "x",
        "MAIL_SERVER": "mail.host.example",
        "MAIL_PORT": 2525,
        "MAIL_USE_TLS": True,
        "MAIL_USERNAME": "u",
        "MAIL_PASSWORD": "secret",
        "MAIL_DEFAULT_SENDER": ("Host", "host@example.cn"),
    }
    found = MailSettings.of(Settings.from_mapping(hosts, tmp_path), hosts)
    assert (found.server, found.port, found.security) == ("mail.host.example", 2525, "starttls")
    assert (found.sender_name, found.sender) == ("Host", "host@example.cn")
    assert "secret" not in repr(found)
    ours = {**hosts, "COMPLAINTS_MAIL_SERVER": "ours.example", "COMPLAINTS_MAIL_SECURITY": "ssl"}
    found = MailSettings.of(Settings.from_mapping(ours, tmp_path), ours)
    assert (found.server, found.security) == ("ours.example", "ssl")
    wrong = {**hosts, "COMPLAINTS_MAIL_SECURITY": "tls"}
    with pytest.raises(ConfigError, match="COMPLAINTS_MAIL_SECURITY must be"):
        MailSettings.of(Settings.from_mapping(wrong, tmp_path), wrong)


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("COMPLAINTS_MAIL_SERVER", "NoMailServer"), ("COMPLAINTS_MAIL_SENDER", "NoMailSender")],
)
def test_mail_that_is_not_set_up_waits_instead_of_failing(tmp_path, missing, reason):
    with pytest.raises(DeliveryError) as caught:
        send(settings(tmp_path, 25, **{missing: ""}))
    assert (caught.value.reason, caught.value.fate) == (reason, "postpone")


def test_under_testing_nothing_leaves_but_flask_mails_signal_is_given(tmp_path):
    wanted = replace(settings(tmp_path, free_port()), suppress=True)
    seen = []
    with email_dispatched.connected_to(lambda app, message: seen.append(message.subject)):
        send(wanted)
    assert seen == [LETTER.subject]
