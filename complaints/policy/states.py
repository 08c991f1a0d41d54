"""The life of a complaint: one table for views, API, bulk actions, scheduler, diagram and tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from complaints.base.errors import TransitionError
from complaints.policy.labels import Label

RESUME: Final = "resume"


class State(StrEnum):
    """Where a complaint stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    PROCESSING = "processing"
    AWAITING_COMPLAINANT = "awaiting_complainant"
    DECIDED = "decided"
    UNDER_REVIEW = "under_review"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"

    def label(self, lang: str) -> str:
        """The word for a person, in `lang`."""
        return STATES[self].label(lang)

    def sentence(self, lang: str) -> str:
        """Whose turn it is, in `lang`; `{date}` stands for the promised day where the state has one."""
        return STATES[self].sentence(lang)


@dataclass(frozen=True)
class StateInfo:
    """How a state is shown: word, sentence on whose turn it is, tone of the colour, name of the icon."""

    label: Label
    sentence: Label
    tone: str
    icon: str


@dataclass(frozen=True)
class Transition:
    """One thing that can be done to a complaint.

    `target` None leaves the state; `"resume"` returns to the state before the pause, merge or decision.
    `needs` names what it must carry. `conditions` are facts beyond the state that the service checks:
    released, unreleased, appeal_window, appeal_left, window_over (for `system` only), not_decider,
    was_declined (what is under review is a decline).
    `starts`, `meets` name milestone kinds; a kind that is not running is passed over. `voids` ends every
    milestone that still runs. A pause exists exactly while the state is awaiting_complainant, so
    `pauses` and `resumes` follow from entering and leaving it (see `pause_effect`).
    `tells` is the kind of message to the complainant, empty when nothing is sent.
    """

    action: str
    label: Label
    sources: frozenset[State | None]
    target: State | Literal["resume"] | None
    roles: frozenset[str]
    needs: tuple[str, ...] = ()
    conditions: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    meets: tuple[str, ...] = ()
    voids: bool = False
    pauses: bool = False
    resumes: bool = False
    tells: str = ""

    @property
    def moves(self) -> bool:
        """Whether the state changes."""
        return self.target is not None


@dataclass(frozen=True)
class Release:
    """What the release of a waiting decision does to the clocks and what it tells the complainant."""

    meets: tuple[str, ...]
    voids: bool
    tells: str


_S = State
STATES: MappingProxyType[State, StateInfo] = MappingProxyType(
    {
        _S.SUBMITTED: StateInfo(
            Label("已提交", "Submitted"),
            Label(
                "我们已收到，{date}前告知是否受理", "We have it and will say by {date} whether we take it on"
            ),
            "info",
            "inbox",
        ),
        _S.ACCEPTED: StateInfo(
            Label("已受理", "Accepted"),
            Label("最迟{date}告知处理结果", "Result by {date} at the latest"),
            "info",
            "clipboard",
        ),
        _S.DECLINED: StateInfo(
            Label("不予受理", "Not taken on"),
            Label("原因和其他途径见下", "Reason and other routes below"),
            "neutral",
            "barred",
        ),
        _S.PROCESSING: StateInfo(
            Label("处理中", "Being handled"),
            Label("正在核实，暂不需要您做什么", "Nothing for you to do now"),
            "info",
            "half",
        ),
        _S.AWAITING_COMPLAINANT: StateInfo(
            Label("待补充材料", "Waiting for you"),
            Label("请您在{date}前回复，计时已暂停", "Reply by {date}; the clock is paused"),
            "warn",
            "pause",
        ),
        _S.DECIDED: StateInfo(
            Label("已答复", "Answered"),
            Label("请查看结果", "See the result"),
            "ok",
            "speech",
        ),
        _S.UNDER_REVIEW: StateInfo(
            Label("复核中", "Under review"),
            Label("由未参与原处理的人员办理", "By someone new to the case"),
            "review",
            "review",
        ),
        _S.CLOSED: StateInfo(
            Label("已办结", "Closed"),
            Label("办理已结束，结果仍可查看", "Handling has ended; the result can still be read"),
            "neutral",
            "done",
        ),
        _S.WITHDRAWN: StateInfo(
            Label("已撤回", "Withdrawn"),
            Label("您已撤回，不再办理", "You withdrew it; nothing more is done"),
            "neutral",
            "back",
        ),
        _S.MERGED: StateInfo(
            Label("已并案", "Joined"),
            Label(
                "与反映同一问题的其他投诉一并处理，您的期限不变",
                "Joined with other complaints on the same matter: your deadline stays",
            ),
            "neutral",
            "join",
        ),
    }
)

