"""Everything a case page shows, gathered for its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from complaints.administration import roster
from complaints.administration.roster import Roster
from complaints.base.clock import beijing
from complaints.base.errors import NotFoundError
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.cases import appeal, deciding, forwarding, looking, marks, opened, people
from complaints.cases.happenings import channels
from complaints.cases.masking import mask
from complaints.cases.people import Operator, behind
from complaints.cases.step import USES
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import Work
from complaints.policy.profile import Policy
from complaints.policy.roles import HANDLERS, READERS
from complaints.policy.states import FINAL, RELEASES, State, allowed
from complaints.store.tables import Claim, Complaint, Outbox
from complaints.web.admin import attached, measures, stretching, vendors, waiting, words
from complaints.web.admin.casekin import Kin
from complaints.web.admin.caserecord import Record
from complaints.web.admin.clocks import Clocks
from complaints.web.forms import Act


@dataclass(frozen=True)
class Page:
    """A case as its operator sees it."""

    work: Work
    viewer: Operator
    case: Complaint
    policy: Policy
    entries: Sequence[Entry]
    record: Record
    lang: str
    roster: Roster
    claim: Claim | None = None
    calls: Sequence[Outbox] = ()
    stored: bool = False

    @property
    def context(self) -> dict[str, Any]:
        """What the template gets."""
        case, first = self.case, self.entries[0]
        contact = first.data("contact")
        shown = self._revealed
        return {
            "nav": "queue",
            "case": case,
            "policy": self.policy,
            "kind": self.policy.types[case.type],
            "risk": self.policy.risk_classes.get(case.risk_class or ""),
            "channel": channels().get(case.channel, case.channel),
            "due": words.due_next(self.work, case),
            "filed": self._filed(first),
            "unproven": "unproven" in first.meta,
            "answer": first.data("answer"),
            "notes_of_answer": marks.sentences(first.meta.get("answer", ()), operators=True),
            "turns": self._turns(first),
            "contact": contact if shown else {key: mask(key, value) for key, value in contact.items()},
            "contact_shown": shown,
            "files": self.files,
            **self._said,
            "nearly": [] if self.stored else self.kin.nearly,
            "leads": self.leads,
            "similar_state": {str(state): state.label(self.lang) for state in State},
            "can": self.can,
            "waiting": self.waiting,
            "review": self.review,
            "others": [(self.record.name(ref), self.record.said(at)) for ref, at in self._others],
            "team": self.roster.teams.get(case.team or "", case.team),
            "owner": self.record.name(case.assignee) if case.assignee else "",
            "lead": self.kin.related.named.get(case.merged_into or ""),
            **self.kin.lists,
            "joined_due": words.dues(self.work, self.kin.related.joined),
            "claimed": self.claimed,
            "act_form": Act(formdata=None),
            "said": self.record.said,
            "me": self.viewer.ref,
            "dead_end": case.erased_at is not None,
            "stored": self.stored,
            "stored_since": self.record.said(case.stored_only_at) if case.stored_only_at else "",
            "may_open_stored": self.may_open_stored,
            "measures_done": self.measures,
            "handed": self.handed,
            "held_since": self.record.said(case.held_at) if case.held_at else "",
        }

    @property
    def may_open_stored(self) -> bool:
        """Whether the viewer may read a case that is only stored: to supervise it, or to answer an open one."""
        owed = State(self.case.state) not in FINAL
        return self.viewer.may(*READERS) or (owed and self.viewer.may("handler"))

    @cached_property
    def can(self) -> frozenset[str]:
        """What the viewer may do now, by the table of transitions."""
        case, role = self.case, self.viewer.actor.role
        if case.erased_at is not None:
            return frozenset()
        state = State(case.state)
        released = case.released_at is not None if state in RELEASES else None
        names = {row.action for row in allowed(state, role, released=released)}
        if "accept" in names:
            # One submit takes a complaint on and answers it.
            names.add("decide")
        if self._own:
            names -= {"confirm", "change", "overturn", "send_back"}
        if deciding.on_its_way(self.work, case):
            names.discard("take_back")
        if names & {"confirm", "change"}:
            names.add("review")
        if case.stored_only_at is not None:
            names -= USES
        return frozenset(names | self._after)

    @property
    def leads(self) -> Mapping[str, tuple[str, str]]:
        """What the viewer may join this case to without typing a number, as `Kin.leads` has it."""
        return self.kin.leads if "merge" in self.can and not self.stored else {}

    @cached_property
    def measures(self) -> list[dict[str, Any]]:
        """The measures of the case with what became of each."""
        return measures.listed(self.entries, self.policy, self.record, self.calls)

    @cached_property
    def handed(self) -> list[dict[str, Any]]:
        """What was passed on to a model's vendor."""
        return vendors.listed(self.entries, self.record, self.work.now)

    @property
    def waiting(self) -> dict[str, Any] | None:
        """The decision that has not left yet: when it goes out, and what it says."""
        case = self.case
        if State(case.state) not in RELEASES or case.released_at is not None or case.release_due is None:
            return None
        return {
            "at": f"{beijing(case.release_due):%H:%M:%S}",
            "by": self.record.name(case.decided_by),
            "over": self.work.now >= case.release_due,
            "read": "" if self.stored else waiting.as_read(case, self.policy, self.entries),
        }

    @property
    def review(self) -> dict[str, Any] | None:
        """Who may review; with nobody else the page says so, and the clock runs on."""
        if self.case.state != State.UNDER_REVIEW:
            return None
        people = self.roster.staff
        able = [who.name for who in appeal.eligible(self.work, self.case, people)]
        return {
            "own": self._own,
            "able": able,
            # Where a host does not list its users, nobody knows whether there is one.
            "nobody": bool(people) and not able,
            "decided_by": self.record.name(self.case.decided_by),
        }

    @cached_property
    def files(self) -> list[dict[str, Any]]:
        """Attachments, each covered until it is asked for."""
        return attached.listed(self.work, self.case, stored=self.stored)

    @property
    def clocks(self) -> Clocks:
        """The dates of the case, each with the count behind it."""
        return Clocks(self.work, self.case, self.entries, self.policy, self.lang)

    @cached_property
    def kin(self) -> Kin:
        """Other cases this one has to do with."""
        return Kin(self.work, self.viewer, self.case, self.entries)

    @property
    def claimed(self) -> dict[str, Any] | None:
        """Who is at the case now, and since when."""
        if self.claim is None:
            return None
        ref, mine = self.claim.ref, self.claim.ref == self.viewer.ref
        since = f"{beijing(self.claim.since):%H:%M}"
        return {"ref": ref, "mine": mine, "who": self.record.name(ref), "since": since}

    @cached_property
    def _own(self) -> bool:
        """Whether the viewer made a decision that stands to be reviewed, by their own hand or by a key of theirs."""
        return behind(self.work, self.viewer.ref) in people.deciders(self.work, self.case)

    @property
    def _after(self) -> frozenset[str]:
        """What can be done about measures and vendors, in whatever state the case is."""
        if not self.viewer.may(*HANDLERS):
            return frozenset()
        found = self.measures
        able = {
            "retry_measure": any(each["can_retry"] for each in found),
            "measure_done": any(each["can_mark"] for each in found),
            "retest": any(each["can_retest"] for each in found),
            "vendor_answer": any(each["can_answer"] for each in self.handed),
            "forward": forwarding.may_forward(self.work, self.case),
        }
        return frozenset(name for name, possible in able.items() if possible)

    @property
    def _said(self) -> dict[str, Any]:
        """What was said, noted, recorded and due, each as far as the address asks for it."""
        number = self.case.number
        told = self.record.timeline(self.kin.hidden, self.kin.numbers)
        talk = self.record.talk(self.files)
        clocks = self.clocks.rows()
        over = [row for row in clocks if row["over"]]
        return {
            "talk": stretching.stretch(talk, "talk", number, newest_last=True, length=_written),
            "notes": stretching.stretch(
                self.record.notes, "notes", number, newest_last=True, length=_written
            ),
            "clocks": [row for row in clocks if not row["over"]],
            "clocks_over": stretching.stretch(over, "dates", number, newest_last=False, length=_counted),
            "timeline": stretching.stretch(told, "log", number, newest_last=False, length=_written),
        }

    @property
    def _revealed(self) -> bool:
        return looking.stands(self.entries, self.viewer.actor, self.work.now, contact=True)

    @property
    def _others(self) -> list[tuple[str, Any]]:
        at_it = self.claim.ref if self.claim else ""
        seen = looking.others(list(self.entries), self.viewer.actor, self.work.now)
        return [(ref, at) for ref, at in seen if ref != at_it]

    def _filed(self, first: Entry) -> list[dict[str, str]]:
        given, rows = first.data("details"), []
        for key, value in given.items():
            field = self.policy.fields.get(key)
            if key == "details" or field is None:
                continue
            shown = field.choices[value](self.lang) if value in field.choices else str(value)
            rows.append(
                {"key": field.label(self.lang), "value": t("Yes") if field.kind == "checkbox" else shown}
            )
        return [{"key": "details", "value": str(given.get("details", ""))}, *rows]

    @staticmethod
    def _turns(first: Entry) -> list[dict[str, str]]:
        return [
            {
                "prompt": each["prompt"],
                "output": each["output"],
                "said": marks.said(each.get("notes", ()), operators=True),
            }
            for each in first.data("context").get("turns", ())
        ]


def gather(work: Work, viewer: Operator, number: str) -> Page:
    """Read a case; NotFoundError also where the viewer may not know of it."""
    found = opened.find(work, number)
    case = found.case
    if not people.may_see(viewer, case):
        raise NotFoundError("no such complaint")
    policy, lang = work.policy_of(case.policy_version), language()
    stored = case.stored_only_at is not None and not looking.looked(
        work, case.uid, viewer.actor, "viewed", stored=True
    )
    entries = history(work, case.uid, opened=not stored)
    here = roster.read(work)
    return Page(
        work=work,
        viewer=viewer,
        case=case,
        policy=policy,
        entries=entries,
        record=Record(entries, policy, here.names, viewer, work.now, lang, here.teams),
        lang=lang,
        roster=here,
        claim=found.claim,
        calls=found.calls,
        stored=stored,
    )


def _counted(row: Mapping[str, Any]) -> int:
    """A date weighs as much as its count day by day does, in characters of text."""
    return 100 + (80 * sum(map(len, row["why"]["weeks"])) if row["why"] else 0)


def _written(row: Mapping[str, Any]) -> int:
    return len(row["text"])
