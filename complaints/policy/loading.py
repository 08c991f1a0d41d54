"""From files to tables: TOML, `extends`, deep merge, and what `enabled = false` takes away."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from complaints.policy.reading import Reader

PROFILES = Path(__file__).resolve().parent / "profiles"
DEFAULT = "cn-genai"
_AWAKE = "_24x7"
KEYED = (
    "types", "groups", "fields", "risk_groups", "risk_classes", "actions", "outcomes",
    "decision_reasons", "decline_reasons", "ask_reasons", "routes", "deadlines",
)  # fmt: skip


def shipped() -> tuple[str, ...]:
    """The names of the profiles in this package."""
    return tuple(sorted(one.stem for one in PROFILES.glob("*.toml")))


def tables(path: Path | None, reader: Reader, without: Iterable[str] = ()) -> dict[str, Any]:
    """The merged tables of the file at `path`; faults go to `reader`, and an unreadable file gives none.

    Key paths in `without` are left out of the provider's own file first.
    """
    own = _parse(path or PROFILES / f"{DEFAULT}.toml", reader)
    if own is None:
        return {}
    if path is not None:
        base = own.pop("extends", None)
        for key in without:
            _cut(own, key)
        if base is None and "profile" not in own:
            reader.fault(
                "extends",
                "the file does not say what it builds on.",
                f'Write extends = "{DEFAULT}" as the first line.',
            )
            return {}
        if base is not None:
            if base not in shipped():
                reader.fault("extends", "there is no such profile.", f"Write one of: {', '.join(shipped())}.")
                return {}
            parent = _parse(PROFILES / f"{base}.toml", reader)
            own = merge(_yielding(parent or {}, own), own)
    return prune(own, reader)


def _parse(path: Path, reader: Reader) -> dict[str, Any] | None:
    try:
        # Editors on Windows put a byte order mark first, which TOML itself does not allow.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as fault:
        reader.fault(
            "", f"the file cannot be read ({fault.strerror}).", "Check the path and its permissions."
        )
    except UnicodeDecodeError:
        reader.fault("", "the file is not UTF-8.", "Save it again as UTF-8.")
    except RecursionError:
        reader.fault("", "the file nests too deeply.", "Remove the nested brackets.")
    except ValueError as fault:
        reader.fault(
            "",
            f"this is not TOML: {str(fault)[:200]}.",
            "Mend that line; text needs quotes, tables need [brackets].",
        )
    return None


def _cut(own: dict[str, Any], key: str) -> None:
    """Takes the entry at a key path away, or the table that lacks it."""
    *above, name = key.partition("[")[0].split(".")
    table: Any = own
    for one in above:
        table = table.get(one)
        if not isinstance(table, dict):
            return
    if name in table:
        del table[name]
    elif above:
        _cut(own, ".".join(above))


def merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `own` laid over it: tables are merged key by key, anything else is replaced."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def _yielding(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`base` without its terms for duty round the clock where `own` has a word of its own on the same term."""
    said = own.get("deadlines")
    sets = dict(base.get("deadlines", {}))
    for key, table in sets.items():
        names = said.get(key) if isinstance(said, Mapping) else None
        if isinstance(names, Mapping):
            sets[key] = {
                name: entry
                for name, entry in table.items()
                if not (name.endswith(_AWAKE) and name.removesuffix(_AWAKE) in names)
            }
    return {**base, "deadlines": sets}


def prune(whole: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """The tables without entries that say `enabled = false`, and without what referred to them."""
    gone: dict[str, set[str]] = {name: set() for name in KEYED}
    for name in KEYED:
        for key, entry in _entries(whole.get(name)):
            if not _kept(entry, f"{name}.{key}", reader):
                gone[name].add(key)
            elif name == "deadlines":
                whole[name][key] = _terms_kept(entry, f"{name}.{key}", reader)
        if gone[name] or isinstance(whole.get(name), Mapping):
            whole[name] = {key: _bare(entry) for key, entry in whole[name].items() if key not in gone[name]}
    _forget(whole, "types", {"routes": "routes", "optional": "fields", "risk_default": "risk_classes"}, gone)
    for reasons in ("decision_reasons", "decline_reasons", "ask_reasons"):
        _forget(whole, reasons, {"types": "types", "outcomes": "outcomes"}, gone, empty_falls=True)
    return whole


def _terms_kept(table: Any, path: str, reader: Reader) -> Any:
    """A deadline set without the terms that are taken away, also those of one severity."""
    if not isinstance(table, Mapping):
        return table
    kept: dict[str, Any] = {}
    for name, entry in table.items():
        where = f"{path}.{name}"
        if not _kept(entry, where, reader):
            continue
        kept[name] = _bare(entry)
        if name == "severity" and isinstance(entry, Mapping):
            kept[name] = {
                level: _terms_kept(_bare(terms), f"{where}.{level}", reader)
                for level, terms in kept[name].items()
                if _kept(terms, f"{where}.{level}", reader)
            }
    return kept


def _entries(table: object) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(table, Mapping):
        yield from ((key, entry) for key, entry in table.items() if isinstance(entry, dict))


def _kept(entry: object, path: str, reader: Reader) -> bool:
    if not isinstance(entry, Mapping) or "enabled" not in entry:
        return True
    if not isinstance(entry["enabled"], bool):
        reader.fault(
            f"{path}.enabled", "this must be true or false.", "Write enabled = false to remove the entry."
        )
    return entry["enabled"] is not False


def _bare(entry: Any) -> Any:
    return (
        {key: value for key, value in entry.items() if key != "enabled"}
        if isinstance(entry, Mapping)
        else entry
    )


def _forget(
    whole: dict[str, Any],
    name: str,
    links: Mapping[str, str],
    gone: Mapping[str, set[str]],
    *,
    empty_falls: bool = False,
) -> None:
    for key, entry in list(_entries(whole.get(name))):
        for link, target in links.items():
            listed = entry.get(link)
            if not isinstance(listed, list) or not listed:
                continue
            left = [one for one in listed if not (isinstance(one, str) and one in gone[target])]
            whole[name].get(key, {})[link] = left
            # An empty list means "all", so a reason made only for removed types must go with them.
            if not left and empty_falls:
                whole[name].pop(key, None)
