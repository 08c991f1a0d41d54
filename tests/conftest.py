"""Fixtures of the whole suite: databases, an installation with a clock turned by hand, ports, a browser's path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import servers
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from complaints.administration.installation import Hooks, Installation
from complaints.base.keys import Keys
from complaints.base.settings import Settings
from complaints.base.translations import speaking
from complaints.store.files import LocalFiles
from complaints.store.transactions import Database

pytest_plugins = ["plugins"]

settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", parent=settings.get_profile("quick"), max_examples=200, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "quick")

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def database_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, servers.Server]]:
    """The servers this process has used so far; whatever was made on them is dropped at the end."""
    used: dict[str, servers.Server] = {}
    yield used
    for server in used.values():
        server.close()


@pytest.fixture(params=servers.databases())
def database_url(
    request: pytest.FixtureRequest,
    database_servers: dict[str, servers.Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of an empty database with our tables; a test that uses it runs on each of the three."""
    yield from _database(request.param, database_servers, tmp_path_factory, migrated=True)


@pytest.fixture(params=servers.databases())
def empty_database_url(
    request: pytest.FixtureRequest,
    database_servers: dict[str, servers.Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a database without any table, on each of the three."""
    yield from _database(request.param, database_servers, tmp_path_factory, migrated=False)


def _database(
    name: str, used: dict[str, servers.Server], factory: pytest.TempPathFactory, *, migrated: bool
) -> Iterator[str]:
    if name not in used:
        used[name] = servers.Server(name, factory.mktemp(name))
    with used[name].database(migrated=migrated) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database with our tables."""
    made = servers.open_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """No test speaks the language of the one before it."""
    with speaking("zh"):
        yield


class Clock:
    """The time of a test; it moves only when told."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Monday, 23 November 2026, 10:00 in Beijing."""
    return Clock()


@pytest.fixture
def installation(engine: Engine, tmp_path: Path, clock: Clock) -> Installation:
    """An installation without Flask, on each database; plugins.py audits its log after the test."""
    values = {
        "SECRET_KEY": "a secret of this test",
        "COMPLAINTS_BASE_URL": "https://ai.example.cn",
        "TESTING": True,
    }
    made = Installation(
        Settings.from_mapping(values, tmp_path),
        Database(engine),
        LocalFiles(tmp_path / "files"),
        Hooks(),
        clock,
    )
    made.__dict__["keys"] = Keys.random()
    return made


@pytest.fixture
def redis_url() -> str:
    """A Redis server, emptied of nothing: use keys of your own."""
    return servers.address("redis")


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    return servers.free_port()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where a Chromium is."""
    return servers.chromium()
