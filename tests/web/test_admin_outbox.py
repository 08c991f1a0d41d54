"""The outbox page and what it says; the office's page, its header and its doors."""

from __future__ import annotations

import re

import pytest
from office import ADMIN, Office, quick_passwords, send, send_from, words

from complaints.base.translations import speaking
from complaints.delivery import outbox
from complaints.store.tables import Outbox
from complaints.web.admin import trouble

MARK = "Geheim7Wort"
# As they stand in `last_error`: each class the program itself writes, and some of the libraries'.
KNOWN = """NobodyToTell|NoMail|NoMailServer|NoMailSender|NoBaseUrl|NoDisposalCallback|NoVendorMail|NoVendorWebhook
NoVendorKey|Settled|Erased|StoredOnly|NoComplaint|NoContact|MailOnly|NotWanted|NoAudience|NoCallback|NoWitness|NoCheckpoint
WebhookRemoved|WebhookPaused|SMTPAuthenticationError 535|SMTPSenderRefused 550|SMTPConnectError 421|SMTPHeloError 500
SMTPServerDisconnected|SMTPNotSupportedError|SMTPDataError 554|gaierror -2|ConnectionRefusedError 111|TimeoutError
SSLCertVerificationError 1|SSLError|BadAddress|ControlCharacter|SMTPRecipientsRefused 550|SMTPRecipientsRefused 452
WebhookNoSuchHost|WebhookPrivateAddress|WebhookAddress scheme|WebhookCertificate|WebhookTimeout|PushTimeout
PushRefused 403|CallbackTimeout|CallbackRefused|UnknownChannel|WebhookRefused 500|WebhookRedirect 301
WebhookConnectionResetError|SMTPResponseException 550|SSLEOFError|ConnectionResetError 104"""


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock).start(clock)


@pytest.fixture
def given_up(office):
    """Two messages that were given up, one of them about a case."""
    filed = office.desk.file(fields={"mail": f"{MARK}@example.com"})
    case = office.desk.case(filed)

    def write(work):
        work.session.query(Outbox).delete()
        outbox.queue(work, "accepted", "complainant", dedupe="a", complaint_id=case.id)
        outbox.queue(work, "new", f"operator:{office.refs['handler']}", dedupe="b", complaint_id=case.id)
        for row in work.session.query(Outbox):
            row.state, row.last_error = "dead", "SMTPRecipientsRefused 550"

    office.client("handler")
    office.installation.write(write)
    return filed


@pytest.mark.parametrize("reason", re.split(r"[|\n]", KNOWN))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_each_known_error_is_a_sentence_with_what_to_do(reason, lang):
    with speaking(lang):
        found = trouble.told(reason)
        unknown = trouble.told("StrangeError 7")

    assert found.what != unknown.what.replace("StrangeError 7", reason)
    assert found.code == reason
    assert reason.partition(" ")[0] not in found.what


def test_every_class_the_program_writes_is_known():
    from pathlib import Path

    import complaints

    root = Path(complaints.__file__).parent
    written = {
        found
        for path in root.rglob("*.py")
        for found in re.findall(r'DeliveryError\("([A-Za-z]+)', path.read_text(encoding="utf-8"))
    }
    assert written - {each.partition(" ")[0] for each in re.split(r"[|\n]", KNOWN)} == set()
    assert len(written) > 20


def test_a_message_is_told_by_kind_person_and_case_and_never_by_the_complainants_address(office, given_up):
    client = office.client("supervisor")
    page = client.get(f"{ADMIN}/outbox?lang=en")
    seen = words(page)

    for word in ("Taken on", "Complainant", "Handler", given_up.number, "there is no such mailbox"):
        assert word in seen, word
    assert MARK not in page.get_data(as_text=True)
    assert "SMTPRecipientsRefused 550" in seen


@pytest.mark.parametrize(
    ("address", "shown"),
    [("", 2), ("?state=dead&kind=accepted", 1), ("?state=dead&way=webhook", 0), ("?state=sent", 0),
     ("?state=dead&reason=SMTPRecipientsRefused", 2), ("?state=nonsense&after=9-9", 2), ("?state=dead&after=x", 2)],
)  # fmt: skip
def test_the_address_narrows_the_list(office, given_up, address, shown):
    page = office.client("admin").get(f"{ADMIN}/outbox{address}").get_data(as_text=True)
    assert page.count("/drop") == shown


