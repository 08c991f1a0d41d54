from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import hosting


@pytest.fixture
def app(tmp_path):
    """A host with nothing of its own: no SQLAlchemy, no Babel, no mail. Mount on it in the test."""
    made = hosting.host(tmp_path / "instance")
    yield made
    dispose(made)


@pytest.fixture
def apps(tmp_path):
    """A function that makes hosts; their connections are closed after the test."""
    made = []

    def make(name="instance", **options):
        made.append(hosting.host(tmp_path / name, **options))
        return made[-1]

    make.made = made  # plugins.py audits each
    yield make
    for each in made:
        dispose(each)


def dispose(app):
    if "complaints" in app.extensions:
        app.extensions["complaints"].database.engine.dispose()
    if "sqlalchemy" in app.extensions:
        with app.app_context():
            app.extensions["sqlalchemy"].session.remove()
            app.extensions["sqlalchemy"].engine.dispose()
