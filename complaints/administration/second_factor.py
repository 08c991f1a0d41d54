"""The second factor of built-in operators: a code by time (RFC 6238), and recovery codes for a lost telephone.

The secret is sealed with the installation's data key, recovery codes are kept as keyed hashes. A code counts once.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import select

from complaints.administration import operators
from complaints.base.errors import InputError, IntegrityError, NotFoundError
from complaints.base.ids import ALPHABET, tidy
from complaints.base.translations import gettext as t
from complaints.ledger import private as sealing
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Operator

SECONDS, DIGITS = 30, 6
# A telephone's clock may be one step off, before or after (RFC 6238, 5.2).
NEARBY = (0, -1, 1)
CODES = 10
_PLACE, _OFFER = "second-factor", "second-factor-offer"
_GROUP = 5


@dataclass(frozen=True)
class Offer:
    """A secret nobody uses yet: `sealed` travels in the form, `address` is what the picture says to an app."""

    secret: str
    sealed: str
    address: str


def offer(work: Work, row: Operator, product: str, sealed: str = "") -> Offer:
    """A new secret for this account, or the one a form brought back; nothing is kept before a code confirms it."""
    secret = _offered(work, row, sealed)
    if secret is None:
        secret = pyotp.random_base32()
        wrapped = sealing.wrap(work.keys.data, secret.encode(), _OFFER, row.ref)
        sealed = base64.urlsafe_b64encode(wrapped).decode()
    address = pyotp.TOTP(secret).provisioning_uri(name=row.login, issuer_name=product or work.origin)
    return Offer(secret, sealed, address)


def switch_on(work: Work, ref: str, sealed: str, code: str) -> list[str]:
    """Keep the offered secret once a code proves that an app has it; returns recovery codes, shown this once.

    Raises InputError.
    """
    row = _locked(work, ref)
    if row.totp is not None:
        raise InputError({"": [t("The second factor is on already")]})
    secret = _offered(work, row, sealed)
    if secret is None:
        raise InputError({"": [t("Scan the picture below anew; the one before cannot be used any more")]})
    step = _step(secret, code, work.now, None)
    if step is None:
        raise InputError(
            {"code": [t("The code is not right. Wait for the next one and check the clock of the phone")]}
        )
    row.totp, row.totp_step = sealing.wrap(work.keys.data, secret.encode(), _PLACE, row.ref), step
    codes = _new_codes(work, row)
    _log(work, "second_factor_on", operators.acting(row), row)
    return codes


def switch_off(work: Work, ref: str, code: str) -> None:
    """Go on with the password alone; the caller has checked the password. Raises InputError for a wrong code."""
    row = _spent(work, ref, code)
    _forget(row)
    _log(work, "second_factor_off", operators.acting(row), row)


def new_codes(work: Work, ref: str, code: str) -> list[str]:
    """Fresh recovery codes, the ones before end; the caller has checked the password. Raises InputError."""
    row = _spent(work, ref, code)
    if row.totp is None:
        raise NotFoundError("the second factor is off")
    codes = _new_codes(work, row)
    _log(work, "recovery_codes_made", operators.acting(row), row)
    return codes


def reset(work: Work, login: str, *, by: Actor) -> Operator:
    """Take somebody's second factor away, as after a lost telephone; every session of the account ends."""
    row = _locked(work, operators.find(work, login).ref)
    if row.totp is not None:
        _forget(row)
        operators.end_all(work, row)
        _log(work, "second_factor_reset", by, row)
    return row


def passes(work: Work, operator_id: int, code: str, *, spend: bool) -> bool:
    """Whether this code opens the account; without a second factor everything does.

    With `spend` a good one is used up: a code by time for its step, a recovery code for ever. Flushes.
    """
    row = work.session.get(Operator, operator_id, with_for_update=True, populate_existing=True)
    if row is None:
        return False
    return row.totp is None or _take(work, row, code, spend=spend)


def left(row: Operator) -> int:
    """How many recovery codes are unused."""
    return len(row.recovery or ())


def _take(work: Work, row: Operator, code: str, *, spend: bool) -> bool:
    if row.totp is None:
        return False
    bare = tidy(code)
    if len(bare) <= DIGITS:
        secret = sealing.unwrap(work.keys.data, row.totp, _PLACE, row.ref).decode()
        step = _step(secret, bare, work.now, row.totp_step)
        if step is None:
            return False
        if spend:
            row.totp_step = step
            work.session.flush()
        return True
    given, kept = _hash(work, row, bare), [str(each) for each in row.recovery or ()]
    if given not in kept:
        return False
    if spend:
        row.recovery = [each for each in kept if each != given]
        _log(work, "recovery_code_used", operators.acting(row), row, left=left(row))
    return True


def _step(secret: str, code: str, now: datetime, last: int | None) -> int | None:
    """The time step this code belongs to, if it is near and later than the last one taken."""
    present, totp, bare = int(now.timestamp()) // SECONDS, pyotp.TOTP(secret), tidy(code)
    for step in (present + each for each in NEARBY):
        if hmac.compare_digest(totp.generate_otp(step).encode(), bare.encode()) and (
            last is None or step > last
        ):
            return step
    return None


def _spent(work: Work, ref: str, code: str) -> Operator:
    row = _locked(work, ref)
    if not _take(work, row, code, spend=True):
        raise InputError({"": [wrong()]})
    return row


def wrong() -> str:
    """One sentence for a wrong password, a wrong code and too many tries."""
    return t("Password or code is not right, or there were too many tries. Check them, or wait 15 minutes")


def _offered(work: Work, row: Operator, sealed: str) -> str | None:
    try:
        wrapped = base64.urlsafe_b64decode(sealed.encode("ascii"))
        return sealing.unwrap(work.keys.data, wrapped, _OFFER, row.ref).decode()
    except (binascii.Error, ValueError, IntegrityError):
        return None


def _new_codes(work: Work, row: Operator) -> list[str]:
    made = [
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(_GROUP)) for _ in range(2))
        for _ in range(CODES)
    ]
    row.recovery = [_hash(work, row, tidy(each)) for each in made]
    return made


def _hash(work: Work, row: Operator, bare: str) -> str:
    return work.hash("recovery", f"{row.ref}\x00{bare}")


def _forget(row: Operator) -> None:
    row.totp = row.totp_step = row.recovery = None


def _locked(work: Work, ref: str) -> Operator:
    query = select(Operator).where(Operator.ref == ref).with_for_update()
    row = work.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFoundError("no such operator")
    return row


def _log(work: Work, event: str, by: Actor, row: Operator, **meta: Any) -> None:
    work.session.flush()
    record_system(work, event, by, {"operator": row.ref, **meta})
