"""Other cases that a case page speaks of, as far as its viewer may know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from complaints.base.errors import ConflictError
from complaints.base.translations import gettext as t
from complaints.cases import alike
from complaints.cases.people import Operator
from complaints.ledger import audit_links
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint
from complaints.web.admin import fieldhistory, stretching
from complaints.web.admin.stretching import Part

_NEARLY = 10
_LISTS = ("joined", "similar")
_ABLE = OPEN - {State.UNDER_REVIEW, State.MERGED}


class BesideError(ConflictError):
    """A case that was to be answered along has changed; nothing was written. `number` is empty where it may not be told."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__("a case to be answered together with this one has changed; nothing was written")


@dataclass(frozen=True)
class Beside:
    """A case that can be answered together with the one at hand; `moved` says that it changed since it was ticked."""

    case: Complaint
    ticked: bool
    moved: bool


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
        uids, pages = fieldhistory.mentioned(self.entries), {name: stretching.asked(name) for name in _LISTS}
        found = alike.related(self.work, self.viewer, self.case, uids, pages)
        last = {name: stretching.within(name, found.counts[name], alike.MOST) for name in _LISTS}
        if last != pages:
            # Only an old or a made-up address asks for more than there is.
            found = alike.related(self.work, self.viewer, self.case, uids, last)
        return found

    @property
    def lists(self) -> dict[str, Part]:
        """Of the joined, similar and linked ones as many as a page bears, and how many there are."""
        apart = [case for case in self.related.similar if case.merged_into != self.case.uid]
        rows, counts = {"joined": self.related.joined, "similar": apart}, self.related.counts
        found = {name: self._part(name, rows[name], counts[name]) for name in _LISTS}
        linked = self.linked
        first = alike.MOST * (stretching.within("linked", len(linked), alike.MOST) - 1)
        return {**found, "linked": self._part("linked", linked[first : first + alike.MOST], len(linked))}

    def _part(self, name: str, rows: Sequence[Complaint], total: int) -> Part:
        page = stretching.within(name, total, alike.MOST)
        return stretching.part(rows, name, self.case.number, page, total, alike.MOST)

    @cached_property
    def nearly(self) -> list[alike.Near]:
        """Reports whose text is nearly the same as the one that the entries hold."""
        said = str(self.entries[0].data("details").get("details", ""))
        return alike.nearly_same(self.work, self.case, said, _NEARLY)

    @property
    def similar_open(self) -> list[Complaint]:
        """Reports of the same answer or text that can be answered together with this one."""
        return [case for case in self.related.similar if self._able(case)]

    def beside(self, values: Sequence[str]) -> list[Beside]:
        """Those to offer, each as it was ticked on the page: a case stays ticked whatever became of its version."""
        shown = {uid: version for uid, _, version in (value.partition(":") for value in values)}
        return [
            Beside(case, case.uid in shown, case.uid in shown and shown[case.uid] != str(case.version))
            for case in self.similar_open
        ]

    def left_out(self, values: Sequence[str]) -> list[str]:
        """Numbers of those ticked on the page that cannot be answered together any more."""
        shown, able = {value.partition(":")[0] for value in values}, {case.uid for case in self.similar_open}
        return [case.number for case in self.related.similar if case.uid in shown - able]

    def ticked(self, values: Sequence[str]) -> dict[str, int]:
        """Of those the ones ticked on the page, each with the version it was shown at.

        Raises BesideError for one that cannot be answered together any more; of a stranger's uid it names nothing.
        """
        known = {case.uid: case for case in self.related.similar}
        chosen = {}
        for value in values:
            uid, _, version = value.partition(":")
            if uid not in known or not version.isdecimal() or len(version) >= 10:  # noqa: PLR2004 - digits of 32 bits
                raise BesideError("")
            if not self._able(known[uid]):
                raise BesideError(known[uid].number)
            chosen[uid] = int(version)
        return chosen

    @cached_property
    def leads(self) -> dict[str, tuple[str, str]]:
        """Reports this one can be joined to, by uid: the number, and why in words to begin with."""
        near = [(each.case, t("Says nearly the same")) for each in self.nearly]
        same = [(case, t("Reports the same answer, or says the same")) for case in self.related.similar]
        return {case.uid: (case.number, why) for case, why in (*near, *same) if self._able(case)}

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

    def _able(self, other: Complaint) -> bool:
        """Whether what answers the one can answer the other word for word."""
        same = (other.lang, other.is_test) == (self.case.lang, self.case.is_test)
        return same and State(other.state) in _ABLE
