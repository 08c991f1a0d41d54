"""Dataclasses to the JSON-able form that is published."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from complaints.policy.terms import DeadlineSet, Term


def dump(value: Any) -> Any:
    """The JSON-able form that `reading.Reader` reads back to an equal value; None and floats do not occur."""
    if isinstance(value, DeadlineSet):
        table = _term_tables(value.terms)
        if value.outer:
            table["outer"] = _term_table(value.outer)
        if value.severity:
            table["severity"] = {name: _term_tables(terms) for name, terms in value.severity.items()}
        return {"key": value.key, **table, "note": dump(value.note)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((one.name, getattr(value, one.name)) for one in dataclasses.fields(value))
        return {name: dump(held) for name, held in fields if held is not None}
    if isinstance(value, Mapping):
        return [{**dump(held), "key": key} for key, held in value.items()]
    if isinstance(value, tuple):
        return [dump(one) for one in value]
    return value


def _term_tables(terms: Iterable[Term]) -> dict[str, Any]:
    return {term.name: _term_table(term) for term in terms}


def _term_table(term: Term) -> dict[str, Any]:
    return {name: held for name, held in dump(term).items() if name not in ("kind", "publish", "step")}
