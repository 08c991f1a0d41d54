"""The deadlines of a policy: terms, the sets they stand in, and the steps around a due moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from complaints.policy.labels import NOTHING, Label

Kind = Literal["accept", "first_action", "result", "review", "reply"]
Unit = Literal["wd", "h", "sh"]
Severity = Literal["urgent", "high", "normal"]
Weight = Literal["law", "guidance", "practice"]
Who = Literal["assignee", "supervisors", "compliance"]
Way = Literal["mail", "push"]


@dataclass(frozen=True)
class Term:
    """One deadline: `amount` in working days (`wd`), hours (`h`) or service hours (`sh`).

    `cap_days` bounds it in calendar days (None: no cap). A published term is a promise with all its steps; an
    internal one has the single step `target` or `alarm`. `label` says whether law, guidance or practice sets it.
    """

    kind: Kind
    amount: int
    unit: Unit = "wd"
    cap_days: int | None = None
    publish: bool = True
    step: Literal["", "target", "alarm"] = ""
    label: Weight = "practice"
    basis: Label = NOTHING

    @property
    def name(self) -> str:
        """As it is called in the policy file: result, result_target."""
        return f"{self.kind}_{self.step}" if self.step else self.kind


@dataclass(frozen=True)
class DeadlineSet:
    """The deadlines of one family of types; `note` is published beside them.

    `outer` is a limit set from outside; a promise beyond it is a caution, not an error. `severity` has the terms
    that complaints of one severity have in the place of the set's, or beside them.
    """

    key: str
    terms: tuple[Term, ...]
    outer: Term | None = None
    note: Label = NOTHING
    severity: Mapping[str, tuple[Term, ...]] = field(default_factory=dict)

    def at(self, severity: str) -> DeadlineSet:
        """The set as it holds for complaints of this severity."""
        terms = {(term.kind, term.step): term for term in (*self.terms, *self.severity.get(severity, ()))}
        return replace(self, terms=tuple(terms.values()), severity={})

    def published(self, kind: str) -> Term | None:
        """The promise of this kind, if there is one."""
        return next((term for term in self.terms if term.publish and term.kind == kind), None)


@dataclass(frozen=True)
class StepRule:
    """When a step of a deadline comes, who is told of it and by which way; nobody outside is.

    `wd` counts working days from the deadline's last day (before it: negative), `at` is the Beijing time of that
    day; `due` comes at the due moment itself, `target` and `alarm` at their own, so these have neither.
    """

    key: str
    wd: int = 0
    at: str = field(default="10:00", metadata={"form": "clock"})
    tell: tuple[Who, ...] = ("assignee",)
    by: tuple[Way, ...] = ("mail",)


def usual_steps() -> Mapping[str, StepRule]:
    """The steps of a policy that names none."""
    rules = (
        StepRule("warn1", wd=-1),
        StepRule("warn2"),
        StepRule("due"),
        StepRule("escalate1", wd=1, tell=("assignee", "supervisors")),
        StepRule("target"),
        StepRule("alarm", tell=("assignee", "supervisors")),
    )
    return {rule.key: rule for rule in rules}
