"""Audit of the tree: every event in its place, the hashes kept of them, and each checkpoint against both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from complaints.base.clock import stamp
from complaints.base.translations import speaking
from complaints.ledger import keyring
from complaints.ledger.proof import Checkpoint as Said
from complaints.ledger.proof import Finding, Note, Tree, leaf_hash
from complaints.ledger.sequencer import head, tiles
from complaints.ledger.tree import HASH, WIDTH
from complaints.ledger.work import Work
from complaints.store import triggers
from complaints.store.tables import Checkpoint, Event

_PAGE = 1024
Progress = Callable[[int, int], None]


@dataclass
class Placed:
    """What was looked at: events in the tree, and checkpoints; `agreed` is the size of the last that holds."""

    events: int = 0
    checkpoints: int = 0
    agreed: int | None = None


def examine(work: Work, seen: Placed, progress: Progress | None = None) -> Iterator[Finding]:
    """Fold the tree anew from the events and compare it with what is kept and what was signed; reads only.

    A finding names the last checkpoint the log still agrees with: what is wrong came after it. Memory does not
    grow with the log. Events that wait for their place are no finding.
    """
    yield from _triggers(work)
    # First of all: what is placed while this runs is not looked at.
    end = head(work.session)
    signed = _Signed(work)
    tree, held = Tree(), tiles(work.session)
    for first, leaves in _pages(work, end.size):
        if first != tree.size:
            where = f"leaf/{tree.size}"
            text = f"an event is gone from the tree; {signed.since}"
            seen.agreed = signed.good
            yield Finding("place-missing", where, text, signed.good)
            return
        hashes = [leaf_hash(leaf) for leaf in leaves]
        for at, kept in _kept(held.tile, first, len(hashes)):
            if kept != hashes[at - first]:
                text = f"not the event that was put here; {signed.since}"
                yield Finding("place-changed", f"leaf/{at}", text, signed.good)
        seen.events += len(hashes)
        for size in signed.due(first + len(hashes)):
            taken = size - tree.size
            tree.extend(hashes[:taken])
            del hashes[:taken]
            yield from signed.compare(size, tree.root())
        tree.extend(hashes)
        if progress:
            progress(tree.size, end.size)
    if tree.size != end.size or tree.root() != end.root:
        text = f"the events do not make up the tree; {signed.since}"
        yield Finding("tree", f"size/{end.size}", text, signed.good)
    yield from signed.beyond(end.size)
    seen.checkpoints, seen.agreed = signed.count, signed.good


class _Signed:
    """The checkpoints in order of size, compared as the tree grows to each."""

    def __init__(self, work: Work) -> None:
        self._work = work
        rows = select(Checkpoint.size, Checkpoint.at).order_by(Checkpoint.size)
        self._left: list[tuple[int, datetime]] = [(row.size, row.at) for row in work.session.execute(rows)]
        self._keys = keyring.history(work.session, keyring.signer(work).vkey)
        self._good: tuple[int, datetime] | None = None
        self.count = len(self._left)

    @property
    def good(self) -> int | None:
        """The size of the last checkpoint that agrees with the log."""
        return self._good[0] if self._good else None

    @property
    def since(self) -> str:
        """Up to where the log agrees with what was signed."""
        if self._good is None:
            return "no checkpoint says since when"
        size, at = self._good
        return f"after the checkpoint of {size} events, {stamp(at)}"

    def due(self, size: int) -> Iterator[int]:
        """The sizes to compare at, up to `size`."""
        while self._left and self._left[0][0] <= size:
            yield self._left[0][0]

    def compare(self, size: int, root: bytes) -> Iterator[Finding]:
        _, at = self._left.pop(0)
        row = self._work.session.get_one(Checkpoint, size)
        where = f"checkpoint/{size}"
        try:
            note = Note.parse(row.note)
            said = Said.parse(note.text)
            known = keyring.trusted(note, size, self._keys)
        except ValueError as error:
            yield Finding("checkpoint-note", where, f"the signed note does not hold: {error}", self.good)
            return
        if not known or (said.size, said.root) != (size, row.root):
            text = "the signed note is of another tree, or by another key"
            yield Finding("checkpoint-note", where, text, self.good)
        elif row.root != root:
            text = f"the log does not lead to what was signed {stamp(at)}: it was changed; {self.since}"
            yield Finding("checkpoint-root", where, text, self.good)
        else:
            self._good = (size, at)

    def beyond(self, size: int) -> Iterator[Finding]:
        """Checkpoints over more events than there are."""
        for signed, at in self._left:
            text = f"{signed} events were signed {stamp(at)}, and there are {size}: the end is missing; {self.since}"
            yield Finding("checkpoint-beyond", f"checkpoint/{signed}", text, self.good)


def _pages(work: Work, size: int) -> Iterator[tuple[int, list[bytes]]]:
    place = 0
    while place < size:
        rows = work.session.execute(
            select(Event.leaf_index, Event.leaf)
            .where(Event.leaf_index >= place, Event.leaf_index < min(size, place + _PAGE))
            .order_by(Event.leaf_index)
        ).all()
        # Up to the first gap; the page behind it begins elsewhere than the tree ends.
        whole = [row.leaf for n, row in enumerate(rows) if row.leaf_index == place + n]
        if not whole:
            yield place + 1, []
            return
        yield place, whole
        place += len(whole)


def _kept(read: Callable[[int, int], bytes], first: int, count: int) -> Iterator[tuple[int, bytes]]:
    for at in range(first, first + count):
        tile, offset = divmod(at, WIDTH)
        yield at, read(0, tile)[HASH * offset : HASH * (offset + 1)]


def _triggers(work: Work) -> Iterator[Finding]:
    connection = work.session.connection()
    guard = triggers.look(connection)
    with speaking("en"):
        remedy = triggers.remedy(connection)
    for name in guard.missing:
        text = f"the database does not keep events from being changed: {remedy}"
        yield Finding("trigger-missing", name, text)
    for name in guard.altered:
        text = f"the trigger was changed or switched off: drop it, then {remedy}"
        yield Finding("trigger-altered", name, text)
