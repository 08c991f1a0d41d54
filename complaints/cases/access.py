"""How a complainant reaches their complaint: number and code, a one-time link, or the host's sign-in."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from sqlalchemy import select, update

from complaints.base.errors import NotFoundError
from complaints.base.ids import access_code, sha256_hex, tidy, tidy_number
from complaints.cases.intake import code_hash
from complaints.cases.step import tell
from complaints.ledger import journal
from complaints.ledger.proof import leaf_hash
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT, Work
from complaints.store.tables import Complaint, Event, Token
from complaints.store.transactions import touched

LINK_LIFE = {"verify": timedelta(days=30), "new_code": timedelta(hours=24)}
_GROUP = 4


def by_code(work: Work, number: str, code: str) -> Complaint:
    """The complaint with this number and access code; NotFoundError does not say which of them was wrong.

    Case, spaces and dashes do not matter. An unknown number takes the same steps as a wrong code.
    """
    wanted = tidy_number(number)
    case = work.session.scalar(select(Complaint).where(Complaint.number == wanted))
    bare = tidy(code)
    grouped = "-".join(bare[i : i + _GROUP] for i in range(0, len(bare), _GROUP))
    given = code_hash(work, wanted, grouped)
    if not hmac.compare_digest(given, case.code_hash if case is not None else "0" * 64) or case is None:
        raise NotFoundError("no complaint has this number and code")
    return case


def find(work: Work, number: str) -> Complaint:
    """The complaint with this number, for somebody whose right to it was checked already."""
    case = work.session.scalar(select(Complaint).where(Complaint.number == tidy_number(number)))
    if case is None:
        raise NotFoundError("no such complaint")
    return case


def owned(work: Work, owner: str, limit: int = 100) -> list[Complaint]:
    """The complaints a signed-in user of the host has filed, newest first."""
    query = (
        select(Complaint)
        .where(Complaint.owner_hash == work.hash("owner", owner))
        .order_by(Complaint.filed_at.desc(), Complaint.id.desc())
        .limit(limit)
    )
    return list(work.session.scalars(query))


def contact(work: Work, case: Complaint) -> dict[str, str]:
    """Name, mail and phone as the complainant left them; empty once erased."""
    entries = history(work, case.uid, types=("filed",))
    return {key: str(value) for key, value in entries[0].data("contact").items()} if entries else {}


def ask_for_new_code(work: Work, number: str, mail: str) -> None:
    """Queue a one-time link if this is the verified mail contact of this complaint; else do nothing.

    The caller answers alike in both cases.
    """
    case = work.session.scalar(select(Complaint).where(Complaint.number == tidy_number(number)))
    given = work.hash("mail", mail.strip().casefold())
    if case is None or not case.contact_verified or not hmac.compare_digest(given, case.mail_hash or ""):
        return
    # One link per complaint and hour: nobody's mailbox can be filled from here.
    tell(work, case, "code_link", int(work.now.timestamp()) // 3600)


def new_token(work: Work, complaint_id: int, purpose: str) -> str:
    """A one-time token for a link in a mail (`verify` or `new_code`); only its hash is kept."""
    token = secrets.token_urlsafe(24)
    work.session.add(
        Token(
            token_hash=sha256_hex(token.encode()),
            complaint_id=complaint_id,
            purpose=purpose,
            expires_at=work.now + LINK_LIFE[purpose],
            used_at=None,
        )
    )
    work.session.flush()
    return token


def token_open(work: Work, token: str, purpose: str) -> Complaint:
    """The complaint an unused, unexpired token leads to; NotFoundError otherwise. Uses nothing up."""
    row = work.session.get(Token, sha256_hex(token.encode()))
    if row is None or row.purpose != purpose or row.used_at is not None or row.expires_at <= work.now:
        raise NotFoundError("this link has been used or has expired")
    return work.session.get_one(Complaint, row.complaint_id)


def verify_contact(work: Work, token: str) -> Complaint:
    """Confirm that the mail address belongs to whoever opened the link; uses the token up."""
    case = _use(work, token, "verify")
    journal.record(work, case, "contact_verified", COMPLAINANT, change={"contact_verified": True})
    return case


def renew(work: Work, token: str) -> tuple[Complaint, str]:
    """A new access code; the old one ends. Uses the token up, and is an event."""
    case = _use(work, token, "new_code")
    code = access_code(work.keys.lookup, case.number, secrets.token_hex(16))
    case.code_hash = code_hash(work, case.number, code)
    journal.record(work, case, "code_renewed", COMPLAINANT)
    return case, code


def filing_hash_of(work: Work, uid: str) -> bytes:
    """The leaf hash of the filing, for the receipt's promise."""
    leaf = work.session.scalar(select(Event.leaf).where(Event.stream == uid, Event.seq == 1))
    if leaf is None:
        raise NotFoundError("no such complaint")
    return leaf_hash(leaf)


def _use(work: Work, token: str, purpose: str) -> Complaint:
    case = token_open(work, token, purpose)
    # The stream's lock first, then the token: two clicks on one link must not both count.
    locked = journal.lock(work, case.uid)
    used = work.session.execute(
        update(Token)
        .where(Token.token_hash == sha256_hex(token.encode()), Token.used_at.is_(None))
        .values(used_at=work.now)
        .execution_options(synchronize_session=False)
    )
    if touched(used) != 1:
        raise NotFoundError("this link has been used or has expired")
    return locked
