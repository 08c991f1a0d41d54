"""What two policies promise differently, in words for people, grouped by what it means to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from complaints.policy.differing_words import FIELDS, KINDS, TABLES, VALUES
from complaints.policy.labels import NOTHING, Label
from complaints.policy.process import amount_words
from complaints.policy.profile import Policy
from complaints.policy.terms import Kind, Term

_KINDS: tuple[Kind, ...] = ("accept", "first_action", "result", "review", "reply")
# Group → its name and the tables of the file that belong to it; what is in none of them comes last.
GROUPS: dict[str, tuple[Label, tuple[str, ...]]] = {
    "promises": (
        Label("对外承诺", "Promises"),
        ("duty", "review", "pause", "retention", "public", "undo_seconds", "close_after_window", "calendar"),
    ),
    "terms": (Label("期限和提醒", "Deadlines and reminders"), ("deadlines", "steps")),
    "types": (
        Label("类型、表单和处置", "Types, form and measures"),
        (
            *("types", "groups", "fields", "risk_groups", "risk_classes", "actions", "outcomes"),
            *("decision_reasons", "decline_reasons", "ask_reasons"),
        ),
    ),
    "contacts": (
        Label("主体和联系方式", "Provider and contacts"),
        ("provider", "numbers", "models", "contacts", "emergency", "routes"),
    ),
    "rest": (Label("其他", "Other"), ()),
}
# A list of keys whose words stand in another table of the policy.
_REFERS = {
    "required": "fields",
    "optional": "fields",
    "routes": "routes",
    "types": "types",
    "outcomes": "outcomes",
    "group": "groups",
    "risk_default": "risk_classes",
}
_ORDER = "order"
_Path = tuple[str, ...]
_Leaf = tuple[_Path, Any, Any]


@dataclass(frozen=True)
class Change:
    """One thing that differs: where it stands, and what it said before and says after; empty: nothing."""

    where: Label
    before: Label
    after: Label


@dataclass(frozen=True)
class Group:
    """The changes of one kind, in the order of the policy."""

    key: str
    name: Label
    changes: tuple[Change, ...]


def difference(old: Policy, new: Policy) -> tuple[Group, ...]:
    """What differs, group by group, groups without a change left out; empty only where both are the same."""
    spoken = _Words(old.resolved(), new.resolved())
    found: dict[str, list[Change]] = {key: [] for key in GROUPS}
    found["promises"] += _promised(old, new)
    for path, before, after in _leaves(spoken.old, spoken.new):
        found[_group(path[0])].append(
            Change(spoken.where(path), spoken.value(path, before), spoken.value(path, after))
        )
    return tuple(Group(key, name, tuple(found[key])) for key, (name, _) in GROUPS.items() if found[key])


def _promised(old: Policy, new: Policy) -> list[Change]:
    """Published deadlines type by type, the types that change alike in one line."""
    alike: dict[tuple[Kind, Label, Label], list[Label]] = {}
    for key in dict.fromkeys((*old.types, *new.types)):
        for kind in _KINDS:
            before, after = _term(old, key, kind), _term(new, key, kind)
            if before != after:
                label = (new.types.get(key) or old.types[key]).label
                alike.setdefault((kind, before, after), []).append(label)
    return [
        Change(_joined(KINDS[kind], _listed(types)), before, after)
        for (kind, before, after), types in alike.items()
    ]


def _term(policy: Policy, key: str, kind: Kind) -> Label:
    term = policy.deadlines_of(key).published(kind) if key in policy.types else None
    return _both(lambda lang: amount_words(term, lang)) if term else NOTHING


def _leaves(old: Any, new: Any, path: _Path = ()) -> Iterator[_Leaf]:
    """Each place where two resolved policies differ, with both values; None: not there."""
    if old == new:
        return
    if _is_label(old) or _is_label(new):
        yield path, old, new
    elif _is_term(old) and _is_term(new):
        if any(old.get(name) != new.get(name) for name in ("amount", "unit", "cap_days")):
            yield path, old, new
        for name in ("label", "basis"):
            yield from _leaves(old.get(name), new.get(name), (*path, name))
    elif _is_table(old) and _is_table(new):
        yield from _rows(_keyed(old), _keyed(new), path)
    elif (one := _parts(old)) is not None and (two := _parts(new)) is not None:
        for name in dict.fromkeys((*one, *two)):
            yield from _leaves(one.get(name), two.get(name), (*path, name))
    else:
        yield path, old, new


def _rows(old: Mapping[str, Any], new: Mapping[str, Any], path: _Path) -> Iterator[_Leaf]:
    """What differs row by row, and the order of those that stayed."""
    for name in dict.fromkeys((*old, *new)):
        yield from _leaves(old.get(name), new.get(name), (*path, name))
    before, after = [key for key in old if key in new], [key for key in new if key in old]
    if before != after:
        yield (*path, _ORDER), before, after


class _Words:
    """Says places and values of two resolved policies."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self.old, self.new = old, new

    def where(self, path: _Path) -> Label:
        """A place: its table, the item by its label, the field."""
        table, rest = path[0], list(path[1:])
        parts = [TABLES.get(table, Label(table, table))]
        rows = _is_table(self.old.get(table)) or _is_table(self.new.get(table))
        if rows and rest and rest[0] != _ORDER:
            parts.append(self._item(table, rest.pop(0)))
        if table == "deadlines" and rest[-1:] == ["label"]:
            rest[-1] = "weight"
        parts += [FIELDS.get(name, VALUES.get(name, Label(name, name))) for name in rest]
        return _joined(*parts)

    def value(self, path: _Path, value: Any) -> Label:
        """A value in words; references by what they are called."""
        match value:
            case None | "" | []:
                return NOTHING
            case {"amount": amount, "unit": unit}:
                term = Term("result", amount, unit, value.get("cap_days"))
                return _both(lambda lang: amount_words(term, lang))
            case {}:
                return self._whole(path, value)
            case [*rows]:
                return _listed([self.value(path, each) for each in rows])
            case str():
                return self._named(path, value)
        said = str(value)
        return VALUES["yes" if value else "no"] if isinstance(value, bool) else Label(said, said)

    def _whole(self, path: _Path, value: Mapping[str, Any]) -> Label:
        """A label; of an item that came or went its label, else all it says."""
        if _is_label(value):
            return Label(value.get("zh", ""), value.get("en", ""))
        for name in ("label", "name", "text"):
            if value.get(name):
                return self.value(path, value[name])
        said = [
            Label(f"{name.zh}：{words.zh}", f"{name.en}: {words.en}")
            for key, held in value.items()
            if key != "key" and (words := self.value((*path, key), held))
            for name in [FIELDS.get(key, Label(key, key))]
        ]
        return Label("；".join(each.zh for each in said), "; ".join(each.en for each in said))

    def _named(self, path: _Path, value: str) -> Label:
        if len(path) == 1:
            return VALUES.get(value, Label(value, value)) if path[0] == "duty" else Label(value, value)
        table = path[0] if path[-1] == _ORDER else _REFERS.get(path[-1], "")
        return self._item(table, value) if table else VALUES.get(value, Label(value, value))

    def _item(self, table: str, key: str) -> Label:
        for row in filter(None, (_keyed(whole.get(table) or ()).get(key) for whole in (self.new, self.old))):
            bare = {name: said for name, said in row.items() if name != "key"}
            held = bare if _is_label(bare) else row.get("label") or row.get("name")
            if isinstance(held, Mapping):
                return Label(held.get("zh", "") or key, held.get("en", "") or key)
        return VALUES.get(key, Label(key, key))


