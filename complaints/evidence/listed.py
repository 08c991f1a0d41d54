"""The cases of a list as it stood when its file was ordered: kept sealed with the job, as the numbers of their rows.

A list moves with every hour and every act, so that nobody could find it again later; and of the words it may have been
searched by nothing is kept.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import replace

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import queries
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.evidence import parts
from complaints.evidence.chosen import Chosen
from complaints.ledger.work import Files, Work

# Eight bytes each while a file is made of them.
MOST = 200_000
# The place and the mark of this part, which no part of the file itself ever has.
_LAST, _MARK = 999_999, "0" * 8


def taken(work: Work, viewer: Operator, filters: Filters, chosen: Chosen) -> Chosen:
    """The order with the cases that the list shows now; raises InputError for more than fit into one file."""
    ids = array("q")
    for some in queries.members(work, viewer, filters):
        ids.extend(some)
        if len(ids) > MOST:
            said = t("At most {n} complaints fit into one file; narrow the list", n=f"{MOST:,}")
            raise InputError({"kind": [said]})
    return replace(chosen, listing=filters.recorded, listed=len(ids), ids=array("q", sorted(ids)))


def keep(files: Files, master: bytes, uid: str, ids: Sequence[int]) -> None:
    """Store them sealed beside the parts of the job's file, with which they go."""
    parts.put(files, master, uid, _LAST, _MARK, json.dumps(list(ids)).encode())


def opened(files: Files, master: bytes, uid: str, chosen: Chosen) -> Chosen:
    """The order with its cases again, if it is one of a list; raises FileNotFoundError once they have gone."""
    if chosen.listing is None:
        return chosen
    data = b"".join(parts.read(files, master, uid, [f"{uid}.{_LAST:06d}.{_MARK}"]))
    return replace(chosen, ids=array("q", json.loads(data)))
