"""The frame of a request: who is served, in which language, with which unit of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from flask import current_app, g, has_request_context, request, url_for
from sqlalchemy.orm import Session
from werkzeug.routing import BuildError

from complaints.administration.installation import InForce, Installation
from complaints.base.errors import ComplaintsError, ConfigError
from complaints.base.translations import Language, gettext, language, set_language
from complaints.base.version import __version__
from complaints.ledger.work import Work
from complaints.policy.states import STATES

T = TypeVar("T")
KEY = "complaints"
_LANGUAGE_COOKIE = "complaints_lang"
_YEAR = 365 * 24 * 3600


def installation() -> Installation:
    """The installation mounted on the current app."""
    found: Installation = current_app.extensions[KEY]
    return found


class Frame:
    """What one request works with; reads share a session, a write closes it first.

    On SQLite without WAL an open reader would keep our own writer waiting for ever.
    """

    def __init__(self, installed: Installation) -> None:
        self.installation = installed
        self.settings = installed.settings
        self._session: Session | None = None
        self._work: Work | None = None

    @property
    def work(self) -> Work:
        """A unit of work for reading, opened at first use, closed with the request or by a write."""
        if self._work is None:
            self._session = Session(self.installation.database.pages, autoflush=False)
            self._work = self.installation.work(self._session)
            if self._work.policy_version == 0 and not self.settings.relaxed:
                # What is promised must be kept somewhere that a change of the file does not reach.
                raise ConfigError("no policy is published yet: run `flask complaints init`")
        return self._work

    def write(self, act: Callable[[Work], T]) -> T:
        """Run `act` in a write transaction and commit it."""
        self.close()
        return self.installation.write(act)

    def write_under(self, rules: Work, act: Callable[[Work], T]) -> T:
        """As `write`, under a policy that was read already: no statement of ours but the writes."""
        self.close()
        return self.installation.write_under(rules, act)

    def close(self) -> None:
        """End reading."""
        if self._session is not None:
            self._session.close()
        self._session = self._work = None

    @cached_property
    def in_force(self) -> InForce | None:
        """The policy in force; None on an error page that must need no database."""
        try:
            # The work has asked which version rules; asking again would cost every page a statement.
            return self.installation.published(self.work.session, self.work.policy_version)
        except Exception:  # noqa: BLE001 - an error page must come up whatever is broken
            return None


def frame() -> Frame:
    """The frame of this request."""
    if "complaints_frame" not in g:
        g.complaints_frame = Frame(installation())
    found: Frame = g.complaints_frame
    return found


@dataclass(frozen=True)
class Shown:
    """What every template may ask for, as `complaints`."""

    frame: Frame

    @property
    def policy(self) -> Any:
        """The policy in force, or None."""
        ruling = self.frame.in_force
        return ruling.policy if ruling else None

    @property
    def base_template(self) -> str:
        """The layout public pages extend."""
        return self.frame.settings.BASE_TEMPLATE

    @property
    def product(self) -> str:
        """The product's name."""
        return self.policy.provider.product if self.policy else ""

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self.policy.provider.name if self.policy else ""

    @property
    def contacts(self) -> Any:
        """Ways to reach a person."""
        return self.policy.contacts if self.policy else None

    @property
    def numbers(self) -> Any:
        """Filing numbers."""
        return self.policy.numbers if self.policy else None

    @property
    def trial(self) -> bool:
        """Whether to say 试运行: no named person has published the policy, outside debug and tests."""
        ruling = self.frame.in_force
        return bool(ruling and ruling.trial and not self.frame.settings.relaxed)

    @property
    def states(self) -> Mapping[Any, Any]:
        """Word, sentence, tone and icon of each state."""
        return STATES

    def url(self, endpoint: str, **values: Any) -> str:
        """A page of ours; empty when it does not exist or is not open."""
        gate = {"checkpoint_key": "checkpoint"}.get(endpoint, endpoint)
        if gate in {"statistics", "checkpoint"} and not (self.policy and getattr(self.policy.public, gate)):
            return ""
        try:
            return url_for(f"complaints.{endpoint}", **values)
        except BuildError:
            return ""

    def static(self, name: str) -> str:
        """A file of ours; the version in the query lets it be cached for long."""
        return url_for("complaints.static", filename=name, v=__version__)


def context() -> dict[str, Any]:
    """What the templates of our blueprints get."""
    return {"t": gettext, "lang": language(), "complaints": Shown(frame())}


def choose_language(pinned: str = "") -> None:
    """Set the language of this request: pinned, asked for, kept, the host's, the browser's, else Chinese."""
    if pinned:
        set_language("en" if pinned == "en" else "zh")
    else:
        set_language(_chosen())


def embedded() -> bool:
    """Whether the report dialog asks, on another page: it neither reads nor sets a cookie."""
    return (request.endpoint or "").startswith("complaints.embed_")


def keep_language(response: Any) -> Any:
    """Remember a language that was asked for; a preference, nothing personal."""
    asked = None if embedded() else request.args.get("lang")
    if asked in {"zh", "en"}:
        response.set_cookie(
            _LANGUAGE_COOKIE,
            asked,
            max_age=_YEAR,
            path=request.script_root + installation().settings.URL_PREFIX,
            httponly=True,
            secure=request.is_secure,
            samesite="Lax",
        )
    return response


def end_request(error: BaseException | None = None) -> None:
    """Close what the request read with, and leave its language: the thread's next page may be the host's."""
    del error
    set_language("zh")
    open_frame = g.pop("complaints_frame", None)
    if open_frame is not None:
        open_frame.close()


def client_address() -> str:
    """The address that limits count; X-Forwarded-For only as far as trusted proxies wrote it."""
    proxies = installation().settings.PROXIES
    if proxies:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= proxies:
            return hops[-proxies]
    return request.remote_addr or "unknown"


def absolute(endpoint: str, **values: Any) -> str:
    """A page's whole address for mails and documents: the configured base, never the request's Host header."""
    settings = installation().settings
    if not settings.BASE_URL:
        if has_request_context() and settings.relaxed:
            return url_for(f"complaints.{endpoint}", _external=True, **values)
        raise ComplaintsError("COMPLAINTS_BASE_URL is not set; links in mails need it")
    with current_app.test_request_context(base_url=settings.BASE_URL):
        return settings.BASE_URL + url_for(f"complaints.{endpoint}", **values)


def _chosen() -> Language:
    for asked in (
        request.args.get("lang"),
        None if embedded() else request.cookies.get(_LANGUAGE_COOKIE),
        _host_locale(),
        request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "zh-TW", "zh-HK", "en"]),
    ):
        if asked:
            return "en" if asked.lower().startswith("en") else "zh"
    return "zh"


def _host_locale() -> str | None:
    if "babel" not in current_app.extensions:
        return None
    from flask_babel import get_locale  # noqa: PLC0415 - only where the host has it

    locale = get_locale()
    return str(locale) if locale else None