def _group(table: str) -> str:
    return next((key for key, (_, tables) in GROUPS.items() if table in tables), "rest")


def _is_label(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and value.keys() <= {"zh", "en"}


def _is_term(value: Any) -> bool:
    return isinstance(value, Mapping) and {"amount", "unit"} <= value.keys()


def _is_table(value: Any) -> bool:
    """Whether a list is a table whose rows have a name of their own; an empty one may be."""
    return isinstance(value, list) and all(
        isinstance(row, Mapping) and ("key" in row or "vendor" in row) for row in value
    )


def _parts(value: Any) -> Mapping[str, Any] | None:
    """What a table or a list of nameless tables is made of, by name or place; None for anything else."""
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        return {str(place): row for place, row in enumerate(value, 1)}
    return value if isinstance(value, Mapping) else None


def _keyed(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in rows:
        name = str(row.get("key") or row.get("name"))
        # Two models of one name are told apart by their place.
        found[name if name not in found else f"{name} ({len(found) + 1})"] = row
    return found


def _both(say: Callable[[str], str]) -> Label:
    return Label(say("zh"), say("en"))


def _joined(*parts: Label) -> Label:
    said = [part for part in parts if part]
    return Label(" · ".join(part.zh for part in said), " · ".join(part.en for part in said))


def _listed(parts: Sequence[Label]) -> Label:
    return Label("、".join(part.zh for part in parts), ", ".join(part.en for part in parts))
