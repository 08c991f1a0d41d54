"""An installation without Flask on a database of one's own; for one test, or for a module that only reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import servers
from sqlalchemy import Engine

from complaints.administration.installation import Hooks, Installation
from complaints.base.keys import Keys
from complaints.base.settings import Settings
from complaints.store.files import LocalFiles
from complaints.store.transactions import Database

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Clock:
    """The time of a test; it moves only when told."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def installation_on(engine: Engine, folder: Path, clock: Clock) -> Installation:
    """An installation with keys of its own."""
    values = {
        "SECRET_KEY": "a secret of this test",
        "COMPLAINTS_BASE_URL": "https://ai.example.cn",
        "TESTING": True,
    }
    made = Installation(
        Settings.from_mapping(values, folder),
        Database(engine),
        LocalFiles(folder / "files"),
        Hooks(),
        clock,
    )
    made.__dict__["keys"] = Keys.random()
    return made


def server(name: str, used: dict[str, servers.Server], factory: pytest.TempPathFactory) -> servers.Server:
    """The server of that name in this process."""
    if name not in used:
        used[name] = servers.Server(name, factory.mktemp(name))
    return used[name]


@contextmanager
def installed(
    name: str, used: dict[str, servers.Server], factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, Clock]]:
    """An installation for as long as the block lasts, audited at its end."""
    # Imported late: pytest rewrites its plugins when it loads them.
    from plugins import audit_after

    with server(name, used, factory).database() as url:
        engine, clock = servers.open_engine(url), Clock()
        made = installation_on(engine, factory.mktemp("lasting"), clock)
        yield made, clock
        audit_after(made)
        engine.dispose()