def test_a_form_with_empty_fields_leads_to_an_address_without_them(office):
    answer = office.client("admin").get(f"{ADMIN}/outbox?state=dead&kind=&way=mail")
    assert answer.headers["Location"] == f"{ADMIN}/outbox?state=dead&way=mail"


def test_all_of_a_kind_are_counted_before_they_are_sent_again(office, given_up):
    client = office.client("supervisor")
    address = f"{ADMIN}/outbox/again?kind=accepted&way=mail"
    assert "重新发送1条消息" in words(client.get(address))
    answer = send(client, address, "/outbox/again")

    assert answer.headers["Location"].endswith("/outbox?done=1")
    assert "1条消息将在一分钟内重新发出" in words(client.get(answer.headers["Location"]))
    assert [each.type for each in office.desk.events(given_up)] == ["filed", "message_retried"]


def test_a_message_is_dropped_after_a_question_and_the_case_says_so(office, given_up):
    client = office.client("supervisor")
    letter = office.desk.read(lambda work: work.session.query(Outbox).filter_by(kind="accepted").one().id)
    where = f"{ADMIN}/outbox/{letter}/drop"
    assert send(client, where, "/drop").status_code == 422
    assert send(client, where, "/drop", reason="told").status_code == 303
    assert client.get(where).status_code == 303
    assert "已用其他方式告知" in words(client.get(f"{ADMIN}/outbox?state=dropped"))
    assert "消息不再发送" in words(client.get(f"{ADMIN}/case/{given_up.number}"))
    assert office.desk.events(given_up)[1].meta["reason"] == "told"


def test_what_was_dealt_with_meanwhile_is_said_and_nothing_is_written(office, given_up):
    client = office.client("supervisor")
    letter = office.desk.read(lambda work: work.session.query(Outbox).filter_by(kind="accepted").one().id)
    html = client.get(f"{ADMIN}/outbox").get_data(as_text=True)
    for status in (303, 409):
        answer = send_from(client, html, f"{ADMIN}/outbox", f"/{letter}/retry")
        assert answer.status_code == status
    assert "已由他人处理" in words(answer)
    assert len(office.desk.events(given_up)) == 2


SECTIONS = {
    "handler": ["", "office", "account"],
    "auditor": ["", "evidence", "office", "account"],
    "admin": ["", "evidence", "office", "account"],
}
DOORS = {
    "handler": {"policy", "replies", "health"},
    "supervisor": {"policy", "calendar", "replies", "operators", "health", "outbox", "checkpoints"},
    "auditor": {"policy", "replies", "operators", "health", "outbox", "checkpoints"},
    "admin": {
        *("policy", "calendar", "replies", "operators", "keys", "webhooks", "health", "outbox"),
        *("checkpoints", "settings"),
    },
}


def links(html):
    return [link.removeprefix(f"{ADMIN}/") for link in re.findall(rf'href="({ADMIN}/[^"?#]*)"', html)]


@pytest.mark.parametrize("who", list(SECTIONS))
def test_the_header_names_the_sections_in_their_order(office, who):
    html = office.client(who).get(f"{ADMIN}/office").get_data(as_text=True)
    # One's own account stands at the end of the bar, under one's name.
    nav = links(html.split('class="cmp-sections"')[1].split("</header>")[0])
    # Sections of other parts of the console may stand between these.
    assert [each for each in nav if each in SECTIONS[who]] == SECTIONS[who]


@pytest.mark.parametrize("who", list(DOORS))
def test_each_role_is_offered_the_places_it_may_enter_and_each_leads_back(office, who):
    client = office.client(who)
    html = client.get(f"{ADMIN}/office").get_data(as_text=True).split("<main")[1].split("</main>")[0]
    found = set(links(html)) - {"health", "operators", "calendar"} | (set(links(html)) & DOORS[who])

    assert found >= DOORS[who]
    assert found - DOORS[who] <= {"teams"}
    for door in found:
        page = client.get(f"{ADMIN}/{door}")
        assert page.status_code == 200, door
        assert f'href="{ADMIN}/office" aria-current="page"' in page.get_data(as_text=True), door
        assert f'class="cmp-back"><a href="{ADMIN}/office"' in page.get_data(as_text=True), door


def test_a_door_says_how_it_stands_behind_it(office, given_up):
    seen = words(office.client("admin").get(f"{ADMIN}/office?lang=en"))
    assert "2 messages were given up" in seen
    assert "None has been signed yet" in seen
    assert "Nothing is published" in seen
