"""Answers that were stopped: not shown any more to anybody, and not given again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from example_app.talks import Turn, opened

HANDLED = "已处置：这条回答经投诉核实，不再显示。"


def block(folder: Path, answer_id: str, event_id: str) -> bool:
    """Stop an answer; False when this was done already, for however often one event is told."""
    with closing(opened(folder)) as store, store:
        turn = store.execute("SELECT prompt, output FROM turn WHERE id = ?", (answer_id,)).fetchone()
        digests = [_digest(text) for text in turn] if turn else ["", ""]
        done = store.execute(
            "INSERT OR IGNORE INTO blocked VALUES (?, ?, ?, ?)", (answer_id, event_id, *digests)
        )
        return done.rowcount == 1


def blocked(folder: Path, turns: Sequence[Turn]) -> set[str]:
    """Those of the turns whose answer was stopped, be it as somebody else's."""
    with closing(opened(folder)) as store:
        rows = store.execute("SELECT answer_id, output FROM blocked").fetchall()
    ids, outputs = {row[0] for row in rows}, {row[1] for row in rows}
    return {turn["id"] for turn in turns if turn["id"] in ids or _digest(turn["output"]) in outputs}


def suspected(folder: Path, prompt: str) -> bool:
    """Whether this question had an answer that was stopped: the next one is looked at before it is shown."""
    with closing(opened(folder)) as store:
        query = "SELECT 1 FROM blocked WHERE prompt = ?"
        return store.execute(query, (_digest(prompt),)).fetchone() is not None


def _digest(text: str) -> str:
    return sha256("".join(text.split()).encode()).hexdigest()
