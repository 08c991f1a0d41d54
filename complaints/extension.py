"""`Complaints`: the one object a host touches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from complaints import answers
from complaints.administration import callbacks
from complaints.administration.installation import Hooks, Installation
from complaints.base import signals
from complaints.base.errors import ConfigError
from complaints.base.settings import Settings
from complaints.base.translations import gettext as t
from complaints.cases import fields, intake
from complaints.cases.people import Operator
from complaints.cases.reported import Answer
from complaints.delivery.mail import MailSettings
from complaints.jobs import scheduler
from complaints.store import joining, residue
from complaints.store.files import LocalFiles
from complaints.store.transactions import Database
from complaints.web import comparing, drafting, mounting
from complaints.web.frame import KEY, installation

OperatorLoader = Callable[[], Operator | None]
OperatorDirectory = Callable[[], Iterable[Operator] | None]
ComplainantLoader = Callable[[], str | None]
_log = logging.getLogger(__name__)
AnswerLoader = Callable[[str], Mapping[str, Any] | None]


class Complaints:
    """The complaint and report channel of a product.

    `Complaints(app, db=db)` or `init_app(app, db)`; settings are read when `init_app` runs, callbacks may be
    declared until the first request. The object keeps no state of an app: several apps may share it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: Any = None,
        *,
        operator_loader: OperatorLoader | None = None,
        complainant_loader: ComplainantLoader | None = None,
        answer_loader: AnswerLoader | None = None,
        operator_directory: OperatorDirectory | None = None,
    ) -> None:
        self._db = db
        self._operator_loader = operator_loader
        self._complainant_loader = complainant_loader
        self._answer_loader = answer_loader
        self._operator_directory = operator_directory
        self._notifiers: MutableMapping[str, Callable[..., Any]] = {}
        self._disposals: MutableMapping[str, Callable[..., Any]] = {}
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, db: Any = None) -> None:
        """Mount on `app`; raises RuntimeError when that was done before, ConfigError for wrong settings.

        `db` is the host's Flask-SQLAlchemy; without one the host's registered instance is used, else an
        embedded SQLite file in the instance folder.
        """
        if KEY in app.extensions:
            raise RuntimeError("Complaints is already mounted on this app; mount it once")
        if self._operator_directory is not None and self._operator_loader is None:
            raise ConfigError(
                "operator_directory lists the users operator_loader knows; give both or neither"
            )
        settings = Settings.from_mapping(app.config, Path(app.instance_path))
        hooks = Hooks(
            operator=self._operator_loader,
            operators=self._operator_directory,
            complainant=self._complainant_loader,
            answer=self._answer_loader,
            disposals=self._disposals,
            notifiers=self._notifiers,
        )
        database = Database(
            lambda: _engine(app, settings, db or self._db), lambda happened: signals.send(app, happened)
        )
        installed = Installation(settings, database, LocalFiles(settings.files_folder), hooks)
        # All are read again later; here so that a mistake shows at start.
        MailSettings.of(settings, app.config, testing=app.testing)
        _ = installed.gathering, installed.rooms, installed.reach, installed.vendor_keys
        if settings.policy_path is not None:
            _ = installed.file_policy
        app.extensions[KEY] = installed
        mounting.mount(app, settings)
        _globals(app)
        _warn_of_strangers(app, installed)
        if settings.SCHEDULER and not app.testing:
            scheduler.start_with_first_request(app)

    def on_notify(self, way: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a host callback that tells a complainant by `way`, such as `phone`; called at least once."""
        return _registrar(self._notifiers, way)

    def on_disposal(self, action: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a host callback that carries out a disposal action of the policy.

        It gets a `Commission` after the commit, outside any transaction and in an app context, at least once and by
        whichever process ticks. It may return a text for operators, and raise `CallbackRefused` for what will never
        be done; any other exception is tried again.
        """
        return _registrar(self._disposals, action)

    @staticmethod
    def seal_answer(
        *,
        output: str,
        prompt: str = "",
        model: str = "",
        answer_id: str = "",
        filing_no: str = "",
        at: datetime | None = None,
        user_ref: str = "",
    ) -> str:
        """A token that vouches for an AI answer; give it to the report button beside the answer.

        `user_ref` is who asked, as `complainant_loader` names them; only its keyed hash travels. Raises InputError.
        """
        installed = installation()
        return answers.seal(
            installed.keys.answers,
            installed.settings.origin,
            output=output,
            prompt=prompt,
            model=model,
            answer_id=answer_id,
            filing_no=filing_no,
            at=at,
            user_ref=user_ref,
        )

    @staticmethod
    def answer_sealer(
        *,
        prompt: str = "",
        model: str = "",
        answer_id: str = "",
        filing_no: str = "",
        at: datetime | None = None,
        user_ref: str = "",
    ) -> answers.Sealer:
        """As `seal_answer`, for an answer that streams: `feed` it each piece, then `seal` it."""
        installed = installation()
        return answers.Sealer(
            installed.keys.answers,
            installed.settings.origin,
            prompt=prompt,
            model=model,
            answer_id=answer_id,
            filing_no=filing_no,
            at=at,
            user_ref=user_ref,
        )

    @staticmethod
    def check_answer(token: str, *, output: str, prompt: str = "") -> Answer | None:
        """The answer for a Filing of your own form, compared with its seal; None without a text."""
        installed = installation()
        with installed.reading() as work:
            limit = fields.answer_limit(work.policy)
        user = comparing.asking(installed)
        return drafting.answer_of(installed, token, output, prompt, limit, user=user)

    @staticmethod
    def report_url(answer: str = "", complaint_type: str = "") -> str:
        """The form's address, with a sealed answer or a type chosen beforehand."""
        return mounting.report_url(answer=answer, complaint_type=complaint_type)

    @staticmethod
    def submit(filing: intake.Filing, *, session: Session | None = None) -> intake.Filed:
        """File on behalf of a person who used the host's own form.

        With `session` it joins the host's transaction: valid after your commit, and never retried. Otherwise
        it commits by itself. Raises InputError.
        """
        installed = installation()
        if session is not None:
            filed = intake.file(installed.work(session), filing, phone=installed.hooks.phone)
            app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's way
            joining.when_committed(session, partial(signals.send, app))
            return filed
        return installed.write(lambda work: intake.file(work, filing, phone=installed.hooks.phone))


def _registrar(
    table: MutableMapping[str, Callable[..., Any]], name: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(callback: Callable[..., Any]) -> Callable[..., Any]:
        table[name] = callback
        return callback

    return register


def _engine(app: Flask, settings: Settings, db: Any) -> Engine:
    hosts = db or app.extensions.get("sqlalchemy")
    if hosts is not None and not settings.DATABASE_URI:
        with app.app_context():
            engine: Engine = hosts.engine
            return engine
    uri = settings.DATABASE_URI or f"sqlite:///{settings.instance / 'complaints' / 'complaints.db'}"
    if uri.startswith("sqlite:///") and ":memory:" in uri:
        raise ConfigError("COMPLAINTS_DATABASE_URI names a database in memory; name a file")
    if not settings.DATABASE_URI:
        (settings.instance / "complaints").mkdir(parents=True, exist_ok=True)
    ours = {residue.OWN: True}
    made = create_engine(uri, pool_pre_ping=not uri.startswith("sqlite"), execution_options=ours)
    if made.dialect.name == "sqlite":
        # Only on an engine of our own: a host's engine gets no listener of ours.
        event.listen(made, "connect", _set_well)
    return made


def _set_well(connection: Any, record: Any) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _warn_of_strangers(app: Flask, installed: Installation) -> None:
    """Say once, with the first request, which callbacks will never be called: until then more may be registered."""
    said: list[bool] = []

    def say() -> None:
        if said:
            return
        said.append(True)
        if installed.hooks.disposals:
            try:
                with installed.reading() as work:
                    text = callbacks.warning(installed.hooks.disposals, work.policy)
            except (SQLAlchemyError, ConfigError):
                # `doctor` says what is wrong, and this as well; the request goes on to its own answer.
                return
            if text:
                _log.warning("%s", text)

    app.before_request_funcs.setdefault(None, []).append(say)


def _globals(app: Flask) -> None:
    app.jinja_env.globals.update(
        complaints_link=lambda text="": Markup('<a href="{}">{}</a>').format(
            mounting.entry_url(), text or t("Complaints and reports")
        ),
        complaints_embed_script=mounting.embed_script,
        complaints_footer=mounting.footer,
        complaints_report_button=mounting.report_button,
    )


def current() -> Installation:
    """The installation of the current app."""
    found: Installation = current_app.extensions[KEY]
    return found
