"""The signer as tests use it: sign, look what it keeps, be refused."""

from __future__ import annotations

import os

import pytest
from sqlalchemy import select

from complaints.administration import checkpoints
from complaints.ledger.proof import Tree, leaf_hash
from complaints.ledger.state import FILE, SigningError
from complaints.ledger.work import Actor
from complaints.store.tables import Checkpoint, Event

ADMIN = Actor("admin", "op_carol")


def sign(desk):
    return checkpoints.sign(desk.installation)


def rows(desk):
    return desk.read(lambda work: list(work.session.scalars(select(Checkpoint).order_by(Checkpoint.size))))


def state(desk):
    return desk.installation.settings.state_folder / FILE


def refused(desk):
    with pytest.raises(SigningError) as raised:
        sign(desk)
    error = desk.read(lambda work: checkpoints.refusal(desk.installation, work.session))
    assert error is not None
    assert error.code == raised.value.code
    return raised.value.code


def leaves(desk):
    query = select(Event.leaf).where(Event.leaf_index.is_not(None)).order_by(Event.leaf_index)
    return desk.read(lambda work: list(work.session.scalars(query)))


def root(desk, size):
    tree = Tree()
    for leaf in leaves(desk)[:size]:
        tree.add(leaf_hash(leaf))
    return tree.root()


def apart(desk, act):
    """Do `act` in a process of its own that never comes back into this test; returns how it ended."""
    desk.installation.database.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def fails(*_):
    raise OSError(5, "input/output error")
