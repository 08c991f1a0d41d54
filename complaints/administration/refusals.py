"""Why nothing is signed: tried again less and less often, in sight all the while, told in the reader's words."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from complaints.administration.installation import Installation
from complaints.base.translations import gettext as t
from complaints.ledger.state import SigningError
from complaints.store.tables import Lease

_REFUSED, _SIGNER = "unsigned", "signer"
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(minutes=30)


@dataclass(frozen=True)
class Refusal:
    """What the signing host met last: the code, and when it tries again."""

    code: str
    again: datetime


def remember(found: Installation, error: SigningError) -> timedelta:
    """Keep a refusal, and how long to wait before the next try: as long again as it has lasted. Commits."""
    now = found.now()

    def write(session: Session) -> timedelta:
        row = session.get(Lease, _REFUSED)
        since = row.beat_at if row is not None and row.owner == error.code else None
        pause = min(max(now - (since or now), _SHORTEST), _LONGEST)
        if row is None:
            row = Lease(name=_REFUSED, lag_seconds=None)
            session.add(row)
        row.owner, row.until, row.beat_at = error.code, now + pause, since or now
        return pause

    return found.database.write(write)


def signed(found: Installation) -> None:
    """Forget a refusal, since this host has signed, and keep which host that is. Commits."""
    now, host = found.now(), _host()

    def write(session: Session) -> None:
        session.execute(delete(Lease).where(Lease.name == _REFUSED))
        row = session.get(Lease, _SIGNER)
        if row is None:
            row = Lease(name=_SIGNER, lag_seconds=None)
            session.add(row)
        row.owner, row.until, row.beat_at = host, now, now

    found.database.write(write)


def last(session: Session, now: datetime) -> Refusal | None:
    """The refusal that was met last; None after a signature, and where a clock that was set back wrote it."""
    row = session.get(Lease, _REFUSED)
    return None if row is None or row.until > now + _LONGEST else Refusal(row.owner, row.until)


def signer(session: Session) -> str:
    """The host that signed last, by its name; empty before the first signature."""
    row = session.get(Lease, _SIGNER)
    return row.owner if row else ""


def _host() -> str:
    return socket.gethostname()[:80]


def told(session: Session, error: SigningError) -> tuple[str, str]:
    """What happened and what to do, in the present language."""
    host = signer(session)
    if error.code == "state-missing" and host not in {"", _host()}:
        return (
            t(
                "{host} signs the checkpoints, and this host has a state folder that remembers nothing",
                host=host,
            ),
            t("remove the folder here; if this host is to sign instead, put the one from there in its place"),
        )
    adopt = t(
        "If that part of the log is lost for good, move checkpoint.json out of the state folder and run `flask "
        "complaints checkpoint --adopt OLDER` with a checkpoint that the log still contains; everybody who holds a "
        "later one will see the break."
    )
    newest = t(
        "run `flask complaints checkpoint --adopt OLDER` with the newest checkpoint you can find outside, such as "
        "the last mail to a witness"
    )
    words = {
        "state-missing": (
            t("the database holds checkpoints, and this host does not remember what it signed last"),
            t("put the state folder back, or {newest}", newest=newest),
        ),
        "state-damaged": (
            t(
                "checkpoint.json in the state folder is damaged, so this host does not know what it signed last"
            ),
            t("move the file away and {newest}", newest=newest),
        ),
        "state-unwritable": (
            t("the state folder cannot be written, and what cannot be remembered is not signed"),
            t("give the process write access to it, or make room on its disk"),
        ),
        "origin": (
            t("this host signed under another name than the settings have now"),
            t("set COMPLAINTS_ORIGIN to the name that stands in the log"),
        ),
        "smaller": (
            t(
                "the log is shorter than what was signed: an older backup was restored, or its end was deleted"
            ),
            t("put the newer database back. {adopt}", adopt=adopt),
        ),
        "fork": (
            t("the log is not the one that was signed: an event was changed, dropped or exchanged"),
            t("run `flask complaints audit`, and put the true database back. {adopt}", adopt=adopt),
        ),
        "tree": (t("the tables of the tree contradict each other"), t("run `flask complaints audit`")),
        "key-replaced": (
            t("this process holds a signing key that was replaced"),
            t("restart it; where keys come from the environment, give it the new one first"),
        ),
        "key-changed": (
            t("the key `log` is not the one that signs this log, and no event hands over to it"),
            t(
                "put the former key back, or keep it as log.previous.key (COMPLAINTS_KEY_LOG_PREVIOUS) and run `flask "
                "complaints checkpoint --rotate`"
            ),
        ),
        "key-revoked": (t("the signing key was revoked"), t("run `flask complaints checkpoint --rotate`")),
        "key-previous": (
            t("the signing key changed, and one checkpoint must carry the signatures of both"),
            t(
                "put the former key back as log.previous.key (COMPLAINTS_KEY_LOG_PREVIOUS) until it is signed; then "
                "run `flask complaints checkpoint --sign`"
            ),
        ),
    }
    return words.get(error.code, (error.code, t("run `flask complaints checkpoint --sign`; it says more")))
