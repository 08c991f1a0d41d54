"""A host with its own extensions goes on working beside ours; each of them is really installed."""

from __future__ import annotations

import secrets
import subprocess
import sys
import textwrap

import flask_babel
import pytest
from flask import Flask, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_mail import Mail, Message
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect, FlaskForm
from hosting import TYPED, fields, file, filed_texts, ready
from itsdangerous import TimestampSigner
from sqlalchemy import select
from wtforms import StringField

from complaints import Complaints, Filing

SECURE = {"base_url": "https://ai.example.cn"}


@pytest.fixture
def database(database_url, apps):
    """A host's app and its Flask-SQLAlchemy, with one table of its own, on each database."""
    app = apps(SQLALCHEMY_DATABASE_URI=database_url)
    db = SQLAlchemy(app)

    class Note(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String(40))

    with app.app_context():
        db.create_all()
    app.extensions["note"] = Note
    return app, db


# Flask-SQLAlchemy


def test_ours_lives_in_the_hosts_database(database):
    app, db = database
    Complaints(app, db=db)
    ready(app)

    assert file(app.test_client()).status_code == 303
    assert filed_texts(app) == [TYPED]
    with app.app_context():
        assert app.extensions["complaints"].database.engine is db.engine


def test_create_all_and_drop_all_of_the_host_touch_only_its_own_tables(database):
    app, db = database
    Complaints(app, db=db)
    ready(app)
    file(app.test_client())

    with app.app_context():
        db.drop_all()
        db.create_all()

    assert filed_texts(app) == [TYPED]


def test_our_commit_never_takes_the_hosts_pending_objects_along(database):
    app, db = database
    note = app.extensions["note"]
    extension = Complaints(app, db=db)
    ready(app)

    with app.app_context():
        db.session.add(note(text="not yet"))
        extension.submit(filing())
        db.session.rollback()
        assert db.session.scalars(select(note)).all() == []
    assert filed_texts(app) == [TYPED]


@pytest.mark.parametrize(("ending", "left"), [("commit", [TYPED]), ("rollback", [])])
def test_submit_in_the_hosts_session_stands_or_falls_with_its_transaction(database, ending, left):
    app, db = database
    note = app.extensions["note"]
    extension = Complaints(app, db=db)
    ready(app)

    with app.app_context():
        db.session.add(note(text="together"))
        extension.submit(filing(), session=db.session)
        getattr(db.session, ending)()
        assert len(db.session.scalars(select(note)).all()) == len(left)
    assert filed_texts(app) == left


def filing():
    return Filing("other", {"details": TYPED}, secrets.token_hex(16))


# Flask-Migrate

MIGRATING = """
import warnings, sys
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
import flask_migrate
import complaints
from complaints.base.resources import folder
from complaints.store import schema

app = Flask("host", instance_path=sys.argv[2])
app.config.update(SECRET_KEY="x", TESTING=True, SQLALCHEMY_DATABASE_URI=sys.argv[1])
db = SQLAlchemy(app)
class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
options = dict(include_name=complaints.include_name) if sys.argv[3] == "filtered" else {}
flask_migrate.Migrate(app, db, directory=sys.argv[2] + "/migrations", **options)
complaints.Complaints(app, db=db)
with app.app_context():
    schema.upgrade(db.engine, folder("migrations"))
    flask_migrate.init()
    flask_migrate.migrate(message="first")
    flask_migrate.upgrade()
    flask_migrate.migrate(message="second")
    assert not schema.differences(db.engine)
    print("HOST", db.session.execute(db.text("select count(*) from alembic_version")).scalar())
    print("OURS", schema.revision(db.engine))
"""


