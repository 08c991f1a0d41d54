"""An office whose host signs, and its ticks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from complaints.administration import checkpoints
from complaints.administration.doctor import examine
from complaints.base.translations import speaking
from complaints.jobs.ticks import tick
from complaints.store.tables import Checkpoint


@pytest.fixture
def signing(any_office):
    """An office whose host signs."""
    checkpoints.folder(any_office.installation).create()
    return any_office


def set_up(office, **values):
    office.installation.settings = office.settings = replace(office.installation.settings, **values)


def run(office, post=None, **options):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=post, **options)


def rows(office):
    with office.installation.reading() as work:
        return list(work.session.scalars(select(Checkpoint).order_by(Checkpoint.size)))


def told(office, lang):
    """What doctor says of signing, and where it may be read: its words, and what to do."""
    with speaking(lang):
        return [
            (each.level, each.what, each.remedy)
            for each in examine(office.installation)
            if each.what.startswith(("log:", "记录："))
        ]
