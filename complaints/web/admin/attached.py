"""The files of a case as its operator sees them: what each is, covered until it is asked for."""

from __future__ import annotations

from typing import Any

from flask import url_for

from complaints.base.translations import gettext as t
from complaints.cases import attachments
from complaints.ledger.work import Work
from complaints.store.tables import Complaint

KB = 1000


def listed(work: Work, case: Complaint, *, stored: bool) -> list[dict[str, Any]]:
    """Every file in the order it came; of a case that is only `stored`, without its name."""
    return [
        {
            "uid": held.uid,
            "name": t("Stored only") if stored else held.name or t("Name deleted"),
            "size": size(held.size),
            "type": held.media_type,
            "view": held.view,
            "ours": held.person == "operator",
            "gone": stored or not held.name,
            "href": url_for("complaints.admin.file", number=case.number, uid=held.uid),
            "picture": url_for("complaints.admin.picture", number=case.number, uid=held.uid),
        }
        for held in attachments.held(work, case.uid)
    ]


def size(count: int) -> str:
    """A file's size for a person."""
    if count < KB * KB:
        return f"{max(1, round(count / KB))} kB"
    return f"{count / KB / KB:.1f} MB"