def migrating(url, folder, how):
    program = textwrap.dedent(MIGRATING)
    done = subprocess.run(
        [sys.executable, "-c", program, url, str(folder), how],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    scripts = sorted((folder / "migrations" / "versions").glob("*.py"))
    return done, [path.read_text() for path in scripts]


def test_the_hosts_autogenerate_with_our_filter_leaves_our_tables_alone(empty_database_url, tmp_path):
    done, scripts = migrating(empty_database_url, tmp_path, "filtered")

    assert done.returncode == 0, done.stderr
    [script] = scripts  # the second run found nothing to do
    assert "create_table('note'" in script
    assert "complaints_" not in script
    assert "HOST 1" in done.stdout
    assert "OURS 0" in done.stdout


def test_without_the_filter_autogenerate_would_drop_our_tables(empty_database_url, tmp_path):
    _, scripts = migrating(empty_database_url, tmp_path, "unfiltered")

    assert "drop_table('complaints_complaint')" in scripts[0]


# CSRFProtect


class HostForm(FlaskForm):
    text = StringField()


@pytest.fixture
def protected(app):
    """A host with CSRFProtect and a form page of its own, ours beside it."""
    app.config["SESSION_COOKIE_SECURE"] = True
    CSRFProtect(app)

    @app.route("/own", methods=["GET", "POST"])
    def own():
        return f"<form>{HostForm().hidden_tag()}</form>"

    Complaints(app)
    return ready(app)


def test_filing_under_the_hosts_csrf_protection_over_https_without_a_referer_works(protected):
    assert file(protected.test_client(), **SECURE).status_code == 303
    assert filed_texts(protected) == [TYPED]


def test_filing_with_a_page_older_than_the_hosts_token_lifetime_works(protected, monkeypatch):
    client = protected.test_client()
    page = client.get("/complaints/new?type=other", **SECURE)
    present = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: present(self) + 2 * 3600)

    details = {**fields(page.text), "details": TYPED}
    page = client.post("/complaints/new?type=other", data=details, **SECURE)
    done = client.post("/complaints/new?type=other", data=fields(page.text), **SECURE)

    assert done.status_code == 303
    assert filed_texts(protected) == [TYPED]


def test_a_lost_session_costs_one_more_click_and_no_text(protected):
    page = protected.test_client().get("/complaints/new?type=other", **SECURE)
    other = protected.test_client()

    again = other.post("/complaints/new?type=other", data={**fields(page.text), "details": TYPED}, **SECURE)

    assert again.status_code == 400
    assert fields(again.text)["details"] == TYPED
    step = other.post("/complaints/new?type=other", data=fields(again.text), **SECURE)
    assert other.post("/complaints/new?type=other", data=fields(step.text), **SECURE).status_code == 303
    assert filed_texts(protected) == [TYPED]


def test_a_program_files_by_the_interface_under_the_hosts_csrf_protection(protected):
    address, body = "/complaints/api/v1/complaints", {"type": "other", "fields": {"details": TYPED}}
    made = protected.test_client(use_cookies=False).post(address, json=body, **SECURE)

    assert made.status_code == 201
    assert filed_texts(protected) == [TYPED]


def test_the_hosts_own_forms_stay_protected(protected):
    client = protected.test_client()
    file(client, **SECURE)
    assert client.post("/own", data={"text": "x"}, **SECURE).status_code == 400
    page = client.get("/own", **SECURE)
    token = fields(page.text, "csrf_token")
    referer = {"Referer": "https://ai.example.cn/own"}
    assert client.post("/own", data=token, headers=referer, **SECURE).status_code == 200


# Flask-Babel


@pytest.mark.parametrize(("locale", "lang"), [("en", "en"), ("zh_Hans_CN", "zh-Hans")])
def test_the_hosts_locale_chooses_our_language_and_its_selection_is_unchanged(app, locale, lang):
    asked = []

    def select_locale():
        asked.append(request.path)
        return locale

    babel = Babel(app, locale_selector=select_locale)
    before = app.extensions["babel"]

    @app.route("/own")
    def own():
        return str(flask_babel.get_locale())

    Complaints(app)
    ready(app)
    client = app.test_client()
    headers = {"Accept-Language": "de"}

    assert f'lang="{lang}"' in client.get("/complaints/", headers=headers).text
    assert client.get("/own", headers=headers).text == locale
    assert app.extensions["babel"] is before
    assert before.instance is babel
    assert "/complaints/" in asked


# Flask-Limiter


