"""What the product remembers: each browser's talk and its ratings, in one small SQLite file in the instance folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

REMEMBERED = 8
KEPT = timedelta(days=90)
_TABLES = """
CREATE TABLE IF NOT EXISTS turn (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, talk TEXT NOT NULL, at TEXT NOT NULL,
    prompt TEXT NOT NULL, output TEXT NOT NULL, token TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS turn_talk ON turn (talk, place);
CREATE TABLE IF NOT EXISTS rating (answer_id TEXT PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS blocked (
    answer_id TEXT PRIMARY KEY, event_id TEXT NOT NULL, prompt TEXT NOT NULL, output TEXT NOT NULL
);
"""


class Turn(TypedDict):
    """A question and its answer; `token` vouches for the answer."""

    id: str
    prompt: str
    output: str
    token: str


def opened(folder: Path) -> sqlite3.Connection:
    """The product's own store."""
    store = sqlite3.connect(folder / "product.db")
    store.executescript(_TABLES)
    return store


def keep(folder: Path, talk: str, turn: Turn) -> None:
    """Remember a turn; those that are too old go."""
    now = datetime.now(UTC)
    with closing(opened(folder)) as store, store:
        store.execute("DELETE FROM turn WHERE at < ?", ((now - KEPT).isoformat(),))
        store.execute(
            "INSERT INTO turn (id, talk, at, prompt, output, token) VALUES (?, ?, ?, ?, ?, ?)",
            (turn["id"], talk, now.isoformat(), turn["prompt"], turn["output"], turn["token"]),
        )


def turns(folder: Path, talk: str) -> list[Turn]:
    """The last turns of a talk, oldest first."""
    query = "SELECT id, prompt, output, token FROM turn WHERE talk = ? ORDER BY place DESC LIMIT ?"
    with closing(opened(folder)) as store:
        rows = store.execute(query, (talk, REMEMBERED)).fetchall()
    return [Turn(id=row[0], prompt=row[1], output=row[2], token=row[3]) for row in reversed(rows)]


def rate(folder: Path, talk: str, answer_id: str, kind: str) -> bool:
    """Remember what somebody thinks of an answer of this talk; False for any other answer."""
    with closing(opened(folder)) as store, store:
        found = store.execute("SELECT 1 FROM turn WHERE id = ? AND talk = ?", (answer_id, talk)).fetchone()
        if found:
            store.execute("INSERT OR REPLACE INTO rating VALUES (?, ?)", (answer_id, kind))
        return found is not None
