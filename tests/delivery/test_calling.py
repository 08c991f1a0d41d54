"""One signed POST: where it may go, what it says, and what becomes of each answer."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from receiving import Receiver, receiving
from smtp import Authority, free_port, silent
from standardwebhooks.webhooks import WebhookVerificationError

from complaints.administration.webhooks import shown
from complaints.base.errors import ConfigError
from complaints.delivery import calling
from complaints.delivery.calling import Call, Reach, RefusedAddressError, call
from complaints.delivery.sending import DeliveryError

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEY, OLD, OTHER = b"k" * 32, b"o" * 32, b"x" * 32
HOME = Reach.of(["127.0.0.0/8"], plain=False)
BODY = '{"type":"complaint.filed","data":{"number":"TS1","who":"𠮷😀"}}'.encode()
MESSAGE = Call("msg1", NOW, BODY)


@pytest.fixture
def receiver():
    with receiving(Receiver()) as found:
        yield found


def refused(url, reach=HOME, **more):
    with pytest.raises(DeliveryError) as caught:
        call(url, MESSAGE, [KEY], reach, **more)
    return caught.value.reason, caught.value.fate


def test_a_message_is_verified_by_the_librarys_own_hand_and_by_no_other_key(receiver):
    call(receiver.url, MESSAGE, [KEY, OLD], HOME)
    (arrived,) = receiver.arrived
    assert (arrived.path, arrived.body, arrived.id) == ("/hook?token=1", BODY, "msg1")
    assert arrived.host == receiver.url.split("/")[2]
    # The replaced key still opens it, so that a receiver can change over in its own time.
    for key in (KEY, OLD):
        assert arrived.read(shown(key), NOW)["data"]["number"] == "TS1"
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        arrived.read(shown(OTHER), NOW)
    arrived.body = arrived.body.replace(b"TS1", b"TS2")
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        arrived.read(shown(KEY), NOW)


@pytest.mark.parametrize(("minutes", "good"), [(-6, False), (-4, True), (0, True), (4, True), (6, False)])
def test_a_message_kept_and_sent_again_is_too_old_for_its_reader(receiver, minutes, good):
    call(receiver.url, MESSAGE, [KEY], HOME)
    later = NOW + timedelta(minutes=minutes)
    if good:
        assert receiver.arrived[0].read(shown(KEY), later)
        return
    with pytest.raises(WebhookVerificationError, match=r"too (old|new)"):
        receiver.arrived[0].read(shown(KEY), later)


@pytest.mark.parametrize(
    ("answer", "reason", "fate"),
    [
        (500, "WebhookRefused 500", "retry"),
        (503, "WebhookRefused 503", "retry"),
        (400, "WebhookRefused 400", "retry"),
        (404, "WebhookRefused 404", "retry"),
        (410, "WebhookRefused 410", "dead"),
        (304, "WebhookRedirect 304", "retry"),
    ],
)
def test_what_is_answered_decides_whether_it_is_sent_again(receiver, answer, reason, fate):
    receiver.answers = [answer]
    assert refused(receiver.url) == (reason, fate)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_never_followed(receiver, status):
    with receiving(Receiver()) as elsewhere:
        receiver.answers = [(status, "Location", elsewhere.url)]
        assert refused(receiver.url) == (f"WebhookRedirect {status}", "retry")
        assert not elsewhere.arrived
    assert len(receiver.arrived) == 1


def test_a_server_that_says_nothing_keeps_nobody_waiting():
    with silent() as port:
        began = time.monotonic()
        assert refused(f"http://127.0.0.1:{port}/", seconds=0.3) == (calling.TIMEOUT, "retry")
    assert time.monotonic() - began < 5


def test_a_name_server_that_thinks_for_long_keeps_nobody_waiting_and_nothing_is_sent_afterwards(
    receiver, monkeypatch
):
    asked, known, thought = [], socket.getaddrinfo, threading.Event()

    def slow(*given, **more):
        asked.append(given)
        thought.wait(10)
        return known(*given, **more)

    monkeypatch.setattr(calling.socket, "getaddrinfo", slow)
    assert refused(receiver.url, seconds=0.1) == (calling.TIMEOUT, "retry")
    thought.set()
    for thread in [each for each in threading.enumerate() if each.name == "complaints-webhook"]:
        thread.join(5)
    assert asked
    assert receiver.arrived == []


def test_where_nobody_listens_it_is_tried_again():
    assert refused(f"http://127.0.0.1:{free_port()}/") == ("WebhookConnectionRefusedError", "retry")


def test_a_name_that_does_not_exist_is_tried_again(monkeypatch):
    def nowhere(*_, **__):
        raise socket.gaierror

    monkeypatch.setattr(calling.socket, "getaddrinfo", nowhere)
    assert refused("https://nowhere.example.com/") == ("WebhookNoSuchHost", "retry")


def test_a_certificate_is_checked_against_the_systems_authorities(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    with receiving(Receiver(), authority.context) as receiver:
        assert refused(receiver.url) == ("WebhookCertificate", "retry")
        assert receiver.arrived == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        call(receiver.url, MESSAGE, [KEY], HOME)
        assert receiver.arrived[0].read(shown(KEY), NOW)


def test_what_leads_to_a_private_network_is_refused_at_the_call_also_by_name(receiver, monkeypatch):
    port = receiver.url.split(":")[2].split("/")[0]
    public = Reach()
    assert refused(receiver.url, public) == ("WebhookAddress private", "retry")
    assert refused(f"http://localhost:{port}/", public) == ("WebhookPrivateAddress", "retry")
    # A name with a public and a private address is refused whole: the next answer may have them turned round.
    rows = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.216.34", "10.0.0.1")
    ]
    monkeypatch.setattr(calling.socket, "getaddrinfo", lambda *_, **__: rows)
    assert refused("https://rebinding.example.com/", public) == ("WebhookPrivateAddress", "retry")
    assert receiver.arrived == []


def test_the_checked_address_is_called_whatever_the_name_leads_to_afterwards(receiver, monkeypatch):
    port = int(receiver.url.split(":")[2].split("/")[0])
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]])
    known = socket.getaddrinfo

    def once(host, *given, **more):
        # Numbers are no question to a name server.
        return next(answers) if host == "hooks.example.com" else known(host, *given, **more)

    monkeypatch.setattr(calling.socket, "getaddrinfo", once)
    call(f"http://hooks.example.com:{port}/", MESSAGE, [KEY], Reach.of(["127.0.0.1/32"], plain=True))
    assert receiver.arrived[0].host == f"hooks.example.com:{port}"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fd00:1::1", "ff02::1",
        "::ffff:10.1.2.3", "64:ff9b::a01:203", "2002:a01:203::1", "2001:db8::1", "2001:0:4136:e378:8000:63bf:f5fe:fdfc",
        "::127.0.0.1", "::ffff:0:10.1.2.3", "64:ff9b:1::a01:203", "fec0::1", "5f00::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_never_called(address):
    assert not Reach().allows(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "networks", "good"),
    [
        ("93.184.216.34", [], True),
        ("2606:4700::1111", [], True),
        ("::ffff:93.184.216.34", [], True),
        ("10.1.2.3", ["10.1.0.0/16"], True),
        ("10.2.2.3", ["10.1.0.0/16"], False),
        ("::ffff:10.1.2.3", ["10.1.0.0/16"], True),
        ("fd00:1::1", ["10.1.0.0/16", "fd00:1::/64"], True),
        ("127.0.0.1", ["10.1.0.0/16"], False),
    ],
)
def test_private_networks_are_opened_one_by_one(address, networks, good):
    assert Reach.of(networks, plain=False).allows(ipaddress.ip_address(address)) is good


@pytest.mark.parametrize("given", ["10.1.0.1/16", "intranet", "10.1.0.0/33"])
def test_a_network_that_is_none_is_refused_at_start_with_what_to_write(given):
    with pytest.raises(ConfigError, match="COMPLAINTS_WEBHOOK_NETWORKS"):
        Reach.of([given], plain=False)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.com/hook", ""),
        ("https://example.com:8443/a?b=c", ""),
        ("http://example.com/hook", "scheme"),
        ("http://10.1.2.3/", "scheme"),
        ("ftp://example.com/", "scheme"),
        ("file:///etc/passwd", "form"),
        ("https://", "form"),
        ("https:///hook", "form"),
        ("https://user:word@example.com/", "form"),
        ("https://example.com/#part", "form"),
        ("https://example.com:0/", "form"),
        ("https://example.com:99999/", "form"),
        ("https://[::1/", "form"),
        ("https://exam ple.com/", "form"),
        ("https://example.com/\r\nX: 1", "form"),
        ("https://例子.测试/", "form"),
        ("https://example.com\\@10.0.0.1/", "form"),
        ("https://example.com/" + "a" * 500, "form"),
        ("https://192.168.1.1/", "private"),
        ("https://[::1]/", "private"),
        ("http://127.0.0.1:8000/", "private"),
    ],
)
def test_an_address_is_looked_at_before_anything_is_sent(url, code):
    if not code:
        assert Reach().check(url).hostname == "example.com"
        return
    with pytest.raises(RefusedAddressError) as caught:
        Reach().check(url)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("http://127.0.0.1:8000/", HOME),
        ("http://localhost:8000/", Reach()),
        ("http://intranet.example.cn/", Reach(plain=True)),
    ],
)
def test_http_is_for_this_machine_and_for_development(url, reach):
    assert reach.check(url).scheme == "http"
