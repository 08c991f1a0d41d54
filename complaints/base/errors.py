"""Every error this package raises on purpose; each text says what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


class ComplaintsError(Exception):
    """Root of the errors that callers may catch."""


class ConfigError(ComplaintsError):
    """A setting, key or file is missing or wrong; the text names it and says what to write."""


class MissingError(ConfigError):
    """What a file is made with is not there; `what` is a word for pages, such as `font`, the text is for the terminal."""

    def __init__(self, what: str, text: str) -> None:
        self.what = what
        super().__init__(text)


@dataclass(frozen=True)
class Problem:
    """One fault in a policy file: where it stands, what is wrong, how to mend it."""

    file: str
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.file}: {self.key}: {self.problem} {self.remedy}".rstrip()


class PolicyError(ConfigError):
    """A policy file is not valid; `problems` lists every fault found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class TransitionError(ComplaintsError):
    """The complaint's state or the actor's role does not allow this step."""


class ConflictError(ComplaintsError):
    """Somebody else changed the complaint since it was read; nothing was written."""


class ClaimedError(ConflictError):
    """A colleague, `ref`, is at the case `number` since `since`; nothing was written. Whoever must may take it over."""

    def __init__(self, number: str, ref: str, since: datetime) -> None:
        self.number, self.ref, self.since = number, ref, since
        super().__init__("a colleague is at this case; nothing was written")


class NotFoundError(ComplaintsError):
    """Nothing answers to this number, code or address; the three are not told apart on purpose."""


class NotAllowedError(ComplaintsError):
    """The actor is known but may not do this."""


class InputError(ComplaintsError):
    """What was entered cannot be taken; `fields` maps a field's name to sentences for the person."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields = {name: tuple(sentences) for name, sentences in fields.items()}
        super().__init__("; ".join(f"{name}: {' '.join(said)}" for name, said in self.fields.items()))


class CallbackRefused(ComplaintsError):  # noqa: N818 - a host raises it to say no; it is no fault of anybody
    """A host's callback will not do what was ordered, now or later; the text says why, for operators only."""


class LimitedError(ComplaintsError):
    """Too many attempts; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(f"too many attempts; try again in {retry_after} seconds")


class IntegrityError(ComplaintsError):
    """Sealed or signed data does not open or verify: altered, or the wrong key."""


class SealError(IntegrityError):
    """A sealed answer's token vouches for nothing here; `reason` is a word such as `forged`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this seal vouches for nothing here: {reason}")
