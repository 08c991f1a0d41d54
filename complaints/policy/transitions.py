"""The table of what can be done to a complaint: by whom, from where, with what, and what it does to the clocks."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from complaints.policy.labels import Label
from complaints.policy.moves import RESUME, Release, Transition
from complaints.policy.roles import HANDLERS, LEADERS
from complaints.policy.state_words import State

_S = State
# Something is still owed to the complainant.
OPEN: Final = frozenset(
    {_S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING, _S.AWAITING_COMPLAINANT, _S.UNDER_REVIEW, _S.MERGED}
)
# Nothing is owed and nothing runs; a declined or decided complaint may still be appealed.
FINAL: Final = frozenset({_S.CLOSED, _S.WITHDRAWN})

RELEASES: MappingProxyType[State, Release] = MappingProxyType(
    {
        _S.DECIDED: Release(
            ("accept", "first_action", "result", "review", "reply"), voids=True, tells="decided"
        ),
        _S.DECLINED: Release(("accept", "reply"), voids=True, tells="declined"),
    }
)

_STAFF, _LEADERS = frozenset(HANDLERS), frozenset(LEADERS)
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
        meets=("first_action", "reply"),
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
    # Linking changes nothing about either case, so it can be done at any time.
    Transition("link", Label("关联", "Link"), frozenset(_S), None, _STAFF, needs=("other",)),
    Transition("unlink", Label("取消关联", "Unlink"), frozenset(_S), None, _STAFF, needs=("other",)),
    Transition(
        # No clock changes hands with it: what was promised to the complainant never moves.
        "transfer",
        Label("转交其他小组", "Hand to another team"),
        frozenset(_S) - FINAL,
        None,
        _STAFF,
        needs=("team",),
    ),
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
