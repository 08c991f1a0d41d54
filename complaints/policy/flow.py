"""Where the states and transitions stand on the page: a main line, side states, frames that share arrows.

All measures are units of a 640 wide drawing. An arrow that leaves or reaches a frame stands for every state
named in its `sources` and `targets`; that is how twenty transitions stay readable. A test compares the
arrows with the table of transitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from complaints.policy.labels import Label
from complaints.policy.states import State

WIDTH, HEIGHT = 640, 724
Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
_S = State


@dataclass(frozen=True)
class Box:
    """A state; `main` marks the usual course."""

    state: State
    x: float
    y: float
    width: float
    height: float
    main: bool = False


@dataclass(frozen=True)
class Frame:
    """States that share arrows, with a caption at `at`."""

    x: float
    y: float
    width: float
    height: float
    caption: Label | None = None
    at: Point = (0, 0)
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Arrow:
    """A line for one or more actions, with heads at its end, or at both ends for a way there and back."""

    actions: tuple[str, ...]
    sources: frozenset[State | None]
    targets: frozenset[State]
    points: tuple[Point, ...]
    both: bool = False
    head: bool = True
    main: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Caption:
    """The label of an action beside its arrow; x, y is the baseline."""

    action: str
    x: float
    y: float
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Diagram:
    """The whole drawing, ready to be rendered."""

    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...]
    arrows: tuple[Arrow, ...]
    captions: tuple[Caption, ...]
    start: Point
    notes: tuple[Label, ...]


_BOXES = (
    Box(_S.SUBMITTED, 250, 96, 128, 48, main=True),
    Box(_S.ACCEPTED, 250, 190, 128, 48, main=True),
    Box(_S.PROCESSING, 250, 296, 128, 48, main=True),
    Box(_S.DECIDED, 250, 450, 128, 48, main=True),
    Box(_S.CLOSED, 250, 566, 128, 48, main=True),
    Box(_S.AWAITING_COMPLAINANT, 496, 243, 120, 48),
    Box(_S.UNDER_REVIEW, 496, 450, 120, 48),
    Box(_S.MERGED, 44, 190, 108, 48),
    Box(_S.WITHDRAWN, 44, 296, 108, 48),
    Box(_S.DECLINED, 44, 450, 108, 48),
)
_BEFORE_ANSWER = frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING, _S.AWAITING_COMPLAINANT})
_HANDLED = frozenset({_S.ACCEPTED, _S.PROCESSING, _S.AWAITING_COMPLAINANT})
_ASKABLE = frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.PROCESSING})
_FRAMES = (
    Frame(
        226,
        66,
        408,
        314,
        Label("答复前：可以撤回、并案", "Before the answer: may be withdrawn or joined"),
        (624, 86),
        "end",
    ),
    Frame(236, 172, 388, 194),
    Frame(
        20,
        430,
        376,
        210,
        Label("有结果后：可以申请复核", "After the answer: a review may be asked for"),
        (32, 630),
    ),
)


def _one(*states: State | None) -> frozenset[State | None]:
    return frozenset(states)


def _to(*states: State) -> frozenset[State]:
    return frozenset(states)


_ARROWS = (
    Arrow(("file",), _one(None), _to(_S.SUBMITTED), ((314, 30), (314, 96)), main=True),
    Arrow(("accept",), _one(_S.SUBMITTED), _to(_S.ACCEPTED), ((314, 144), (314, 190)), main=True),
    Arrow(("start",), _one(_S.ACCEPTED), _to(_S.PROCESSING), ((314, 238), (314, 296)), main=True),
    Arrow(("decide",), _HANDLED | _one(), _to(_S.DECIDED), ((314, 366), (314, 450)), main=True),
    Arrow(("close",), _one(_S.DECIDED), _to(_S.CLOSED), ((314, 498), (314, 566)), main=True),
    Arrow(("close",), _one(_S.DECLINED), _to(_S.CLOSED), ((98, 498), (98, 590), (250, 590))),
    Arrow(("decline",), _one(_S.SUBMITTED), _to(_S.DECLINED), ((250, 112), (4, 112), (4, 483), (44, 483))),
    Arrow(
        ("take_back",),
        _one(_S.DECLINED),
        _to(_S.SUBMITTED),
        ((44, 465), (12, 465), (12, 128), (250, 128)),
        dashed=True,
    ),
    Arrow(
        ("take_back",),
        _one(_S.DECIDED),
        _HANDLED | _to(_S.UNDER_REVIEW, _S.MERGED),
        ((350, 450), (350, 366)),
        dashed=True,
    ),
    # One line gathers the three states of the main line that may have to wait for the complainant.
    Arrow(
        ("ask", "supply", "resume"),
        _BEFORE_ANSWER | _one(),
        _BEFORE_ANSWER,
        ((378, 120), (402, 120), (402, 267), (496, 267)),
        both=True,
    ),
    Arrow(("supply", "resume"), _one(_S.AWAITING_COMPLAINANT), _ASKABLE, ((402, 214), (378, 214))),
    Arrow(
        ("supply", "resume"),
        _one(_S.AWAITING_COMPLAINANT),
        _ASKABLE,
        ((402, 267), (402, 320), (378, 320)),
    ),
    Arrow(("merge",), _BEFORE_ANSWER | _one(), _to(_S.MERGED), ((226, 205), (152, 205))),
    Arrow(("unmerge",), _one(_S.MERGED), _BEFORE_ANSWER, ((152, 225), (226, 225))),
    Arrow(("withdraw",), _BEFORE_ANSWER | _one(), _to(_S.WITHDRAWN), ((226, 310), (152, 310))),
    Arrow(("withdraw",), _one(_S.MERGED), _to(_S.WITHDRAWN), ((98, 238), (98, 296))),
    Arrow(("decide_with_lead",), _one(_S.MERGED), _to(_S.DECIDED), ((44, 214), (30, 214), (30, 430))),
    Arrow(("reopen",), _one(_S.WITHDRAWN), _to(_S.PROCESSING), ((152, 331), (250, 331))),
    Arrow(
        ("reopen",), _one(_S.DECLINED, _S.CLOSED), _to(_S.PROCESSING), ((168, 430), (168, 331)), head=False
    ),
    Arrow(
        ("appeal",),
        _one(_S.DECIDED, _S.DECLINED, _S.CLOSED),
        _to(_S.UNDER_REVIEW),
        ((396, 463), (496, 463)),
    ),
    Arrow(("confirm", "change"), _one(_S.UNDER_REVIEW), _to(_S.DECIDED), ((496, 486), (378, 486))),
    Arrow(
        ("overturn", "send_back"),
        _one(_S.UNDER_REVIEW),
        _to(_S.ACCEPTED, _S.PROCESSING),
        ((520, 450), (520, 366)),
    ),
)
_CAPTIONS = (
    Caption("file", 324, 52),
    Caption("accept", 324, 164),
    Caption("start", 324, 272),
    Caption("decide", 304, 410, "end"),
    Caption("take_back", 358, 410),
    Caption("close", 324, 536),
    Caption("close", 242, 582, "end"),
    Caption("decline", 20, 104),
    Caption("take_back", 20, 149),
    Caption("ask", 408, 259),
    Caption("supply", 408, 287),
    Caption("resume", 408, 307),
    Caption("merge", 189, 198, "middle"),
    Caption("unmerge", 189, 245, "middle"),
    Caption("withdraw", 189, 303, "middle"),
    Caption("withdraw", 106, 272),
    Caption("decide_with_lead", 38, 412),
    Caption("reopen", 161, 364, "end"),
    Caption("appeal", 446, 455, "middle"),
    Caption("confirm", 446, 507, "middle"),
    Caption("change", 446, 527, "middle"),
    Caption("overturn", 528, 400),
    Caption("send_back", 528, 420),
)
_NOTES = (
    Label(
        "粗线是通常的过程。虚线：决定发出前可以收回。",
        "Heavy lines: the usual course. Dashed: taken back before release.",
    ),
    Label(
        "补充材料、恢复办理或取消并案后，回到原来的状态。",
        "After more material, resuming or separating, the earlier state returns.",
    ),
    Label(
        "重新办理：已撤回、不予受理、已办结的投诉。",
        "Reopened may be what was withdrawn, not taken on or closed.",
    ),
)


def layout() -> Diagram:
    """The drawing of a complaint's life."""
    return Diagram(_BOXES, _FRAMES, _ARROWS, _CAPTIONS, (314, 24), _NOTES)