def test_the_hosts_limits_count_only_the_hosts_requests(app):
    limiter = Limiter(lambda: "everybody", app=app, storage_uri="memory://")

    @app.route("/own")
    @limiter.limit("2 per minute")
    def own():
        return "own"

    Complaints(app)
    ready(app)
    client = app.test_client()

    for _ in range(5):
        assert client.get("/complaints/").status_code == 200
    assert file(client).status_code == 303
    assert [client.get("/own").status_code for _ in range(3)] == [200, 200, 429]
    assert limiter in app.extensions["limiter"]
    assert len(app.extensions["limiter"]) == 1


# Flask-Login


class User(UserMixin):
    def __init__(self, name):
        self.id = name


def signed_in(app: Flask) -> None:
    manager = LoginManager(app)
    manager.login_view = "sign_in"
    manager.user_loader(User)

    @app.route("/sign-in")
    def sign_in():
        login_user(User(request.args.get("name", "alice")))
        return "in"

    @app.route("/own")
    @login_required
    def own():
        return current_user.id


def test_signed_in_people_see_their_complaints_without_a_code_and_nobody_elses(app):
    signed_in(app)
    Complaints(
        app, complainant_loader=lambda: current_user.get_id() if current_user.is_authenticated else None
    )
    ready(app)
    alice, bob, nobody = (app.test_client() for _ in range(3))
    alice.get("/sign-in?name=alice")
    bob.get("/sign-in?name=bob")

    receipt = file(alice).headers["Location"]
    number = receipt.rpartition("/receipt/")[2].partition("?")[0]

    assert number in alice.get("/complaints/mine").text
    assert number not in bob.get("/complaints/mine").text
    assert number not in nobody.get("/complaints/mine").text
    assert alice.get("/own").text == "alice"
    assert nobody.get("/own").status_code == 302


def test_the_hosts_sign_in_survives_filing(app):
    signed_in(app)
    Complaints(app)
    ready(app)
    client = app.test_client()
    client.get("/sign-in?name=alice")

    assert file(client).status_code == 303
    assert client.get("/own").text == "alice"


def test_being_signed_in_at_the_host_opens_no_operators_page(app):
    signed_in(app)
    Complaints(app)
    ready(app)
    client = app.test_client()
    client.get("/sign-in?name=admin")

    answer = client.get("/complaints/admin/")
    assert answer.status_code in {302, 303, 401, 403, 404}
    assert "/admin/login" in answer.headers.get("Location", "/admin/login")


# Flask-Mail


def test_the_hosts_mail_object_is_neither_used_nor_changed(app):
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=1, MAIL_DEFAULT_SENDER="host@example.cn")
    mail = Mail(app)
    state, config = app.extensions["mail"], dict(app.config)
    Complaints(app)
    settings_of_mail = {name: value for name, value in config.items() if name.startswith("MAIL_")}
    ready(app)

    with app.app_context(), mail.record_messages() as outbox:
        assert file(app.test_client()).status_code == 303
        from complaints.jobs.ticks import tick

        tick(app.extensions["complaints"], post=None)
        mail.send(Message("own", recipients=["someone@example.cn"], body="own"))

    assert [message.subject for message in outbox] == ["own"]
    assert app.extensions["mail"] is state
    assert {name: app.config[name] for name in settings_of_mail} == settings_of_mail


# All of them at once, behind a proxy


def test_all_of_them_together_behind_a_proxy_with_https(database):
    from werkzeug.middleware.proxy_fix import ProxyFix

    app, db = database
    app.config["SESSION_COOKIE_SECURE"] = True
    CSRFProtect(app)
    Babel(app, locale_selector=lambda: "zh")
    Limiter(lambda: request.remote_addr, app=app, storage_uri="memory://")
    signed_in(app)
    Mail(app)
    app.config["COMPLAINTS_PROXIES"] = 1
    Complaints(app, db=db, complainant_loader=lambda: current_user.get_id())  # noqa: PLW0108 - a proxy, bound to each request
    ready(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)
    client = app.test_client()
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "ai.example.cn",
    }
    # The test client keeps the session only where its own address fits the cookie's.
    options = {"headers": headers, "base_url": "https://ai.example.cn"}

    done = file(client, **options)

    assert done.status_code == 303
    assert not done.headers["Location"].startswith("http:")
    receipt = client.get(done.headers["Location"], **options)
    assert receipt.status_code == 200
    assert filed_texts(app) == [TYPED]
