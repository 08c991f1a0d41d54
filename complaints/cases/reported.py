"""The AI answer that is reported, and the turns before it, frozen as they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What of an answer is somebody's words or leads to them; the rest follows from the comparison with its seal.
_PERSONAL = ("output", "prompt", "model", "answer_id", "filing_no", "at", "token")


@dataclass(frozen=True)
class Answer:
    """The AI answer that is reported, frozen as it arrived; `mark` says whether the seal held.

    `notes` says it more finely, in the words of `answers.check` and of `marks`; `identity` tells a sealed answer
    from others and is kept only as a keyed hash.
    """

    output: str
    prompt: str = ""
    model: str = ""
    answer_id: str = ""
    filing_no: str = ""
    at: str = ""
    mark: str = "unverified"
    token: str = ""
    notes: tuple[str, ...] = ()
    identity: str = ""

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Answer:
        """An answer as JSON gives it back; raises TypeError for another shape."""
        values = {str(key): str(value) for key, value in plain.items() if key != "notes"}
        return cls(**values, notes=tuple(map(str, plain.get("notes") or ())))

    @property
    def personal(self) -> dict[str, str]:
        """What is sealed with the complaint."""
        return {name: value for name in _PERSONAL if (value := getattr(self, name))}


@dataclass(frozen=True)
class Turn:
    """An earlier question and its answer, which the reporter chose to send along."""

    prompt: str
    output: str
    mark: str = "unverified"
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Turn:
        """A turn as JSON gives it back."""
        prompt, output, mark = (str(plain.get(name) or "") for name in ("prompt", "output", "mark"))
        return cls(prompt, output, mark or "unverified", tuple(map(str, plain.get("notes") or ())))
