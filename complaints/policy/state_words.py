"""The states of a complaint, and how each is shown to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from complaints.policy.labels import Label


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


_S = State
STATES: MappingProxyType[State, StateInfo] = MappingProxyType(
    {
        _S.SUBMITTED: StateInfo(
            Label("已提交", "Submitted"),
            Label(
                "我们已收到，最迟{date}告知是否受理",
                "We have it and will say by {date} whether we take it on",
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
            Label("请您最迟{date}回复，计时已暂停", "Reply by {date}; the clock is paused"),
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