ROLES: Final = ("complainant", "handler", "supervisor", "auditor", "admin", "system", "host")
# Something is still owed to the complainant.
OPEN: Final = frozenset(
    {_S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING, _S.AWAITING_COMPLAINANT, _S.UNDER_REVIEW, _S.MERGED}
)
# Nothing is owed and nothing runs; a declined or decided complaint may still be appealed.
FINAL: Final = frozenset({_S.CLOSED, _S.WITHDRAWN})

RELEASES: MappingProxyType[State, Release] = MappingProxyType(
    {
        _S.DECIDED: Release(("accept", "first_action", "result", "review"), voids=True, tells="decided"),
        _S.DECLINED: Release(("accept",), voids=True, tells="declined"),
    }
)

_STAFF = frozenset({"handler", "supervisor", "admin"})
_LEADERS = frozenset({"supervisor", "admin"})
_SYSTEM = frozenset({"system"})
_PERSON = frozenset({"complainant"})
_WORKING = frozenset({_S.ACCEPTED, _S.PROCESSING, _S.AWAITING_COMPLAINANT})
_BEFORE_ANSWER = _WORKING | {_S.SUBMITTED}
_ANSWERED = frozenset({_S.DECIDED, _S.DECLINED})
_REVIEW = frozenset({_S.UNDER_REVIEW})
_DECISION = ("outcome", "reason", "public_text")


def _table(*rows: Transition) -> MappingProxyType[str, Transition]:
    table = {row.action: row for row in rows}
    assert len(table) == len(rows), "two rows for one action"
    return MappingProxyType(table)


