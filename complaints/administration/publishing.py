"""Publish a policy: from then on its resolved bytes rule, whatever the file says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.ledger.audit_promises import digest
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.policy.profile import Policy
from complaints.store.tables import PolicyVersion

PAGE = 20


def publish(
    work: Work,
    policy: Policy,
    by: Actor,
    *,
    trial: bool,
    render_page: Callable[[Policy, int, str], str],
    forward: bool = False,
) -> PolicyVersion:
    """Make `policy` the one in force, with the process page as it reads now; an event of the system stream.

    `render_page(policy, version, lang)` gives the page's body; it is kept with the version, so that nobody
    has to trust a later rendering. `forward`: open complaints gain its earlier dates (`jobs.reckoning`); otherwise
    they keep what they were filed under. Flushes, never commits.
    """
    version = (work.session.scalar(select(func.max(PolicyVersion.version))) or 0) + 1
    row = PolicyVersion(
        version=version,
        digest=policy.digest,
        resolved=policy.bytes,
        trial=trial,
        published_at=work.now,
        published_by=by.ref,
        page_zh=render_page(policy, version, "zh"),
        page_en=render_page(policy, version, "en"),
        forward=forward,
        reached=0,
        applied_at=None if forward else work.now,
    )
    meta = {
        "version": version,
        "digest": policy.digest,
        "trial": trial,
        "pages": {"zh": digest(row.page_zh), "en": digest(row.page_en)},
    }
    record_system(work, "policy_published", by, {**meta, "forward": True} if forward else meta)
    work.session.add(row)
    work.session.flush()
    return row


def versions(session: Session) -> list[PolicyVersion]:
    """Every published version, newest first."""
    return list(session.scalars(select(PolicyVersion).order_by(PolicyVersion.version.desc())))


@dataclass(frozen=True)
class Listed:
    """A published version without its text and pages."""

    version: int
    published_at: datetime
    published_by: str
    trial: bool
    digest: str


def listing(session: Session, below: int | None = None, most: int = PAGE) -> tuple[list[Listed], bool]:
    """Versions before `below` (None: the newest), newest first, and whether more follow."""
    columns = (getattr(PolicyVersion, each.name) for each in fields(Listed))
    query = select(*columns)
    if below is not None:
        query = query.where(PolicyVersion.version < below)
    rows = session.execute(query.order_by(PolicyVersion.version.desc()).limit(most + 1))
    found = [Listed(*row) for row in rows]
    return found[:most], len(found) > most


def differs(session: Session, policy: Policy) -> bool:
    """Whether the file says something else than what is in force."""
    digest = session.scalar(select(PolicyVersion.digest).order_by(PolicyVersion.version.desc()).limit(1))
    return digest is not None and digest != policy.digest
