"""Other cases that a case page speaks of, as far as its viewer may know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from complaints.cases import alike
from complaints.cases.people import Operator
from complaints.ledger import audit_links
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint
from complaints.web.admin import fieldhistory

_NEARLY = 10
_ABLE = OPEN - {State.UNDER_REVIEW, State.MERGED}


@dataclass(frozen=True)
class Kin:
    """What the case at hand has to do with others."""

    work: Work
    viewer: Operator
    case: Complaint
    entries: Sequence[Entry]

    @cached_property
    def related(self) -> alike.Related:
        """Joined to it, named by its events, of the same answer or text."""
        return alike.related(self.work, self.viewer, self.case, fieldhistory.mentioned(self.entries))

    @cached_property
    def nearly(self) -> list[alike.Near]:
        """Reports whose text is nearly the same as the one that the entries hold."""
        said = str(self.entries[0].data("details").get("details", ""))
        return alike.nearly_same(self.work, self.case, said, _NEARLY)

    @property
    def similar_open(self) -> list[Complaint]:
        """Reports of the same answer or text that can be answered together with this one."""
        return [case for case in self.related.similar if State(case.state) in _ABLE]

    @property
    def linked(self) -> list[Complaint]:
        """Cases that belong together with this one."""
        found, named = audit_links.linked(self.entries), self.related.named
        return [named[uid] for uid in found if uid in named]

    @property
    def hidden(self) -> frozenset[int]:
        """Events that speak of a case the viewer may not know of: they are nowhere on the page."""
        named = self.related.named
        return frozenset(
            entry.seq
            for entry in self.entries
            if entry.type in audit_links.EVENTS and entry.meta["other"] not in named
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The numbers of the other cases its events name, by uid."""
        return {uid: each.number for uid, each in self.related.named.items()}