TRANSITIONS: MappingProxyType[str, Transition] = _table(
    Transition(
        "file",
        Label("提交投诉", "File"),
        frozenset({None}),
        _S.SUBMITTED,
        # A handler files what came by phone or letter; a host files from its own form.
        frozenset({"complainant", "handler", "host"}),
        needs=("type", "details"),
        starts=("accept", "first_action", "result"),
        tells="received",
    ),
    Transition(
        "accept",
        Label("受理", "Accept"),
        frozenset({_S.SUBMITTED}),
        _S.ACCEPTED,
        _STAFF | _SYSTEM,
        meets=("accept",),
        tells="accepted",
    ),
    Transition(
        # Its clocks wait for the release: see RELEASES.
        "decline",
        Label("不予受理", "Decline"),
        frozenset({_S.SUBMITTED}),
        _S.DECLINED,
        _STAFF,
        needs=("reason", "public_text"),
    ),
    Transition(
        "start",
        Label("开始办理", "Start"),
        frozenset({_S.ACCEPTED}),
        _S.PROCESSING,
        _STAFF | _SYSTEM,
        meets=("first_action",),
    ),
    Transition(
        "ask",
        Label("请补充材料", "Ask for more"),
        frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING}),
        _S.AWAITING_COMPLAINANT,
        _STAFF,
        needs=("reason", "public_text"),
        meets=("first_action",),
        pauses=True,
        tells="question",
    ),
    Transition(
        "supply",
        Label("补充材料", "Supply"),
        frozenset({_S.AWAITING_COMPLAINANT}),
        RESUME,
        _PERSON,
        needs=("text",),
        starts=("reply",),
        resumes=True,
    ),
    Transition(
        # The system resumes when the longest pause is over, so that silence never stops a clock for good.
        "resume",
        Label("恢复办理", "Resume"),
        frozenset({_S.AWAITING_COMPLAINANT}),
        RESUME,
        _STAFF | _SYSTEM,
        resumes=True,
        tells="resumed",
    ),
    Transition(
        "message",
        Label("补充说明", "Add a message"),
        frozenset(_S) - FINAL,
        None,
        _PERSON,
        needs=("text",),
        starts=("reply",),
    ),
    Transition(
        "reply",
        Label("回复投诉人", "Reply to complainant"),
        OPEN | _ANSWERED,
        None,
        _STAFF,
        needs=("public_text",),
        meets=("first_action", "reply"),
        tells="reply",
    ),
    Transition("note", Label("内部备注", "Internal note"), frozenset(_S), None, _STAFF, needs=("text",)),
    Transition("assign", Label("分派", "Assign"), OPEN, None, _STAFF | _SYSTEM, needs=("handler",)),
    Transition(
        "reclassify",
        Label("调整类型", "Change type"),
        _BEFORE_ANSWER | _REVIEW,
        None,
        _STAFF,
        needs=("type", "reason"),
    ),
    Transition(
        "record_action",
        Label("记录处置", "Record a measure"),
        _WORKING | _REVIEW | {_S.DECIDED},
        None,
        _STAFF,
        needs=("actions",),
        meets=("first_action",),
    ),
    Transition(
        "decide",
        Label("作出答复", "Answer"),
        _WORKING,
        _S.DECIDED,
        _STAFF,
        needs=_DECISION,
        meets=("first_action",),
        resumes=True,
    ),
    Transition(
        "take_back",
        Label("撤回未发出的决定", "Take back before release"),
        _ANSWERED,
        RESUME,
        _STAFF,
        conditions=frozenset({"unreleased"}),
    ),
    Transition(
        # What it meets and tells depends on the state: RELEASES is read, these two are its usual case.
        "release",
        Label("发出", "Release"),
        _ANSWERED,
        None,
        _SYSTEM,
        conditions=frozenset({"unreleased"}),
        meets=RELEASES[_S.DECIDED].meets,
        voids=True,
        tells=RELEASES[_S.DECIDED].tells,
    ),
    Transition(
        "close",
        Label("办结", "Close"),
        _ANSWERED,
        _S.CLOSED,
        _STAFF | _SYSTEM | _PERSON,
        conditions=frozenset({"released", "window_over"}),
        voids=True,
    ),
    Transition(
        "appeal",
        Label("申请复核", "Ask for a review"),
        _ANSWERED | {_S.CLOSED},
        _S.UNDER_REVIEW,
        _PERSON,
        needs=("text",),
        conditions=frozenset({"released", "appeal_window", "appeal_left"}),
        starts=("review",),
        tells="review_started",
    ),
    Transition(
        "confirm",
        Label("维持原答复", "Confirm"),
        _REVIEW,
        _S.DECIDED,
        _STAFF,
        needs=("reason", "public_text"),
        conditions=frozenset({"not_decider"}),
    ),
    Transition(
        "change",
        Label("变更答复", "Change"),
        _REVIEW,
        _S.DECIDED,
        _STAFF,
        needs=_DECISION,
        conditions=frozenset({"not_decider"}),
    ),
    Transition(
        # The reviewer takes on what was declined: the review is answered, a new result is owed.
        "overturn",
        Label("改为受理", "Take on after all"),
        _REVIEW,
        _S.ACCEPTED,
        _STAFF,
        needs=("reason", "public_text"),
        conditions=frozenset({"not_decider", "was_declined"}),
        starts=("result",),
        meets=("review",),
        tells="review_result",
    ),
    Transition(
        # The review's own clock keeps running until the new answer is released.
        "send_back",
        Label("退回重办", "Send back"),
        _REVIEW,
        _S.PROCESSING,
        _STAFF,
        needs=("reason",),
        conditions=frozenset({"not_decider"}),
        tells="review_result",
    ),
    Transition(
        # Being joined with others takes away nobody's right to withdraw.
        "withdraw",
        Label("撤回投诉", "Withdraw"),
        _BEFORE_ANSWER | {_S.MERGED},
        _S.WITHDRAWN,
        _PERSON,
        voids=True,
        resumes=True,
        tells="withdrawn",
    ),
    Transition(
        # The joined complaint keeps its own date: nothing is met, nothing is voided.
        "merge",
        Label("并案", "Join"),
        _BEFORE_ANSWER,
        _S.MERGED,
        _STAFF,
        needs=("lead", "reason"),
        resumes=True,
        tells="merged",
    ),
    Transition(
        # The system separates when the lead complaint is declined or withdrawn.
        "unmerge",
        Label("取消并案", "Separate"),
        frozenset({_S.MERGED}),
        RESUME,
        _STAFF | _SYSTEM,
        needs=("reason",),
        tells="unmerged",
    ),
    Transition(
        # Without it a joined complaint would never get the answer it was promised.
        "decide_with_lead",
        Label("随主案答复", "Answer with lead"),
        frozenset({_S.MERGED}),
        _S.DECIDED,
        _SYSTEM,
        needs=_DECISION,
        meets=("first_action",),
    ),
    Transition(
        "reopen",
        Label("重新办理", "Reopen"),
        frozenset({_S.CLOSED, _S.WITHDRAWN, _S.DECLINED}),
        _S.PROCESSING,
        _LEADERS,
        needs=("reason",),
        conditions=frozenset({"released"}),
        starts=("result",),
        tells="reopened",
    ),
    Transition(
        "rate",
        Label("评价", "Rate"),
        frozenset({_S.DECIDED, _S.CLOSED}),
        None,
        _PERSON,
        needs=("rating",),
        conditions=frozenset({"released"}),
    ),
)


