"""Built-in operator accounts: made with a one-time password, never deleted, only disabled.

The log knows `ref` alone; names live in this table, so that a log can be handed out without them.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select

from complaints.administration import charges, passwords
from complaints.base.errors import InputError, NotFoundError
from complaints.base.ids import ALPHABET
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import claims, people
from complaints.cases import teams as teams_of
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.policy.roles import READERS, STAFF
from complaints.store.tables import Operator, OperatorSession

# Who may have the monthly report sent.
_LOGIN, _NAME, _MAIL, _PSEUDONYM = 120, 120, 254, 60


def create(
    work: Work,
    login: str,
    name: str,
    roles: Collection[str],
    *,
    mail: str | None = None,
    restricted: bool = False,
    teams: Collection[str] = (),
    by: Actor,
) -> tuple[Operator, str]:
    """A new account and its one-time password, which is kept nowhere. Raises InputError. Flushes."""
    bare = login.strip().casefold()
    faults: dict[str, list[str]] = {}
    if not bare or len(bare) > _LOGIN:
        faults["login"] = [t("Give a log-in name")]
    elif work.session.scalar(select(Operator.id).where(Operator.login == bare)):
        faults["login"] = [t("This log-in name is taken; choose another one")]
    if not roles or not set(roles) <= set(STAFF):
        faults["roles"] = [t("Choose at least one role")]
    if mail and _no_address(mail):
        faults["mail"] = [t("Enter an address such as name@example.com")]
    if not _standing(work, teams):
        faults["teams"] = [t("Choose teams of the list")]
    if faults:
        raise InputError(faults)
    password = passwords.one_time()
    row = Operator(
        ref="op_" + "".join(secrets.choice(ALPHABET) for _ in range(8)),
        login=bare,
        name=(name.strip() or bare)[:_NAME],
        mail=mail or None,
        password_hash=passwords.hashed(password),
        must_change=True,
        roles=[role for role in STAFF if role in roles],
        teams=sorted(set(teams)),
        restricted=restricted,
        lang=language(),
        active=True,
        failures=0,
        locked_until=None,
        created_at=work.now,
    )
    work.session.add(row)
    _log(work, "operator_added", by, row, **_rights(row))
    return row, password


def everyone(work: Work) -> list[Operator]:
    """Every account, active ones first."""
    return list(work.session.scalars(select(Operator).order_by(Operator.active.desc(), Operator.name)))


def disable(work: Work, login: str, *, by: Actor) -> Operator:
    """End an account: its sessions end at once, its open cases go back, its name stays.

    Raises InputError for the last active administrator and for more cases than can go back at once.
    """
    row = find(work, login)
    if row.active:
        _not_last_admin(work, row)
        charges.hand_back(work, row, (), restricted=False, by=by)
        row.active = False
        end_all(work, row)
        claims.leave_all(work, row.ref)
        _log(work, "operator_disabled", by, row)
    return row


def enable(work: Work, login: str, *, by: Actor) -> Operator:
    """Open a disabled account again, with the password it had."""
    row = find(work, login)
    if not row.active:
        row.active, row.failures, row.locked_until = True, 0, None
        _log(work, "operator_enabled", by, row)
    return row


def reset(work: Work, login: str, *, by: Actor) -> tuple[Operator, str]:
    """A new one-time password; every session ends and a lock is lifted."""
    row = find(work, login)
    password = passwords.one_time()
    row.password_hash, row.must_change = passwords.hashed(password), True
    row.failures, row.locked_until = 0, None
    end_all(work, row)
    _log(work, "operator_password_reset", by, row)
    return row, password


def change_roles(
    work: Work,
    login: str,
    roles: Collection[str],
    *,
    restricted: bool,
    teams: Collection[str] | None = None,
    by: Actor,
) -> Operator:
    """Give an account other roles, clearance and teams (None: as they are); one event for all of it.

    Open cases that it can no longer handle go back. Raises InputError when no role is left, the last administrator
    would go, a team is not there, or more cases than can go back at once.
    """
    row = find(work, login)
    if not roles or not set(roles) <= set(STAFF):
        raise InputError({"roles": [t("Choose at least one role")]})
    if "admin" not in roles:
        _not_last_admin(work, row)
    if teams is not None and not _standing(work, set(teams) - set(row.teams)):
        raise InputError({"teams": [t("Choose teams of the list")]})
    kept = [role for role in STAFF if role in roles]
    into = row.teams if teams is None else sorted(set(teams))
    if (kept, restricted, into) != (row.roles, row.restricted, row.teams):
        charges.hand_back(work, row, kept if row.active else (), restricted=restricted, by=by)
        row.roles, row.restricted, row.teams = kept, restricted, into
        row.monthly = bool(row.monthly) and _reported(row)
        _changed(work, by, row)
    return row


def put_into(work: Work, row: Operator, teams: Collection[str], *, by: Actor) -> None:
    """Put an account into exactly these teams; an event where that changes something. Flushes."""
    into = sorted(teams)
    if into != row.teams:
        row.teams = into
        _changed(work, by, row)


def send_monthly(work: Work, login: str, *, wanted: bool, by: Actor) -> Operator:
    """Have the monthly report sent to an account by mail, or no longer. Raises InputError. Flushes, never commits."""
    row = find(work, login)
    if wanted and not _reported(row):
        said = t("Only supervisors, auditors and administrators can have the monthly report sent")
        raise InputError({"monthly": [said]})
    if wanted and not row.mail:
        raise InputError({"monthly": [t("This account has no mail address to send the monthly report to")]})
    if wanted != bool(row.monthly):
        row.monthly = wanted
        _changed(work, by, row)
    return row


def get_monthly(work: Work) -> Sequence[Operator | people.Operator]:
    """Whom the monthly report goes to: the accounts that ask for it, or those of the host's listed operators."""
    if work.hosts is not None:
        return [one for one in work.hosts() if one.monthly and one.mail and one.may(*READERS)]
    query = select(Operator).where(
        Operator.active.is_(True), Operator.monthly.is_(True), Operator.mail.is_not(None)
    )
    return [row for row in work.session.scalars(query.order_by(Operator.id)) if _reported(row)]


