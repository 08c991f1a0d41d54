"""What is promised now, also while the database is away: a form must be written then too."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from sqlalchemy.exc import SQLAlchemyError

from complaints.administration.installation import InForce, Installation
from complaints.ledger.work import Work
from complaints.web.frame import frame, installation

_seen: WeakKeyDictionary[Installation, InForce] = WeakKeyDictionary()


def rules() -> tuple[InForce, Work | None]:
    """What is promised now, and the work that read it; without a database what was last seen, and None."""
    installed = installation()
    try:
        work = frame().work
    except SQLAlchemyError:
        ruling = _seen.get(installed) or InForce(
            0, installed.file_policy, trial=True, published_at=None, published_by=""
        )
        frame().close()
        # The footer and the contacts are needed most when nothing else works.
        frame().in_force = ruling
        return ruling, None
    # The frame's own look at the rules would be a second statement for what was just read.
    ruling = frame().in_force = installed.published(work.session, work.policy_version)
    _seen[installed] = ruling
    return ruling, work
