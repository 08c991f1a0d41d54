"""What makes thousands of tests with an installation each go faster, and changes nothing a test could see."""

from __future__ import annotations

import gc
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine, event
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

# Between two collections; what a test leaves behind is small beside what the imports brought.
THRESHOLDS = (20_000, 20, 100)


class Compiled(MutableMapping[Any, Any]):
    """Compiled statements of every engine of a kind: each test has its own engine, and all ask the same things.

    SQLAlchemy's own cache belongs to one engine, because its key begins with that engine's dialect.
    """

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(5_000)

    @staticmethod
    def _key(key: Any) -> Any:
        dialect, *rest = key
        return (dialect.name, dialect.driver, dialect.server_version_info, *rest)

    def __getitem__(self, key: Any) -> Any:
        return self._kept[self._key(key)]

    def get(self, key: Any, default: Any = None) -> Any:
        return self._kept.get(self._key(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._kept[self._key(key)] = value

    def __delitem__(self, key: Any) -> None:
        del self._kept[self._key(key)]

    def __iter__(self) -> Any:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def share_compiled_statements() -> None:
    """Let every engine of this process compile into one cache."""
    kept = Compiled()

    def begun(connection: Any) -> None:
        # An option of `create_engine` would not reach a host's engine.
        connection.engine._compiled_cache = kept

    event.listen(Engine, "engine_connect", begun)


class Templates(BytecodeCache):
    """Compiled templates of every app: each has an environment of its own, and all read the same files.

    Jinja compares the source before it takes what is kept.
    """

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def share_compiled_templates() -> None:
    """Let every app of this process compile a template once: half the time of a page's test went into that."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": Templates()}


def share_compiled_routes() -> None:
    """Let a route that another app has already be compiled no more: Werkzeug makes two functions of each of some 200."""
    build, kept = Rule._compile_builder, dict[Any, Any]()

    def shared(rule: Rule, append_unknown: bool = True) -> Any:
        converters = tuple((name, type(each)) for name, each in sorted(rule._converters.items()))
        key = (append_unknown, rule.rule, tuple(rule._trace), repr(rule.defaults), converters)
        if key not in kept:
            kept[key] = build(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = shared


def remember_policies() -> None:
    """Let a policy file that was read once be read no more: the same bytes are the same policy, which nothing changes."""
    from complaints.administration import installation

    read, kept = installation.load, dict[bytes | None, Any]()

    def load(path: Path | None = None) -> Any:
        if path is not None and not path.is_file():
            return read(path)
        content = path.read_bytes() if path else None
        if content not in kept:
            kept[content] = read(path)
        return kept[content]

    installation.load = load


def collect_less() -> None:
    """Leave what the imports made out of each search for rubbish: a fifth of the suite's time was spent on it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
