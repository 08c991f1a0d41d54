"""Fixtures of the whole suite: databases, an installation with a clock turned by hand, ports, a browser's path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import lasting
import pytest
import servers
from hypothesis import HealthCheck, settings
from lasting import Clock
from sqlalchemy import Engine

from complaints.administration.installation import Installation
from complaints.base.translations import speaking

pytest_plugins = ["plugins"]

settings.register_profile(
    "quick", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", parent=settings.get_profile("quick"), max_examples=200, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "quick")


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
    with lasting.server(name, used, factory).database(migrated=migrated) as url:
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


@pytest.fixture
def clock() -> Clock:
    """Monday, 23 November 2026, 10:00 in Beijing."""
    return Clock()


@pytest.fixture
def installation(engine: Engine, tmp_path: Path, clock: Clock) -> Installation:
    """An installation without Flask, on each database; plugins.py audits its log after the test."""
    return lasting.installation_on(engine, tmp_path, clock)


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
