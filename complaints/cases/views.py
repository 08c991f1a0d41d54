"""What a complainant may see of their complaint: released decisions, their own words, dates; nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from complaints.base.errors import NotFoundError
from complaints.cases import attachments
from complaints.cases.attachments import Held
from complaints.cases.deciding import DECISIONS
from complaints.cases.people import pseudonyms
from complaints.ledger.measures import Measure, measures
from complaints.ledger.private import OPERATOR
from complaints.ledger.reading import Entry, history
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.policy.states import RELEASES, State, allowed, public_state
from complaints.store.tables import Complaint

# Events a complainant reads of, as they happen; decisions appear with their release, clocks only as breaches.
TOLD = frozenset(
    {
        "filed",
        "accepted",
        "started",
        "asked",
        "supplied",
        "resumed",
        "message",
        "replied",
        "appealed",
        "overturned",
        "sent_back",
        "withdrawn",
        "merged",
        "unmerged",
        "reopened",
        "closed",
        "rated",
        "contact_verified",
        "code_renewed",
        "erased",
        "restricted",
        "unrestricted",
        "disclosed",
        "forward_sent",
    }
)


@dataclass(frozen=True)
class Moment:
    """One line of the timeline: `kind` is the event's type, `text` what was written, if anything.

    `by` is the pseudonym of the operator who acted; empty for one without, and for everybody else.
    """

    at: datetime
    kind: str
    text: str = ""
    files: Sequence[Held] = ()
    auto: bool = False
    by: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DecisionView:
    """A released decision: outcome and reason are keys of the policy; `underway` are actions not carried out yet."""

    kind: str
    outcome: str
    reason: str
    text: str
    actions: tuple[str, ...]
    decided_at: datetime
    released_at: datetime
    underway: frozenset[int] = frozenset()
    by: str = ""


@dataclass(frozen=True)
class PublicView:
    """A complaint as its complainant sees it; `entries` are its events, of which only dates may be told."""

    case: Complaint
    entries: Sequence[Entry]
    state: State
    late: bool
    filed: Mapping[str, Any]
    contact: Mapping[str, Any]
    answer: Mapping[str, Any]
    notes: Sequence[str]
    turns: Sequence[Mapping[str, Any]]
    question: Moment | None
    decisions: Sequence[DecisionView]
    timeline: Sequence[Moment]
    files: Sequence[Held]
    can: frozenset[str]

    @property
    def decision(self) -> DecisionView | None:
        """The newest released decision."""
        return self.decisions[-1] if self.decisions else None


def public_view(work: Work, case: Complaint) -> PublicView:
    """Everything the tracking page shows, and nothing a complainant must not see."""
    entries = history(work, case.uid)
    files = attachments.held(work, case.uid)
    released = released_view(case)
    actions = work.policy_of(case.policy_version).actions
    done = measures(entries, [key for key, each in actions.items() if each.immediate])
    called = pseudonyms(work, {entry.ref for entry in entries if entry.role in HANDLERS})
    decisions, timeline = _told(entries, files, _underway(done), called)
    question = next((moment for moment in reversed(timeline) if moment.kind == "asked"), None)
    state = visible_state(case)
    first = entries[0]
    return PublicView(
        case=case,
        entries=entries,
        state=state,
        late=case.late and state not in {State.CLOSED, State.WITHDRAWN},
        filed=first.data("details"),
        contact=first.data("contact"),
        answer=first.data("answer"),
        notes=first.meta.get("answer", ()),
        turns=first.data("context").get("turns", ()),
        question=question if state is State.AWAITING_COMPLAINANT else None,
        decisions=decisions,
        timeline=timeline[::-1],
        files=files,
        can=_can(work, case, state, released=released),
    )


def handed_out(work: Work, case: Complaint, uid: str) -> Held:
    """The attachment a complainant may take back; NotFoundError for every other one.

    What they sent in a restricted matter stays with us (design, section 9); ours must have been told to them.
    """
    found = next((each for each in attachments.held(work, case.uid) if each.uid == uid), None)
    if found is None or not found.name or not may_take(case, found):
        raise NotFoundError("no such file")
    told = history(work, case.uid, types=TOLD, opened=False)
    if found.seq not in {entry.seq for entry in told}:
        raise NotFoundError("no such file")
    return found


def may_take(case: Complaint, file: Held) -> bool:
    """Whether the complainant gets this file back, and not only its name, size and digest."""
    return not case.restricted or file.person == OPERATOR


def released_view(case: Complaint) -> bool:
    """Whether the complaint's present decision, if it has one, has been released."""
    return State(case.state) not in RELEASES or case.released_at is not None


