"""What the host's callback gets for one measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Commission:
    """One measure for the host to carry out.

    `event_id` is the same at each attempt: do a thing once for each. `attempt` counts calls that ended, so one cut
    short by a crash is not counted. `target` and `note` are the operator's own words; `answer_id`, `model` and
    `answer_mark` (verified, altered, unverified, none) tell of the AI answer that was reported.
    """

    event_id: str
    action: str
    number: str
    uid: str
    target: str
    note: str
    answer_id: str
    answer_mark: str
    model: str
    is_test: bool
    attempt: int
    ordered_at: datetime
