"""A product served by gunicorn with the module mounted, a real mail server beside it, and nobody's clock but ours."""

from __future__ import annotations

import email
import email.policy
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import smtp
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
HOST = """
import os
from flask import Flask
from complaints import Complaints

app = Flask(__name__, instance_path=os.environ["SITE_FOLDER"])
app.config.update(
    SECRET_KEY="a secret of this test",
    COMPLAINTS_POLICY_FILE=os.environ["SITE_FOLDER"] + "/policy.toml",
    COMPLAINTS_BASE_URL=os.environ["SITE_URL"],
    COMPLAINTS_DATABASE_URI=os.environ["SITE_DATABASE"],
    COMPLAINTS_MAIL_SERVER="127.0.0.1",
    COMPLAINTS_MAIL_PORT=int(os.environ["SITE_SMTP"]),
    COMPLAINTS_MAIL_SECURITY="plain",
    COMPLAINTS_MAIL_SENDER="complaints@ai.example.cn",
    COMPLAINTS_TICK_SECONDS=1,
    COMPLAINTS_DIGEST_MINUTES=0,
    COMPLAINTS_LIMIT_FILINGS=os.environ.get("SITE_LIMIT_FILINGS", "1000/hour"),
    COMPLAINTS_EMBED_ORIGINS=os.environ.get("SITE_EMBED_ORIGINS", ""),
)
complaints = Complaints(app)
"""
POLICY = """
extends = "cn-genai"
undo_seconds = 1

[provider]
name = "示例科技（北京）有限公司"
product = "小筑问答"

[contacts]
phone = "010-5555 0100"
mail = "help@ai.example.cn"

[emergency]
exit_url = "https://www.weather.example.cn/"
"""
# Seconds; far more than anything takes, so that only what never comes fails.
PATIENCE = 60
NEW_PASSWORD = "a short sentence of my own"


class Site:
    """One running site: its address, its mails, its command line."""

    def __init__(self, folder, url, environment, inbox):
        self.folder, self.url, self.environment, self.inbox = folder, url, environment, inbox

    def flask(self, *words, code=0):
        """Run `flask complaints …` against this site; `code` is the exit code it must have."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "host", "complaints", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def audit(self):
        """Audit the log while the site goes on working: it is whole at every moment."""
        assert "nothing found" in self.flask("audit")

    def operator(self, login, *words):
        """Add an operator; returns the one-time password."""
        said = self.flask("operator", "add", login, "--mail", f"{login}@ai.example.cn", *words)
        return re.search(r"one-time password: (\S+)", said)[1]

    def mails(self, to):
        """What has arrived for an address, oldest first."""
        return [
            email.message_from_bytes(each.content, policy=email.policy.default)
            for each in list(self.inbox.mails)
            if to in each.rcpt_tos
        ]

    def await_mail(self, to, words):
        """The first mail to `to` whose subject or text holds `words`."""
        return until(
            lambda: next((each for each in self.mails(to) if words in each["subject"] + text_of(each)), None),
            f"a mail to {to} with {words!r}",
        )


def log_in(site, desk, login, password):
    """An operator's first log-in: the one-time password, then one of their own."""
    desk.goto(f"{site.url}/complaints/admin/login")
    desk.locator("input[name=login]").fill(login)
    desk.locator("input[name=password]").fill(password)
    follow(desk.get_by_role("button", name="登录"))
    desk.locator("input[name=old]").fill(password)
    desk.locator("input[name=new]").fill(NEW_PASSWORD)
    follow(desk.get_by_role("button", name=re.compile("密码")))


def receipt_card(page):
    """The text of a receipt's card, once the code, which comes last, is on it."""
    card = page.locator("#cmp-receipt-codes")
    expect(card).to_contain_text(re.compile(r"\w{4}(-\w{4}){4}"))
    return card.inner_text()


def follow(part):
    """Click what leads to a page, and wait until that page is whole: a click is over as soon as the way there begins."""
    with part.page.expect_navigation():
        part.click()


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def until(condition, what):
    """The first true value of `condition`; the test fails when it takes longer than it may.

    Playwright's own `wait_for_function` evaluates text within the page, which our policy forbids as soon as the first
    look is not enough: `page.evaluate` in here may.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE} s in vain for {what}")


@contextmanager
def running(folder, database_url, policy=POLICY, prepare=None, **more):
    """Set up and serve a site until the block ends; `prepare(site)` runs before its clock does, `more` is environment."""
    inbox, listener = smtp.Answers(), socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "host.py").write_text(HOST, encoding="utf-8")
    (folder / "policy.toml").write_text(policy, encoding="utf-8")
    # The port is ours from the first moment, so that nobody else's server answers there.
    with listener, smtp.serving(inbox) as smtp_port:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SITE_FOLDER": str(folder),
            "SITE_URL": url,
            "SITE_DATABASE": database_url,
            "SITE_SMTP": str(smtp_port),
            **more,
        }
        site = Site(folder, url, environment, inbox)
        site.flask("init")
        site.flask("policy", "publish", "--by", "王法务", "--yes")
        if prepare is not None:
            prepare(site)
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "gunicorn",
                    "-w",
                    "2",
                    "--threads",
                    "4",
                    "-b",
                    f"fd://{listener.fileno()}",
                    "host:app",
                ],
                pass_fds=(listener.fileno(),),
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
            listener.close()
            try:
                until(lambda: answers(f"{url}/complaints/"), "the server's first page")
                yield site
            finally:
                _end(server)


def _end(server):
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False
