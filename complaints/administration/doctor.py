"""Examine an installation: what is well, what deserves a look, what must be done before going public."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from complaints.administration import (
    callbacks,
    checkpoints,
    engine,
    reach,
    refusals,
    search_gaps,
    staffing,
)
from complaints.administration.calendars import missing_year
from complaints.administration.installation import Installation
from complaints.administration.publishing import differs
from complaints.base import resources
from complaints.base.errors import ConfigError
from complaints.base.keys import PURPOSES
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.delivery import outbox
from complaints.delivery.health import SEQUENCER_LIMIT, SKEW_LIMIT, measure
from complaints.ledger import sequencer, stamps
from complaints.ledger.work import Work
from complaints.policy.deadlines import clock
from complaints.store import schema
from complaints.store.tables import Outbox

# A heartbeat a day makes the tree grow, so that a day and a half without a signature is a fault.
_SIGNED_WITHIN = timedelta(hours=36)
_STAMPED_WITHIN = timedelta(hours=1)
LEVELS = ("ok", "look", "fail")


@dataclass(frozen=True)
class Advice:
    """One thing examined: `level` is ok, look or fail; `remedy` says what to do, `topic` on which page of the office."""

    level: str
    what: str
    remedy: str = ""
    topic: str = ""


def examine(found: Installation, *, restricted: bool = True) -> Iterator[Advice]:
    """Examine everything that can be examined; a fault in one place does not hide another.

    Without `restricted`, messages about restricted cases are not counted.
    """
    try:
        _ = found.keys
        yield Advice("ok", t("keys: all four are there"))
        yield from _key_files(found)
    except ConfigError as error:
        yield Advice("fail", t("keys: {error}", error=error))
        return
    try:
        at, head = schema.revision(found.database.engine), schema.head(resources.folder("migrations"))
    except SQLAlchemyError as error:
        yield Advice(
            "fail",
            t("database: {error}", error=type(error).__name__),
            t("check that it is up and that the address is right"),
        )
        return
    if at != head:
        yield Advice(
            "fail",
            t("database: at {at}, needs {head}", at=at or "-", head=head),
            t("run `flask complaints init`"),
        )
        return
    yield Advice("ok", t("database: at {at}", at=at))
    with found.database.engine.connect() as connection:
        for gap in engine.gaps(connection):
            yield Advice(gap.level, gap.what, gap.remedy)
    yield from _about("settings", _settings(found))
    with found.reading() as work:
        yield from _about("policy", _policy(found, work))
        yield from _about("policy", _callbacks(found, work))
        yield from _about("operators", (Advice(*said) for said in staffing.look(found, work)))
        yield from _about("operators", _gaps(reach.gaps(found, work.session, restricted=restricted)))
        yield from _about("calendar", _calendar(work))
        yield from _about("outbox", _mail(work, restricted=restricted))
        yield from _time(found, work)
        yield from _about("checkpoints", _log(found, work))
        yield from _gaps(search_gaps.gaps(work))


def _gaps(found: Iterable[reach.Gap]) -> Iterator[Advice]:
    return (Advice(gap.level, gap.what, gap.remedy) for gap in found)


def _about(topic: str, advice: Iterator[Advice]) -> Iterator[Advice]:
    return (replace(each, topic=each.topic or topic) for each in advice)


def _key_files(found: Installation) -> Iterator[Advice]:
    folder = found.settings.keys_folder
    for purpose in PURPOSES:
        path = folder / f"{purpose}.key"
        if path.exists() and os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Advice("fail", t("keys: {path} can be read by others", path=path), f"chmod 600 {path}")


def _settings(found: Installation) -> Iterator[Advice]:
    settings = found.settings
    if not settings.BASE_URL:
        yield Advice(
            "fail",
            t("COMPLAINTS_BASE_URL is not set: mails cannot carry links"),
            t("set it to the product's https address"),
        )
    elif settings.BASE_URL.startswith("http://") and "127.0.0.1" not in settings.BASE_URL:
        yield Advice(
            "look", t("COMPLAINTS_BASE_URL is not https"), t("complaints travel in the clear; use https")
        )
    if settings.TEST_INSTALLATION:
        yield Advice(
            "look",
            t("every new complaint is marked as a test"),
            t("COMPLAINTS_TEST_INSTALLATION = False on the real installation"),
        )
    if not settings.SCHEDULER:
        yield Advice(
            "look",
            t("the in-process clock is off"),
            t("let cron call `flask complaints tick` every minute"),
        )


def _policy(found: Installation, work: Work) -> Iterator[Advice]:
    ruling = found.in_force(work.session)
    if ruling.trial:
        yield Advice(
            "fail",
            t("policy: published for a trial run only"),
            t("a named person runs `flask complaints policy publish --by NAME`"),
        )
    else:
        yield Advice(
            "ok",
            t("policy: version {version}, published by {by}", version=ruling.version, by=ruling.published_by),
        )
    if differs(work.session, found.file_policy):
        yield Advice(
            "look",
            t("policy: the file differs from what is in force; the published one goes on serving"),
            t("`flask complaints policy publish`, or put the file back"),
        )
    for missing in ruling.policy.missing():
        yield Advice(
            "look",
            t("policy: {key} is missing: {what}", key=missing.key, what=missing.what(language())),
            t("write it into complaints.toml and publish"),
            "missing",
        )


def _callbacks(found: Installation, work: Work) -> Iterator[Advice]:
    registered = found.hooks.disposals
    for name, near in callbacks.strangers(registered, work.policy):
        yield Advice(
            "fail",
            t("measures: the product registered “{name}”, which the policy does not have", name=name),
            t('write on_disposal("{near}")', near=near)
            if near
            else t("add the action, or take the callback away"),
        )
    left = callbacks.by_hand(registered, work.policy)
    if registered and left:
        yield Advice("ok", t("measures: operators carry out themselves: {names}", names=", ".join(left)))
    elif not registered:
        yield Advice(
            "ok",
            t("measures: operators carry out all of them themselves; the product registered no callback"),
        )


def _calendar(work: Work) -> Iterator[Advice]:
    year = missing_year(work)
    if year is not None:
        yield Advice(
            "look",
            t("calendar: {year} is provisional", year=year),
            t("import the State Council's notice when it is out: `flask complaints calendar import FILE`"),
        )


def _mail(work: Work, *, restricted: bool) -> Iterator[Advice]:
    given_up = (Outbox.state == "dead", *outbox.visible(restricted=restricted))
    dead = work.session.scalar(select(func.count()).select_from(Outbox).where(*given_up)) or 0
    if dead:
        yield Advice(
            "look",
            t("mail: {n} could not be delivered", n=dead),
            t("see the operators' page “Outbox”, which says why and sends again"),
        )


def _time(found: Installation, work: Work) -> Iterator[Advice]:
    skew = measure(work.session, found.now(), real=found.real_time).skew
    if abs(skew) > SKEW_LIMIT:
        yield Advice(
            "fail",
            t("clock: this machine and the database are {n} seconds apart", n=abs(skew)),
            t("let both follow a time server; until then dates go by the earlier of the two"),
        )


def _signed_elsewhere(found: Installation, work: Work) -> Advice:
    """Of a host without the state folder: who signs instead, and how this host would."""
    row = checkpoints.newest(work.session)
    if row is None:
        return Advice(
            "look",
            t("log: no checkpoint is signed by this host"),
            t("run `flask complaints init` on the one host that is to sign, or look there"),
        )
    remedy = t(
        "to make this host sign, stop signing there and bring its state folder here as {folder}; if that is lost, run "
        "`flask complaints checkpoint --adopt OLDER` here with the newest checkpoint you can find outside",
        folder=found.settings.state_folder,
    )
    values = {
        "host": refusals.signer(work.session) or t("another host"),
        "when": clock(row.at, language()),
    }
    if work.now - row.at > _SIGNED_WITHIN:
        return Advice(
            "fail",
            t(
                "log: no checkpoint since {when}; {host} signed the last one, and this host does not",
                **values,
            ),
            remedy,
        )
    return Advice(
        "ok",
        t("log: {host} signs the checkpoints, the last one on {when}; this host does not", **values),
        remedy,
    )


def _log(found: Installation, work: Work) -> Iterator[Advice]:
    since = sequencer.oldest_waiting(work.session)
    waited = 0 if since is None else int((work.now - since).total_seconds())
    if waited > SEQUENCER_LIMIT:
        yield Advice(
            "fail",
            t("log: an event has waited {n} seconds for its place in the tree", n=waited),
            t("let a worker or `flask complaints tick` run"),
        )
    place, settings = checkpoints.folder(found), found.settings
    refused = checkpoints.refusal(found, work.session)
    if refused is not None:
        what, remedy = refusals.told(work.session, refused)
        yield Advice("fail", t("log: no checkpoint is signed: {error}", error=what), remedy)
    elif not place.exists:
        yield _signed_elsewhere(found, work)
    left = checkpoints.left(work.session)
    if left is not None:
        yield Advice(
            "ok", t("log: a checkpoint last left this machine on {when}", when=clock(left, language()))
        )
    elif not work.policy.public.checkpoint:
        yield Advice(
            "look",
            t(
                "log: no checkpoint has left this machine yet, so nobody outside could show that the log was changed"
            ),
            t(
                "name witnesses in COMPLAINTS_WITNESSES, set COMPLAINTS_TSA_URL, or open the page in the policy"
            ),
        )
    count, said = checkpoints.unstamped(work.session, work.now - _STAMPED_WITHIN)
    if settings.TSA_URL and count:
        yield Advice(
            "look",
            t("log: {n} checkpoints wait for their time stamp ({said})", n=count, said=said or "-"),
            t("see whether the authority can be reached; it is asked again by itself"),
        )
    if settings.TSA_URL and not stamps.installed():
        yield Advice(
            "fail",
            t("log: COMPLAINTS_TSA_URL is set, and what asks for time stamps is not installed"),
            "pip install 'flask-complaints[tsa]'",
        )
