"""The product's own store of answers that are no longer shown: one small SQLite file in the instance folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

HANDLED = "这条回答经投诉核实，已处置，不再显示。"


def block(folder: Path, answer_id: str, event_id: str) -> bool:
    """Show an answer no longer; False when this was done already, for however often one event is told."""
    with closing(_open(folder)) as store, store:
        done = store.execute("INSERT OR IGNORE INTO blocked VALUES (?, ?)", (answer_id, event_id))
        return done.rowcount == 1


def blocked(folder: Path, answer_ids: Collection[str]) -> set[str]:
    """Those of the answers that are not shown any more."""
    with closing(_open(folder)) as store:
        marks = ",".join("?" * len(answer_ids))
        query = f"SELECT answer_id FROM blocked WHERE answer_id IN ({marks})"  # noqa: S608 - question marks only
        return {row[0] for row in store.execute(query, list(answer_ids))}


def _open(folder: Path) -> sqlite3.Connection:
    store = sqlite3.connect(folder / "product.db")
    store.execute("CREATE TABLE IF NOT EXISTS blocked (answer_id TEXT PRIMARY KEY, event_id TEXT NOT NULL)")
    return store
