"""Tables to dataclasses, driven by the dataclasses' own types; every fault is collected."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
from collections.abc import Iterable, Mapping
from datetime import time
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from complaints.base.errors import Problem
from complaints.policy.labels import NOTHING, Label
from complaints.policy.terms import DeadlineSet, Severity, Term

T = TypeVar("T")
LARGEST = 1_000_000
LONGEST = 5_000
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,39}")
_URL = re.compile(r"https?://[^\s/?#\"'<>]+[^\s\"'<>]*")
_HTTPS = re.compile(r"https://[^\s/?#@\"'<>]+(?:[/?][^\s#\"'<>]*)?")
_MAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\"]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_TERM = re.compile(r"(accept|first_action|result|review|reply)(?:_(target|alarm))?(_24x7)?")
_TERM_NAMES = tuple(
    kind + step
    for kind in ("accept", "first_action", "result", "review", "reply")
    for step in ("", "_target", "_alarm")
)
# A bare key below a [table] header belongs to that table, which is easily forgotten.
_TOP = ("extends", "profile", "duty", "undo_seconds", "close_after_window", "calendar", "notes")
_FORMS = {
    "url": (_URL, "Write a full address that begins with https://."),
    "https": (_HTTPS, "Write a full address that begins with https://, without a password in it."),
    "mail": (_MAIL, "Write one mail address, such as complaints@example.com."),
    "key": (_KEY, "Write the key of a team: letters, digits and underscores, at most 40 characters."),
}


class Reader:
    """Reads one file's tables; `problems` grows, and what could not be read is left at None."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.duty = "office"

    def fault(self, key: str, problem: str, remedy: str) -> None:
        """Notes one problem."""
        self.problems.append(Problem(self.file, key, problem, remedy))

    def unknown(self, key: str, name: str, known: Iterable[str]) -> None:
        """Notes a key nobody knows, with the nearest one that exists."""
        names = list(known)
        if name in _TOP and "." in key:
            self.fault(
                key,
                f"“{name}” stands in a table.",
                "Move it to the top of the file, before the first [table].",
            )
            return
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        remedy = f"Did you mean “{near[0]}”?" if near else f"Remove it; possible here: {', '.join(names)}."
        self.fault(key, f"nobody knows the key “{name}”.", remedy)

    def record(self, kind: type[T], table: object, path: str, key: str | None = None) -> T | None:
        """A dataclass of type `kind` from `table`; None when something in it could not be read."""
        if not isinstance(table, Mapping):
            self.fault(path, f"this must be a table, not {_named(table)}.", _example(kind))
            return None
        before = len(self.problems)
        if kind is DeadlineSet:
            read = self._deadlines(table, path, key or "")
            return read if len(self.problems) == before else None  # type: ignore[return-value]
        values: dict[str, object] = {} if key is None else {"key": key}
        hints = _hints(kind)  # type: ignore[arg-type]
        known = {one.name: one for one in dataclasses.fields(kind) if one.name != "key"}  # type: ignore[arg-type]
        for name in table:
            if name not in known and not (name == "key" and key is not None):
                self.unknown(_join(path, name), str(name), known)
        for name, one in known.items():
            where = _join(path, name)
            if name in table:
                values[name] = self.value(hints[name], table[name], where, str(one.metadata.get("form", "")))
            elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
                self.fault(where, "this is missing.", _wanted(hints[name], name))
        return kind(**values) if len(self.problems) == before else None

    def value(self, kind: Any, given: object, path: str, form: str = "") -> Any:
        """A value of type `kind` from what TOML or JSON gave."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            inner = next(one for one in get_args(kind) if one is not type(None))
            # TOML has no null: zero takes away an optional number that a parent profile set.
            return (
                None
                if given is None or (inner is int and given == 0)
                else self.value(inner, given, path, form)
            )
        if origin is Literal:
            return self._choice(get_args(kind), given, path)
        if origin is tuple:
            return self._list(get_args(kind)[0], given, path)
        if origin is Mapping:
            return self._keyed(get_args(kind)[1], given, path)
        return self._plain(kind, given, path, form)

    def _plain(self, kind: Any, given: object, path: str, form: str) -> Any:
        if kind is str:
            return self._text(given, path, form)
        if kind is int:
            return self._number(given, path)
        if kind is not bool:
            return self.record(kind, given, path)
        if not isinstance(given, bool):
            self.fault(
                path,
                f"this must be true or false, not {_named(given)}.",
                "Write true or false without quotes.",
            )
        return given

    def _choice(self, allowed: tuple[str, ...], given: object, path: str) -> object:
        if not isinstance(given, str) or given not in allowed:
            near = difflib.get_close_matches(str(given), allowed, n=1)
            hint = f"Did you mean “{near[0]}”? " if near else ""
            words = ", ".join(f'"{one}"' for one in allowed)
            self.fault(path, f"{_named(given)} is not possible here.", f"{hint}Write one of {words}.")
        return given

    def _list(self, kind: Any, given: object, path: str) -> tuple[Any, ...]:
        if not isinstance(given, list | tuple):
            self.fault(
                path, f"this must be a list, not {_named(given)}.", "Put the values in square brackets."
            )
            return ()
        return tuple(self.value(kind, one, f"{path}[{place}]") for place, one in enumerate(given))

    def _keyed(self, kind: Any, given: object, path: str) -> Mapping[str, Any]:
        entries: dict[str, object] = {}
        if isinstance(given, Mapping):
            entries = dict(given)
        elif isinstance(given, list | tuple) and all(
            isinstance(one, Mapping) and "key" in one for one in given
        ):
            # The published form keeps its order in a list, since canonical JSON sorts the names of an object.
            entries = {str(one["key"]): {k: v for k, v in one.items() if k != "key"} for one in given}
        else:
            self.fault(
                path,
                f"this must be a table, not {_named(given)}.",
                f"Write [{path}.name] and its keys below it.",
            )
        read: dict[str, Any] = {}
        for key, entry in entries.items():
            if not _KEY.fullmatch(key):
                self.fault(
                    _join(path, key),
                    "a name may hold letters, digits and _ only.",
                    "Choose a shorter, plain name.",
                )
            has_key = dataclasses.is_dataclass(kind) and any(
                one.name == "key" for one in dataclasses.fields(kind)
            )
            read[key] = self.record(kind, entry, _join(path, key), key if has_key else None)
        return types.MappingProxyType(read)

    def _text(self, given: object, path: str, form: str) -> str:
        if not isinstance(given, str):
            self.fault(path, f"this must be text, not {_named(given)}.", "Put it in quotes.")
            return ""
        if _CONTROL.search(given):
            self.fault(path, "the text holds control characters.", "Type it again; line breaks are allowed.")
        elif len(given) > LONGEST:
            self.fault(path, f"the text has {len(given)} characters.", f"Keep it under {LONGEST}.")
        elif form == "clock":
            self._clock(given, path)
        elif form and given and not _FORMS[form][0].fullmatch(given):
            self.fault(path, f"“{given[:60]}” cannot be used.", _FORMS[form][1])
        return given

    def _clock(self, given: str, path: str) -> None:
        try:
            valid = len(given) == len("09:00") and time.fromisoformat(given) is not None
        except ValueError:
            valid = False
        if not valid:
            self.fault(
                path, f"“{given[:20]}” is not a time of day.", "Write hours and minutes, such as 09:00."
            )

    def _number(self, given: object, path: str) -> int:
        if isinstance(given, bool) or not isinstance(given, int):
            self.fault(
                path,
                f"this must be a whole number, not {_named(given)}.",
                "Write digits without quotes or a point.",
            )
            return 1
        least = -LARGEST if path.endswith(".wd") else 0
        if not least <= given <= LARGEST:
            self.fault(path, "the number is out of range.", f"Write a number from {least} to {LARGEST}.")
            return 1
        return given

    def _deadlines(self, table: Mapping[str, object], path: str, key: str) -> DeadlineSet:
        rest = {name: entry for name, entry in table.items() if name not in ("outer", "note", "severity")}
        terms = self._terms(rest, path, ("outer", "note", "severity"))
        outer = (
            self._term(table["outer"], _join(path, "outer"), {"kind": "result"}) if "outer" in table else None
        )
        note = self.record(Label, table["note"], _join(path, "note")) if "note" in table else None
        return DeadlineSet(
            key,
            terms,
            outer,
            note or NOTHING,
            self._severities(table.get("severity", {}), _join(path, "severity")),
        )

    def _severities(self, entry: object, path: str) -> Mapping[str, tuple[Term, ...]]:
        if not isinstance(entry, Mapping):
            self.fault(
                path,
                f"this must be a table, not {_named(entry)}.",
                f"Write [{path}.urgent] and its terms below it.",
            )
            return {}
        read: dict[str, tuple[Term, ...]] = {}
        for name, table in entry.items():
            where = _join(path, name)
            if name not in get_args(Severity):
                self.unknown(where, str(name), get_args(Severity))
            elif not isinstance(table, Mapping):
                self.fault(where, f"this must be a table, not {_named(table)}.", "Write its terms below it.")
            else:
                read[name] = self._terms(table, where)
        return types.MappingProxyType(read)

    def _terms(
        self, table: Mapping[str, object], path: str, beside: tuple[str, ...] = ()
    ) -> tuple[Term, ...]:
        """The terms of a table in their usual order; a variant for duty round the clock goes before its plain one."""
        chosen: dict[str, tuple[bool, Term]] = {}
        for name, entry in table.items():
            where = _join(path, name)
            matched = _TERM.fullmatch(str(name))
            if matched is None:
                self.unknown(where, str(name), (*_TERM_NAMES, *beside))
                continue
            kind, step, awake = matched.groups()
            term = self._term(entry, where, {"kind": kind, "publish": step is None, "step": step or ""})
            if term is None or (awake and self.duty != "24x7"):
                continue
            plain = kind + (f"_{step}" if step else "")
            if awake or plain not in chosen or not chosen[plain][0]:
                chosen[plain] = (bool(awake), term)
        return tuple(chosen[name][1] for name in _TERM_NAMES if name in chosen)

    def _term(self, entry: object, path: str, implied: dict[str, object]) -> Term | None:
        if isinstance(entry, Mapping):
            for name in ("kind", "publish", "step"):
                if name in entry:
                    self.fault(
                        _join(path, name), "the table's own name says this already.", "Remove the line."
                    )
            return self.record(Term, {**entry, **implied}, path)
        return self.record(Term, entry, path)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _join(path: str, name: object) -> str:
    return f"{path}.{name}" if path else str(name)


def _named(given: object) -> str:
    if isinstance(given, str):
        return f"“{given[:40]}”"
    if isinstance(given, Mapping):
        return "a table"
    return "a list" if isinstance(given, list | tuple) else str(given)[:40]


def _example(kind: type) -> str:
    if kind is Label:
        return 'Write { zh = "…", en = "…" }.'
    names = (
        [one.name for one in dataclasses.fields(kind) if one.name != "key"]
        if dataclasses.is_dataclass(kind)
        else []
    )
    return f"Give it keys such as {', '.join(names[:4])}."


def _wanted(kind: Any, name: str) -> str:
    if kind is Label:
        return f'Add {name} = {{ zh = "…", en = "…" }}.'
    return f"Add {name} = …"
