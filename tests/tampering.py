"""What an administrator of the database can do: take the triggers away, change what he likes, put them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from complaints.store import triggers
from complaints.store.transactions import Database


def unguarded(database: Database, act: Callable[..., Any]) -> Any:
    with database.engine.begin() as connection:
        triggers.remove(connection)
    try:
        return database.write(act)
    finally:
        with database.engine.begin() as connection:
            assert triggers.install(connection) == ""