def resume_targets(state: State) -> frozenset[State]:
    """The states a complaint in `state` may return to by a `"resume"` transition."""
    return frozenset(
        source
        for row in TRANSITIONS.values()
        if row.target is state
        for source in row.sources
        if source is not None and source is not state
    )


def pause_effect(before: State | None, after: State) -> Literal["pause", "resume", ""]:
    """What a move does to the clocks' pause; a decision taken back may lead into a pause again."""
    waits, waited = after is _S.AWAITING_COMPLAINANT, before is _S.AWAITING_COMPLAINANT
    if waits == waited:
        return ""
    return "pause" if waits else "resume"


def allowed(state: State | None, role: str, *, released: bool | None = None) -> tuple[Transition, ...]:
    """What `role` may do in `state`, in table order; with `released` given, minus what that rules out."""
    return tuple(
        row
        for row in TRANSITIONS.values()
        if state in row.sources and role in row.roles and not _ruled_out(row, state, released)
    )


def require(action: str, state: State | None, role: str, *, released: bool | None = None) -> Transition:
    """The transition `action`; raises TransitionError that says what `role` can do in `state` instead.

    The text never tells a complainant of a decision that is not released.
    """
    row = TRANSITIONS.get(action)
    possible = allowed(state, role, released=released)
    if row is not None and row in possible:
        return row
    shown = state
    if role == "complainant" and state is not None:
        shown = public_state(state, released is not False)
        possible = possible if shown is state else tuple(each for each in possible if not each.moves)
    where = f"a complaint that is {shown.value!r}" if shown is not None else "a complaint not yet filed"
    instead = ", ".join(each.action for each in possible) or "nothing"
    if row is None:
        raise TransitionError(f"there is no action {action!r}; possible here for {role}: {instead}")
    raise TransitionError(f"{role} cannot {action!r} {where}; possible: {instead}")


def public_state(state: State, released: bool, before: State | None = None) -> State:
    """The state a complainant sees: a decision not yet released does not exist for them.

    `before` is the state the decision was made in, where the caller knows it.
    """
    if released or state not in RELEASES:
        return state
    if before is not None:
        return before
    return _S.SUBMITTED if state is _S.DECLINED else _S.PROCESSING


def _ruled_out(row: Transition, state: State | None, released: bool | None) -> bool:
    if released is None or state not in RELEASES:
        return False
    return ("unreleased" if released else "released") in row.conditions
