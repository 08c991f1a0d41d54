from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from installing import Office, databases, open_engine


@pytest.fixture
def office(tmp_path):
    engine, close = open_engine("sqlite", tmp_path)
    yield Office(engine, tmp_path)
    close()


@pytest.fixture(params=databases())
def any_office(request, tmp_path):
    engine, close = open_engine(request.param, tmp_path)
    yield Office(engine, tmp_path)
    close()
