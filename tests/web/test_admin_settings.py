"""The settings page: everything is told but what is secret, to administrators alone."""

from __future__ import annotations

import base64
import html

import pytest
from office import ADMIN, Office, quick_passwords, words

from complaints.administration.configured import bare, masked
from complaints.base.setting_table import SETTINGS

MARK = "Geheim7Wort"
WHSEC = "whsec_" + base64.b64encode(f"{MARK}-and-more-of-it-yes".encode()).decode()
# Every setting: a value that holds the mark where a secret may stand, or None where nothing secret belongs.
MARKED = {
    "BASE_URL": None,
    "URL_PREFIX": None,
    "POLICY_FILE": None,
    "KEYS_DIR": f"/{MARK}/keys",
    "FILES_DIR": f"/{MARK}/files",
    "STATE_DIR": f"/{MARK}/state",
    "CHECKPOINT_MINUTES": None,
    "WITNESSES": None,
    "TSA_URL": f"https://{MARK}:{MARK}@tsa.example.cn/{MARK}?key={MARK}#{MARK}",
    "TSA_CA_FILE": f"/{MARK}/tsa.pem",
    "DATABASE_URI": None,
    "ORIGIN": None,
    "BASE_TEMPLATE": None,
    "CSP": None,
    "EMBED_ORIGINS": None,
    "SCHEDULER": None,
    "TICK_SECONDS": None,
    "LIMITS_STORAGE": f"redis://:{MARK}@redis.example.cn:6379/0",
    "LIMIT_FILINGS": None,
    "LIMIT_FILINGS_TOTAL": None,
    "LIMIT_TRACKING": None,
    "LIMIT_LOGIN": None,
    "MAX_FILE_MB": None,
    "MAX_FILES": None,
    "DRAFT_MB_PER_SOURCE": None,
    "DRAFT_MB_TOTAL": None,
    "ANSWER_DAYS": None,
    "CONTEXT_TURNS": None,
    "SESSION_HOURS": None,
    "REQUIRE_TOTP": None,
    "TRACKING_MINUTES": None,
    "MAIL_SENDER": None,
    "MAIL_SERVER": f"{MARK}:{MARK}@smtp.example.cn",
    "MAIL_PORT": None,
    "MAIL_USERNAME": MARK,
    "MAIL_PASSWORD": MARK,
    "MAIL_SECURITY": None,
    "MAIL_CA_FILE": f"/{MARK}/mail.pem",
    "MAIL_TIMEOUT_SECONDS": None,
    "PUSH": {"operators": f"json://{MARK}:{MARK}@chat.example.cn/{MARK}"},
    "DIGEST_MINUTES": None,
    "QUIET_HOURS": None,
    "WEBHOOK_NETWORKS": None,
    "VENDOR_KEYS": {"示例模型有限公司": WHSEC},
    "TEST_INSTALLATION": None,
    "DOCUMENT_FONT": f"/{MARK}/font.ttf",
    "PROXIES": None,
}
# The limiter asks Redis at each request, and mail is not sent here.
UNUSED = {"LIMITS_STORAGE", "KEYS_DIR", "FILES_DIR", "STATE_DIR"}


@pytest.fixture
def start(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)

    def begin(**config):
        return Office(tmp_path, clock, **config).start(clock)

    return begin


def test_every_setting_has_been_thought_of():
    assert set(MARKED) == {each.name for each in SETTINGS}


@pytest.mark.parametrize("name", [name for name, value in MARKED.items() if value is not None])
def test_no_secret_of_any_setting_is_on_the_page(start, tmp_path, name):
    value = MARKED[name]
    if name in UNUSED:
        folder = tmp_path / MARK
        folder.mkdir(mode=0o700)
        value = str(folder) if name != "LIMITS_STORAGE" else value
    office = start(**({} if name == "LIMITS_STORAGE" else {f"COMPLAINTS_{name}": value}))
    if name == "LIMITS_STORAGE":
        object.__setattr__(office.installation.settings, name, value)
    office.app.config["SECRET_KEY"] = "a secret of this test"
    page = html.unescape(office.client("admin").get(f"{ADMIN}/settings").get_data(as_text=True))

    assert f"COMPLAINTS_{name}" in page
    assert MARK not in page
    assert MARK.lower() not in page.lower()
    assert WHSEC.removeprefix("whsec_") not in page
    assert "a secret of this test" not in page
    assert str(tmp_path) not in page


def test_keys_are_told_as_set_and_never_shown(start):
    office = start()
    held = office.installation.keys
    seen = words(office.client("admin").get(f"{ADMIN}/settings?lang=en"))

    assert seen.count("set, 32 bytes") == 4
    for key in (held.data, held.lookup, held.log, held.answers):
        for form in (base64.b64encode(key).decode(), key.hex()):
            assert form not in seen


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://ai.example.cn/app", "https://ai.example.cn/…"),
        ("postgresql+psycopg://u:p@db:5432/complaints?sslpassword=x", "postgresql+psycopg://***@db:5432/…?…"),
        ("sqlite:////srv/private/complaints.db", "sqlite:///…"),
        ("redis://:pw@h:6379/0", "redis://***@h:6379/…"),
        ("redis+sentinel://:pw@h1:26379,h2:26379/0", "set"),
        ("postgresql://u:12/ss@db/x", "set"),
        ("postgresql://u:1?2@db/x", "set"),
        ("postgresql://u:1#2@db/x", "set"),
        ("no address at all", "set"),
        ("https://tsa.example.cn", "https://tsa.example.cn"),
        ("", ""),
    ],
)
def test_an_address_keeps_nothing_that_logs_in(given, said):
    from complaints.base.translations import speaking

    with speaking("en"):
        assert masked(given) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("user:pw@smtp.example.cn", "***@smtp.example.cn"),
        ("https://tok@h/x, https://u:p@h", "https://***@h/x, https://***@h"),
        ("投诉 <complaints@example.cn>", "投诉 <complaints@example.cn>"),
        ("archive@example.org, b@example.org", "archive@example.org, b@example.org"),
    ],
)
def test_a_text_keeps_addresses_and_no_password(given, said):
    assert bare(given) == said


def test_what_is_given_is_told_from_what_is_not(start, monkeypatch):
    monkeypatch.setenv("COMPLAINTS_MAX_FILES", "3")
    office = start(COMPLAINTS_MAX_FILES=3, COMPLAINTS_MAX_FILE_MB=7)
    page = office.client("admin").get(f"{ADMIN}/settings?lang=en").get_data(as_text=True)

    def row(name):
        return page.split(f">COMPLAINTS_{name}</code>")[1].split("</tr>")[0]

    assert "from the environment" in row("MAX_FILES")
    assert "given" in row("MAX_FILE_MB")
    assert ">7<" in row("MAX_FILE_MB")
    assert "default" in row("TICK_SECONDS")


@pytest.mark.parametrize("who", ["handler", "supervisor", "auditor"])
def test_nobody_but_an_administrator_reads_them(start, who):
    office = start()
    client = office.client(who)
    assert client.get(f"{ADMIN}/settings").status_code == 403
    assert "/settings" not in client.get(f"{ADMIN}/office").get_data(as_text=True)