def visible_state(case: Complaint) -> State:
    """The state a complainant may know of."""
    state = State(case.state)
    if released_view(case):
        return state
    before = (case.resume_state or "").partition(",")[0]
    return public_state(state, released=False, before=State(before) if before else None)


def _can(work: Work, case: Complaint, state: State, *, released: bool) -> frozenset[str]:
    if case.erased_at is not None:
        return frozenset()
    if not released:
        # What is offered must not tell that a decision waits; the step itself is refused while one does.
        return frozenset(each.action for each in allowed(state, "complainant"))
    names = {each.action for each in allowed(state, "complainant", released=True)}
    window = case.appeal_until is not None and work.now <= case.appeal_until
    left = case.appeals < work.policy_of(case.policy_version).review.max_per_case
    if not (window and left):
        names.discard("appeal")
    return frozenset(names)


def _underway(done: Sequence[Measure]) -> Mapping[int, frozenset[int]]:
    """By the decision's event: the places of measures that are not carried out, whatever the reason."""
    left: dict[int, set[int]] = {}
    for each in done:
        if each.state in {"pending", "failed"}:
            left.setdefault(each.seq, set()).add(each.position)
    return {seq: frozenset(places) for seq, places in left.items()}


def _told(
    entries: Sequence[Entry],
    files: Sequence[Held],
    underway: Mapping[int, frozenset[int]],
    called: Mapping[str, str],
) -> tuple[list[DecisionView], list[Moment]]:
    decisions: list[DecisionView] = []
    timeline: list[Moment] = []
    waiting: Entry | None = None
    for entry in entries:
        brought = [held for held in files if held.seq == entry.seq]
        if entry.type in DECISIONS:
            waiting = entry
        if entry.type == "taken_back":
            waiting = None
        elif entry.type == "released" and waiting is not None:
            by = called.get(waiting.ref, "")
            decisions.append(_decision(waiting, entry, underway, by))
            timeline.append(Moment(entry.at, waiting.type, waiting.text("public"), by=by))
            waiting = None
        elif entry.type == "clock" and any(each["step"] == "due" for each in entry.meta.get("due", ())):
            timeline.append(Moment(entry.at, "late", details=entry.meta))
        elif entry.type in {"reclassified", "rescheduled"} and _moved(entry):
            timeline.append(Moment(entry.at, "moved", details=entry.meta))
        elif (
            entry.type == "rescheduled"
            and entry.meta.get("change", {}).get("provisional", [False])[-1] is False
        ):
            timeline.append(Moment(entry.at, "settled", details=entry.meta))
        elif entry.type in TOLD:
            said = entry.text("message") or (entry.text("public") if entry.type == "overturned" else "")
            timeline.append(
                Moment(
                    entry.at,
                    entry.type,
                    said,
                    brought,
                    entry.role == "system",
                    called.get(entry.ref, ""),
                    details=entry.meta,
                )
            )
    return decisions, timeline


def _decision(entry: Entry, release: Entry, underway: Mapping[int, frozenset[int]], by: str) -> DecisionView:
    return DecisionView(
        kind=entry.type,
        outcome=str(entry.meta.get("outcome") or ""),
        reason=str(entry.meta.get("reason") or ""),
        text=entry.text("public"),
        actions=tuple(each["action"] for each in entry.meta.get("actions", ())),
        decided_at=entry.at,
        released_at=release.at,
        underway=underway.get(entry.seq, frozenset()),
        by=by,
    )


def _moved(entry: Entry) -> bool:
    change = entry.meta.get("change", {})
    return "result_due" in change or "accept_due" in change
