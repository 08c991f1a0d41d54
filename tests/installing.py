"""A mounted installation on a database of its own, with a clock that tests turn by hand."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import pytest
import servers
from flask import Flask
from sqlalchemy import select

from complaints.administration.installation import Hooks, Installation
from complaints.base.keys import Keys
from complaints.base.resources import folder
from complaints.base.settings import Settings
from complaints.cases import intake
from complaints.delivery.people import Recipient
from complaints.ledger import journal
from complaints.ledger.audit import audit
from complaints.ledger.work import Actor
from complaints.store.files import LocalFiles
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import Database

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HANDLER, SUPERVISOR = Actor("handler", "op_a"), Actor("supervisor", "op_b")
SECRET_WORDS = "回答里说的事情完全不对😀𠮷"
POLICY = """
extends = "cn-genai"
[provider]
name = "示例科技有限公司"
product = "灵犀助手"
role = "provider"
[contacts]
phone = "010-12345678"
mail = "complaints@example.cn"
compliance_name = "王合规"
compliance_mail = "compliance@example.cn"
"""


class Office:
    """What a test holds: the installation, its clock, its app, and who works there."""

    def __init__(self, engine, path, **config):
        (path / "policy.toml").write_text(POLICY, encoding="utf-8")
        values = {
            "SECRET_KEY": "x",
            "COMPLAINTS_BASE_URL": "https://ai.example.cn",
            "COMPLAINTS_POLICY_FILE": str(path / "policy.toml"),
            # Nothing is gathered over time unless a test says so.
            "COMPLAINTS_DIGEST_MINUTES": 0,
            **config,
        }
        self.now = MONDAY
        self.notifiers, self.disposals = {}, {}
        self.settings = Settings.from_mapping(values, path)
        self.installation = Installation(
            self.settings,
            Database(engine),
            LocalFiles(path / "files"),
            Hooks(notifiers=self.notifiers, disposals=self.disposals),
            lambda: self.now,
        )
        self.installation.__dict__["keys"] = Keys.random()
        self.app = Flask(__name__, template_folder=str(folder("templates")))
        self.app.config.update({name: value for name, value in values.items() if name.startswith("MAIL_")})
        self.app.extensions["complaints"] = self.installation
        self.staff = [
            Recipient("op_a", "李受理", "a@example.cn", frozenset({"handler"})),
            Recipient("op_b", "Bea", "b@example.cn", frozenset({"supervisor"}), restricted=True, lang="en"),
        ]

    def people(self, session):
        return self.staff

    def pass_time(self, **spans):
        self.now += timedelta(**spans)

    def file(self, kind="other", *, mail="reporter@example.com", phone="", lang="zh", **more):
        given = {"details": SECRET_WORDS, "mail": mail, "phone": phone}
        with self.installation.reading() as work:
            values = {name: value for name, value in given.items() if value}
            filing = intake.Filing(kind, values, secrets.token_hex(16), lang=lang, **more)
            prepared = intake.prepare(work, filing)
        return self.installation.write(lambda work: intake.insert_prepared(work, prepared))

    def act(self, filed, step, *arguments, **named):
        return self.installation.write(
            lambda work: step(work, journal.lock(work, filed.uid), *arguments, **named)
        )

    def case(self, filed):
        with self.installation.reading() as work:
            return work.session.scalars(select(Complaint).where(Complaint.uid == filed.uid)).one()

    def outbox(self, *conditions):
        with self.installation.reading() as work:
            return list(work.session.scalars(select(Outbox).where(*conditions).order_by(Outbox.id)))

    def execute(self, statement):
        def write(session):
            session.execute(statement)

        self.installation.database.write(write)

    def findings(self):
        with self.installation.reading() as work:
            return audit(work).findings


@pytest.fixture
def office(database_servers, tmp_path_factory, tmp_path):
    """An office on SQLite, for what does not depend on the database."""
    if "sqlite" not in database_servers:
        database_servers["sqlite"] = servers.Server("sqlite", tmp_path_factory.mktemp("sqlite"))
    with database_servers["sqlite"].database() as url:
        engine = servers.open_engine(url)
        yield Office(engine, tmp_path)
        engine.dispose()


@pytest.fixture
def any_office(engine, tmp_path):
    """An office on each of the databases."""
    return Office(engine, tmp_path)