def call(work: Work, login: str, pseudonym: str, *, by: Actor) -> Operator:
    """Set what complainants read instead of the name; empty: a neutral word. Raises InputError."""
    row, given = find(work, login), " ".join(pseudonym.split())
    if len(given) > _PSEUDONYM:
        raise InputError({"pseudonym": [t("Use at most {n} characters", n=_PSEUDONYM)]})
    bare = given.casefold()
    if given and any(real.casefold() in bare for real in (row.name, row.login)):
        raise InputError({"pseudonym": [t("Complainants must not read the real name; choose another one")]})
    if (given or None) != row.pseudonym:
        row.pseudonym = given or None
        _log(work, "operator_pseudonym_changed", by, row)
    return row


def write_to(work: Work, login: str, mail: str, *, by: Actor) -> Operator:
    """Set the address for notices, or none; the event does not hold it. Raises InputError. Flushes, never commits."""
    row, given = find(work, login), mail.strip()
    if given and _no_address(given):
        raise InputError({"mail": [t("Enter an address such as name@example.com")]})
    if (given or None) != row.mail:
        row.mail = given or None
        # Nothing can be sent to nowhere; the event of rights says so where that ends the report.
        if not row.mail and row.monthly:
            row.monthly = False
            _changed(work, by, row)
        _log(work, "operator_mail_changed", by, row)
    return row


def set_password(work: Work, ref: str, kept: str, made: str) -> Operator:
    """Put the hash `made` in the place of `kept`, whose password the caller has seen proven.

    Raises InputError when another password came between. Every session of the account ends, so the caller opens a
    new one. Flushes, never commits.
    """
    row = by_ref(work, ref)
    if row.password_hash != kept:
        raise InputError({"old": [t("The password was changed in the meantime; log in with the new one")]})
    row.password_hash, row.must_change = made, False
    end_all(work, row)
    _log(work, "operator_password_changed", acting(row), row)
    return row


def log_out(work: Work, login: str, *, by: Actor) -> Operator:
    """End every session of an account, which may log in again at once."""
    row = find(work, login)
    end_all(work, row)
    claims.leave_all(work, row.ref)
    _log(work, "operator_logged_out", by, row)
    return row


def end_all(work: Work, row: Operator) -> None:
    """End every session of an account."""
    work.session.execute(delete(OperatorSession).where(OperatorSession.operator_id == row.id))


def seen(row: Operator, authenticated_at: Any = None) -> people.Operator:
    """An account as services see it."""
    return people.Operator(
        ref=row.ref,
        name=row.name,
        roles=frozenset(row.roles),
        teams=frozenset(row.teams),
        restricted=row.restricted,
        authenticated_at=authenticated_at,
    )


def by_ref(work: Work, ref: str) -> Operator:
    """The account with this reference; raises NotFoundError."""
    row = work.session.scalar(select(Operator).where(Operator.ref == ref))
    if row is None:
        raise NotFoundError("no such operator")
    return row


def acting(row: Operator) -> Actor:
    """The owner of an account, as they stand in the log for what they do to it."""
    return seen(row).actor


def find(work: Work, login: str) -> Operator:
    """The account with this log-in name; raises NotFoundError."""
    row = work.session.scalar(select(Operator).where(Operator.login == login.strip().casefold()))
    if row is None:
        raise NotFoundError("no such operator")
    return row


def _standing(work: Work, keys: Collection[str]) -> bool:
    return not keys or set(keys) <= teams_of.standing(work).keys()


def _no_address(mail: str) -> bool:
    return "@" not in mail or len(mail) > _MAIL


def _reported(row: Operator) -> bool:
    return bool(set(row.roles) & set(READERS))


def _changed(work: Work, by: Actor, row: Operator) -> None:
    _log(work, "operator_changed", by, row, **_rights(row))


def _rights(row: Operator) -> dict[str, Any]:
    return {
        "roles": row.roles,
        "restricted": row.restricted,
        "teams": row.teams,
        "monthly": bool(row.monthly),
    }


def _not_last_admin(work: Work, row: Operator) -> None:
    if "admin" not in row.roles or not row.active:
        return
    rows = work.session.scalars(select(Operator).where(Operator.active.is_(True), Operator.id != row.id))
    if not any("admin" in other.roles for other in rows):
        raise InputError({"": [t("This is the last administrator; make somebody else one first")]})


def _log(work: Work, event: str, by: Actor, row: Operator, **meta: Any) -> None:
    work.session.flush()
    record_system(work, event, by, {"operator": row.ref, **meta})
